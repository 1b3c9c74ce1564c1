/* SPDX-License-Identifier: Apache-2.0 */
/* One request of the invoke API, shared by the files of it. */
#pragma once

#include "fn/lambda.h"
#include "fn/lambda_route.h"

struct lambda_bytes {
	char *data;
	size_t size;
	size_t room;
};

struct lambda_request {
	struct pool_call call;
	struct lambda *lambda;
	struct http_request *http; /* NULL: the client has gone */
	struct arena arena;
	enum lambda_route route;
	enum lambda_type type;
	struct lambda_target target;
	bool tail;      /* the log is wanted */
	bool under_way; /* pool or spool has it */
	bool streaming; /* the answer has begun */
	bool failed;    /* the response is too large */
	uint64_t began_ms;
	struct lambda_bytes body;
	struct lambda_bytes output;
	struct loop_timer flush; /* what has come goes out */
};

/* -ENOMEM or -ENOBUFS (of all together), and nothing has changed. */
int lambda_add(struct lambda_request *request, struct lambda_bytes *bytes,
               const void *more, size_t size);
void lambda_refuse(struct lambda_request *request, unsigned int status,
                   const char *type, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Also without a client. */
void lambda_answer(struct lambda_request *request, unsigned int status,
                   const struct http_header *headers, const void *body,
                   size_t size);
/* It is answered, or nobody waits for it. */
void lambda_release(struct lambda_request *request);

/*
 * NULL: it is refused. Not to be kept while nothing of the function is under
 * way: it may be deleted.
 */
struct pool_function *lambda_find(struct lambda_request *request);
/* The body is here. */
void lambda_invoke(struct lambda_request *request);
void lambda_write_metrics(struct lambda_request *request);
