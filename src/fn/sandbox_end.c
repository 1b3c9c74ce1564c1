/* SPDX-License-Identifier: Apache-2.0 */
/* How an invocation ends: by an answer, a limit, or the runtime's death. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/time.h"
#include "fn/sandbox_internal.h"
#include "json/json.h"
#include "sys/process.h"

#define BODY_FIRST ((size_t)4096)
/* How often what an ended runtime said last is looked for, and each pause. */
#define SETTLE_MAX 50
#define SETTLE_MS  2

int sandbox_body_add(struct sandbox_body *body, const void *bytes, size_t size)
{
	size_t room = body->room ? body->room : BODY_FIRST;
	char *more;

	if (size > INVOCATION_PAYLOAD_MAX - body->size)
		return -EMSGSIZE;
	while (room < body->size + size)
		room *= 2;
	if (room != body->room) {
		more = realloc(body->bytes, room);
		if (!more)
			return -ENOMEM;
		body->bytes = more;
		body->room = room;
	}
	memcpy(body->bytes + body->size, bytes, size);
	body->size += size;
	return 0;
}

void sandbox_body_clear(struct sandbox_body *body)
{
	free(body->bytes);
	*body = (struct sandbox_body){ .size = 0 };
}

/* ---- what it cost */

static uint64_t less(uint64_t now, uint64_t before)
{
	if (now == UINT64_MAX || before == UINT64_MAX)
		return UINT64_MAX;
	return now > before ? now - before : 0;
}

/* From now on it is counted what this invocation costs. */
void sandbox_count_from_here(struct sandbox *sandbox)
{
	struct invocation_cost *cost = &sandbox->invocation->cost;

	sandbox->counted = true;
	cost->start = sandbox->start;
	cost->in_bytes = sandbox->invocation->payload_size;
	cost->create_us = cost->init_us = 0;
	if (sandbox->start == START_COLD)
		cost->create_us = sandbox->create_us;
	/* Its own init is part of what the first one costs. */
	if (sandbox->start <= START_CREATED) {
		cost->init_us = sandbox->init_us;
		sandbox->before = (struct runf_counts){ .oom_kills = 0 };
		return;
	}
	runf_cgroup_reset_peak(sandbox->cgroup);
	runf_cgroup_read(sandbox->cgroup, &sandbox->before);
}

static void count_until_here(struct sandbox *sandbox)
{
	struct invocation_cost *cost = &sandbox->invocation->cost;
	const struct runf_counts *before = &sandbox->before;
	struct runf_counts now = {
		UINT64_MAX, UINT64_MAX, UINT64_MAX,
		UINT64_MAX, UINT64_MAX, false,
	};

	if (!sandbox->counted) {
		if (!sandbox->renewed && sandbox->started_ns)
			sandbox->init_us =
				(time_monotonic_ns() - sandbox->started_ns) /
				1000;
		sandbox_count_from_here(sandbox);
	}
	cost->duration_us = 0;
	if (sandbox->dispatched_ns)
		cost->duration_us =
			(time_monotonic_ns() - sandbox->dispatched_ns) / 1000;
	if (sandbox->cgroup)
		runf_cgroup_read(sandbox->cgroup, &now);
	cost->cpu_user_us = less(now.cpu_user_us, before->cpu_user_us);
	cost->cpu_system_us = less(now.cpu_system_us, before->cpu_system_us);
	cost->throttled_us = less(now.throttled_us, before->throttled_us);
	cost->oom_kills = less(now.oom_kills, before->oom_kills);
	cost->max_memory_bytes = now.memory_peak_bytes;
	cost->max_memory_is_older = cost->start > START_CREATED &&
	                            !now.peak_was_reset &&
	                            now.memory_peak_bytes != UINT64_MAX;
}

/* ---- by an answer */

/* The invocation is not the sandbox's any more once its owner is told. */
static void tell(struct sandbox *sandbox, enum invocation_status status,
                 const char *type)
{
	struct invocation *invocation = sandbox->invocation;

	sandbox->invocation = NULL;
	sandbox->dispatched_ns = 0;
	sandbox->counted = false;
	invocation->done(invocation, status, type);
}

void sandbox_finish(struct sandbox *sandbox, enum invocation_status status,
                    const char *type)
{
	struct invocation *invocation = sandbox->invocation;
	struct invocation_cost *cost;
	bool again = status == INVOCATION_OK || status == INVOCATION_ERROR;

	if (!invocation)
		return;
	cost = &invocation->cost;
	count_until_here(sandbox);
	/* A part of it that was killed may be missing. */
	if (cost->oom_kills && cost->oom_kills != UINT64_MAX)
		sandbox->api.spoiled = true;
	if (!sandbox->relays) {
		cost->out_bytes = sandbox->body.size;
		invocation->output(invocation, sandbox->body.bytes,
		                   sandbox->body.size);
	}
	sandbox->relays = false;
	tell(sandbox, status, type);
	sandbox_body_clear(&sandbox->body);
	if (!again || sandbox->api.spoiled)
		sandbox_break(sandbox, "%s", type ? type : "it broke a rule");
}

void sandbox_fail(struct sandbox *sandbox, enum invocation_status status,
                  const char *type, const char *format, ...)
{
	auto_arena struct arena arena = { 0 };
	struct json_writer w = { .buf.arena = &arena, .indent = "" };
	char text[sizeof(sandbox->error.text) + 64];
	char message[sizeof(text) + 64];
	bool relayed = sandbox->relays;
	va_list args;

	if (!sandbox->invocation)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(message, sizeof(message), "RequestId: %s %s",
	         sandbox->invocation->id, text);
	json_open_object(&w, NULL);
	json_put_str(&w, "errorMessage", message);
	json_put_str(&w, "errorType", type);
	json_close_object(&w);
	sandbox_body_clear(&sandbox->body);
	/* Behind half a stream it would be taken for its end. */
	if (!relayed)
		sandbox_body_add(&sandbox->body, w.buf.data, w.buf.length);
	sandbox_finish(sandbox, status, type);
}

void sandbox_init_failed(struct sandbox *sandbox)
{
	error_set(&sandbox->error, ERROR_STATE, -ECANCELED,
	          "the function failed to initialize: %s: %.*s",
	          sandbox->error_type,
	          (int)(sandbox->body.size < 200 ? sandbox->body.size : 200),
	          sandbox->body.bytes ? sandbox->body.bytes : "");
	sandbox->api.spoiled = true;
	sandbox->relays = false;
	if (sandbox->invocation)
		sandbox_finish(sandbox, INVOCATION_ERROR, sandbox->error_type);
	sandbox_end(sandbox);
}

/* ---- by a limit */

/* As AWS Lambda does: once more, now in the time of the invocation. */
static void renew(struct sandbox *sandbox)
{
	struct sandbox_host *host = sandbox->host;

	sandbox->renewed = true;
	sandbox->init_us = (uint64_t)sandbox->function.init_timeout_s * 1000000;
	if (sandbox->boosted)
		host->boosted--;
	sandbox->boosted = false;
	sandbox->unlimited = false;
	sandbox_drop_container(sandbox);
	sandbox->dispatched_ns = time_monotonic_ns();
	loop_arm(host->loop, &sandbox->timer,
	         (uint64_t)sandbox->function.timeout_s * 1000);
	if (sandbox->job == JOB_NONE)
		sandbox_begin_job(sandbox, JOB_RENEW);
}

void sandbox_timed_out(struct loop_timer *timer)
{
	struct sandbox *sandbox = loop_owner(timer, struct sandbox, timer);
	bool in_init = sandbox->state < SANDBOX_IDLE && !sandbox->renewed;

	if (in_init && sandbox->invocation && sandbox->job == JOB_NONE) {
		renew(sandbox);
	} else if (in_init) {
		sandbox_break(sandbox,
		              "the function did not initialize within %u s",
		              sandbox->function.init_timeout_s);
	} else if (sandbox->invocation) {
		if (sandbox->cgroup)
			runf_cgroup_kill(sandbox->cgroup);
		sandbox_fail(sandbox, INVOCATION_TIMEOUT, "Sandbox.Timeout",
		             "Error: Task timed out after %u.00 seconds",
		             sandbox->function.timeout_s);
	} else {
		sandbox_break(sandbox,
		              sandbox->api.spoiled
		                      ? "it broke the Runtime API's rules"
		                      : "it did not ask for more in time");
	}
}

/* ---- by the runtime's death */

static void fail_exit(struct sandbox *sandbox)
{
	struct runf_counts now = { .oom_kills = 0 };

	if (sandbox->cgroup)
		runf_cgroup_read(sandbox->cgroup, &now);
	if (now.oom_kills != UINT64_MAX &&
	    now.oom_kills > sandbox->before.oom_kills)
		sandbox_fail(
			sandbox, INVOCATION_OOM, "Runtime.OutOfMemory",
			"Error: Runtime exited with error: signal: killed");
	else if (sandbox->was_killed)
		sandbox_fail(sandbox, INVOCATION_EXIT, "Runtime.ExitError",
		             "Error: Runtime exited with error: signal: %s",
		             strsignal(sandbox->exit_status));
	else if (sandbox->exit_status)
		sandbox_fail(sandbox, INVOCATION_EXIT, "Runtime.ExitError",
		             "Error: Runtime exited with error: exit status %d",
		             sandbox->exit_status);
	else
		sandbox_fail(
			sandbox, INVOCATION_EXIT, "Runtime.ExitError",
			"Error: Runtime exited without providing a reason");
}

void sandbox_settle(struct loop_timer *timer)
{
	struct sandbox *sandbox = loop_owner(timer, struct sandbox, settle);
	siginfo_t info = { .si_pid = 0 };

	/* While the worker that made it is there it is not our child. */
	if (!sandbox->exited &&
	    sys_waitid(P_PIDFD, (id_t)sandbox->exit.fd, &info,
	               WEXITED | WNOHANG) == 0 &&
	    info.si_pid) {
		sandbox->exited = true;
		sandbox->was_killed = info.si_code != CLD_EXITED;
		sandbox->exit_status = info.si_status;
	}
	sandbox->settled++;
	if (sandbox->settled < SETTLE_MAX &&
	    (!sandbox->exited || sandbox->answering || sandbox->settled < 2)) {
		loop_arm(sandbox->host->loop, timer, SETTLE_MS);
		return;
	}
	if (sandbox->invocation)
		fail_exit(sandbox);
	sandbox_break(sandbox, "the function's runtime ended");
}

void sandbox_exit_ready(struct loop_source *source, uint32_t events)
{
	struct sandbox *sandbox = loop_owner(source, struct sandbox, exit);

	(void)events;
	loop_remove(source);
	/* Of one that is being removed nothing is to be learnt. */
	if (sandbox->state != SANDBOX_GONE && sandbox->job != JOB_RENEW)
		loop_arm(sandbox->host->loop, &sandbox->settle, 0);
}
