/* SPDX-License-Identifier: Apache-2.0 */
/* runf-fn invoke: one invocation, its response on stdout. */
#include "fn/invoke.h"

#include <errno.h>
#include <fcntl.h>
#include <runf/runf.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "fn/client.h"
#include "fn/options.h"
#include "sys/file.h"

#define OPTIONS struct invoke_options

static const struct cli_option invoke_options[] = {
	OPTION_SWITCH(0, "stream", OPTIONS, stream,
	              "print the response piece by piece, as it comes"),
	OPTION_SWITCH(0, "async", OPTIONS, asynchronous,
	              "hand the event to the server, which does it later"),
	OPTION_SWITCH(0, "no-boost", OPTIONS, no_boost,
	              "let the CPU quota hold already while it initializes"),
	OPTION_NUMBER(0, "timeout", OPTIONS, timeout_s,
	              "seconds, in place of the function's own"),
	OPTIONS_END,
};

int invoke_exit_status(enum invocation_status status)
{
	switch (status) {
	case INVOCATION_OK: return 0;
	case INVOCATION_TIMEOUT: return EXIT_TIMEOUT;
	case INVOCATION_FAILED: return EXIT_RUNF;
	case INVOCATION_ERROR:
	case INVOCATION_OOM:
	case INVOCATION_EXIT:
	default: return EXIT_FUNCTION_ERROR;
	}
}

/* The whole of FILE; "-" is stdin. */
static int read_payload(struct arena *arena, const char *file,
                        struct invoke *invoke, struct error *err)
{
	struct buf buf = { .arena = arena };
	auto_close int opened = -1;
	int fd = STDIN_FILENO;
	char piece[16384];
	ssize_t got = 0;

	if (!str_equal(file, "-"))
		got = fd = opened = sys_openat(AT_FDCWD, file, O_RDONLY, 0);
	if (got >= 0)
		while ((got = sys_read(fd, piece, sizeof(piece))) > 0 &&
		       buf.length <= INVOCATION_PAYLOAD_MAX)
			buf_add(&buf, piece, (size_t)got);
	if (got < 0)
		return error_system(err, (int)got, "read the event from \"%s\"",
		                    file);
	if (buf.length > INVOCATION_PAYLOAD_MAX)
		return error_set(err, ERROR_USAGE, -EMSGSIZE,
		                 "the event in \"%s\" has more than %zu bytes",
		                 file, INVOCATION_PAYLOAD_MAX);
	invoke->payload = buf_str(&buf);
	invoke->payload_size = buf.length;
	return 0;
}

static int check_options(const struct invoke_options *options,
                         struct error *err)
{
	if (options->stream && options->asynchronous)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--stream and --async exclude each other: "
		                 "nobody waits for the response of an "
		                 "asynchronous event");
	if (options->timeout_s > FUNCTION_TIMEOUT_S_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--timeout %u is above %d seconds",
		                 options->timeout_s, FUNCTION_TIMEOUT_S_MAX);
	return 0;
}

/* Connected to the server, or -1: there is none, and it is done here. */
static int find_server(const struct invoke *invoke, int *ret_socket,
                       struct error *err)
{
	const struct invoke_options *options = invoke->options;
	const char *path = arena_printf(invoke->globals->arena, "%s/serve.sock",
	                                invoke->globals->state);
	int socket = client_connect(path);

	*ret_socket = socket < 0 ? -1 : socket;
	/* These are a matter of the process that makes the sandbox. */
	if (socket >= 0 && (options->no_boost || options->timeout_s))
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--no-boost and --timeout are not for a "
		                 "function that a server runs: stop it, or use "
		                 "another --state than %s",
		                 invoke->globals->state);
	if (socket < 0 && socket != -ENOENT && socket != -ECONNREFUSED)
		return error_system(err, socket, "connect to the server at %s",
		                    path);
	if (socket < 0 && options->asynchronous)
		return error_set(err, ERROR_STATE, -ECONNREFUSED,
		                 "--async needs a server, and there is none at "
		                 "%s: start runf-fn serve",
		                 path);
	return 0;
}

/* FILE may be NULL. */
static int invoke_do(struct invoke *invoke, const char *file, struct error *err)
{
	const struct fn_globals *globals = invoke->globals;
	auto_close int socket = -1;
	struct runf_error why;
	int result = find_server(invoke, &socket, err);

	/* It may execute the program again: before stdin is read. */
	if (result == 0 && socket < 0 &&
	    runf_protect_self(globals->argv, globals->env, &why) < 0)
		return fn_take_error(&why, err);
	if (result == 0 && file)
		result = read_payload(globals->arena, file, invoke, err);
	if (result < 0)
		return result;
	return socket < 0 ? invoke_here(invoke, err)
	                  : invoke_by_server(invoke, socket, err);
}

static int invoke_run(const struct fn_globals *globals, char **args)
{
	struct invoke_options options = { .stream = false };
	struct invoke invoke = {
		.globals = globals,
		.options = &options,
		.payload = "{}",
		.payload_size = 2,
	};
	struct cli_words words;
	struct error err;
	int result =
		fn_parse(globals, &fn_invoke, args, &options, &words, &err);

	if (result > 0)
		return 0;
	if (result == 0)
		result = check_options(&options, &err);
	if (result == 0 && !function_name_is_valid(words.items[0]))
		result = error_set(&err, ERROR_USAGE, -EINVAL,
		                   "\"%s\" is no name of a function",
		                   words.items[0]);
	if (result == 0) {
		invoke.name = words.items[0];
		result = invoke_do(
			&invoke, words.count > 1 ? words.items[1] : NULL, &err);
	}
	return result < 0 ? fn_fail(&fn_invoke, &err) : result;
}

const struct fn_command fn_invoke = {
	.name = "invoke",
	.usage = "NAME [FILE|-]",
	.summary = "call a function",
	.help = "FILE has the event, a JSON text; - is stdin; without it the "
		"event is {}.\nThe response is printed to stdout, the log to "
		"stderr. Exit status: 0, 1 if the function\nfails, 124 after "
		"its time-out, 125 if it could not be run.\n\nWithout a server "
		"(runf-fn serve) a sandbox is made for it, and removed.",
	.options = invoke_options,
	.words_min = 1,
	.words_max = 2,
	.run = invoke_run,
};
