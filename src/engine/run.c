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
	if (cgroup_oom_count(&c->plan->cgroup, &kills) == 0 && kills)
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
static int run_check(const struct runf_run_options *options,
                     const struct creation *c, struct error *err)
{
	const struct plan_process *process = c->plan->process;

	if (!process)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "config.json has no process to run");
	if (process->terminal && options->detach &&
	    !options->create.console_socket)
		return error_set(
			err, ERROR_USAGE, -EINVAL,
			"process.terminal is true: a detached container needs --console-socket");
	return 0;
}

static int run_start(struct creation *c, const struct runf_run_options *options,
                     struct error *err)
{
	int result = creation_load(c, err);

	if (result == 0)
		result = run_check(options, c, err);
	if (result == 0)
		result = creation_make(c, err);
	if (result == 0)
		result = creation_await_exec(c, err);
	if (result == 0)
		result = run_poststart(c, err);
	if (result == 0 && options->create.pid_file)
		result = pidfile_write(options->create.pid_file, c->pid, err);
	return result;
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

int engine_run(struct engine *engine, const char *id,
               const struct runf_run_options *options, int *ret_status,
               struct error *err)
{
	auto_creation struct creation c;
	struct foreground foreground;
	int status = 0;
	int result;

	creation_begin(&c, engine, id, &options->create, false);
	if (options->detach) {
		result = run_start(&c, options, err);
		if (result < 0)
			return result;
		creation_keep(&c);
		*ret_status = 0;
		return 0;
	}
	/* Before the clone, so that no signal falls between the two. */
	result = foreground_enter(&foreground, !options->no_subreaper, err);
	if (result < 0)
		return result;
	result = run_start(&c, options, err);
	if (result == 0) {
		store_unlock(&c.dir);
		c.hooks_ran = true;
		result = foreground_wait(&foreground, c.pid, c.pidfd, c.master,
		                         &status, err);
	}
	foreground_leave(&foreground);
	if (result < 0)
		return result;
	c.pid = 0; /* collected */
	run_report_oom(&c, status);
	*ret_status = status;
	/* What is not kept is undone with the scope. */
	if (options->keep || !run_is_ours(&c))
		creation_keep(&c);
	return 0;
}
