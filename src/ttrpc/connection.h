/* SPDX-License-Identifier: Apache-2.0 */
/* One peer of the server: what it sends, and what it has not yet taken. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"
#include "ttrpc/ttrpc.h"

struct connection {
	struct loop_source source;
	struct ttrpc_server *server;
	struct connection *next;
	struct connection *prev; /* NULL: the first one */
	uint64_t id;
	uint32_t last_stream;
	uint32_t pending; /* calls that wait for their answer */
	bool ended;       /* the peer sends no more, but may read */
	bool gone;        /* without a socket, to be freed */
	struct frame_reader reader;
	struct envelope *first; /* of what the peer has not yet taken */
	struct envelope *last;
	size_t queued; /* bytes of memory in those */
};

struct ttrpc_server {
	struct loop_source listener; /* fd -1: none any more */
	struct loop_timer resume;    /* accepting, when it failed */
	struct loop_timer reap;      /* free those that are gone */
	struct loop *loop;
	ttrpc_serve *serve;
	void (*closed)(void *context, uint64_t connection);
	void *context;
	struct connection *connections;
	struct connection *gone;
	uint64_t last_id;
	size_t queued; /* of all connections */
	bool inside;   /* a callback of ours may be running */
	bool closing;  /* by that callback */
};

/* Takes FD, also when it fails. 0, or a negative errno. */
int connection_open(struct ttrpc_server *server, int fd);
/* The socket is closed now, memory is freed later: callers may hold it. */
void connection_lose(struct connection *connection);
void connection_free(struct connection *connection);
/* Takes ENVELOPE; NULL says that there was no memory for it. */
void connection_send(struct connection *connection, struct envelope *envelope);

/* Begin and end what may call the server's owner. */
void server_enter(struct ttrpc_server *server);
void server_leave(struct ttrpc_server *server);
