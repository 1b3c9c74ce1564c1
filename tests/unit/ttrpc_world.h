/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop, a server on a real socket, and peers that write bytes to it, all in
 * one process: what a peer writes can be read at once, so a number of rounds
 * takes the place of waiting.
 */
#pragma once

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "loop/loop.h"
#include "sys/socket.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"
#include "ttrpc/ttrpc.h"

#define CALLS_MAX 64

static struct loop loop;
static struct error err;
static struct ttrpc_server *server;
static char server_dir[64];
static char server_path[80];

/* What the server was asked, and of which connections it was told the end. */
static struct asked {
	struct ttrpc_call call;
	char service[64];
	char method[64];
	size_t size;
	uint8_t payload[256]; /* as much as fits */
	int64_t timeout_ns;
} asked[CALLS_MAX];

static size_t asked_count;
static uint64_t ended[CALLS_MAX];
static size_t ended_count;

__attribute__((unused)) static struct ttrpc_bytes bytes_of(const char *text)
{
	return (struct ttrpc_bytes){ text, strlen(text) };
}

/* Not by ck_assert(), which allocates: a test may have run out of memory. */
static void check_context(const char *context)
{
	if (strcmp(context, "context") != 0)
		abort();
}

/*
 * "Echo" is answered with its payload, "Big" with as many bytes as the payload
 * says, "Fail" refused, "Close" closes the server; the rest waits.
 */
static void serve(void *context, struct ttrpc_call call,
                  const struct ttrpc_request *request)
{
	struct asked *one = &asked[asked_count++ % CALLS_MAX];

	check_context(context);
	one->call = call;
	snprintf(one->service, sizeof(one->service), "%s", request->service);
	snprintf(one->method, sizeof(one->method), "%s", request->method);
	one->size = request->payload.size;
	one->timeout_ns = request->timeout_ns;
	if (one->size)
		memcpy(one->payload, request->payload.data,
		       one->size < sizeof(one->payload) ? one->size
		                                        : sizeof(one->payload));
	if (strcmp(request->method, "Echo") == 0)
		ttrpc_answer(server, call, request->payload);
	else if (strcmp(request->method, "Fail") == 0)
		ttrpc_answer_error(server, call, TTRPC_NOT_FOUND, "not here");
	else if (strcmp(request->method, "Big") == 0) {
		size_t size = *(const size_t *)request->payload.data;
		void *data = calloc(1, size);

		ttrpc_answer(server, call, (struct ttrpc_bytes){ data, size });
		free(data);
	} else if (strcmp(request->method, "Close") == 0) {
		ttrpc_server_close(server);
		server = NULL;
	}
}

static void closed(void *context, uint64_t connection)
{
	check_context(context);
	ended[ended_count++ % CALLS_MAX] = connection;
}

__attribute__((unused)) static void server_begin(void)
{
	static char context[] = "context";
	int listener =
		sys_listen_unix(SOCK_STREAM, AT_FDCWD, server_path, 0600);

	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(ttrpc_server_open(&loop, listener, serve, closed,
	                                   context, &server, &err),
	                 0);
}

__attribute__((unused)) static void server_end(void)
{
	if (server)
		ttrpc_server_close(server);
	server = NULL;
	unlink(server_path);
}

static void world_open(void)
{
	asked_count = ended_count = 0;
	strcpy(server_dir, "/tmp/runf-test-ttrpc-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(server_dir));
	snprintf(server_path, sizeof(server_path), "%s/s", server_dir);
	ck_assert_int_eq(loop_open(&loop, &err), 0);
}

static void world_close(void)
{
	ck_assert_ptr_null(loop.timers);
	loop_close(&loop);
	rmdir(server_dir);
}

static void turn_over(struct loop_timer *timer)
{
	(void)timer;
	loop_stop(&loop);
}

/* COUNT rounds of the loop, none of which waits. */
__attribute__((unused)) static void turn(int count)
{
	struct loop_timer timer = { .expired = turn_over };

	while (count--) {
		loop_arm(&loop, &timer, 0);
		ck_assert_int_eq(loop_run(&loop, &err), 0);
	}
	/* Somebody else may have stopped the loop. */
	loop_disarm(&timer);
}

/* Until *FLAG, which a callback sets with loop_stop(), or two seconds. */
__attribute__((unused)) static void run_until(const int *flag)
{
	struct loop_timer timer = { .expired = turn_over };

	loop_arm(&loop, &timer, 2000);
	while (!*flag && timer.loop)
		ck_assert_int_eq(loop_run(&loop, &err), 0);
	loop_disarm(&timer);
	ck_assert_msg(*flag, "nothing happened for two seconds");
}

/* ---- a peer: one end of a connection, and what has come */
struct peer {
	int fd;
	struct frame_reader reader;
	/* Of the last response: */
	int responses;
	uint32_t stream;
	uint8_t type;
	enum ttrpc_code code;
	char text[128];
	size_t size;
	char payload[64];
};

__attribute__((unused)) static struct peer peer_open(void)
{
	struct peer peer = { .fd = sys_connect_unix(SOCK_STREAM | SOCK_NONBLOCK,
		                                    server_path) };

	ck_assert_int_ge(peer.fd, 0);
	return peer;
}

__attribute__((unused)) static void peer_close(struct peer *peer)
{
	frame_reader_release(&peer->reader);
	close(peer->fd);
}

static int peer_take(void *context, const struct frame_header *header,
                     const uint8_t *data)
{
	struct peer *peer = context;
	struct envelope_response response;
	void *memory;
	size_t shown;

	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(header->flags, 0);
	ck_assert_int_eq(envelope_read_response(data, header->size, &response,
	                                        &memory),
	                 0);
	peer->responses++;
	peer->stream = header->stream;
	peer->type = header->type;
	peer->code = response.code;
	snprintf(peer->text, sizeof(peer->text), "%s", response.text);
	peer->size = response.payload.size;
	shown = peer->size < sizeof(peer->payload) ? peer->size
	                                           : sizeof(peer->payload) - 1;
	if (shown)
		memcpy(peer->payload, response.payload.data, shown);
	peer->payload[shown] = '\0';
	envelope_free_response(memory);
	return 1;
}

/* Take what is there. 0 at the end of the stream, -EAGAIN before it. */
static ssize_t peer_read(struct peer *peer)
{
	static uint8_t bytes[1 << 16];
	ssize_t size;

	while ((size = read(peer->fd, bytes, sizeof(bytes))) > 0)
		ck_assert_int_ge(frame_feed(&peer->reader, bytes, (size_t)size,
		                            peer_take, peer),
		                 0);
	return size < 0 ? -errno : 0;
}

/* Go on until COUNT responses have come in all. */
__attribute__((unused)) static void peer_expect(struct peer *peer, int count)
{
	int turns;

	for (turns = 0; peer->responses < count && turns < 20000; turns++) {
		turn(1);
		peer_read(peer);
	}
	ck_assert_int_eq(peer->responses, count);
}

__attribute__((unused)) static void peer_expect_end(struct peer *peer)
{
	ssize_t result;

	turn(4);
	result = peer_read(peer);
	ck_assert_msg(result == 0 || result == -ECONNRESET,
	              "the connection stands");
}

/* Blocks never: the server is given its turns. */
__attribute__((unused)) static void peer_write(struct peer *peer,
                                               const void *data, size_t size)
{
	const uint8_t *bytes = data;
	int turns = 0;

	while (size) {
		ssize_t count = send(peer->fd, bytes, size, MSG_NOSIGNAL);

		ck_assert(count > 0 || (count < 0 && errno == EAGAIN));
		if (count < 0) {
			ck_assert_int_lt(turns++, 20000);
			turn(1);
			continue;
		}
		bytes += count;
		size -= (size_t)count;
	}
}

static struct envelope *request_of(uint32_t stream, const char *method,
                                   struct ttrpc_bytes payload)
{
	struct ttrpc_client_call call = {
		.service = "test.Service",
		.method = method,
		.key = "key",
		.value = "value",
		.timeout_ms = 7,
		.payload = payload,
	};
	struct envelope *envelope = NULL;

	ck_assert_int_eq(envelope_request(stream, &call, &envelope), 0);
	return envelope;
}

__attribute__((unused)) static void peer_ask(struct peer *peer, uint32_t stream,
                                             const char *method,
                                             const char *payload)
{
	struct envelope *envelope =
		request_of(stream, method, bytes_of(payload));

	peer_write(peer, envelope->bytes, envelope->size);
	free(envelope);
}
