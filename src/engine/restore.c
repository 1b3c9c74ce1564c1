/* SPDX-License-Identifier: Apache-2.0 */
/* restore: what a checkpoint has written runs on, as a container. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "base/fd.h"
#include "base/str.h"
#include "engine/creation.h"
#include "engine/criu.h"
#include "engine/later.h"
#include "json/json.h"
#include "proc/proc.h"
#include "rdt/rdt.h"
#include "sys/file.h"
#include "sys/process.h"

#define STDIO_COUNT 3

/* Far above what any process has open. */
#define DESCRIPTORS_MAX ((size_t)1024 * 1024)

struct restore {
	struct job job;
	struct creation *c;
	int stdio[STDIO_COUNT]; /* copies for CRIU, whose own are null */
	bool recorded;
};

/* ---- what stands in for things of the host's */

static void restore_add_inherit(struct restore *r, const char *key, int fd)
{
	struct criu_request *request = &r->job.request;
	struct criu_inherit *list =
		(struct criu_inherit *)(uintptr_t)request->inherit;
	size_t i;

	/* stdout and stderr may have been one. */
	for (i = 0; i < request->inherit_count; i++)
		if (str_equal(list[i].key, key))
			return;
	*arena_push(r->job.arena, list, request->inherit_count) =
		(struct criu_inherit){ key, fd };
	request->inherit = list;
}

/* NAME is what init's descriptor FD was: give it ours of the same number. */
static int restore_replace_fd(struct restore *r, const char *name, int fd,
                              struct error *err)
{
	const struct plan_process *process = r->c->plan->process;
	const char *null = str_after(name, JOB_NULL);
	int ours = fd;

	name = null ? null : name;
	if (!str_after(name, "pipe:[") && !str_after(name, "file[") &&
	    !str_after(name, "tty["))
		return 0;
	if (fd >= STDIO_COUNT + (int)process->keep_fds)
		return 0;
	if (fd < STDIO_COUNT) {
		/* CRIU sets a file's position: it must be one, as it was. */
		ours = r->stdio[fd] =
			null ? sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0)
			     : sys_dup_above(fd, STDIO_COUNT);
		if (ours < 0)
			return error_system(err, ours, "copy descriptor %d",
			                    fd);
	}
	restore_add_inherit(r, name, ours);
	return 0;
}

/* Images without the file are not runf's; then all is CRIU's business. */
static int restore_read_descriptors(struct restore *r, struct error *err)
{
	struct arena *arena = r->job.arena;
	const struct json_value *root;
	const struct json_value *item;
	const char *text;
	size_t length;
	int fd = 0;
	int result = store_read_file(arena, r->job.images, JOB_DESCRIPTORS,
	                             DESCRIPTORS_MAX, &text, &length, err);

	if (result == -ENOENT)
		return 0;
	if (result == 0)
		result = json_parse(arena, text, length, JOB_DESCRIPTORS, &root,
		                    err);
	if (result < 0)
		return result;
	if (root->type != JSON_ARRAY)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "\"%s/%s\" is no array", r->job.images_path,
		                 JOB_DESCRIPTORS);
	for (item = root->first; item && result == 0; item = item->next, fd++)
		if (item->type == JSON_STRING)
			result = restore_replace_fd(r, item->text, fd, err);
	return result;
}

/* Only namespaces are opened: trees are mounted by CRIU, by their paths. */
static int restore_open_namespaces(struct restore *r, struct error *err)
{
	const struct plan_criu *criu = &r->job.plan;
	struct creation *c = r->c;
	size_t i;

	c->sources = arena_new_array(&c->arena, struct rootfs_source,
	                             criu->namespaces_count);
	for (i = 0; i < criu->namespaces_count; i++) {
		const struct plan_criu_namespace *ns = &criu->namespaces[i];
		int result = rootfs_open_source(&c->plan->sources[ns->source],
		                                &c->sources[i], err);

		if (result < 0)
			return result;
		c->sources_open++;
		if (ns->key)
			restore_add_inherit(r, ns->key, c->sources[i].fd);
	}
	return 0;
}

static void restore_add_mounts(struct restore *r)
{
	const struct plan_criu *criu = &r->job.plan;
	size_t i;

	for (i = 0; i < criu->mounts_count; i++)
		job_add_external(&r->job, "mnt[%s]:%s",
		                 criu->mounts[i].destination,
		                 criu->mounts[i].source);
}

/* ---- what CRIU tells */

/*
 * Init, as CRIU names it. It is to be a child of ours, for it will be waited
 * for, and killed should the rest go wrong: any other process is refused.
 */
static int restore_adopt(struct creation *c, pid_t pid, struct error *err)
{
	siginfo_t info;
	int result;

	if (c->pid > 0 && c->pid == pid)
		return 0;
	if (c->pid > 0 || pid <= 1)
		return error_set(err, ERROR_SYSTEM, -EBADMSG,
		                 "criu names process %d as the restored one",
		                 pid);
	result = sys_waitid(P_PID, (id_t)pid, &info,
	                    WEXITED | WNOHANG | WNOWAIT);
	if (result == 0) {
		c->pid = pid;
		result = c->pidfd = sys_pidfd_open(pid);
	}
	if (result < 0)
		return error_system(err, result, "watch restored process %d",
		                    pid);
	return 0;
}

/* All namespaces are made and empty: the time of hooks that fill them. */
static int restore_hooks(struct creation *c, pid_t pid, struct error *err)
{
	int result = restore_adopt(c, pid, err);

	/* Before it forks the others. */
	if (result == 0)
		result = rdt_join(&c->rdt, pid, err);
	if (result < 0 || !creation_has_runtime_hooks(c))
		return result;
	return creation_run_runtime_hooks(c, err);
}

/* Everything is there, nothing runs: what must hold before is done now. */
static int restore_finish(struct restore *r, pid_t pid, struct error *err)
{
	struct creation *c = r->c;
	int result = restore_adopt(c, pid, err);

	if (result == 0 && c->cgroup.count)
		result = cgroup_apply_devices(&c->cgroup, err);
	if (result < 0 || r->recorded)
		return result;
	/* Hooks of createContainer are not waited for: there are none now. */
	c->hooks_ran = true;
	time_now_text(c->created);
	result = store_write_config(&c->dir, c->config, c->config_length, err);
	if (result == 0)
		result = creation_write_record(c, err);
	r->recorded = result == 0;
	return result;
}

static int restore_take_console(struct creation *c, int fd, struct error *err)
{
	int master = fd < 0 ? -EBADMSG : sys_dup_above(fd, STDIO_COUNT);

	if (master < 0)
		return error_system(err, master, "take the terminal from criu");
	fd_close(&c->master);
	return creation_take_console(c, master, err);
}

static int restore_notify(void *context, enum criu_event event, pid_t pid,
                          int fd, struct error *err)
{
	struct restore *r = context;

	switch (event) {
	case CRIU_SETUP_NAMESPACES: return restore_hooks(r->c, pid, err);
	case CRIU_POST_RESTORE: return restore_finish(r, pid, err);
	case CRIU_ORPHAN_TERMINAL: return restore_take_console(r->c, fd, err);
	case CRIU_OTHER: break;
	}
	return 0;
}

/* CRIU moves nobody: it is itself where all shall be, and so are they. */
static int restore_enter_cgroup(void *context, pid_t pid, struct error *err)
{
	const struct restore *r = context;

	return later_join(&r->c->cgroup, pid, true, err);
}

/* ---- the phases */

static int restore_check(struct creation *c, struct error *err)
{
	const struct plan_process *process = c->plan->process;

	if (creation_has_console(c) && !process->terminal)
		return error_set(
			err, ERROR_USAGE, -EINVAL,
			"--console-socket is given, but process.terminal is false");
	return creation_check_kept_fds(process, err);
}

static int restore_prepare(struct restore *r, struct error *err)
{
	struct creation *c = r->c;
	struct plan_criu_options wanted = job_plan_options(&r->job);
	struct plan_process owner = *c->plan->process;
	int result;

	wanted.task = PLAN_CRIU_RESTORE;
	wanted.flags.tcp_close = c->restore->tcp_close;
	wanted.lsm_profile = c->restore->lsm_profile;
	wanted.lsm_mount_context = c->restore->lsm_mount_context;
	result = job_prepare(&r->job, c->plan, &c->plan->cgroup, c->spec,
	                     &wanted, err);
	if (result == 0)
		result = restore_open_namespaces(r, err);
	if (result == 0)
		result = restore_read_descriptors(r, err);
	if (result == 0 && r->job.plan.stdio_owner.set && !owner.terminal) {
		owner.uid = r->job.plan.stdio_owner.value;
		result = proc_own_stdio(&owner, err);
	}
	if (result == 0)
		result = creation_connect_console(c, err);
	restore_add_mounts(r);
	return result;
}

static int restore_run(struct restore *r, struct error *err)
{
	struct creation *c = r->c;
	struct criu_listener listener = {
		.notify = restore_notify,
		.context = r,
	};
	pid_t pid = 0;
	int result;

	if (r->job.plan.cgroups == PLAN_CRIU_CGROUPS_IGNORE &&
	    c->cgroup.count) {
		listener.started = restore_enter_cgroup;
		r->job.request.cgroup_namespace =
			c->plan->ns.created & CLONE_NEWCGROUP;
	}
	result = job_run(&r->job, &listener, &pid, err);
	if (result == 0)
		result = restore_adopt(c, pid, err);
	if (result == 0)
		cgroup_release_unit(&c->unit);
	if (result == 0 && !r->recorded)
		return error_set(err, ERROR_SYSTEM, -EBADMSG,
		                 "criu never said that it was done");
	return result;
}

/* A cgroup that was there before may be limited otherwise than was dumped. */
static int restore_check_cgroup(struct restore *r, struct error *err)
{
	const struct cgroup *cgroup = &r->c->cgroup;
	size_t i;

	if (r->job.plan.cgroups != PLAN_CRIU_CGROUPS_STRICT)
		return 0;
	for (i = 0; i < cgroup->count; i++)
		if (!cgroup->made[i])
			return error_set(
				err, ERROR_EXISTS, -EEXIST,
				"cgroup %s exists: --manage-cgroups-mode strict wants a new one",
				cgroup->plan->dirs[i].path);
	return 0;
}

static int restore_all(struct restore *r, struct error *err)
{
	struct creation *c = r->c;
	int result = restore_check(c, err);

	if (result == 0)
		result = restore_prepare(r, err);
	if (result == 0)
		result = creation_open_store(c, err);
	if (result == 0)
		result = creation_claim(c, err);
	if (result == 0)
		result = restore_check_cgroup(r, err);
	if (result == 0)
		result = job_decide_roots(&r->job, c->place, err);
	if (result == 0)
		result = creation_mount_root(c, err);
	if (result == 0 && c->plan->ns.created & CLONE_NEWNS)
		result = rootfs_make_places(c->plan, err);
	return result < 0 ? result : restore_run(r, err);
}

int creation_restore(struct creation *c, struct error *err)
{
	struct restore r = { .c = c, .stdio = { -1, -1, -1 } };
	size_t i;
	int result;

	job_begin(&r.job, c->engine, &c->arena, &c->restore->criu);
	result = restore_all(&r, err);
	job_end(&r.job);
	for (i = 0; i < STDIO_COUNT; i++)
		fd_close(&r.stdio[i]);
	if (result < 0)
		return error_wrap(err, "restore container \"%s\"", c->id);
	return 0;
}

int engine_restore(struct engine *engine, const char *id,
                   const struct runf_restore_options *options, int *ret_status,
                   struct error *err)
{
	const struct runf_run_options run = {
		.size = sizeof(run),
		.create = options->create,
		.detach = options->detach,
		.no_subreaper = options->no_subreaper,
	};

	return run_container(engine, id, &run, options, ret_status, err);
}
