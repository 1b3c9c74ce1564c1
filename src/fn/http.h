/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 for many listeners in one loop, by libmicrohttpd: it parses, we
 * accept and wait.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "loop/loop.h"

struct http;
struct http_request;

/*
 * What answers the requests of a port. All are called from the loop; BODY and
 * COMPLETE only while the request is not answered. Each may answer, now or
 * at any time until GONE was called.
 */
struct http_service {
	/* The head has arrived. */
	void (*begin)(struct http_request *request);
	/* Some of the body. A negative errno closes the connection. */
	int (*body)(struct http_request *request, const void *bytes,
	            size_t size);
	/* All of it, with the trailers. */
	void (*complete)(struct http_request *request);
	/* Answered, or the connection is closed: the last call. */
	void (*gone)(struct http_request *request);
};

/* A listener and its connections, a member of whoever owns them. */
struct http_port {
	const struct http_service *service;
	void *context;                /* the owner's */
	unsigned int connections_max; /* more wait in the kernel */
	unsigned int idle_s;          /* of a connection; 0: no limit */
	/* http.c's own. */
	struct http *http;
	struct loop_source source;
	struct http_connection *connections;
	unsigned int connections_count;
};

struct http_header {
	const char *name;
	const char *value;
};

int http_open(struct loop *loop, struct http **ret_http, struct error *err);
/* All ports are closed. NULL is fine. */
void http_close(struct http *http);

/* Serve what connects to LISTENER, which becomes the port's. */
int http_port_open(struct http *http, struct http_port *port, int listener,
                   struct error *err);
/* Nothing of the service is called any more; connections are cut. */
void http_port_close(struct http_port *port);

struct http_port *http_request_port(const struct http_request *request);
const char *http_request_method(const struct http_request *request);
/* The path, percent-decoded, without what follows a '?'. */
const char *http_request_path(const struct http_request *request);
/* NULL if there is none; in COMPLETE also trailers. Valid within the call. */
const char *http_request_header(const struct http_request *request,
                                const char *name);
const char *http_request_query(const struct http_request *request,
                               const char *name);
/* For the service's use; NULL at first. */
void http_request_set_context(struct http_request *request, void *context);
void *http_request_context(const struct http_request *request);

/*
 * The answer; all is copied. What is left of the request's body is read and
 * dropped first, within bounds. HEADERS ends with a NULL name, or is NULL.
 */
void http_answer(struct http_request *request, unsigned int status,
                 const struct http_header *headers, const void *body,
                 size_t size);

/*
 * An answer whose body comes in pieces (chunked): http_send() each, then
 * http_finish(), with FAILED so that the peer sees that something is missing.
 */
void http_answer_stream(struct http_request *request, unsigned int status,
                        const struct http_header *headers);
/* 0; or -ENOBUFS: the peer is too slow, and HTTP_PENDING_MAX wait for it. */
int http_send(struct http_request *request, const void *bytes, size_t size);
void http_finish(struct http_request *request, bool failed);

#define HTTP_PENDING_MAX ((size_t)32 * 1024 * 1024)
