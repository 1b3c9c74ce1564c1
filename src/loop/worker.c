/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the program does what takes time, says how it went, and ends. */
#include "loop/worker.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

struct letter {
	int result;
	struct error err;
	struct worker_answer answer;
};

/* Its end is waited for apart: what it answers is not to wait for that. */
struct ended {
	struct loop_source source;
};

static const struct worker_answer no_answer = { .fd = -1 };

/* ---- in the worker */

/*
 * What it starts is a copy of it for a while, and must not keep what the
 * program has open for others.
 */
static void worker_close_others(int a, int b)
{
	unsigned int low = (unsigned int)(a < b ? a : b);
	unsigned int high = (unsigned int)(a < b ? b : a);

	if (low > STDERR_FILENO + 1)
		sys_close_range(STDERR_FILENO + 1, low - 1, 0);
	if (high > low + 1)
		sys_close_range(low + 1, high - 1, 0);
	sys_close_range(high + 1, UINT_MAX, 0);
}

__attribute__((noreturn)) static void worker_main(struct worker *worker,
                                                  int socket)
{
	struct letter letter = { .answer = no_answer };
	int keep = worker->keep > STDERR_FILENO ? worker->keep : socket;
	sigset_t none;
	int i;

	sigemptyset(&none);
	sys_set_signal_mask(&none, NULL);
	for (i = 0; i < 3; i++)
		if (worker->stdio[i] >= 0 && worker->stdio[i] != i)
			sys_dup3(worker->stdio[i], i, 0);
	worker_close_others(socket, keep);
	letter.result = worker->work(worker, &letter.answer, &letter.err);
	sys_send_fds(socket, &letter, sizeof(letter), &letter.answer.fd,
	             letter.answer.fd >= 0);
	sys_exit(0);
}

/* ---- in the program */

static void worker_told(struct loop_source *source, uint32_t events)
{
	struct worker *worker = loop_owner(source, struct worker, source);
	struct letter letter;
	int fd = -1;
	size_t fds = 1;
	ssize_t got =
		sys_receive_fds(source->fd, &letter, sizeof(letter), &fd, &fds);

	(void)events;
	loop_remove(source);
	fd_close(&source->fd);
	if (got != sizeof(letter)) {
		letter.answer = no_answer;
		letter.result = error_set(&letter.err, ERROR_SYSTEM, -EIO,
		                          "the worker ended without an answer");
	}
	letter.answer.fd = fds ? fd : -1;
	worker->done(worker, letter.result, &letter.answer, &letter.err);
}

static void worker_ended(struct loop_source *source, uint32_t events)
{
	struct ended *ended = loop_owner(source, struct ended, source);
	siginfo_t info;

	(void)events;
	sys_waitid(P_PIDFD, (id_t)source->fd, &info, WEXITED);
	loop_remove(source);
	fd_close(&source->fd);
	free(ended);
}

static int worker_wait(struct loop *loop, int *pidfd)
{
	struct ended *ended = calloc(1, sizeof(*ended));
	int result = -ENOMEM;

	if (ended) {
		ended->source.fd = *pidfd;
		ended->source.events = EPOLLIN;
		ended->source.ready = worker_ended;
		result = loop_add(loop, &ended->source);
	}
	if (result < 0)
		free(ended);
	else
		*pidfd = -1;
	return result;
}

static void worker_failed(struct loop_timer *timer)
{
	struct worker *worker = loop_owner(timer, struct worker, late);
	struct error err;

	error_system(&err, worker->failure, "make a worker");
	worker->done(worker, worker->failure, &no_answer, &err);
}

void worker_begin(struct loop *loop, struct worker *worker)
{
	auto_close int end = -1;
	auto_close int pidfd = -1;
	int pair[2] = { -1, -1 };
	pid_t pid = -1;
	int result = sys_socketpair(SOCK_SEQPACKET, pair);

	worker->source = (struct loop_source){
		.fd = pair[0],
		.events = EPOLLIN,
		.ready = worker_told,
	};
	end = pair[1];
	if (result == 0)
		result = loop_add(loop, &worker->source);
	if (result == 0)
		result = pid = sys_clone(0, -1, &pidfd);
	if (pid == 0)
		worker_main(worker, end);
	/* At worst a zombie stays; it does its work. */
	if (pid > 0)
		worker_wait(loop, &pidfd);
	if (result >= 0)
		return;
	loop_remove(&worker->source);
	fd_close(&worker->source.fd);
	worker->failure = result;
	worker->late.expired = worker_failed;
	loop_arm(loop, &worker->late, 0);
}
