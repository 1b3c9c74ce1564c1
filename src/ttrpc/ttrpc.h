/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ttrpc: protobuf requests over a unix socket, as containerd and its shims
 * speak it (https://github.com/containerd/ttrpc). Unary calls only. What is in
 * the payloads is not known here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "loop/loop.h"

/* Bytes that belong to somebody else. */
struct ttrpc_bytes {
	const void *data; /* NULL if size is 0 */
	size_t size;
};

/* Status codes are those of gRPC. */
enum ttrpc_code {
	TTRPC_OK = 0,
	TTRPC_UNKNOWN = 2,
	TTRPC_INVALID_ARGUMENT = 3,
	TTRPC_DEADLINE_EXCEEDED = 4,
	TTRPC_NOT_FOUND = 5,
	TTRPC_ALREADY_EXISTS = 6,
	TTRPC_RESOURCE_EXHAUSTED = 8,
	TTRPC_FAILED_PRECONDITION = 9,
	TTRPC_UNIMPLEMENTED = 12,
	TTRPC_INTERNAL = 13,
	TTRPC_UNAVAILABLE = 14,
};

/*
 * ---- the server
 *
 * A call is a value: it names a connection, which may be gone when the answer
 * is ready. Answering it then does nothing. Every call is answered exactly
 * once, now or later, in any order.
 */
struct ttrpc_call {
	uint64_t connection;
	uint32_t stream;
};

struct ttrpc_request {
	const char *service;
	const char *method;
	struct ttrpc_bytes payload;
	int64_t timeout_ns; /* 0: none */
};

/* REQUEST is valid during the call only. */
typedef void ttrpc_serve(void *context, struct ttrpc_call call,
                         const struct ttrpc_request *request);

struct ttrpc_server;

/*
 * Serve on LISTENER, a listening unix socket that belongs to the server from
 * then on. What the peer cannot take is queued up to a bound; who never reads
 * loses the connection, and so does whoever sends what is no frame. CLOSED
 * (may be NULL) is told of each connection that is gone, so that its calls can
 * be forgotten.
 */
int ttrpc_server_open(struct loop *loop, int listener, ttrpc_serve *serve,
                      void (*closed)(void *context, uint64_t connection),
                      void *context, struct ttrpc_server **ret_server,
                      struct error *err);
/* Accept no new connection any more; those that stand go on. */
void ttrpc_server_stop_listening(struct ttrpc_server *server);
void ttrpc_server_close(struct ttrpc_server *server);

void ttrpc_answer(struct ttrpc_server *server, struct ttrpc_call call,
                  struct ttrpc_bytes payload);
void ttrpc_answer_error(struct ttrpc_server *server, struct ttrpc_call call,
                        enum ttrpc_code code, const char *text);
/* True if some answer is not yet with the kernel. */
bool ttrpc_server_is_sending(const struct ttrpc_server *server);

/*
 * ---- the client
 *
 * One connection, made when it is needed and again when it was lost; one call
 * at a time.
 */
struct ttrpc_client;

/* The service's answer, or why there is none: CODE is not TTRPC_OK then. */
typedef void ttrpc_done(void *context, enum ttrpc_code code, const char *text,
                        struct ttrpc_bytes payload);

/* PATH is a unix socket, not connected yet. */
struct ttrpc_client *ttrpc_client_open(struct loop *loop, const char *path);
void ttrpc_client_close(struct ttrpc_client *client);

struct ttrpc_client_call {
	const char *service;
	const char *method;
	/* One pair of metadata; KEY may be NULL. */
	const char *key;
	const char *value;
	uint64_t timeout_ms;
	struct ttrpc_bytes payload; /* copied */
};

/*
 * DONE is called once, later, from the loop: never before this returns. No
 * other call may be under way.
 */
void ttrpc_client_call(struct ttrpc_client *client,
                       const struct ttrpc_client_call *call, ttrpc_done *done,
                       void *context);
