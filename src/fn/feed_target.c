/* SPDX-License-Identifier: Apache-2.0 */
/* Who does the batches: a server, or a sandbox of our own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "fn/client.h"
#include "fn/feed.h"
#include "fn/options.h"
#include "fn/sandbox.h"

struct feed_target {
	const char *root;
	const char *name;
	const char *socket; /* of the server */
	bool direct;
	/* The sandbox, which is used again, and the call it has. */
	struct loop loop;
	struct sandbox_host host;
	struct arena arena;
	struct function function;
	struct sandbox *sandbox;
	int held;
	struct invocation invocation;
	struct buf output;
	bool done;
	enum invocation_status status;
};

/* ---- through the server */

static int take_output(void *context, const void *bytes, size_t size)
{
	buf_add(context, bytes, size);
	return 0;
}

static enum feed_outcome call_server(struct feed_target *target,
                                     struct arena *arena, const char *document,
                                     const char **ret_text)
{
	static const struct http_header headers[] = {
		{ "Content-Type", "application/json" },
		{ NULL, NULL },
	};
	struct buf output = { .arena = arena };
	const struct client_request request = {
		.path = arena_printf(arena,
		                     "/2015-03-31/functions/%s/invocations",
		                     target->name),
		.headers = headers,
		.body = document,
		.body_size = strlen(document),
		.output = take_output,
		.context = &output,
	};
	struct client_answer answer;
	struct error err;
	auto_close int socket = client_connect(target->socket);

	if (socket < 0)
		error_system(&err, socket, "connect to %s", target->socket);
	if (socket < 0 ||
	    client_post(arena, socket, &request, &answer, &err) < 0) {
		*ret_text = arena_strdup(arena, err.text);
		return FEED_FAILED;
	}
	*ret_text = buf_str(&output);
	if (answer.status == 429 || answer.status == 503)
		return FEED_BUSY;
	if (answer.status == 404)
		return FEED_GONE;
	return answer.status == 200 && !client_header(arena, &answer,
	                                              "X-Amz-Function-Error")
	               ? FEED_DONE
	               : FEED_FAILED;
}

/* ---- in a sandbox of our own */

static void changed(struct sandbox *sandbox, void *context)
{
	struct feed_target *target = context;

	if (sandbox_state(sandbox) == SANDBOX_GONE)
		target->sandbox = NULL;
	/* The answer is there before the sandbox can be used again. */
	if (target->done && sandbox_state(sandbox) != SANDBOX_BUSY)
		loop_stop(&target->loop);
}

static int output(struct invocation *invocation, const void *bytes, size_t size)
{
	struct feed_target *target =
		loop_owner(invocation, struct feed_target, invocation);

	buf_add(&target->output, bytes, size);
	return 0;
}

static void done(struct invocation *invocation, enum invocation_status status,
                 const char *error_type)
{
	struct feed_target *target =
		loop_owner(invocation, struct feed_target, invocation);
	struct error err;

	(void)error_type;
	target->done = true;
	target->status = status;
	if (meter_write(target->root, &target->function, invocation, status,
	                &err) < 0)
		fn_warn("%s", err.text);
	if (!target->sandbox ||
	    sandbox_state(target->sandbox) == SANDBOX_IDLE ||
	    sandbox_state(target->sandbox) == SANDBOX_GONE)
		loop_stop(&target->loop);
}

static enum feed_outcome call_sandbox(struct feed_target *target,
                                      struct arena *arena, const char *document,
                                      const char **ret_text)
{
	const struct sandbox_owner owner = { changed, target };
	struct error err;
	int result = 0;

	target->output = (struct buf){ .arena = arena };
	target->invocation = (struct invocation){
		.kind = "feed",
		.payload = document,
		.payload_size = strlen(document),
		.output = output,
		.done = done,
	};
	invocation_make_id(target->invocation.id);
	target->done = false;
	if (!target->sandbox)
		result = sandbox_new(&target->host, &target->function, &owner,
		                     &target->sandbox, &err);
	if (result == 0) {
		sandbox_invoke(target->sandbox, &target->invocation);
		result = loop_run(&target->loop, &err);
	}
	if (result < 0) {
		*ret_text = arena_strdup(arena, err.text);
		return FEED_FAILED;
	}
	*ret_text = buf_str(&target->output);
	return target->status == INVOCATION_OK ? FEED_DONE : FEED_FAILED;
}

static int open_sandbox(const struct fn_globals *globals,
                        struct feed_target *target, struct error *err)
{
	struct runf_error why;
	int result = function_load(&target->arena, globals->root, target->name,
	                           &target->function, err);

	if (result == 0)
		result = target->held = function_hold(&target->function, err);
	if (result < 0)
		return result;
	target->host.loop = &target->loop;
	target->host.root = globals->root;
	target->host.state = globals->state;
	target->host.log_fd = STDERR_FILENO;
	if (runf_protect_self(globals->argv, globals->env, &why) < 0)
		return fn_take_error(&why, err);
	result = loop_open(&target->loop, err);
	return result < 0 ? result : sandbox_host_open(&target->host, err);
}

/* ---- either */

int feed_open(const struct fn_globals *globals, const char *name,
              struct feed_target **ret_target, struct error *err)
{
	struct feed_target *target = calloc(1, sizeof(*target));
	auto_close int socket = -1;
	int result;

	if (!target)
		return error_system(err, -ENOMEM, "begin");
	target->root = globals->root;
	target->name = name;
	target->held = -1;
	target->socket =
		arena_printf(globals->arena, "%s/serve.sock", globals->state);
	socket = client_connect(target->socket);
	target->direct = socket < 0;
	result = target->direct ? open_sandbox(globals, target, err) : 0;
	if (result < 0) {
		arena_release(&target->arena);
		free(target);
		return result;
	}
	*ret_target = target;
	return 0;
}

enum feed_outcome feed_call(struct feed_target *target, struct arena *arena,
                            const char *document, const char **ret_text)
{
	return target->direct ? call_sandbox(target, arena, document, ret_text)
	                      : call_server(target, arena, document, ret_text);
}

void feed_close(struct feed_target *target)
{
	if (target->direct) {
		if (target->sandbox)
			sandbox_end(target->sandbox);
		sandbox_host_close(&target->host);
	}
	fd_close(&target->held);
	arena_release(&target->arena);
	free(target);
}
