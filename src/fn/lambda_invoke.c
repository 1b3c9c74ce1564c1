/* SPDX-License-Identifier: Apache-2.0 */
/* The Lambda invoke API: the invocation itself, and its answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fn/base64.h"
#include "fn/eventstream.h"
#include "fn/lambda_internal.h"
#include "json/json.h"

#define TAIL_MAX    4096U /* of the log, as AWS has it */
#define TOO_LARGE   "Function.ResponseSizeTooLarge"
#define HEADERS_MAX 8

/* ---- the end of one that is not streamed */

/* Until there is more, what serve itself knows of the invocation. */
static const char *log_tail(struct lambda_request *request,
                            enum invocation_status status)
{
	struct buf buf = { .arena = &request->arena };
	const struct function *function = &request->call.version->function;
	size_t skip;

	buf_add_str(&buf,
	            invocation_start_line(&request->arena,
	                                  &request->call.invocation, function));
	buf_add_str(&buf, invocation_end_lines(&request->arena,
	                                       &request->call.invocation,
	                                       function, status));
	skip = buf.length > TAIL_MAX ? buf.length - TAIL_MAX : 0;
	return base64_encode(&request->arena, buf.data + skip,
	                     buf.length - skip);
}

static void use_too_large(struct lambda_request *request)
{
	struct json_writer w = { .buf.arena = &request->arena, .indent = "" };

	json_open_object(&w, NULL);
	json_put_str(&w, "errorMessage",
	             arena_printf(&request->arena,
	                          "Response payload size exceeded maximum "
	                          "allowed payload size (%zu bytes).",
	                          INVOCATION_PAYLOAD_MAX));
	json_put_str(&w, "errorType", TOO_LARGE);
	json_close_object(&w);
	request->output.size = 0;
	lambda_add(request, &request->output, buf_str(&w.buf), w.buf.length);
}

static void answer_sync(struct lambda_request *request,
                        enum invocation_status status, const char *error_type)
{
	struct http_header headers[HEADERS_MAX] = {
		{ "Content-Type", "application/json" },
		{ "x-amzn-RequestId", request->call.invocation.id },
		{ "X-Amz-Executed-Version",
		  request->call.version->function.version },
	};
	size_t count = 3;

	if (request->failed) {
		use_too_large(request);
		error_type = TOO_LARGE;
	}
	if (error_type)
		headers[count++] = (struct http_header){ "X-Amz-Function-Error",
			                                 "Unhandled" };
	if (request->tail)
		headers[count++] =
			(struct http_header){ "X-Amz-Log-Result",
			                      log_tail(request, status) };
	lambda_answer(request, 200, headers, request->output.data,
	              request->output.size);
}

/* ---- one that is streamed */

static int send_frame(struct lambda_request *request,
                      enum eventstream_event event, const char *bytes,
                      size_t size)
{
	uint8_t head[EVENTSTREAM_HEAD_MAX];
	uint8_t tail[EVENTSTREAM_TAIL];
	size_t length = eventstream_frame(event, bytes, size, head, tail);
	char *frame = malloc(length + size + sizeof(tail));
	int result;

	if (!frame)
		return -ENOMEM;
	memcpy(frame, head, length);
	memcpy(frame + length, bytes, size);
	memcpy(frame + length + size, tail, sizeof(tail));
	/* In one piece: the client may be gone when it returns. */
	result = http_send(request->http, frame, length + size + sizeof(tail));
	free(frame);
	return result;
}

static void begin_stream(struct lambda_request *request)
{
	struct http_header headers[] = {
		{ "Content-Type", EVENTSTREAM_TYPE },
		{ "x-amzn-RequestId", request->call.invocation.id },
		{ "X-Amz-Executed-Version",
		  request->call.version->function.version },
		{ NULL, NULL },
	};

	if (!request->streaming && request->http)
		http_answer_stream(request->http, 200, headers);
	request->streaming = true;
}

static void flush(struct loop_timer *timer)
{
	struct lambda_request *request =
		loop_owner(timer, struct lambda_request, flush);
	struct lambda_bytes *output = &request->output;
	size_t done = 0;

	begin_stream(request);
	while (request->http && !request->failed && done < output->size) {
		size_t size = output->size - done;

		if (size > EVENTSTREAM_PAYLOAD_MAX)
			size = EVENTSTREAM_PAYLOAD_MAX;
		/* Who does not take it is not to hold more of it. */
		request->failed = send_frame(request, EVENTSTREAM_PAYLOAD_CHUNK,
		                             output->data + done, size) < 0;
		done += size;
	}
	output->size = 0;
}

/*
 * What came in the same round as the end is the error's own text: an error
 * comes in one piece.
 */
static void answer_stream(struct lambda_request *request,
                          enum invocation_status status, const char *error_type)
{
	struct json_writer w = { .buf.arena = &request->arena, .indent = "" };
	struct lambda_bytes *output = &request->output;

	json_open_object(&w, NULL);
	if (error_type) {
		json_put_str(&w, "ErrorCode", error_type);
		json_put_str(&w, "ErrorDetails",
		             arena_strndup(&request->arena,
		                           output->size ? output->data : "",
		                           output->size));
		output->size = 0;
	}
	if (request->tail)
		json_put_str(&w, "LogResult", log_tail(request, status));
	json_close_object(&w);
	loop_disarm(&request->flush);
	flush(&request->flush);
	if (!request->http)
		return;
	if (!request->failed)
		request->failed =
			send_frame(request, EVENTSTREAM_INVOKE_COMPLETE,
		                   buf_str(&w.buf), w.buf.length) < 0;
	http_finish(request->http, request->failed);
}

/* ---- what the pool says */

static int output(struct invocation *invocation, const void *bytes, size_t size)
{
	struct lambda_request *request =
		loop_owner(invocation, struct lambda_request, call.invocation);
	bool stream = request->route == LAMBDA_STREAM;
	int result;

	if (!request->http || request->failed)
		return -EPIPE;
	if (!stream && request->output.size + size > INVOCATION_PAYLOAD_MAX)
		result = -EMSGSIZE;
	else
		result = lambda_add(request, &request->output, bytes, size);
	if (result < 0)
		request->failed = true;
	else if (stream && !request->flush.loop)
		loop_arm(request->lambda->pool->host->loop, &request->flush, 0);
	return result;
}

/* Nothing of the function has run; what came is the reason. */
static void refuse_failed(struct lambda_request *request)
{
	const struct lambda_bytes *output = &request->output;
	int size = output->size < 300 ? (int)output->size : 300;

	loop_disarm(&request->flush);
	lambda_refuse(request, 500, "ServiceException",
	              "the sandbox could not be made: %.*s", size,
	              size ? output->data : "");
}

static void ended(struct pool_call *call, enum invocation_status status,
                  const char *error_type)
{
	struct lambda_request *request =
		loop_owner(call, struct lambda_request, call);

	/* Under way until all is said: the answer may be its last moment. */
	if (status == INVOCATION_FAILED && !request->streaming)
		refuse_failed(request);
	else if (request->route == LAMBDA_STREAM)
		answer_stream(request, status, error_type);
	else
		answer_sync(request, status, error_type);
	request->under_way = false;
	lambda_release(request);
}

/* ---- asynchronous */

static void spooled(void *context, int result)
{
	struct lambda_request *request = context;
	const struct http_header headers[] = {
		{ "x-amzn-RequestId", request->call.invocation.id },
		{ NULL, NULL },
	};

	if (result < 0)
		lambda_refuse(request, 503, "ServiceUnavailableException",
		              "the event could not be kept: %s",
		              strerror(-result));
	else
		lambda_answer(request, 202, headers, "", 0);
	request->under_way = false;
	lambda_release(request);
}

static void accept_event(struct lambda_request *request)
{
	struct invocation *invocation = &request->call.invocation;
	struct spool_event event = {
		.accepted_ms = spool_now(),
		.client_context = invocation->client_context,
		.payload = invocation->payload,
		.payload_size = invocation->payload_size,
	};
	struct error err;
	int result;

	memcpy(event.id, invocation->id, sizeof(event.id));
	request->under_way = true;
	result = spool_accept(request->lambda->spool, request->target.name,
	                      &event, spooled, request, &err);
	if (result == 0)
		return;
	request->under_way = false;
	if (result == -EDQUOT)
		lambda_refuse(request, 429, "TooManyRequestsException", "%s",
		              err.text);
	else
		lambda_refuse(request, 503, "ServiceUnavailableException", "%s",
		              err.text);
}

/* ---- the begin */

static void call_function(struct lambda_request *request,
                          struct pool_function *function)
{
	struct lambda *lambda = request->lambda;
	bool stream = request->route == LAMBDA_STREAM;

	request->call.invocation.kind = stream ? "stream" : "sync";
	request->call.invocation.output = output;
	request->call.ended = ended;
	request->flush.expired = flush;
	request->under_way = true;
	switch (pool_call(lambda->pool, function, &request->call)) {
	case STOCK_USE:
	case STOCK_NEW: return;
	case STOCK_AT_FUNCTION:
	case STOCK_AT_RATE:
	case STOCK_AT_HOST: break;
	}
	request->under_way = false;
	if (lambda->stopping)
		lambda_refuse(request, 503, "ServiceUnavailableException",
		              "the server is stopping");
	else
		lambda_refuse(request, 429, "TooManyRequestsException",
		              "Rate Exceeded.");
}

void lambda_invoke(struct lambda_request *request)
{
	struct pool_function *function = lambda_find(request);
	struct lambda_bytes *body = &request->body;
	const struct http_header headers[] = {
		{ "x-amzn-RequestId", request->call.invocation.id },
		{ NULL, NULL },
	};

	if (!function)
		return;
	if (body->size && !json_is_valid(body->data, body->size)) {
		lambda_refuse(request, 400, "InvalidRequestContentException",
		              "Could not parse request body into json");
		return;
	}
	request->call.invocation.payload = body->size ? body->data : "{}";
	request->call.invocation.payload_size = body->size ? body->size : 2;
	if (request->type == LAMBDA_DRY_RUN)
		lambda_answer(request, 204, headers, NULL, 0);
	else if (request->type == LAMBDA_EVENT)
		accept_event(request);
	else
		call_function(request, function);
}

/* ---- metrics */

static void count_sandboxes(const struct stock_shelf *shelf,
                            struct metrics_row *row)
{
	const struct stock_item *item;

	for (item = shelf->items; item; item = item->next) {
		row->sandboxes[item->state]++;
		if (item->state != SANDBOX_GONE)
			row->memory_limit += item->memory;
	}
}

void lambda_write_metrics(struct lambda_request *request)
{
	static const struct http_header headers[] = {
		{ "Content-Type", "text/plain; version=0.0.4; charset=utf-8" },
		{ NULL, NULL },
	};
	struct lambda *lambda = request->lambda;
	struct buf buf = { .arena = &request->arena };
	struct metrics_row *rows = NULL;
	struct stock_shelf *shelf;
	size_t count = 0;

	for (shelf = lambda->pool->stock.shelves; shelf; shelf = shelf->next) {
		struct pool_function *function = pool_function_of(shelf);
		struct metrics_row *row =
			arena_push(&request->arena, rows, count);

		row->function = function->name;
		row->metrics = &function->metrics;
		row->spooled = spool_waiting(lambda->spool, function->name);
		count_sandboxes(shelf, row);
	}
	metrics_write(&buf, rows, count);
	metrics_write_server(&buf,
	                     &(struct metrics_server){
				     .requests = lambda->requests,
				     .evicted = lambda->pool->evicted,
				     .spool_events = lambda->spool->events,
				     .spool_bytes = lambda->spool->bytes,
			     });
	http_answer(request->http, 200, headers, buf_str(&buf), buf.length);
}
