/* SPDX-License-Identifier: Apache-2.0 */
/* Run one hook with the state on its standard input and a deadline. */
#include "hook/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/time.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/process.h"

#define NS_PER_MS   1000000U
#define TAIL_SIZE   256
#define EXIT_NO_RUN 127
#define LAST_READS  16
#define LOG_MODE    0644

/* How a hook came to be called, and its two pipes. */
struct run {
	const struct plan_hook *hook;
	const char *cwd;
	int pidfd;
	int in_read;  /* kept open here too: writing raises no SIGPIPE */
	int in_write; /* -1 once all is written */
	int out_read;
	int out_write;
	const char *state; /* what is left to write */
	size_t state_length;
	char tail[TAIL_SIZE]; /* the end of what the hook said */
	size_t tail_length;
};

static void run_release(struct run *run)
{
	fd_close(&run->pidfd);
	fd_close(&run->in_read);
	fd_close(&run->in_write);
	fd_close(&run->out_read);
	fd_close(&run->out_write);
}

/* ---- the hook's side */

static void say(const char *what, int result)
{
	char text[TAIL_SIZE];
	int length =
		snprintf(text, sizeof(text), "%s: %s", what, strerror(-result));

	(void)sys_write(2, text, (size_t)length);
	sys_exit(EXIT_NO_RUN);
}

/* Above 2 first, where no dup3() overwrites a pipe that landed below. */
static int place_stdio(const struct run *run)
{
	int in = sys_dup_above(run->in_read, 3);
	int out = sys_dup_above(run->out_write, 3);
	int result = in < 0 ? in : out;

	if (result >= 0)
		result = sys_dup3(in, 0, 0);
	if (result >= 0)
		result = sys_dup3(out, 1, 0);
	if (result >= 0)
		result = sys_dup3(out, 2, 0);
	return result;
}

/* What it says is appended to the file PATH, if there is one. */
static void redirect(const char *path, int to)
{
	int fd = path ? sys_openat(AT_FDCWD, path,
	                           O_WRONLY | O_APPEND | O_CREAT, LOG_MODE)
	              : 0;
	int result = path && fd >= 0 ? sys_dup3(fd, to, 0) : fd;

	if (result < 0)
		say(path, result);
}

static void become_hook(const struct run *run)
{
	const struct plan_hook *hook = run->hook;
	int result = place_stdio(run);

	if (result < 0)
		sys_exit(EXIT_NO_RUN);
	result = sys_close_range(3, ~0U, 0);
	if (result < 0)
		say("close_range", result);
	/* In a user namespace out of reach; after create perhaps gone. */
	result = run->cwd ? sys_chdir(run->cwd) : 0;
	if (result < 0 && result != -EACCES && result != -ENOENT)
		say(run->cwd, result);
	redirect(hook->out, 1);
	redirect(hook->err, 2);
	sys_reset_signals();
	result = sys_execve(hook->path, hook->args,
	                    hook->env ? hook->env : environ);
	say("cannot be executed", result);
}

/* ---- our side */

/* As much of the state as fits: in nearly all cases the whole. */
static int feed(struct run *run)
{
	while (run->state_length > 0) {
		ssize_t written =
			sys_write(run->in_write, run->state, run->state_length);

		if (written == -EAGAIN)
			return 0;
		if (written < 0)
			return (int)written;
		run->state += written;
		run->state_length -= (size_t)written;
	}
	fd_close(&run->in_write);
	return 0;
}

/* Keep the end of what there is to read; false if there is no more now. */
static bool listen(struct run *run)
{
	char text[4096];
	ssize_t count = sys_read(run->out_read, text, sizeof(text));
	size_t length = count > 0 ? (size_t)count : 0;
	const char *from = text;
	size_t keep;

	if (count <= 0) {
		if (count != -EAGAIN)
			fd_close(&run->out_read);
		return false;
	}
	if (length > sizeof(run->tail)) {
		from += length - sizeof(run->tail);
		length = sizeof(run->tail);
	}
	keep = sizeof(run->tail) - length;
	if (keep > run->tail_length)
		keep = run->tail_length;
	memmove(run->tail, run->tail + run->tail_length - keep, keep);
	memcpy(run->tail + keep, from, length);
	run->tail_length = keep + length;
	return true;
}

static int open_pipes(struct run *run)
{
	int in[2];
	int out[2];
	int result = sys_pipe2(in, O_CLOEXEC);

	if (result < 0)
		return result;
	run->in_read = in[0];
	run->in_write = in[1];
	result = sys_pipe2(out, O_CLOEXEC);
	if (result < 0)
		return result;
	run->out_read = out[0];
	run->out_write = out[1];
	/* Only our ends: the flag belongs to the description. */
	result = sys_set_status_flags(run->in_write, O_WRONLY | O_NONBLOCK);
	if (result == 0)
		result = sys_set_status_flags(run->out_read, O_NONBLOCK);
	return result;
}

/* What is left of the hook's time, for poll(2). */
static int time_left_ms(uint64_t deadline)
{
	uint64_t now;
	uint64_t left;

	if (deadline == 0)
		return -1;
	now = time_monotonic_ns();
	if (now >= deadline)
		return 0;
	left = (deadline - now + NS_PER_MS - 1) / NS_PER_MS;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/*
 * Until the process ends. What it started may live on and hold its pipes, so
 * their end is not waited for.
 */
static int serve(struct run *run)
{
	uint64_t timeout_ms = run->hook->timeout_ms;
	uint64_t deadline = 0;

	if (timeout_ms > 0)
		deadline = time_monotonic_ns() + timeout_ms * NS_PER_MS;
	for (;;) {
		/* A closed one is -1, which poll() passes over. */
		struct pollfd fds[] = {
			{ .fd = run->pidfd, .events = POLLIN },
			{ .fd = run->out_read, .events = POLLIN },
			{ .fd = run->in_write, .events = POLLOUT },
		};
		int result =
			sys_poll(fds, ARRAY_SIZE(fds), time_left_ms(deadline));

		if (result < 0)
			return result;
		if (fds[1].revents)
			listen(run);
		if (fds[0].revents)
			return 0;
		if (fds[2].revents) {
			result = feed(run);
			if (result < 0)
				return result;
		}
		if (time_left_ms(deadline) == 0)
			return -ETIMEDOUT;
	}
}

/* The rest of what it said, on one line. */
static const char *last_words(struct run *run, char words[TAIL_SIZE + 3])
{
	size_t i;

	/* No more than a pipe holds: a daemon may still talk into it. */
	for (i = 0; i < LAST_READS && run->out_read >= 0 && listen(run); i++)
		;
	while (run->tail_length > 0 && run->tail[run->tail_length - 1] == '\n')
		run->tail_length--;
	if (run->tail_length == 0)
		return "";
	for (i = 0; i < run->tail_length; i++) {
		if ((unsigned char)run->tail[i] < ' ')
			run->tail[i] = ' ';
	}
	snprintf(words, TAIL_SIZE + 3, ": %.*s", (int)run->tail_length,
	         run->tail);
	return words;
}

static int judge(struct run *run, const siginfo_t *info, struct error *err)
{
	char words[TAIL_SIZE + 3];
	const char *path = run->hook->path;

	if (info->si_code == CLD_EXITED && info->si_status == 0)
		return 0;
	if (info->si_code == CLD_EXITED)
		return error_set(err, ERROR_HOOK, -ECHILD,
		                 "hook failed with exit code %d: \"%s\"%s",
		                 info->si_status, path, last_words(run, words));
	return error_set(err, ERROR_HOOK, -ECHILD,
	                 "hook \"%s\": killed by signal %d%s", path,
	                 info->si_status, last_words(run, words));
}

/* Wait for a hook that was started; if that fails it may not live on. */
static int attend(struct run *run, struct error *err)
{
	char words[TAIL_SIZE + 3];
	siginfo_t info;
	int result = serve(run);
	int waited;

	if (result < 0)
		(void)sys_pidfd_send_signal(run->pidfd, SIGKILL);
	waited = sys_waitid(P_PIDFD, (id_t)run->pidfd, &info, WEXITED);
	if (result == -ETIMEDOUT)
		return error_set(err, ERROR_HOOK, result,
		                 "hook \"%s\": not done within its timeout of "
		                 "%llu ms, killed%s",
		                 run->hook->path,
		                 (unsigned long long)run->hook->timeout_ms,
		                 last_words(run, words));
	if (result == 0)
		result = waited;
	if (result < 0)
		return error_system(err, result, "wait for hook \"%s\"",
		                    run->hook->path);
	return judge(run, &info, err);
}

int hook_run(const struct plan_hook *hook, const char *state_json,
             const char *cwd, struct error *err)
{
	struct run run cleanup_with(run_release) = {
		.hook = hook,
		.cwd = cwd,
		.pidfd = -1,
		.in_read = -1,
		.in_write = -1,
		.out_read = -1,
		.out_write = -1,
		.state = state_json,
		.state_length = strlen(state_json),
	};
	int result = open_pipes(&run);

	if (result == 0)
		result = feed(&run);
	if (result == 0)
		result = sys_clone(0, -1, &run.pidfd);
	if (result < 0)
		return error_system(err, result, "run hook \"%s\"", hook->path);
	if (result == 0)
		become_hook(&run);
	fd_close(&run.out_write);
	return attend(&run, err);
}
