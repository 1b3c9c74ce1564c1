/* SPDX-License-Identifier: Apache-2.0 */
/* One peer of the server: what it sends, and what it has not yet taken. */
#include "ttrpc/connection.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/poll.h"

/* Of what a peer does not take; a frame of the largest size fits in. */
#define QUEUE_MAX ((size_t)8 << 20)
/* Of calls that wait, each of which holds some memory of the owner's. */
#define PENDING_MAX 16384
/* What is done for one connection before it is the others' turn. */
#define READ_SIZE 8192
#define SENDS_MAX 16

static void connection_link(struct connection *connection)
{
	struct ttrpc_server *server = connection->server;

	connection->prev = NULL;
	connection->next = server->connections;
	if (server->connections)
		server->connections->prev = connection;
	server->connections = connection;
}

static void connection_unlink(struct connection *connection)
{
	if (connection->prev)
		connection->prev->next = connection->next;
	else
		connection->server->connections = connection->next;
	if (connection->next)
		connection->next->prev = connection->prev;
}

static void connection_drop_first(struct connection *connection)
{
	struct envelope *envelope = connection->first;
	size_t size = sizeof(*envelope) + envelope->size;

	connection->first = envelope->next;
	connection->queued -= size;
	connection->server->queued -= size;
	free(envelope);
}

static void connection_drop_queue(struct connection *connection)
{
	while (connection->first)
		connection_drop_first(connection);
}

void connection_lose(struct connection *connection)
{
	struct ttrpc_server *server = connection->server;

	if (connection->gone)
		return;
	loop_remove(&connection->source);
	fd_close(&connection->source.fd);
	connection_drop_queue(connection);
	connection_unlink(connection);
	connection->gone = true;
	connection->next = server->gone;
	server->gone = connection;
	loop_arm(server->loop, &server->reap, 0);
}

void connection_free(struct connection *connection)
{
	frame_reader_release(&connection->reader);
	free(connection);
}

/* Wait for what can happen next; without anything that can, it is over. */
static void connection_settle(struct connection *connection)
{
	uint32_t events = 0;

	if (connection->gone)
		return;
	if (!connection->ended)
		events |= EPOLLIN;
	if (connection->first)
		events |= EPOLLOUT;
	if ((!events && !connection->pending) ||
	    loop_change(&connection->source, events) < 0)
		connection_lose(connection);
}

/*
 * A peer that does not read any more may still have sent something: its end
 * is seen by reading.
 */
static void connection_sent(struct connection *connection, int result)
{
	if (result == -EPIPE)
		connection_drop_queue(connection);
	else if (result < 0)
		connection_lose(connection);
}

void connection_send(struct connection *connection, struct envelope *envelope)
{
	struct ttrpc_server *server = connection->server;
	size_t size;
	int result;

	if (!envelope || connection->gone) {
		free(envelope);
		connection_lose(connection);
		return;
	}
	result = connection->first
	                 ? 0
	                 : envelope_send(envelope, connection->source.fd);
	if (result) {
		free(envelope);
		connection_sent(connection, result);
		connection_settle(connection);
		return;
	}
	size = sizeof(*envelope) + envelope->size;
	if (connection->first)
		connection->last->next = envelope;
	else
		connection->first = envelope;
	connection->last = envelope;
	connection->queued += size;
	server->queued += size;
	if (connection->queued > QUEUE_MAX)
		connection_lose(connection);
	else
		connection_settle(connection);
}

static void connection_flush(struct connection *connection)
{
	int sends;

	for (sends = 0; connection->first && sends < SENDS_MAX; sends++) {
		int result =
			envelope_send(connection->first, connection->source.fd);

		connection_sent(connection, result);
		if (result <= 0)
			return;
		connection_drop_first(connection);
	}
}

static void connection_refuse(struct connection *connection, uint32_t stream,
                              enum ttrpc_code code, const char *text)
{
	connection_send(connection, envelope_error(stream, code, text));
}

/* Why the request in HEADER is not even looked at, or NULL. */
static const char *connection_judge(struct connection *connection,
                                    const struct frame_header *header,
                                    enum ttrpc_code *ret_code)
{
	*ret_code = TTRPC_INVALID_ARGUMENT;
	if (header->type == FRAME_DATA)
		return "there is no such stream";
	if (header->stream % 2 == 0)
		return "a client's stream ids are odd";
	if (header->stream <= connection->last_stream)
		return "the stream id was used before";
	connection->last_stream = header->stream;
	*ret_code = TTRPC_RESOURCE_EXHAUSTED;
	if (header->size > FRAME_DATA_MAX)
		return "the message is too large";
	if (connection->pending >= PENDING_MAX)
		return "too many calls wait for their answer";
	*ret_code = TTRPC_UNIMPLEMENTED;
	if (header->flags & ~FRAME_REMOTE_CLOSED)
		return "streams are not supported";
	return NULL;
}

static void connection_serve(struct connection *connection, uint32_t stream,
                             const uint8_t *data, size_t size)
{
	struct ttrpc_server *server = connection->server;
	struct ttrpc_call call = { connection->id, stream };
	struct ttrpc_request request;
	void *memory;

	if (envelope_read_request(data, size, &request, &memory) < 0) {
		connection_refuse(connection, stream, TTRPC_INVALID_ARGUMENT,
		                  "the request cannot be decoded");
		return;
	}
	connection->pending++;
	server->serve(server->context, call, &request);
	envelope_free_request(memory);
}

static int connection_take(void *context, const struct frame_header *header,
                           const uint8_t *data)
{
	struct connection *connection = context;
	enum ttrpc_code code;
	const char *fault;

	if (header->type != FRAME_REQUEST && header->type != FRAME_DATA) {
		/* A type to come is ignored; what is no frame ends here. */
		return data || header->type == FRAME_RESPONSE ? 0 : -EBADMSG;
	}
	fault = connection_judge(connection, header, &code);
	if (fault)
		connection_refuse(connection, header->stream, code, fault);
	else
		connection_serve(connection, header->stream, data,
		                 header->size);
	return connection->gone ? -ECONNRESET : 0;
}

static void connection_read(struct connection *connection, bool hung_up)
{
	uint8_t bytes[READ_SIZE];
	ssize_t size = sys_read(connection->source.fd, bytes, sizeof(bytes));

	if (size == -EAGAIN)
		return;
	if (size == 0 && !hung_up) {
		connection->ended = true;
		frame_reader_release(&connection->reader);
		return;
	}
	if (size <= 0 || frame_feed(&connection->reader, bytes, (size_t)size,
	                            connection_take, connection) < 0)
		connection_lose(connection);
}

static void connection_ready(struct loop_source *source, uint32_t events)
{
	struct connection *connection =
		loop_owner(source, struct connection, source);
	struct ttrpc_server *server = connection->server;

	server_enter(server);
	/* What came before the end is served, although nobody may listen. */
	if (events & EPOLLIN)
		connection_read(connection, events & EPOLLHUP);
	else if (events & (EPOLLHUP | EPOLLERR))
		connection_lose(connection);
	if (!connection->gone && events & EPOLLOUT)
		connection_flush(connection);
	connection_settle(connection);
	server_leave(server);
}

int connection_open(struct ttrpc_server *server, int fd)
{
	auto_close int owned = fd;
	struct connection *connection = calloc(1, sizeof(*connection));
	int result;

	if (!connection)
		return -ENOMEM;
	connection->server = server;
	connection->source.fd = owned;
	connection->source.events = EPOLLIN;
	connection->source.ready = connection_ready;
	result = loop_add(server->loop, &connection->source);
	if (result < 0) {
		free(connection);
		return result;
	}
	take_fd(&owned);
	connection->id = ++server->last_id;
	connection_link(connection);
	return 0;
}
