/* SPDX-License-Identifier: Apache-2.0 */
/* The server: who connects, and where an answer belongs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/socket.h"
#include "ttrpc/connection.h"

/* Before it is the others' turn. */
#define ACCEPTS_MAX 16
/* When there are no descriptors or no memory; who connects can wait. */
#define RESUME_MS 100

static void server_free(struct ttrpc_server *server)
{
	while (server->gone) {
		struct connection *connection = server->gone;

		server->gone = connection->next;
		connection_free(connection);
	}
	free(server);
}

void server_enter(struct ttrpc_server *server)
{
	server->inside = true;
}

void server_leave(struct ttrpc_server *server)
{
	server->inside = false;
	if (server->closing)
		server_free(server);
}

static void server_reap(struct loop_timer *timer)
{
	struct ttrpc_server *server =
		loop_owner(timer, struct ttrpc_server, reap);

	server_enter(server);
	while (server->gone && !server->closing) {
		struct connection *connection = server->gone;
		uint64_t id = connection->id;

		server->gone = connection->next;
		connection_free(connection);
		if (server->closed)
			server->closed(server->context, id);
	}
	server_leave(server);
}

static void server_accept(struct loop_source *source, uint32_t events)
{
	struct ttrpc_server *server =
		loop_owner(source, struct ttrpc_server, listener);
	int accepts;

	(void)events;
	for (accepts = 0; accepts < ACCEPTS_MAX; accepts++) {
		int result = sys_accept(source->fd);

		if (result >= 0)
			result = connection_open(server, result);
		if (result == -EAGAIN)
			return;
		if (result < 0 && result != -ECONNABORTED) {
			loop_change(source, 0);
			loop_arm(server->loop, &server->resume, RESUME_MS);
			return;
		}
	}
}

static void server_resume(struct loop_timer *timer)
{
	struct ttrpc_server *server =
		loop_owner(timer, struct ttrpc_server, resume);

	loop_change(&server->listener, EPOLLIN);
}

/* A listener that blocks would do so when who connected has gone again. */
static int server_listen(struct ttrpc_server *server)
{
	int flags = sys_get_status_flags(server->listener.fd);
	int result;

	if (flags < 0)
		return flags;
	result = sys_set_status_flags(server->listener.fd, flags | O_NONBLOCK);
	return result < 0 ? result : loop_add(server->loop, &server->listener);
}

int ttrpc_server_open(struct loop *loop, int listener, ttrpc_serve *serve,
                      void (*closed)(void *context, uint64_t connection),
                      void *context, struct ttrpc_server **ret_server,
                      struct error *err)
{
	auto_close int fd = listener;
	struct ttrpc_server *server = calloc(1, sizeof(*server));
	int result;

	if (!server)
		return error_system(err, -ENOMEM, "make a ttrpc server");
	*server = (struct ttrpc_server){
		.listener = { .fd = fd,
		              .events = EPOLLIN,
		              .ready = server_accept },
		.resume.expired = server_resume,
		.reap.expired = server_reap,
		.loop = loop,
		.serve = serve,
		.closed = closed,
		.context = context,
	};
	result = server_listen(server);
	if (result < 0) {
		free(server);
		return error_system(err, result, "wait for connections");
	}
	take_fd(&fd);
	*ret_server = server;
	return 0;
}

void ttrpc_server_stop_listening(struct ttrpc_server *server)
{
	loop_disarm(&server->resume);
	loop_remove(&server->listener);
	fd_close(&server->listener.fd);
}

void ttrpc_server_close(struct ttrpc_server *server)
{
	ttrpc_server_stop_listening(server);
	while (server->connections)
		connection_lose(server->connections);
	loop_disarm(&server->reap);
	server->closing = true;
	if (!server->inside)
		server_free(server);
}

/* The connection that waits for this answer, or NULL. */
static struct connection *server_find(const struct ttrpc_server *server,
                                      struct ttrpc_call call)
{
	struct connection *connection = server->connections;

	while (connection && connection->id != call.connection)
		connection = connection->next;
	if (connection && connection->pending)
		connection->pending--;
	return connection;
}

void ttrpc_answer(struct ttrpc_server *server, struct ttrpc_call call,
                  struct ttrpc_bytes payload)
{
	struct connection *connection = server_find(server, call);

	if (connection)
		connection_send(connection,
		                envelope_answer(call.stream, payload));
}

void ttrpc_answer_error(struct ttrpc_server *server, struct ttrpc_call call,
                        enum ttrpc_code code, const char *text)
{
	struct connection *connection = server_find(server, call);

	if (connection)
		connection_send(connection,
		                envelope_error(call.stream, code, text));
}

bool ttrpc_server_is_sending(const struct ttrpc_server *server)
{
	return server->queued > 0;
}
