/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a server on a unix socket. It waits. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "fn/http.h"

struct client_request {
	const char *path;                  /* "/2015-03-31/..." */
	const struct http_header *headers; /* ends with a NULL name */
	const void *body;
	size_t body_size;
	/* Of the answer's body, as it comes. A negative errno ends it. */
	int (*output)(void *context, const void *bytes, size_t size);
	void *context;
};

struct client_answer {
	unsigned int status;
	const char *head; /* all of it, for client_header() */
};

/* A connected socket; -ENOENT or -ECONNREFUSED: there is no server. */
int client_connect(const char *path);

/* POST it over SOCKET, which is used up. Memory is from ARENA. */
int client_post(struct arena *arena, int socket,
                const struct client_request *request,
                struct client_answer *ret_answer, struct error *err);

/* The value of header NAME in ARENA, or NULL. */
const char *client_header(struct arena *arena,
                          const struct client_answer *answer, const char *name);
