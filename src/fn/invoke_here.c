/* SPDX-License-Identifier: Apache-2.0 */
/* An invocation in a sandbox of its own: cold by construction. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "fn/invoke.h"
#include "fn/options.h"
#include "fn/sandbox.h"
#include "sys/file.h"
#include "sys/process.h"

#define EXIT_SIGNAL 128

struct here {
	struct loop loop;
	struct sandbox_host host;
	struct function function;
	struct invocation invocation;
	struct sandbox *sandbox;
	struct arena *arena;
	struct loop_source signals;
	/* A terminal is not given to the function: its lines are. */
	struct loop_source lines;
	int lines_write;
	int output_result;
	int exit_status;
	bool done;
};

/* ---- the function's own lines */

static bool pass_lines(int fd)
{
	char bytes[4096];
	ssize_t got = sys_read(fd, bytes, sizeof(bytes));

	if (got > 0)
		sys_write_all(STDERR_FILENO, bytes, (size_t)got);
	return got > 0;
}

static void lines_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	pass_lines(source->fd);
}

static int open_lines(struct here *here, struct error *err)
{
	int pipe[2];
	int result;

	here->host.log_fd = STDERR_FILENO;
	if (!isatty(STDERR_FILENO))
		return 0;
	result = sys_pipe2(pipe, O_CLOEXEC);
	if (result < 0)
		return error_system(err, result, "make a pipe");
	here->lines.fd = pipe[0];
	here->lines_write = here->host.log_fd = pipe[1];
	here->lines.events = EPOLLIN;
	here->lines.ready = lines_ready;
	result = sys_set_status_flags(pipe[0], O_NONBLOCK);
	if (result >= 0)
		result = loop_add(&here->loop, &here->lines);
	return result < 0 ? error_system(err, result, "read a pipe") : 0;
}

static void drain_lines(struct here *here)
{
	while (here->lines.fd >= 0 && pass_lines(here->lines.fd))
		;
}

/* ---- the invocation */

static int here_output(struct invocation *invocation, const void *bytes,
                       size_t size)
{
	struct here *here = invocation->context;
	int result = here->output_result;

	if (result == 0)
		result = sys_write_all(STDOUT_FILENO, bytes, size);
	here->output_result = result;
	return result;
}

static void here_done(struct invocation *invocation,
                      enum invocation_status status, const char *error_type)
{
	struct here *here = invocation->context;
	const char *lines = invocation_end_lines(here->arena, invocation,
	                                         &here->function, status);
	struct error err;

	(void)error_type;
	here->done = true;
	drain_lines(here);
	if (status == INVOCATION_FAILED)
		fn_fail(&fn_invoke, sandbox_error(here->sandbox));
	sys_write_all(STDERR_FILENO, lines, strlen(lines));
	if (meter_write(here->host.root, &here->function, invocation, status,
	                &err) < 0)
		fn_warn("%s", err.text);
	here->exit_status = invoke_exit_status(status);
}

/*
 * Its runtime may have something to do behind the response, lines to write
 * for example: the end is when it asks for more.
 */
static void here_changed(struct sandbox *sandbox, void *context)
{
	struct here *here = context;
	enum sandbox_state state = sandbox_state(sandbox);

	if (state == SANDBOX_GONE || (here->done && state == SANDBOX_IDLE))
		loop_stop(&here->loop);
}

static void signals_ready(struct loop_source *source, uint32_t events)
{
	struct here *here = loop_owner(source, struct here, signals);
	struct signalfd_siginfo info;

	(void)events;
	if (sys_read(source->fd, &info, sizeof(info)) != sizeof(info))
		return;
	sandbox_end(here->sandbox);
	here->exit_status = EXIT_SIGNAL + (int)info.ssi_signo;
	loop_stop(&here->loop);
}

static int open_signals(struct here *here, struct error *err)
{
	sigset_t set;
	int result;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* A reader that has gone is an error of a write; a sandbox is to end. */
	signal(SIGPIPE, SIG_IGN);
	sys_set_signal_mask(&set, NULL);
	here->signals.fd = sys_signalfd(&set);
	here->signals.events = EPOLLIN;
	here->signals.ready = signals_ready;
	result = here->signals.fd;
	if (result >= 0)
		result = loop_add(&here->loop, &here->signals);
	return result < 0 ? error_system(err, result, "wait for signals") : 0;
}

static int here_run(struct here *here, struct error *err)
{
	const struct sandbox_owner owner = { here_changed, here };
	const char *line = invocation_start_line(here->arena, &here->invocation,
	                                         &here->function);
	int result = sandbox_new(&here->host, &here->function, &owner,
	                         &here->sandbox, err);

	if (result < 0)
		return result;
	sys_write_all(STDERR_FILENO, line, strlen(line));
	sandbox_invoke(here->sandbox, &here->invocation);
	return loop_run(&here->loop, err);
}

static int here_open(struct here *here, struct error *err)
{
	int result = loop_open(&here->loop, err);

	if (result == 0)
		result = open_signals(here, err);
	if (result == 0)
		result = open_lines(here, err);
	return result < 0 ? result : sandbox_host_open(&here->host, err);
}

int invoke_here(const struct invoke *invoke, struct error *err)
{
	const struct fn_globals *globals = invoke->globals;
	struct here here = {
		.arena = globals->arena,
		.host = { .loop = &here.loop,
		          .root = globals->root,
		          .state = globals->state,
		          .no_boost = invoke->options->no_boost },
		.invocation = { .kind = invoke->options->stream ? "stream"
		                                                : "sync",
		                .payload = invoke->payload,
		                .payload_size = invoke->payload_size,
		                .output = here_output,
		                .done = here_done,
		                .context = &here },
		.lines.fd = -1,
		.lines_write = -1,
	};
	auto_close int held = -1;
	int result;

	result = function_load(globals->arena, globals->root, invoke->name,
	                       &here.function, err);
	if (result == 0)
		result = held = function_hold(&here.function, err);
	if (result < 0)
		return result;
	if (invoke->options->timeout_s)
		here.function.timeout_s = invoke->options->timeout_s;
	invocation_make_id(here.invocation.id);
	result = here_open(&here, err);
	if (result < 0)
		return result;
	result = here_run(&here, err);
	sandbox_host_close(&here.host);
	drain_lines(&here);
	if (result == 0 && here.output_result < 0)
		result = error_system(err, here.output_result,
		                      "write the response to stdout");
	return result < 0 ? result : here.exit_status;
}
