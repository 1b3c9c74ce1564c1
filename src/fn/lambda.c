/* SPDX-License-Identifier: Apache-2.0 */
/* The Lambda invoke API: what a request is, until its body is here. */
#include "fn/lambda.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/time.h"
#include "fn/base64.h"
#include "fn/lambda_internal.h"
#include "json/json.h"

/* So long a body may take, whatever the client sends meanwhile. */
#define BODY_MS     300000U
#define CONTEXT_MAX 3583U /* of X-Amz-Client-Context, as AWS has it */

static uint64_t now_ms(void)
{
	return time_monotonic_ns() / 1000000;
}

int lambda_add(struct lambda_request *request, struct lambda_bytes *bytes,
               const void *more, size_t size)
{
	size_t wanted = bytes->size + size;
	size_t room = bytes->room ? bytes->room : 1024;
	char *data;

	while (room < wanted)
		room *= 2;
	if (room > bytes->room) {
		if (request->lambda->body_bytes + room - bytes->room >
		    LAMBDA_BODIES_MAX)
			return -ENOBUFS;
		data = realloc(bytes->data, room);
		if (!data)
			return -ENOMEM;
		request->lambda->body_bytes += room - bytes->room;
		bytes->data = data;
		bytes->room = room;
	}
	memcpy(bytes->data + bytes->size, more, size);
	bytes->size = wanted;
	return 0;
}

static void drop(struct lambda_request *request, struct lambda_bytes *bytes)
{
	request->lambda->body_bytes -= bytes->room;
	free(bytes->data);
}

void lambda_release(struct lambda_request *request)
{
	if (request->http || request->under_way)
		return;
	loop_disarm(&request->flush);
	drop(request, &request->body);
	drop(request, &request->output);
	arena_release(&request->arena);
	request->lambda->requests--;
	free(request);
}

void lambda_answer(struct lambda_request *request, unsigned int status,
                   const struct http_header *headers, const void *body,
                   size_t size)
{
	if (request->http)
		http_answer(request->http, status, headers, body, size);
}

/* The body is as the AWS clients read it. */
void lambda_refuse(struct lambda_request *request, unsigned int status,
                   const char *type, const char *format, ...)
{
	struct json_writer w = { .buf.arena = &request->arena, .indent = "" };
	struct http_header headers[] = {
		{ "Content-Type", "application/json" },
		{ "x-amzn-ErrorType", type },
		{ "x-amzn-RequestId", request->call.invocation.id },
		{ NULL, NULL },
	};
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_open_object(&w, NULL);
	if (status == 429)
		json_put_str(&w, "Reason", "ConcurrentInvocationLimitExceeded");
	json_put_str(&w, "Type", status >= 500 ? "Service" : "User");
	json_put_str(&w, "Message", text);
	json_put_str(&w, "message", text);
	json_close_object(&w);
	lambda_answer(request, status, headers, buf_str(&w.buf), w.buf.length);
}

/* ---- the head */

struct pool_function *lambda_find(struct lambda_request *request)
{
	struct lambda_target *target = &request->target;
	struct pool_function *function;
	struct error err;
	int result;

	if (!*target->name) {
		lambda_refuse(request, 400, "InvalidParameterValueException",
		              "the function's name is not valid");
		return NULL;
	}
	result =
		pool_find(request->lambda->pool, target->name, &function, &err);
	if (result == -ENOENT)
		lambda_refuse(request, 404, "ResourceNotFoundException",
		              "Function not found: %s", target->name);
	else if (result < 0)
		lambda_refuse(request, 500, "ServiceException", "%s", err.text);
	else if (lambda_qualifies(target->qualifier,
	                          function->current->function.version))
		return function;
	else
		lambda_refuse(request, 404, "ResourceNotFoundException",
		              "Function not found: %s:%s", target->name,
		              target->qualifier);
	return NULL;
}

/* Base 64 of JSON; what the runtime gets in a header is one line. */
static void read_context(struct lambda_request *request)
{
	const char *text =
		http_request_header(request->http, "X-Amz-Client-Context");
	size_t size, i;
	char *context;

	if (!text)
		return;
	context = strlen(text) <= CONTEXT_MAX
	                  ? base64_decode(&request->arena, text, &size)
	                  : NULL;
	if (!context || strlen(context) != size ||
	    !json_is_valid(context, size)) {
		lambda_refuse(request, 400, "InvalidRequestContentException",
		              "X-Amz-Client-Context is not JSON in base 64, or "
		              "longer than %u bytes",
		              CONTEXT_MAX);
		return;
	}
	/* Within strings JSON has none of these. */
	for (i = 0; i < size; i++)
		if ((unsigned char)context[i] < ' ')
			context[i] = ' ';
	request->call.invocation.client_context = context;
}

static void read_headers(struct lambda_request *request)
{
	const char *type =
		http_request_header(request->http, "X-Amz-Invocation-Type");
	const char *log = http_request_header(request->http, "X-Amz-Log-Type");
	const char *qualifier = http_request_query(request->http, "Qualifier");

	request->type = lambda_parse_type(type);
	request->tail = log && str_equal(log, "Tail");
	if (qualifier && !*request->target.qualifier)
		snprintf(request->target.qualifier,
		         sizeof(request->target.qualifier), "%s", qualifier);
	if (request->type == LAMBDA_NO_TYPE ||
	    (request->route == LAMBDA_STREAM && request->type == LAMBDA_EVENT))
		lambda_refuse(request, 400, "InvalidParameterValueException",
		              "the invocation type \"%.64s\" is none of "
		              "RequestResponse, Event and DryRun, or cannot be "
		              "streamed",
		              type);
	else
		read_context(request);
}

/* What need not wait for a body is refused before it. */
static void request_begin(struct http_request *http)
{
	struct http_port *port = http_request_port(http);
	struct lambda_request *request = calloc(1, sizeof(*request));
	const char *path = http_request_path(http);

	if (!request) {
		http_answer(http, 503, NULL, "", 0);
		return;
	}
	request->lambda = port->context;
	request->lambda->requests++;
	request->http = http;
	request->began_ms = now_ms();
	http_request_set_context(http, request);
	invocation_make_id(request->call.invocation.id);
	request->route =
		lambda_parse(http_request_method(http), path, &request->target);
	switch (request->route) {
	case LAMBDA_INVOKE:
	case LAMBDA_STREAM:
		read_headers(request);
		if (request->type != LAMBDA_NO_TYPE)
			lambda_find(request);
		break;
	case LAMBDA_UNKNOWN:
		lambda_refuse(request, 404, "UnknownOperationException",
		              "there is no %.200s here", path);
		break;
	case LAMBDA_METHOD:
		lambda_refuse(request, 405, "UnknownOperationException",
		              "%.200s does not have this method", path);
		break;
	case LAMBDA_METRICS:
	case LAMBDA_HEALTH: break;
	}
}

/* ---- the body */

static int request_body(struct http_request *http, const void *bytes,
                        size_t size)
{
	struct lambda_request *request = http_request_context(http);

	if (now_ms() - request->began_ms > BODY_MS)
		return -ETIMEDOUT;
	if (request->body.size + size > INVOCATION_PAYLOAD_MAX)
		lambda_refuse(request, 413, "RequestTooLargeException",
		              "Request must be smaller than %zu bytes for the "
		              "InvokeFunction operation",
		              INVOCATION_PAYLOAD_MAX);
	else if (lambda_add(request, &request->body, bytes, size) < 0)
		lambda_refuse(request, 503, "ServiceUnavailableException",
		              "the requests' bodies fill the memory that is "
		              "kept for them");
	return 0;
}

static void request_complete(struct http_request *http)
{
	static const struct http_header text[] = {
		{ "Content-Type", "text/plain; charset=utf-8" },
		{ NULL, NULL },
	};
	struct lambda_request *request = http_request_context(http);

	switch (request->route) {
	case LAMBDA_METRICS: lambda_write_metrics(request); break;
	case LAMBDA_HEALTH:
		if (request->lambda->stopping)
			http_answer(http, 503, text, "stopping\n", 9);
		else
			http_answer(http, 200, text, "ok\n", 3);
		break;
	case LAMBDA_INVOKE:
	case LAMBDA_STREAM: lambda_invoke(request); break;
	case LAMBDA_UNKNOWN:
	case LAMBDA_METHOD: break;
	}
}

/* A client that left does not stop what it began. */
static void request_gone(struct http_request *http)
{
	struct lambda_request *request = http_request_context(http);

	if (!request)
		return;
	request->http = NULL;
	lambda_release(request);
}

const struct http_service lambda_service = {
	.begin = request_begin,
	.body = request_body,
	.complete = request_complete,
	.gone = request_gone,
};
