/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the shim does what takes time, says how it went, and ends. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "shim/job.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

/* The letter's head; the answer's bytes follow, its descriptor comes along. */
struct letter {
	int result;
	pid_t pid;
	bool shares_pids;
	struct runf_error err;
};

#define LETTER_MAX ((size_t)128 * 1024)

static const struct worker_answer no_answer = { .fd = -1 };

/* ---- in the worker */

static void worker_log(void *context, enum runf_log_level level,
                       const char *text)
{
	const struct shim *shim = context;

	shim->log.emit(shim->log.context, (enum log_level)level, text);
}

/*
 * Only 0, 1, 2 and what the worker itself needs stay open: the container's
 * init is a copy of the worker for a while, and must not keep other clients'
 * sockets and FIFOs.
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

/* What is not connected is /dev/null, as it is for the shim itself. */
static void worker_take_stdio(const struct job *job)
{
	int fds[3];
	int i;

	if (!job->starts || !job->process->io)
		return;
	io_payload_fds(job->process->io, fds);
	for (i = 0; i < 3; i++)
		if (fds[i] >= 0)
			sys_dup3(fds[i], i, 0);
}

static int worker_do(struct job *job, struct worker_answer *answer,
                     struct runf_error *err)
{
	const struct shim_options *options = &job->container->options;
	struct runf_options open = {
		.size = sizeof(open),
		.root = options->root,
		.criu = options->criu,
		.log = worker_log,
		.log_context = job->shim,
		.log_level = (enum runf_log_level)job->shim->log.level,
		.self_protected = true,
	};
	struct runf *runf;
	int result = runf_open(&open, &runf, err);

	return result < 0 ? result : job->verb(job, runf, answer, err);
}

__attribute__((noreturn)) static void worker_main(struct job *job, int socket)
{
	struct worker_answer answer = no_answer;
	struct letter head = { .result = 0 };
	sigset_t none;
	char *bytes;

	/*
	 * Whoever clears up behind a killed shim must find nobody who goes on
	 * making what he takes away.
	 */
	sys_set_pdeathsig(SIGKILL);
	sys_prlimit(0, RLIMIT_NOFILE, &job->shim->files, NULL);
	sigemptyset(&none);
	sys_set_signal_mask(&none, NULL);
	worker_take_stdio(job);
	worker_close_others(socket,
	                    job->shim->log_fd < 0 ? socket : job->shim->log_fd);
	head.result = worker_do(job, &answer, &head.err);
	head.pid = answer.pid;
	head.shares_pids = answer.shares_pids;
	if (answer.bytes.size > LETTER_MAX - sizeof(head))
		answer.bytes.size = 0;
	bytes = arena_alloc(&job->arena, sizeof(head) + answer.bytes.size);
	memcpy(bytes, &head, sizeof(head));
	if (answer.bytes.size)
		memcpy(bytes + sizeof(head), answer.bytes.data,
		       answer.bytes.size);
	sys_send_fds(socket, bytes, sizeof(head) + answer.bytes.size,
	             &answer.fd, answer.fd >= 0);
	sys_exit(0);
}

/* ---- in the shim */

static void worker_finish(struct job *job, int result,
                          const struct worker_answer *answer,
                          const struct runf_error *err)
{
	struct shim *shim = job->shim;
	bool starts = job->starts;

	job->done(job, result, answer, err);
	if (starts)
		reaper_settle(shim);
}

static void worker_fail(struct job *job, int code, const char *what)
{
	struct error why;
	struct runf_error err = { .code = code, .kind = RUNF_ERROR_SYSTEM };

	error_system(&why, code, "%s", what);
	memcpy(err.text, why.text, sizeof(err.text));
	worker_finish(job, code, &no_answer, &err);
}

static void worker_told(struct loop_source *source, uint32_t events)
{
	struct job *job = loop_owner(source, struct job, source);
	char *bytes = arena_alloc(&job->arena, LETTER_MAX);
	struct worker_answer answer = no_answer;
	struct letter head;
	size_t fds = 1;
	ssize_t got = sys_receive_fds(source->fd, bytes, LETTER_MAX, &answer.fd,
	                              &fds);

	(void)events;
	if (fds == 0 || got < 0)
		answer.fd = -1;
	loop_remove(source);
	fd_close(&source->fd);
	if (got < (ssize_t)sizeof(head)) {
		worker_fail(job, -EIO, "the worker ended without an answer");
		return;
	}
	memcpy(&head, bytes, sizeof(head));
	answer.pid = head.pid;
	answer.shares_pids = head.shares_pids;
	answer.bytes.data = bytes + sizeof(head);
	answer.bytes.size = (size_t)got - sizeof(head);
	worker_finish(job, head.result, &answer, &head.err);
}

void job_work(struct job *job, job_verb *verb,
              void (*done)(struct job *job, int result,
                           const struct worker_answer *answer,
                           const struct runf_error *err))
{
	auto_close int end = -1;
	auto_close int pidfd = -1;
	int pair[2];
	pid_t pid;
	int result = sys_socketpair(SOCK_SEQPACKET, pair);

	job->verb = verb;
	job->done = done;
	if (job->starts)
		reaper_expect(job->shim);
	if (result < 0) {
		worker_fail(job, result, "make a worker's socket");
		return;
	}
	job->source.fd = pair[0];
	end = pair[1];
	pid = sys_clone(0, -1, &pidfd);
	if (pid == 0)
		worker_main(job, end);
	job->source.events = EPOLLIN;
	job->source.ready = worker_told;
	result = pid < 0 ? pid : loop_add(&job->shim->loop, &job->source);
	if (pid > 0)
		reaper_add_worker(job->shim, pid);
	if (result < 0) {
		/* Nobody would hear what it does. */
		if (pid > 0)
			sys_pidfd_send_signal(pidfd, SIGKILL);
		fd_close(&job->source.fd);
		worker_fail(job, result, "make a worker");
	}
}
