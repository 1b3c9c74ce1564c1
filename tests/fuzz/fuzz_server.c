/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer of the ttrpc server that sends anything, in parts of which the first
 * byte says how long they are, and then no more: all it gets are well-formed
 * answers, and in the end nothing is left of it.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "ttrpc/connection.h"

#define CALLS_MAX 16

static struct loop loop;
static struct ttrpc_server *server;
static struct ttrpc_call waiting[CALLS_MAX];
static size_t waiting_count;
static size_t served, answers, closed_count;

static void serve(void *context, struct ttrpc_call call,
                  const struct ttrpc_request *request)
{
	(void)context;
	served++;
	switch (request->method[0]) {
	case 'W':
		if (waiting_count < CALLS_MAX) {
			waiting[waiting_count++] = call;
			break;
		}
		__attribute__((fallthrough));
	case 'F':
		ttrpc_answer_error(server, call, TTRPC_NOT_FOUND,
		                   request->service);
		break;
	default: ttrpc_answer(server, call, request->payload); break;
	}
}

static void closed(void *context, uint64_t connection)
{
	(void)context;
	(void)connection;
	closed_count++;
}

static void turn_over(struct loop_timer *timer)
{
	(void)timer;
	loop_stop(&loop);
}

static void turn(void)
{
	struct loop_timer timer = { .expired = turn_over };

	loop_arm(&loop, &timer, 0);
	FUZZ_CHECK(loop_run(&loop, NULL) == 0);
}

static int take(void *context, const struct frame_header *header,
                const uint8_t *data)
{
	struct envelope_response response;
	void *memory;

	(void)context;
	FUZZ_CHECK(data && header->type == FRAME_RESPONSE && !header->flags);
	FUZZ_CHECK(envelope_read_response(data, header->size, &response,
	                                  &memory) == 0);
	envelope_free_response(memory);
	answers++;
	return 0;
}

/* False at the end of the connection. */
static bool peer_read(int peer, struct frame_reader *reader)
{
	uint8_t bytes[4096];
	ssize_t size;

	while ((size = recv(peer, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		FUZZ_CHECK(frame_feed(reader, bytes, (size_t)size, take,
		                      NULL) == 0);
	return size < 0 && errno == EAGAIN;
}

static void converse(int peer, const uint8_t *data, size_t size, size_t part)
{
	struct frame_reader reader = { .data = NULL };
	size_t turns = 0;
	bool stands = true;

	while (size && stands) {
		size_t count = size < part ? size : part;
		ssize_t sent =
			send(peer, data, count, MSG_DONTWAIT | MSG_NOSIGNAL);

		turn();
		FUZZ_CHECK(sent == (ssize_t)count);
		data += count;
		size -= count;
		/* It may have been thrown out. */
		stands = peer_read(peer, &reader);
	}
	shutdown(peer, SHUT_WR);
	turn();
	while (waiting_count)
		ttrpc_answer_error(server, waiting[--waiting_count],
		                   TTRPC_INTERNAL, "the end");
	while (peer_read(peer, &reader)) {
		FUZZ_CHECK(turns++ < 100000);
		turn();
	}
	FUZZ_CHECK(!stands || (answers >= served && reader.used == 0));
	frame_reader_release(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err;
	int pair[2], listener[2];

	if (size < 1)
		return 0;
	served = answers = closed_count = 0;
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	                      listener) == 0);
	FUZZ_CHECK(socketpair(AF_UNIX,
	                      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	                      pair) == 0);
	FUZZ_CHECK(loop_open(&loop, &err) == 0);
	/* Nobody connects: the one there is comes by itself. */
	FUZZ_CHECK(ttrpc_server_open(&loop, listener[0], serve, closed, NULL,
	                             &server, &err) == 0);
	FUZZ_CHECK(connection_open(server, pair[0]) == 0);
	converse(pair[1], data + 1, size - 1, (size_t)*data * 4 + 1);
	turn();
	turn();
	FUZZ_CHECK(closed_count == 1);
	FUZZ_CHECK(!server->connections && !server->gone && !server->queued);
	ttrpc_server_close(server);
	FUZZ_CHECK(!loop.timers);
	loop_close(&loop);
	close(listener[1]);
	close(pair[1]);
	return 0;
}
