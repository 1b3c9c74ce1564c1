/* SPDX-License-Identifier: Apache-2.0 */
/* An invocation that a server does. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "fn/base64.h"
#include "fn/client.h"
#include "fn/invoke.h"
#include "json/json.h"
#include "sys/file.h"

#define STATUS_OK       200U
#define STATUS_ACCEPTED 202U

/* A message of a streamed answer: lengths, checksum, headers, payload, sum. */
#define FRAME_PRELUDE 12U
#define FRAME_END     4U
#define FRAME_MAX     ((size_t)17 * 1024 * 1024)

struct reply {
	struct arena *arena;
	const struct client_answer *answer; /* its head is there first */
	bool stream;
	struct buf body;   /* what is not printed yet, or all of it */
	const char *event; /* what ends a stream: JSON, or NULL */
};

static uint32_t big_endian(const char *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
}

/* Its checksums are TCP's matter: over a unix socket nothing is lost. */
static int reply_frame(struct reply *reply, const char *frame, size_t size)
{
	size_t headers = big_endian(frame + 4);
	size_t begin = FRAME_PRELUDE + headers;

	if (headers > size || begin + FRAME_END > size)
		return -EPROTO;
	size -= begin + FRAME_END;
	if (memmem(frame + FRAME_PRELUDE, headers, "InvokeComplete", 14)) {
		reply->event = arena_strndup(reply->arena, frame + begin, size);
		return 0;
	}
	return sys_write_all(STDOUT_FILENO, frame + begin, size);
}

static int reply_frames(struct reply *reply)
{
	struct buf *body = &reply->body;
	int result = 0;

	while (result == 0 && body->length >= FRAME_PRELUDE) {
		size_t size = big_endian(body->data);

		if (size < FRAME_PRELUDE + FRAME_END || size > FRAME_MAX)
			return -EPROTO;
		if (body->length < size)
			break;
		result = reply_frame(reply, body->data, size);
		body->length -= size;
		memmove(body->data, body->data + size, body->length);
	}
	return result;
}

static int reply_output(void *context, const void *bytes, size_t size)
{
	struct reply *reply = context;

	buf_add(&reply->body, bytes, size);
	/* What is refused is plain JSON. */
	if (!reply->stream || reply->answer->status != STATUS_OK)
		return 0;
	return reply_frames(reply);
}

static const char *text_of(const struct json_value *object, const char *key)
{
	const struct json_value *value = object && object->type == JSON_OBJECT
	                                         ? json_get(object, key)
	                                         : NULL;

	return value && value->type == JSON_STRING ? value->text : NULL;
}

static void print_log(struct arena *arena, const char *text)
{
	size_t size = 0;
	const char *log = text ? base64_decode(arena, text, &size) : NULL;

	if (log)
		sys_write_all(STDERR_FILENO, log, size);
}

static int exit_of_type(const char *type)
{
	if (!type)
		return EXIT_FUNCTION_ERROR;
	return str_equal(type, "Sandbox.Timeout") ? EXIT_TIMEOUT
	                                          : EXIT_FUNCTION_ERROR;
}

static const struct json_value *parse(struct arena *arena, const char *text,
                                      size_t size)
{
	const struct json_value *root = NULL;
	struct json_fault fault;

	return json_scan(arena, text, size, &root, &fault) < 0 ? NULL : root;
}

/* What the server itself refuses. */
static int refused(const struct reply *reply,
                   const struct client_answer *answer, struct error *err)
{
	const struct json_value *root =
		parse(reply->arena, buf_str(&reply->body), reply->body.length);
	const char *text = text_of(root, "Message");

	if (!text)
		text = text_of(root, "message");
	return error_set(err, ERROR_STATE, -EREMOTEIO, "the server says %u: %s",
	                 answer->status, text ? text : "(without a reason)");
}

static int finish_stream(const struct reply *reply, struct error *err)
{
	const struct json_value *root =
		reply->event ? parse(reply->arena, reply->event,
	                             strlen(reply->event))
			     : NULL;
	const char *code = text_of(root, "ErrorCode");
	const char *details = text_of(root, "ErrorDetails");

	if (!root)
		return error_set(err, ERROR_STATE, -EPIPE,
		                 "the server's answer ended too early");
	print_log(reply->arena, text_of(root, "LogResult"));
	if (details)
		sys_write_all(STDOUT_FILENO, details, strlen(details));
	return code ? exit_of_type(code) : 0;
}

static int finish(const struct reply *reply, const struct client_answer *answer,
                  struct error *err)
{
	struct arena *arena = reply->arena;
	const struct buf *body = &reply->body;
	int result;

	if (answer->status == STATUS_ACCEPTED) {
		const char *id =
			client_header(arena, answer, "x-amzn-RequestId");

		id = arena_printf(arena, "%s\n", id ? id : "");
		result = sys_write_all(STDOUT_FILENO, id, strlen(id));
		return result < 0 ? error_system(err, result,
		                                 "print the request's id")
		                  : 0;
	}
	if (answer->status != STATUS_OK)
		return refused(reply, answer, err);
	if (reply->stream)
		return finish_stream(reply, err);
	print_log(arena, client_header(arena, answer, "X-Amz-Log-Result"));
	result = sys_write_all(STDOUT_FILENO, buf_str(body), body->length);
	if (result < 0)
		return error_system(err, result,
		                    "write the response to stdout");
	if (!client_header(arena, answer, "X-Amz-Function-Error"))
		return 0;
	return exit_of_type(text_of(parse(arena, buf_str(body), body->length),
	                            "errorType"));
}

int invoke_by_server(const struct invoke *invoke, int socket, struct error *err)
{
	struct arena *arena = invoke->globals->arena;
	const struct invoke_options *options = invoke->options;
	const struct http_header headers[] = {
		{ "Content-Type", "application/json" },
		{ "X-Amz-Log-Type", "Tail" },
		{ "X-Amz-Invocation-Type",
		  options->asynchronous ? "Event" : "RequestResponse" },
		{ NULL, NULL },
	};
	struct client_answer answer = { .status = 0 };
	struct reply reply = {
		.arena = arena,
		.answer = &answer,
		.stream = options->stream,
		.body.arena = arena,
	};
	const struct client_request request = {
		.path = arena_printf(
			arena,
			options->stream
				? "/2021-11-15/functions/%s/response-streaming-invocations"
				: "/2015-03-31/functions/%s/invocations",
			invoke->name),
		.headers = headers,
		.body = invoke->payload,
		.body_size = invoke->payload_size,
		.output = reply_output,
		.context = &reply,
	};
	int result = client_post(arena, socket, &request, &answer, err);

	return result < 0 ? result : finish(&reply, &answer, err);
}
