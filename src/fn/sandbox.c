/* SPDX-License-Identifier: Apache-2.0 */
/* A container in which a function's runtime asks for work: its life. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/time.h"
#include "fn/sandbox_internal.h"
#include "sys/file.h"
#include "sys/process.h"

#define MS_PER_S 1000U
/*
 * A worker that sets the quota would be in the way of the first event: what
 * is done within that time is not worth it.
 */
#define LIMIT_MS 5

enum sandbox_state sandbox_state(const struct sandbox *sandbox)
{
	return sandbox->state;
}

const struct function *sandbox_function(const struct sandbox *sandbox)
{
	return &sandbox->function;
}

const struct error *sandbox_error(const struct sandbox *sandbox)
{
	return &sandbox->error;
}

void sandbox_enter(struct sandbox *sandbox, enum sandbox_state state)
{
	if (sandbox->state == SANDBOX_GONE || sandbox->state == state)
		return;
	sandbox->state = state;
	if (sandbox->owner.changed)
		sandbox->owner.changed(sandbox, sandbox->owner.context);
}

/* ---- make */

/* One block, so that one free() is enough. */
static struct sandbox *sandbox_copy(const struct function *function)
{
	size_t sizes[] = {
		strlen(function->name) + 1,
		strlen(function->version) + 1,
		strlen(function->bundle) + 1,
		strlen(function->handler) + 1,
	};
	size_t size = sizes[0] + sizes[1] + sizes[2] + sizes[3];
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox) + size);
	char *text;

	if (!sandbox)
		return NULL;
	text = (char *)(sandbox + 1);
	sandbox->function = *function;
	sandbox->function.name = memcpy(text, function->name, sizes[0]);
	text += sizes[0];
	sandbox->function.version = memcpy(text, function->version, sizes[1]);
	text += sizes[1];
	sandbox->function.bundle = memcpy(text, function->bundle, sizes[2]);
	text += sizes[2];
	sandbox->function.handler = memcpy(text, function->handler, sizes[3]);
	return sandbox;
}

void sandbox_name(struct sandbox *sandbox)
{
	char id[INVOCATION_ID_SIZE];

	invocation_make_id(id);
	snprintf(sandbox->id, sizeof(sandbox->id), "%s-%s",
	         sandbox->function.name, id);
}

void sandbox_create(struct sandbox *sandbox)
{
	sandbox->began_ns = time_monotonic_ns();
	sandbox_begin_job(sandbox, JOB_CREATE);
}

/* In the next round: whether it is started at once is known by then. */
static void sandbox_first_round(struct loop_timer *timer)
{
	struct sandbox *sandbox = loop_owner(timer, struct sandbox, timer);

	sandbox->timer.expired = sandbox_timed_out;
	sandbox_create(sandbox);
}

int sandbox_new(struct sandbox_host *host, const struct function *function,
                const struct sandbox_owner *owner, struct sandbox **ret_sandbox,
                struct error *err)
{
	struct sandbox *sandbox = NULL;

	if (strlen(function->name) <= FUNCTION_NAME_MAX)
		sandbox = sandbox_copy(function);
	if (!sandbox)
		return error_system(err, -ENOMEM, "make a sandbox");
	sandbox->host = host;
	sandbox->owner = *owner;
	sandbox->exit.fd = -1;
	sandbox->exit.ready = sandbox_exit_ready;
	sandbox->settle.expired = sandbox_settle;
	sandbox->port.service = &sandbox_service;
	sandbox->port.context = sandbox;
	sandbox->port.connections_max = 16;
	sandbox_name(sandbox);
	sandbox->next = host->sandboxes;
	sandbox->place = &host->sandboxes;
	if (sandbox->next)
		sandbox->next->place = &sandbox->next;
	host->sandboxes = sandbox;
	sandbox->timer.expired = sandbox_first_round;
	loop_arm(host->loop, &sandbox->timer, 0);
	*ret_sandbox = sandbox;
	return 0;
}

/* ---- go on */

void sandbox_begin_job(struct sandbox *sandbox, enum sandbox_job job)
{
	struct sandbox_host *host = sandbox->host;
	bool starts =
		job == JOB_START || (job == JOB_CREATE && sandbox->wants_start);

	sandbox->job = job;
	sandbox->job_starts = starts;
	sandbox->job_boosts = false;
	/* Withheld at first, unless too many initialize at the same time. */
	if (!host->no_boost && !sandbox->renewed &&
	    sandbox->function.cpu_quota_us)
		sandbox->job_boosts =
			job == JOB_CREATE &&
			(!starts || host->boosted < host->boosted_max);
	sandbox->job_limits = job == JOB_START && sandbox->unlimited &&
	                      host->boosted >= host->boosted_max;
	if (starts && (sandbox->job_boosts ||
	               (sandbox->unlimited && !sandbox->job_limits))) {
		sandbox->boosted = true;
		host->boosted++;
	}
	if (starts && !sandbox->renewed)
		loop_arm(host->loop, &sandbox->timer,
		         (uint64_t)sandbox->function.init_timeout_s * MS_PER_S);
	if (job == JOB_START) {
		/* It may ask for work before the worker has told. */
		sandbox->started_ns = time_monotonic_ns();
		sandbox_enter(sandbox, SANDBOX_INIT);
	}
	sandbox_work(sandbox);
}

void sandbox_start(struct sandbox *sandbox)
{
	sandbox->wants_start = true;
	if (sandbox->state == SANDBOX_CREATED && sandbox->job == JOB_NONE)
		sandbox_begin_job(sandbox, JOB_START);
}

void sandbox_initialized(struct sandbox *sandbox)
{
	uint64_t now = time_monotonic_ns();

	/* The init that took too long has been counted already. */
	if (!sandbox->renewed)
		sandbox->init_us = (now - sandbox->started_ns) / 1000;
	if (!sandbox->renewed)
		loop_disarm(&sandbox->timer);
	if (sandbox->boosted)
		sandbox->host->boosted--;
	sandbox->boosted = false;
}

static void sandbox_limit_due(struct loop_timer *timer)
{
	struct sandbox *sandbox = loop_owner(timer, struct sandbox, limit);

	/* Else that job's end comes back here. */
	if (sandbox->job == JOB_NONE)
		sandbox_begin_job(sandbox, JOB_LIMIT);
}

void sandbox_limit(struct sandbox *sandbox)
{
	if (!sandbox->unlimited || sandbox->job != JOB_NONE ||
	    sandbox->state == SANDBOX_GONE)
		return;
	sandbox->limit.expired = sandbox_limit_due;
	loop_arm(sandbox->host->loop, &sandbox->limit, LIMIT_MS);
}

void sandbox_invoke(struct sandbox *sandbox, struct invocation *invocation)
{
	static const enum invocation_start starts[] = {
		[SANDBOX_CREATING] = START_COLD,
		[SANDBOX_CREATED] = START_CREATED,
		[SANDBOX_INIT] = START_COLD,
		[SANDBOX_IDLE] = START_IDLE,
		[SANDBOX_FROZEN] = START_FROZEN,
		[SANDBOX_BUSY] = START_IDLE,
		[SANDBOX_GONE] = START_COLD,
	};

	sandbox->invocation = invocation;
	sandbox->start = starts[sandbox->state];
	if (sandbox->state == SANDBOX_GONE)
		sandbox_fail(sandbox, INVOCATION_EXIT, "Runtime.ExitError",
		             "the sandbox is gone: %s", sandbox->error.text);
	else if (sandbox->parked)
		sandbox_dispatch(sandbox);
	else if (sandbox->state < SANDBOX_INIT)
		sandbox_start(sandbox);
}

void sandbox_freeze(struct sandbox *sandbox)
{
	int result;

	if (sandbox->state != SANDBOX_IDLE)
		return;
	result = runf_cgroup_freeze(sandbox->cgroup, true);
	if (result < 0)
		sandbox_break(sandbox, "freeze: %s", strerror(-result));
	else
		sandbox_enter(sandbox, SANDBOX_FROZEN);
}

/* ---- the end */

void sandbox_end(struct sandbox *sandbox)
{
	struct sandbox_host *host = sandbox->host;

	if (sandbox->state == SANDBOX_GONE)
		return;
	sandbox_enter(sandbox, SANDBOX_GONE);
	if (sandbox->boosted)
		host->boosted--;
	sandbox->boosted = false;
	sandbox_drop_container(sandbox);
	if (sandbox->invocation)
		sandbox_fail(sandbox,
		             sandbox->started_ns ? INVOCATION_EXIT
		                                 : INVOCATION_FAILED,
		             "Runtime.ExitError", "Error: %s",
		             sandbox->error.code ? sandbox->error.text
		                                 : "the sandbox was ended");
	if (sandbox->job == JOB_NONE)
		sandbox_begin_job(sandbox, JOB_REMOVE);
}

void sandbox_break(struct sandbox *sandbox, const char *format, ...)
{
	va_list args;
	char text[sizeof(sandbox->error.text)];

	if (sandbox->state == SANDBOX_GONE)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	error_set(&sandbox->error, ERROR_STATE, -ECANCELED, "%s", text);
	sandbox_end(sandbox);
}

/* ---- all of them */

int sandbox_open_runf(const struct sandbox_host *host, struct runf **ret_runf,
                      struct error *err)
{
	const struct runf_options options = {
		.size = sizeof(options),
		.root = host->containers,
		.self_protected = true,
	};
	struct runf_error why;

	if (runf_open(&options, ret_runf, &why) < 0)
		return sandbox_take_error(&why, err);
	return 0;
}

static int host_open_parts(struct sandbox_host *host, struct error *err)
{
	int result = sys_set_child_subreaper(1);

	if (result < 0)
		return error_system(err, result, "become a subreaper");
	if (asprintf(&host->containers, "%s/containers", host->state) < 0)
		return error_system(err, -ENOMEM, "open %s", host->state);
	host->null_fd = sys_openat(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	if (host->null_fd < 0)
		return error_system(err, host->null_fd, "open /dev/null");
	result = sys_mkdirat(AT_FDCWD, host->state, 0711);
	if (result < 0 && result != -EEXIST)
		return error_system(err, result, "make %s", host->state);
	result = sandbox_open_runf(host, &host->runf, err);
	return result < 0 ? result : http_open(host->loop, &host->http, err);
}

static void host_close_parts(struct sandbox_host *host)
{
	http_close(host->http);
	runf_close(host->runf);
	fd_close(&host->null_fd);
	free(host->containers);
}

int sandbox_host_open(struct sandbox_host *host, struct error *err)
{
	int cpus = sys_count_cpus();
	int result;

	host->http = NULL;
	host->runf = NULL;
	host->sandboxes = NULL;
	host->containers = NULL;
	host->null_fd = -1;
	host->boosted = 0;
	host->boosted_max = cpus > 2 ? (unsigned int)cpus : 2;
	host->closing = false;
	result = host_open_parts(host, err);
	if (result < 0)
		host_close_parts(host);
	return result;
}

void sandbox_host_close(struct sandbox_host *host)
{
	struct sandbox *sandbox, *next;
	struct error err;

	for (sandbox = host->sandboxes; sandbox; sandbox = next) {
		next = sandbox->next;
		sandbox_end(sandbox);
	}
	host->closing = true;
	host->loop->stopped = false;
	while (host->sandboxes && loop_run(host->loop, &err) == 0)
		host->loop->stopped = false;
	host_close_parts(host);
}
