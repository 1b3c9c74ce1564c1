/* SPDX-License-Identifier: Apache-2.0 */
/* What is done while calls fail, and what may then be left. */
#include "tests/fault/scenario.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void keep_warning(void *context, enum runf_log_level level,
                         const char *text)
{
	struct run *run = context;

	if (level <= RUNF_LOG_WARNING && !*run->warning)
		snprintf(run->warning, sizeof(run->warning), "%s", text);
}

int run_open(struct run *run)
{
	const struct runf_options options = {
		.size = sizeof(options),
		.root = run->bundle->state,
		.self_protected = true,
		.log = keep_warning,
		.log_context = run,
		.log_level = RUNF_LOG_WARNING,
#ifdef FAKE_CRIU
		.criu = FAKE_CRIU,
#endif
	};

	return runf_open(&options, &run->runf, &run->err);
}

void run_close(struct run *run)
{
	runf_close(run->runf);
	run->runf = NULL;
}

/*
 * The bundle's own rootfs is all that is needed; and an overlay of it, with
 * layers that are mapped, takes every way that there is.
 */
static const struct runf_mount *root_mounts(const struct run *run)
{
	static const char *const bind[] = { "rbind", NULL };
	static char layers[200];
	static const char *const overlay[] = { layers, "uidmap=0:1000:10",
		                               "gidmap=0:1000:10", NULL };
	static struct runf_mount mounts[] = {
		{ .type = "bind", .options = bind },
		{ .type = "overlay",
		  .source = "overlay",
		  .target = "/m",
		  .options = overlay },
	};

	snprintf(layers, sizeof(layers), "lowerdir=%s:%s", run->bundle->rootfs,
	         run->bundle->state);
	mounts[0].source = run->bundle->rootfs;
	return mounts;
}

static struct runf_create_options create_options(const struct run *run)
{
	struct runf_create_options options = {
		.size = sizeof(options),
		.bundle = run->bundle->bundle,
	};

	options.systemd_cgroup = run->bundle->with & BUNDLE_UNIT;
	if (run->bundle->with & BUNDLE_TERMINAL)
		options.console_socket = run->bundle->console;
	if (run->bundle->with & BUNDLE_ROOT) {
		options.rootfs = root_mounts(run);
		options.rootfs_count = 2;
	}
	return options;
}

static int do_create(struct run *run)
{
	struct runf_create_options options = create_options(run);

	return runf_create(run->runf, run->id, &options, &run->err);
}

/* Fails at its very end: what is undone then, is undone by calls too. */
static int do_create_in_vain(struct run *run)
{
	struct runf_create_options options = create_options(run);
	char path[128];

	snprintf(path, sizeof(path), "%s/none/pid", run->bundle->top);
	options.pid_file = path;
	return runf_create(run->runf, run->id, &options, &run->err);
}

static int do_create_with_pid_file(struct run *run)
{
	struct runf_create_options options = create_options(run);
	char path[128];

	snprintf(path, sizeof(path), "%s/pid", run->bundle->top);
	options.pid_file = path;
	return runf_create(run->runf, run->id, &options, &run->err);
}

static int do_start(struct run *run)
{
	return runf_start(run->runf, run->id, NULL, &run->err);
}

static int do_delete(struct run *run)
{
	return runf_delete(run->runf, run->id, false, &run->err);
}

static int do_delete_force(struct run *run)
{
	return runf_delete(run->runf, run->id, true, &run->err);
}

static int do_pause(struct run *run)
{
	return runf_pause(run->runf, run->id, &run->err);
}

static int do_resume(struct run *run)
{
	return runf_resume(run->runf, run->id, &run->err);
}

static int do_kill(struct run *run)
{
	return runf_kill(run->runf, run->id, 10, false, &run->err);
}

static int do_update(struct run *run)
{
	return runf_update(run->runf, run->id, "{\"pids\": {\"limit\": 32}}",
	                   &run->err);
}

/* One made inside, one opened here; /dev is what can be written to. */
static const char *hot_mounts(const struct run *run, char text[256])
{
	snprintf(text, 256,
	         "[{\"destination\": \"/dev/new\", \"type\": \"tmpfs\", "
	         "\"source\": \"tmpfs\"}, {\"destination\": \"/dev/file\", "
	         "\"source\": \"%s/program\", \"options\": [\"bind\"]}]",
	         run->bundle->top);
	return text;
}

static int do_mounts_add(struct run *run)
{
	char text[256];

	return runf_mounts_add(run->runf, run->id, hot_mounts(run, text),
	                       &run->err);
}

static int do_mounts_remove(struct run *run)
{
	char text[256];

	return runf_mounts_remove(run->runf, run->id, hot_mounts(run, text),
	                          &run->err);
}

static int do_questions(struct run *run)
{
	char *text = NULL;
	int result = runf_state(run->runf, run->id, &text, &run->err);

	runf_free_text(text);
	text = NULL;
	if (result == 0)
		result = runf_list(run->runf, &text, &run->err);
	runf_free_text(text);
	text = NULL;
	if (result == 0)
		result = runf_ps(run->runf, run->id, &text, &run->err);
	runf_free_text(text);
	return result;
}

/* One line is enough. */
static int stop_events(void *context, const char *json)
{
	(void)context;
	(void)json;
	return 1;
}

static int do_events(struct run *run)
{
	const struct runf_events_options options = {
		.size = sizeof(options),
		.interval_ms = 1000,
		.event = stop_events,
	};
	int result = runf_events(run->runf, run->id, &options, &run->err);

	return result == 1 ? 0 : result;
}

static int run_with(struct run *run, bool detach)
{
	const struct runf_run_options options = {
		.size = sizeof(options),
		.create = create_options(run),
		.detach = detach,
	};

	return runf_run(run->runf, run->id, &options, &run->status, &run->err);
}

static int do_run(struct run *run)
{
	return run_with(run, false);
}

static int do_run_detached(struct run *run)
{
	return run_with(run, true);
}

static int exec_with(struct run *run, const char *pid_file)
{
	static const char *const args[] = { "/program", "end", NULL };
	struct runf_exec_options options = {
		.size = sizeof(options),
		.args = args,
		.tty = run->bundle->with & BUNDLE_TERMINAL,
		.pid_file = pid_file,
	};

	if (options.tty)
		options.console_socket = run->bundle->console;
	return runf_exec(run->runf, run->id, &options, &run->status, &run->err);
}

static int do_exec(struct run *run)
{
	return exec_with(run, NULL);
}

static int do_exec_in_vain(struct run *run)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/none/pid", run->bundle->top);
	return exec_with(run, path);
}

static int create_and_start(struct run *run)
{
	int result = do_create(run);

	return result == 0 ? do_start(run) : result;
}

static int start_and_pause(struct run *run)
{
	int result = create_and_start(run);

	return result == 0 ? do_pause(run) : result;
}

static int start_and_mount(struct run *run)
{
	int result = create_and_start(run);

	return result == 0 ? do_mounts_add(run) : result;
}

#ifdef FAKE_CRIU
/* CRIU is tests/criu/fake_criu.c, which finds a script beside the bundle. */
static void write_script(const struct run *run, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/script", run->bundle->top);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
	setenv("FAKE_CRIU", run->bundle->top, 1);
}

static struct runf_criu_options criu_options(const struct run *run)
{
	return (struct runf_criu_options){
		.size = sizeof(struct runf_criu_options),
		.image_path = run->bundle->top,
	};
}

static int do_checkpoint(struct run *run)
{
	const struct runf_checkpoint_options options = {
		.size = sizeof(options),
		.criu = criu_options(run),
		.leave_running = true,
	};

	write_script(run, "notify pre-dump\nok\n");
	return runf_checkpoint(run->runf, run->id, &options, &run->err);
}

static int restore_with(struct run *run, const char *script, const char *mode)
{
	struct runf_restore_options options = {
		.size = sizeof(options),
		.criu = criu_options(run),
		.create = create_options(run),
		.detach = true,
	};

	options.criu.manage_cgroups_mode = mode;
	write_script(run, script);
	return runf_restore(run->runf, run->id, &options, &run->status,
	                    &run->err);
}

static int do_restore(struct run *run)
{
	return restore_with(run,
	                    "start\nnotify setup-namespaces\n"
	                    "notify post-restore\nok\n",
	                    NULL);
}

/* CRIU itself is moved into the cgroup. */
static int do_restore_inside(struct run *run)
{
	return restore_with(run, "start\nnotify post-restore\nok\n", "ignore");
}

static int do_restore_in_vain(struct run *run)
{
	return restore_with(run,
	                    "start\nnotify setup-namespaces\n"
	                    "notify post-restore\nok 1\n",
	                    NULL);
}
#endif

#define WAITING BUNDLE_WAITING

#define FOREGROUND .after = AFTER_NOTHING, .act = do_run
#define STAYS      .after = AFTER_STAYS, .prepare = create_and_start

/* clang-format off */
const struct scenario scenarios[] = {
	{ "run", 0, FOREGROUND },
	{ "run-hooks", BUNDLE_HOOKS, FOREGROUND },
	{ "run-user", BUNDLE_USER | BUNDLE_SECCOMP, FOREGROUND },
	{ "run-user-joins", BUNDLE_USER | BUNDLE_JOIN_NET, FOREGROUND },
	{ "run-bridge", BUNDLE_JOIN_USER, FOREGROUND },
	{ "run-joins", BUNDLE_JOIN_NET | BUNDLE_JOIN_PID, FOREGROUND },
	{ "run-binds", BUNDLE_BINDS, FOREGROUND },
	{ "run-seccomp", BUNDLE_SECCOMP | BUNDLE_PRIVILEGES, FOREGROUND },
	{ "run-limits", BUNDLE_LIMITS, FOREGROUND },
	{ "run-root", BUNDLE_ROOT, FOREGROUND },
	{ "run-root-hooks", BUNDLE_ROOT | BUNDLE_HOOKS, FOREGROUND },
	{ "run-detached", WAITING | BUNDLE_HOOKS, .after = AFTER_IF_DONE,
	  .act = do_run_detached },
	{ "create", WAITING, .after = AFTER_IF_DONE, .act = do_create },
	{ "create-pid-file", WAITING | BUNDLE_LIMITS, .after = AFTER_IF_DONE,
	  .act = do_create_with_pid_file },
	{ "create-terminal", WAITING | BUNDLE_TERMINAL,
	  .after = AFTER_IF_DONE, .act = do_create },
	{ "create-in-vain", WAITING | BUNDLE_HOOKS | BUNDLE_LIMITS,
	  .after = AFTER_NOTHING, .in_vain = true,
	  .act = do_create_in_vain },
	{ "create-unit", WAITING | BUNDLE_UNIT | BUNDLE_HOOKS,
	  .after = AFTER_IF_DONE, .act = do_create },
	{ "create-unit-in-vain", WAITING | BUNDLE_UNIT,
	  .after = AFTER_NOTHING, .in_vain = true,
	  .act = do_create_in_vain },
	{ "start", WAITING | BUNDLE_SECCOMP, .after = AFTER_ANY,
	  .prepare = do_create, .act = do_start },
	{ "start-hooks", WAITING | BUNDLE_HOOKS, .after = AFTER_ANY,
	  .prepare = do_create, .act = do_start },
	{ "exec", WAITING, STAYS, .act = do_exec },
	{ "exec-user", WAITING | BUNDLE_USER | BUNDLE_SECCOMP, STAYS,
	  .act = do_exec },
	{ "exec-limits", WAITING | BUNDLE_LIMITS, STAYS, .act = do_exec },
	{ "exec-terminal", WAITING | BUNDLE_TERMINAL, STAYS, .act = do_exec },
	{ "exec-in-vain", WAITING, STAYS, .in_vain = true,
	  .act = do_exec_in_vain },
	{ "kill", WAITING, STAYS, .act = do_kill },
	{ "pause", WAITING, STAYS, .act = do_pause },
	{ "resume", WAITING, .after = AFTER_STAYS,
	  .prepare = start_and_pause, .act = do_resume },
	{ "update", WAITING | BUNDLE_LIMITS, STAYS, .act = do_update },
	{ "mounts-add", WAITING, STAYS, .act = do_mounts_add },
	{ "mounts-remove", WAITING, .after = AFTER_STAYS,
	  .prepare = start_and_mount, .act = do_mounts_remove },
	{ "events", WAITING, STAYS, .act = do_events },
	{ "questions", WAITING, STAYS, .act = do_questions },
#ifdef FAKE_CRIU
	{ "checkpoint", WAITING, STAYS, .act = do_checkpoint },
	{ "restore", WAITING | BUNDLE_HOOKS | BUNDLE_LIMITS,
	  .after = AFTER_IF_DONE, .act = do_restore },
	{ "restore-inside", WAITING, .after = AFTER_IF_DONE,
	  .act = do_restore_inside },
	{ "restore-in-vain", WAITING | BUNDLE_HOOKS, .after = AFTER_NOTHING,
	  .in_vain = true, .act = do_restore_in_vain },
#endif
	{ "delete", WAITING | BUNDLE_HOOKS | BUNDLE_LIMITS,
	  .after = AFTER_UNLESS_DONE, .prepare = do_create,
	  .act = do_delete },
	{ "delete-root", WAITING | BUNDLE_ROOT | BUNDLE_HOOKS,
	  .after = AFTER_UNLESS_DONE, .prepare = do_create,
	  .act = do_delete },
	{ "delete-unit", WAITING | BUNDLE_UNIT, .after = AFTER_UNLESS_DONE,
	  .prepare = do_create, .act = do_delete },
	{ "delete-running", WAITING, STAYS, .in_vain = true,
	  .act = do_delete },
	{ "delete-force", WAITING | BUNDLE_LIMITS,
	  .after = AFTER_UNLESS_DONE, .prepare = create_and_start,
	  .act = do_delete_force },
};
/* clang-format on */

const int scenarios_count = sizeof(scenarios) / sizeof(scenarios[0]);
