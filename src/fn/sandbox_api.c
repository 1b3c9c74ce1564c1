/* SPDX-License-Identifier: Apache-2.0 */
/* The Runtime API of one sandbox over HTTP. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/time.h"
#include "fn/sandbox_internal.h"

#define HEADER_ERROR "Lambda-Runtime-Function-Error-Type"
#define HEADER_MODE  "Lambda-Runtime-Function-Response-Mode"

#define GRACE_MS 20

static const struct http_header json_headers[] = {
	{ "Content-Type", "application/json" },
	{ NULL, NULL },
};

static struct sandbox *sandbox_of(const struct http_request *request)
{
	return http_request_port(request)->context;
}

static void answer_text(struct http_request *request, unsigned int status,
                        const char *text)
{
	http_answer(request, status, json_headers, text, strlen(text));
}

static void refuse(struct sandbox *sandbox, struct http_request *request,
                   struct api_refusal why)
{
	answer_text(request, why.status, why.body);
	/* With nothing to be finished first, it goes once that is sent. */
	if (sandbox->api.spoiled && !sandbox->invocation)
		loop_arm(sandbox->host->loop, &sandbox->timer, GRACE_MS);
}

/* ---- next */

static uint64_t now_ms(void)
{
	struct timespec now = time_now();

	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void hand_over(struct sandbox *sandbox)
{
	struct invocation *invocation = sandbox->invocation;
	struct http_request *parked = sandbox->parked;
	char deadline[32], arn[160];
	const struct http_header headers[] = {
		{ "Content-Type", "application/json" },
		{ "Lambda-Runtime-Aws-Request-Id", invocation->id },
		{ "Lambda-Runtime-Deadline-Ms", deadline },
		{ "Lambda-Runtime-Invoked-Function-Arn", arn },
		{ invocation->client_context ? "Lambda-Runtime-Client-Context"
		                             : NULL,
		  invocation->client_context },
		{ NULL, NULL },
	};

	snprintf(deadline, sizeof(deadline), "%" PRIu64,
	         invocation->deadline_ms);
	snprintf(arn, sizeof(arn),
	         "arn:aws:lambda:local:000000000000:function:%s",
	         sandbox->function.name);
	sandbox->parked = NULL;
	api_dispatch(&sandbox->api, invocation->id);
	http_answer(parked, 200, headers, invocation->payload,
	            invocation->payload_size);
}

void sandbox_dispatch(struct sandbox *sandbox)
{
	uint64_t limit_ms = (uint64_t)sandbox->function.timeout_s * 1000;
	bool frozen = sandbox->state == SANDBOX_FROZEN;
	int result = 0;

	sandbox_count_from_here(sandbox);
	if (!sandbox->renewed) {
		sandbox->dispatched_ns = time_monotonic_ns();
		sandbox->invocation->deadline_ms = now_ms() + limit_ms;
		loop_arm(sandbox->host->loop, &sandbox->timer, limit_ms);
	} else {
		/* Its time is running since init was begun anew. */
		uint64_t spent_ms =
			(time_monotonic_ns() - sandbox->dispatched_ns) /
			1000000;

		sandbox->invocation->deadline_ms =
			now_ms() + limit_ms - spent_ms;
		sandbox->renewed = false;
	}
	sandbox_body_clear(&sandbox->body);
	/* What it is woken for lies there when it wakes. */
	hand_over(sandbox);
	if (frozen)
		result = runf_cgroup_freeze(sandbox->cgroup, false);
	if (result < 0)
		sandbox_break(sandbox, "thaw: %s", strerror(-result));
	else
		sandbox_enter(sandbox, SANDBOX_BUSY);
}

static void begin_next(struct sandbox *sandbox, struct http_request *request)
{
	bool first = sandbox->state < SANDBOX_IDLE;

	/* The one that has given up. */
	if (sandbox->parked)
		answer_text(sandbox->parked, 410, "{}\n");
	sandbox->parked = request;
	if (first)
		sandbox_initialized(sandbox);
	else
		loop_disarm(&sandbox->timer);
	if (sandbox->api.spoiled && !sandbox->invocation) {
		loop_arm(sandbox->host->loop, &sandbox->timer, GRACE_MS);
		return;
	}
	if (sandbox->invocation)
		sandbox_dispatch(sandbox);
	else
		sandbox_enter(sandbox, SANDBOX_IDLE);
	if (first)
		sandbox_limit(sandbox);
}

/* ---- answers */

static bool is_too_large(const struct http_request *request)
{
	const char *text = http_request_header(request, "Content-Length");
	uint64_t length;

	return text && str_to_u64(text, 10, &length) == 0 &&
	       length > INVOCATION_PAYLOAD_MAX;
}

static void begin_answer(struct sandbox *sandbox, struct http_request *request,
                         enum api_call call)
{
	const char *mode = http_request_header(request, HEADER_MODE);

	sandbox->call = call;
	sandbox->answering = request;
	sandbox->relays = call == API_RESPONSE && mode &&
	                  str_equal(mode, "streaming") && sandbox->invocation &&
	                  str_equal(sandbox->invocation->kind, "stream");
	sandbox_body_clear(&sandbox->body);
}

static void answer_too_large(struct sandbox *sandbox,
                             struct http_request *request)
{
	bool of_init = sandbox->call == API_INIT_ERROR;

	sandbox->answering = NULL;
	answer_text(request, api_too_large.status, api_too_large.body);
	if (of_init)
		return;
	api_finish(&sandbox->api);
	sandbox_fail(sandbox, INVOCATION_ERROR, "Function.ResponseSizeTooLarge",
	             "Response payload size exceeded maximum allowed payload "
	             "size (6291556 bytes).");
}

static void service_begin(struct http_request *request)
{
	struct sandbox *sandbox = sandbox_of(request);
	enum api_call call = API_NEXT;
	const char *id;
	size_t length;
	enum api_state before = sandbox->api.state;
	struct api_refusal refusal =
		api_parse(http_request_method(request),
	                  http_request_path(request), &call, &id, &length);
	bool known = !refusal.status;

	if (known)
		refusal = api_begin(&sandbox->api, call, id, length);
	if (refusal.status) {
		refuse(sandbox, request, refusal);
		/* It has lost what it was given: nobody will answer that. */
		if (known && call == API_NEXT && before == API_RUNNING)
			sandbox_fail(sandbox, INVOCATION_ERROR,
			             "Runtime.InvalidStateTransition",
			             "Error: the runtime asked for the next "
			             "invocation without answering this one");
		return;
	}
	if (call != API_NEXT)
		begin_answer(sandbox, request, call);
	if (call != API_NEXT && !sandbox->relays && is_too_large(request))
		answer_too_large(sandbox, request);
}

static int service_body(struct http_request *request, const void *bytes,
                        size_t size)
{
	struct sandbox *sandbox = sandbox_of(request);
	struct invocation *invocation = sandbox->invocation;
	int result;

	/* `next` has none. */
	if (sandbox->answering != request)
		return 0;
	if (sandbox->relays && invocation) {
		invocation->cost.out_bytes += size;
		/* Nobody may want it any more; the function goes on. */
		invocation->output(invocation, bytes, size);
		return 0;
	}
	result = sandbox_body_add(&sandbox->body, bytes, size);
	if (result == -EMSGSIZE) {
		answer_too_large(sandbox, request);
		result = 0;
	}
	return result;
}

static void take_error_type(struct sandbox *sandbox,
                            const struct http_request *request)
{
	const char *type = http_request_header(request, HEADER_ERROR);
	size_t i;

	snprintf(sandbox->error_type, sizeof(sandbox->error_type), "%s",
	         type ? type : "Unhandled");
	/* It is printed, and becomes a header. */
	for (i = 0; sandbox->error_type[i]; i++)
		if (sandbox->error_type[i] < ' ' ||
		    sandbox->error_type[i] > '~')
			sandbox->error_type[i] = '?';
}

static void service_complete(struct http_request *request)
{
	struct sandbox *sandbox = sandbox_of(request);
	bool failed = sandbox->call != API_RESPONSE;

	if (sandbox->answering != request) {
		begin_next(sandbox, request);
		return;
	}
	sandbox->answering = NULL;
	if (!failed && http_request_header(request, HEADER_ERROR))
		failed = sandbox->relays;
	if (failed)
		take_error_type(sandbox, request);
	answer_text(request, 202, API_ACCEPTED);
	if (sandbox->call == API_INIT_ERROR) {
		sandbox_init_failed(sandbox);
		return;
	}
	api_finish(&sandbox->api);
	sandbox_finish(sandbox, failed ? INVOCATION_ERROR : INVOCATION_OK,
	               failed ? sandbox->error_type : NULL);
}

static void service_gone(struct http_request *request)
{
	struct sandbox *sandbox = sandbox_of(request);

	if (sandbox->parked == request)
		sandbox->parked = NULL;
	if (sandbox->answering != request)
		return;
	sandbox->answering = NULL;
	if (sandbox->call == API_INIT_ERROR)
		return;
	api_break(&sandbox->api);
	/* What was relayed cannot be taken back. */
	if (sandbox->relays) {
		sandbox->api.spoiled = true;
		sandbox_fail(sandbox, INVOCATION_ERROR,
		             "Runtime.TruncatedResponse",
		             "Error: the response ended too early");
	}
}

const struct http_service sandbox_service = {
	.begin = service_begin,
	.body = service_body,
	.complete = service_complete,
	.gone = service_gone,
};
