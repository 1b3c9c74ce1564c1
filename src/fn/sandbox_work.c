/* SPDX-License-Identifier: Apache-2.0 */
/* What workers do for a sandbox, and what follows from it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/time.h"
#include "fn/sandbox_internal.h"
#include "sys/file.h"
#include "sys/ns.h"
#include "sys/poll.h"
#include "sys/process.h"
#include "sys/socket.h"

/* The numbers of a worker's answer. */
enum {
	NUMBER_PID,
	NUMBER_CREATE_US,
	NUMBER_STARTED_NS,
	NUMBER_UNLIMITED,
};

/* ---- in the worker */

int sandbox_take_error(const struct runf_error *from, struct error *err)
{
	return error_set(err, (enum error_kind)from->kind, from->code, "%s",
	                 from->text);
}

/*
 * 127.0.0.1:9001 in the network of PID. From there nobody else can reach it,
 * and who asks is known by it.
 */
static int work_listen(pid_t pid, int *ret_fd, struct error *err)
{
	char path[64];
	struct stat own, its;
	auto_close int net = -1;
	int result;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	net = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	result = net < 0 ? net : sys_fstat(net, &its);
	if (result == 0)
		result = sys_fstatat(AT_FDCWD, "/proc/self/ns/net", &own, 0);
	if (result < 0)
		return error_system(err, result, "open %s", path);
	if (own.st_ino == its.st_ino && own.st_dev == its.st_dev)
		return error_set(
			err, ERROR_CONFIG, -EINVAL,
			"the function shares the host's network, where "
			"others could answer for it: its config.json "
			"needs a namespace of type network");
	result = sys_setns(net, CLONE_NEWNET);
	if (result == 0)
		result = *ret_fd = sys_listen_loopback(SANDBOX_PORT);
	if (result < 0)
		return error_system(err, result,
		                    "listen on 127.0.0.1:%d in the sandbox",
		                    SANDBOX_PORT);
	return 0;
}

static int work_create(struct sandbox *sandbox, struct runf *runf,
                       struct worker_answer *answer, struct error *err)
{
	const struct function *function = &sandbox->function;
	struct runf_error why;
	char path[4096];
	pid_t pid = 0;
	struct runf_create_options options = {
		.size = sizeof(options),
		.bundle = function->bundle,
		.pid = &pid,
	};

	snprintf(path, sizeof(path), "%s/boost.json", function->bundle);
	if (sandbox->job_boosts &&
	    sys_faccessat(AT_FDCWD, path, R_OK, 0) == 0) {
		options.config = "boost.json";
		answer->numbers[NUMBER_UNLIMITED] = 1;
	}
	if (runf_create(runf, sandbox->id, &options, &why) < 0)
		return sandbox_take_error(&why, err);
	answer->numbers[NUMBER_PID] = pid;
	answer->numbers[NUMBER_CREATE_US] =
		(long long)(time_monotonic_ns() - sandbox->began_ns) / 1000;
	return work_listen(pid, &answer->fd, err);
}

static int work_limit(struct sandbox *sandbox, struct runf *runf,
                      struct error *err)
{
	struct runf_error why;
	char resources[128];

	snprintf(resources, sizeof(resources),
	         "{\"cpu\":{\"quota\":%" PRIu64 ",\"period\":%" PRIu64 "}}",
	         sandbox->function.cpu_quota_us,
	         sandbox->function.cpu_period_us);
	if (runf_update(runf, sandbox->id, resources, &why) < 0)
		return sandbox_take_error(&why, err);
	return 0;
}

static int work_start(struct sandbox *sandbox, struct runf *runf,
                      struct worker_answer *answer, struct error *err)
{
	struct runf_error why;

	answer->numbers[NUMBER_STARTED_NS] = (long long)time_monotonic_ns();
	if (runf_start(runf, sandbox->id, NULL, &why) < 0)
		return sandbox_take_error(&why, err);
	return 0;
}

static int work_remove(struct sandbox *sandbox, struct runf *runf,
                       struct error *err)
{
	struct runf_error why;

	if (runf_delete(runf, sandbox->id, true, &why) < 0)
		return sandbox_take_error(&why, err);
	return 0;
}

static int sandbox_do_work(struct worker *worker, struct worker_answer *answer,
                           struct error *err)
{
	struct sandbox *sandbox = loop_owner(worker, struct sandbox, worker);
	struct runf *runf;
	int result = sandbox_open_runf(sandbox->host, &runf, err);

	if (result < 0)
		return result;
	switch (sandbox->job) {
	case JOB_CREATE:
		result = work_create(sandbox, runf, answer, err);
		break;
	case JOB_LIMIT: return work_limit(sandbox, runf, err);
	case JOB_REMOVE:
	case JOB_RENEW: return work_remove(sandbox, runf, err);
	case JOB_START:
	case JOB_NONE: break;
	}
	if (result == 0 && sandbox->job_limits)
		result = work_limit(sandbox, runf, err);
	if (result == 0 && sandbox->job_starts)
		result = work_start(sandbox, runf, answer, err);
	return result;
}

/* ---- in the program */

void sandbox_drop_container(struct sandbox *sandbox)
{
	loop_disarm(&sandbox->timer);
	loop_disarm(&sandbox->settle);
	loop_disarm(&sandbox->limit);
	if (sandbox->cgroup)
		runf_cgroup_kill(sandbox->cgroup);
	http_port_close(&sandbox->port);
	sandbox->parked = sandbox->answering = NULL;
	sandbox->api = (struct api){ .state = API_INIT };
	sandbox->exited = false;
	sandbox->settled = 0;
}

/* What outlives the call that removed it: its last process is reaped. */
static void sandbox_reap(struct sandbox *sandbox)
{
	siginfo_t info;

	runf_cgroup_close(sandbox->cgroup);
	sandbox->cgroup = NULL;
	loop_remove(&sandbox->exit);
	if (sandbox->exit.fd >= 0)
		sys_waitid(P_PIDFD, (id_t)sandbox->exit.fd, &info,
		           WEXITED | WNOHANG);
	else if (sandbox->pid)
		sys_waitid(P_PID, (id_t)sandbox->pid, &info, WEXITED | WNOHANG);
	fd_close(&sandbox->exit.fd);
	sandbox->pid = 0;
}

static void sandbox_free(struct sandbox *sandbox)
{
	struct sandbox_host *host = sandbox->host;

	*sandbox->place = sandbox->next;
	if (sandbox->next)
		sandbox->next->place = sandbox->place;
	sandbox_body_clear(&sandbox->body);
	free(sandbox);
	if (host->closing && !host->sandboxes)
		loop_stop(host->loop);
}

static bool sandbox_has_ended(const struct sandbox *sandbox)
{
	return sandbox->exit.fd < 0 ||
	       sys_wait_readable(sandbox->exit.fd, 0) == 1;
}

static int sandbox_adopt(struct sandbox *sandbox, int *listener,
                         struct error *err)
{
	struct sandbox_host *host = sandbox->host;
	struct runf_error why;
	int result;

	sandbox->exit.events = EPOLLIN;
	sandbox->exit.fd = sys_pidfd_open(sandbox->pid);
	result = sandbox->exit.fd;
	if (result >= 0)
		result = loop_add(host->loop, &sandbox->exit);
	if (result < 0)
		return error_system(err, result, "watch process %d",
		                    sandbox->pid);
	/* One that has ended already has nothing to count; that is seen to. */
	if (runf_cgroup_open(host->runf, sandbox->id, &sandbox->cgroup, &why) <
	            0 &&
	    !sandbox_has_ended(sandbox))
		return sandbox_take_error(&why, err);
	return http_port_open(host->http, &sandbox->port, take_fd(listener),
	                      err);
}

static void sandbox_was_created(struct sandbox *sandbox,
                                const struct worker_answer *answer,
                                int *listener)
{
	struct error err;

	sandbox->unlimited = answer->numbers[NUMBER_UNLIMITED];
	sandbox->create_us = (uint64_t)answer->numbers[NUMBER_CREATE_US];
	/* Known first: it may have ended already, and not be there to adopt. */
	if (sandbox->job_starts)
		sandbox->started_ns =
			(uint64_t)answer->numbers[NUMBER_STARTED_NS];
	if (sandbox_adopt(sandbox, listener, &err) < 0) {
		sandbox_break(sandbox, "%s", err.text);
		return;
	}
	if (sandbox->job_starts) {
		sandbox_enter(sandbox, SANDBOX_INIT);
		return;
	}
	sandbox_enter(sandbox, SANDBOX_CREATED);
	if (sandbox->wants_start)
		sandbox_start(sandbox);
}

static void sandbox_was_removed(struct sandbox *sandbox, enum sandbox_job job)
{
	sandbox_reap(sandbox);
	if (job == JOB_REMOVE || sandbox->state == SANDBOX_GONE) {
		sandbox_free(sandbox);
		return;
	}
	sandbox_name(sandbox);
	sandbox_create(sandbox);
}

/* v1: only now it is in the hierarchy that counts what the quota takes. */
static void sandbox_was_limited(struct sandbox *sandbox)
{
	struct runf_cgroup *cgroup;
	struct runf_counts counts;

	sandbox->unlimited = false;
	if (!sandbox->cgroup)
		return;
	runf_cgroup_read(sandbox->cgroup, &counts);
	if (counts.throttled_us != UINT64_MAX ||
	    runf_cgroup_open(sandbox->host->runf, sandbox->id, &cgroup, NULL) <
	            0)
		return;
	runf_cgroup_close(sandbox->cgroup);
	sandbox->cgroup = cgroup;
}

static void sandbox_done_work(struct worker *worker, int result,
                              const struct worker_answer *answer,
                              const struct error *err)
{
	struct sandbox *sandbox = loop_owner(worker, struct sandbox, worker);
	auto_close int listener = answer->fd;
	enum sandbox_job job = sandbox->job;

	sandbox->job = JOB_NONE;
	if (job == JOB_REMOVE || job == JOB_RENEW) {
		if (result < 0)
			log_warning(&sandbox->host->log,
			            "sandbox \"%s\" is left behind: %s",
			            sandbox->id, err->text);
		sandbox_was_removed(sandbox, job);
		return;
	}
	if (job == JOB_CREATE)
		sandbox->pid = (pid_t)answer->numbers[NUMBER_PID];
	if (job == JOB_LIMIT || sandbox->job_limits)
		sandbox_was_limited(sandbox);
	if (sandbox->state == SANDBOX_GONE)
		sandbox_begin_job(sandbox, JOB_REMOVE);
	else if (result < 0 && job == JOB_LIMIT && sandbox_has_ended(sandbox))
		return; /* which is looked into apart */
	else if (result < 0)
		sandbox_break(sandbox, "%s", err->text);
	else if (job == JOB_CREATE)
		sandbox_was_created(sandbox, answer, &listener);
	else if (sandbox->state >= SANDBOX_IDLE)
		sandbox_limit(sandbox);
}

void sandbox_work(struct sandbox *sandbox)
{
	struct worker *worker = &sandbox->worker;
	struct sandbox_host *host = sandbox->host;

	worker->work = sandbox_do_work;
	worker->done = sandbox_done_work;
	worker->stdio[0] = host->null_fd;
	worker->stdio[1] = worker->stdio[2] = host->log_fd;
	worker->keep = -1;
	worker_begin(host->loop, worker);
}
