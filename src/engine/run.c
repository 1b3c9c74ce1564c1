/* SPDX-License-Identifier: Apache-2.0 */
/* run: create, start, and in the foreground wait and delete. */
#include <errno.h>
#include <signal.h>

#include "base/fd.h"
#include "engine/creation.h"
#include "engine/foreground.h"
#include "engine/later.h"
#include "sys/file.h"
#include "sys/process.h"

/* What the container's own memory limit has done to it, for people. */
static void run_report_oom(const struct creation *c, int status)
{
	uint64_t kills = 0;

	if (!c->cgroup.count || status != 128 + SIGKILL)
		return;
	if (cgroup_oom_count(c->place, &kills) == 0 && kills)
		log_error(
			&c->engine->log,
			"container \"%s\" was killed: it ran out of its memory limit",
			c->id);
}

static int run_poststart(struct creation *c, struct error *err)
{
	struct state_facts facts = creation_state_facts(c);
	const struct plan_hook_list *hooks =
		&c->plan->hooks[PLAN_HOOK_POSTSTART];

	if (!hooks->count)
		return 0;
	if (state_run_hooks(hooks,
	                    state_for_hooks(&c->arena, &facts, STATUS_RUNNING,
	                                    c->pid),
	                    c->plan->bundle, err) < 0)
		return error_wrap(err, "poststart hook");
	return 0;
}

/* What must agree before anything is made. */
static int run_check(struct creation *c, struct error *err)
{
	const struct plan_process *process = c->plan->process;

	if (!process)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "config.json has no process to run");
	if (process->terminal && c->detached && !creation_has_console(c))
		return error_set(
			err, ERROR_USAGE, -EINVAL,
			"process.terminal is true: a detached container needs --console-socket");
	return 0;
}

/* In the foreground that is one of the things waited for there. */
static int run_await_ready(struct creation *c, struct error *err)
{
	(void)err;
	if (c->ready.socket < 0 || !c->detached)
		return 0;
	store_unlock(&c->dir);
	ready_wait(&c->ready, c->pid, c->pidfd);
	return 0;
}

static int run_start(struct creation *c, struct error *err)
{
	static const struct creation_phase fresh[] = {
		{ "load", creation_load },
		{ "agree", run_check },
		{ "make", creation_make },
		{ "until the program runs", creation_await_exec },
		{ "poststart", run_poststart },
		{ "announce the pid", creation_announce_pid },
		{ "until it is ready", run_await_ready },
	};
	static const struct creation_phase restored[] = {
		{ "load", creation_load },
		{ "agree", run_check },
		{ "restore", creation_restore },
		{ "poststart", run_poststart },
		{ "announce the pid", creation_announce_pid },
	};

	return c->restore
	               ? creation_run_phases(c, restored, ARRAY_SIZE(restored),
	                                     err)
	               : creation_run_phases(c, fresh, ARRAY_SIZE(fresh), err);
}

/* It may have been deleted while it ran, and made anew by somebody else. */
static bool run_is_ours(const struct creation *c)
{
	struct error why;
	int result = store_relock(&c->dir);

	if (result < 0) {
		error_system(&why, result, "lock it again");
		log_warning(&c->engine->log, "container \"%s\": %s", c->id,
		            why.text);
	}
	return result > 0;
}

static int run_wait(struct creation *c, struct foreground *foreground,
                    int *ret_status, struct error *err)
{
	uint64_t begin = trace_now(c->trace);
	int result;

	store_unlock(&c->dir);
	c->hooks_ran = true;
	result = foreground_wait(
		foreground,
		&(struct foreground_process){ .pid = c->pid,
	                                      .pidfd = c->pidfd,
	                                      .master = c->master,
	                                      .ready = &c->ready },
		ret_status, err);
	trace_span(c->trace, "program", NULL, begin);
	return result;
}

static int run_foreground(struct creation *c, bool reap, int *ret_status,
                          struct error *err)
{
	struct foreground foreground;
	/* Before the clone, so that no signal falls between the two. */
	int result = foreground_enter(&foreground, reap, err);

	if (result < 0)
		return result;
	result = run_start(c, err);
	if (result == 0)
		result = run_wait(c, &foreground, ret_status, err);
	foreground_leave(&foreground);
	if (result < 0)
		return result;
	c->pid = 0; /* collected */
	run_report_oom(c, *ret_status);
	return 0;
}

/* What is not kept is undone by creation_end(). */
static int run_traced(struct creation *c,
                      const struct runf_run_options *options, int *ret_status,
                      struct error *err)
{
	int status = 0;
	int result;

	c->detached = options->detach;
	if (options->detach)
		result = run_start(c, err);
	else
		result =
			run_foreground(c, !options->no_subreaper, &status, err);
	if (result < 0)
		return result;
	if (options->detach || options->keep || !run_is_ours(c))
		creation_keep(c);
	*ret_status = status;
	return 0;
}

int run_container(struct engine *engine, const char *id,
                  const struct runf_run_options *options,
                  const struct runf_restore_options *restore, int *ret_status,
                  struct error *err)
{
	struct creation c;
	int result = 0;

	creation_begin(&c, engine, id, &options->create, false);
	c.restore = restore;
	if (options->create.trace)
		result = trace_begin(options->create.trace, engine->began_ns,
		                     &c.trace, err);
	if (result == 0)
		result = run_traced(&c, options, ret_status, err);
	creation_end(&c);
	return trace_end(c.trace, result, err);
}

int engine_run(struct engine *engine, const char *id,
               const struct runf_run_options *options, int *ret_status,
               struct error *err)
{
	return run_container(engine, id, options, NULL, ret_status, err);
}
