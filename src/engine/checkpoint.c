/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint: a running container becomes files. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "engine/criu.h"
#include "engine/later.h"
#include "json/json.h"
#include "plan/decide.h"
#include "probe/mountinfo.h"
#include "probe/probe.h"
#include "sys/file.h"

/* What CRIU has killed ends at once, but for what the kernel writes back. */
#define END_TIMEOUT_MS 10000

/* A container that is being dumped. */
struct dump {
	struct job job;
	struct found *found;
	const struct plan *plan;
	const char *pid; /* as text */
};

/* ---- mounts and namespaces */

static int refuse_source(const struct plan_criu_mount *mount, struct error *err)
{
	return error_set(err, ERROR_STATE, -ESTALE,
	                 "at %s in the container there is no longer \"%s\" of "
	                 "the host",
	                 mount->destination, mount->source);
}

/*
 * Where MOUNT is by now: destinations may lead through links. The container
 * may have changed those meanwhile, to get a piece of the host mounted over
 * a place of its own choice; what is found there has to be that very piece.
 */
static int dump_add_mount(struct dump *dump, int root,
                          const struct plan_criu_mount *mount,
                          struct error *err)
{
	char name[32];
	char place[PATH_MAX];
	struct stat found;
	struct stat source;
	auto_close int fd = sys_openat2(root, mount->destination, O_PATH, 0,
	                                RESOLVE_IN_ROOT);
	ssize_t result = fd;

	if (fd == -ENOENT)
		return 0;
	if (result >= 0)
		result = sys_fstat(fd, &found);
	if (result == 0)
		result = sys_fstatat(AT_FDCWD, mount->source, &source, 0);
	if (result == -ENOENT)
		return refuse_source(mount, err);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (result == 0)
		result = sys_readlinkat(AT_FDCWD, name, place, sizeof(place));
	if (result < 0)
		return error_system(err, (int)result, "look for mount %s",
		                    mount->destination);
	if (found.st_dev != source.st_dev || found.st_ino != source.st_ino)
		return refuse_source(mount, err);
	job_add_external(&dump->job, "mnt[%s]:%s", place, mount->destination);
	return 0;
}

static int dump_add_mounts(struct dump *dump, struct error *err)
{
	const struct plan_criu *criu = &dump->job.plan;
	const char *path =
		arena_printf(dump->job.arena, "/proc/%s/root", dump->pid);
	auto_close int root =
		sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	int result = 0;
	size_t i;

	if (root < 0)
		return error_system(err, root, "open \"%s\"", path);
	for (i = 0; result == 0 && i < criu->mounts_count; i++)
		result = dump_add_mount(dump, root, &criu->mounts[i], err);
	return result;
}

static int dump_add_namespaces(struct dump *dump, struct error *err)
{
	const struct plan_criu *criu = &dump->job.plan;
	size_t i;

	for (i = 0; i < criu->namespaces_count; i++) {
		const struct plan_criu_namespace *ns = &criu->namespaces[i];
		const char *path = arena_printf(
			dump->job.arena, "/proc/%s/ns/%s", dump->pid, ns->name);
		struct stat found;
		int result = sys_fstatat(AT_FDCWD, path, &found, 0);

		if (result < 0)
			return error_system(err, result, "look at \"%s\"",
			                    path);
		if (ns->key)
			job_add_external(&dump->job, "%s[%llu]:%s", ns->name,
			                 (unsigned long long)found.st_ino,
			                 ns->key);
	}
	return 0;
}

/* ---- descriptors of the host's */

/* The mnt_id of a descriptor, which its fdinfo tells. */
static bool read_mount_id(struct dump *dump, int fd, uint32_t *ret_id)
{
	char path[64];
	char text[1024];
	char *found;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%d", dump->pid, fd);
	if (sys_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	found = strstr(text, "mnt_id:");
	if (!found)
		return false;
	found += strlen("mnt_id:");
	found += strspn(found, " \t");
	found[strcspn(found, "\n")] = '\0';
	return str_to_u32(found, 10, ret_id) == 0;
}

static bool has_mount(const char *mountinfo, size_t length, uint32_t id)
{
	const char *line = mountinfo;
	char start[16];

	snprintf(start, sizeof(start), "%u ", id);
	for (; line && line < mountinfo + length;
	     line = strchr(line, '\n'), line += line != NULL)
		if (str_after(line, start))
			return true;
	return false;
}

/*
 * What CRIU calls init's descriptor FD if its other end, or the file, is none
 * of the container's: restore puts another in its place. Else "".
 */
static const char *dump_name_fd(struct dump *dump, const char *mountinfo,
                                size_t length, int fd)
{
	char path[64];
	char target[PATH_MAX];
	struct stat stat;
	uint32_t mount;

	snprintf(path, sizeof(path), "/proc/%s/fd/%d", dump->pid, fd);
	if (sys_readlinkat(AT_FDCWD, path, target, sizeof(target)) < 0)
		return "";
	if (str_after(target, "pipe:["))
		return arena_strdup(dump->job.arena, target);
	/* Files of no file system (memfd) are CRIU's business. */
	if (*target != '/' || str_after(target, "/memfd:") ||
	    sys_fstatat(AT_FDCWD, path, &stat, 0) < 0 ||
	    !read_mount_id(dump, fd, &mount) ||
	    has_mount(mountinfo, length, mount))
		return "";
	if (str_after(target, "/dev/pts/") || str_after(target, "/dev/tty"))
		return dump->job.options->shell_job
		               ? ""
		               : arena_printf(dump->job.arena, "tty[%llx:%llx]",
		                              (unsigned long long)stat.st_rdev,
		                              (unsigned long long)stat.st_dev);
	return arena_printf(dump->job.arena, "%sfile[%x:%llx]",
	                    S_ISCHR(stat.st_mode) &&
	                                    stat.st_rdev == makedev(1, 3)
	                            ? JOB_NULL
	                            : "",
	                    mount, (unsigned long long)stat.st_ino);
}

static bool is_known(const struct criu_request *request, const char *name)
{
	size_t i;

	for (i = 0; i < request->external_count; i++)
		if (str_equal(request->external[i], name))
			return true;
	return false;
}

/* Their names by number, as far as there are any, in JOB_DESCRIPTORS. */
static int dump_write_descriptors(struct dump *dump, const char **names,
                                  struct error *err)
{
	struct json_writer w = { .buf.arena = dump->job.arena, .indent = "" };
	int dir = dump->job.images;
	auto_close int fd =
		sys_openat(dir, JOB_DESCRIPTORS,
	                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	int last = JOB_FDS_MAX - 1;
	int result = fd;
	int i;

	while (last > 2 && !*names[last])
		last--;
	json_open_array(&w, NULL);
	for (i = 0; i <= last; i++)
		json_put_str(&w, NULL, names[i]);
	json_close_array(&w);
	if (result >= 0)
		result = sys_write_all(fd, buf_str(&w.buf), w.buf.length);
	if (result < 0)
		return error_system(err, result, "write \"%s/%s\"",
		                    dump->job.images_path, JOB_DESCRIPTORS);
	return 0;
}

static int dump_add_descriptors(struct dump *dump, struct error *err)
{
	struct arena *arena = dump->job.arena;
	const char *names[JOB_FDS_MAX];
	char *mountinfo;
	size_t length;
	int result = job_read_proc(arena, dump->pid, "mountinfo", &mountinfo,
	                           &length, err);
	int fd;

	if (result < 0)
		return result;
	for (fd = 0; fd < JOB_FDS_MAX; fd++) {
		const char *name = dump_name_fd(dump, mountinfo, length, fd);
		const char *null = str_after(name, JOB_NULL);

		names[fd] = name;
		name = null ? null : name;
		if (*name && !str_after(name, "pipe:[") &&
		    !is_known(&dump->job.request, name))
			job_add_external(&dump->job, "%s", name);
	}
	return dump_write_descriptors(dump, names, err);
}

/* ---- the verb */

static int dump_notify(void *context, enum criu_event event, pid_t pid, int fd,
                       struct error *err)
{
	(void)context;
	(void)event;
	(void)pid;
	(void)fd;
	(void)err;
	return 0;
}

/* The plan that the container was made by, as far as it matters now. */
static int dump_plan(struct dump *dump, const struct oci_spec **ret_spec,
                     struct error *err)
{
	const struct found *found = dump->found;
	struct plan_options options = {
		.id = found->record.id,
		.bundle = found->record.bundle,
		.cgroup_disabled = found->cgroup.mode == PLAN_CGROUP_DISABLED,
	};
	struct facts facts;
	int result = later_read_spec(dump->job.arena, found, ret_spec, err);

	if (result == 0)
		result = probe_facts(dump->job.arena, &facts, err);
	if (result == 0)
		result = plan_create(dump->job.arena, *ret_spec, &facts,
		                     &options, &dump->plan, err);
	return result;
}

static int dump_prepare(struct dump *dump,
                        const struct runf_checkpoint_options *options,
                        struct error *err)
{
	struct plan_criu_options wanted = job_plan_options(&dump->job);
	const struct oci_spec *spec;
	int result = dump_plan(dump, &spec, err);

	wanted.task = options->pre_dump ? PLAN_CRIU_PRE_DUMP : PLAN_CRIU_DUMP;
	wanted.flags.leave_running = options->leave_running;
	wanted.flags.tcp_skip_in_flight = options->tcp_skip_in_flight;
	wanted.flags.link_remap = options->link_remap;
	wanted.parent_path = options->parent_path;
	wanted.page_server = options->page_server;
	wanted.status_fd = options->status_fd;
	if (result == 0)
		result = job_prepare(&dump->job, dump->plan,
		                     &dump->found->cgroup, spec, &wanted, err);
	dump->job.request.pid = (pid_t)dump->found->record.pid;
	if (result == 0)
		result = dump_add_mounts(dump, err);
	if (result == 0)
		result = dump_add_namespaces(dump, err);
	if (result == 0)
		result = dump_add_descriptors(dump, err);
	return result;
}

/*
 * CRIU goes on with a cgroup that is frozen if that is the one it freezes
 * itself. Else it would wait for ever, and what is paused runs until CRIU has
 * stopped it, and is paused again if it stays.
 */
static int dump_do(struct dump *dump, bool stays, struct error *err)
{
	static const struct criu_listener listener = { .notify = dump_notify };
	const struct found *found = dump->found;
	bool thaws =
		found->status == STATUS_PAUSED && !dump->job.plan.freeze_cgroup;
	struct error why;
	pid_t pid;
	int result = 0;

	if (thaws)
		result = cgroup_freeze(&found->cgroup, false, err);
	if (result == 0)
		result = job_run(&dump->job, &listener, &pid, err);
	if (!thaws || (result == 0 && !stays))
		return result;
	if (result == 0)
		return cgroup_freeze(&found->cgroup, true, err);
	if (cgroup_freeze(&found->cgroup, true, &why) < 0)
		log_warning(&dump->job.engine->log,
		            "container \"%s\" is no longer paused: %s",
		            found->dir.id, why.text);
	return result;
}

static int dump_run(struct dump *dump,
                    const struct runf_checkpoint_options *options,
                    struct error *err)
{
	bool stays = options->leave_running || options->pre_dump;
	struct job *job = &dump->job;
	int result = dump_prepare(dump, options, err);

	if (result == 0)
		result = dump_do(dump, stays, err);
	if (result < 0 || stays)
		return result;
	/* CRIU has killed it. */
	result = lifecycle_wait(dump->found->pidfd, END_TIMEOUT_MS, err);
	if (result < 0)
		return result;
	return later_destroy(job->engine, job->arena, dump->found, err);
}

int engine_checkpoint(struct engine *engine, const char *id,
                      const struct runf_checkpoint_options *options,
                      struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_found struct found found = FOUND_NONE;
	struct dump dump = { .found = &found };
	int result = later_find(engine, &arena, id, STORE_LOCKED, &found, err);

	if (result == 0)
		result =
			lifecycle_check(VERB_CHECKPOINT, found.status, id, err);
	if (result < 0)
		return result;
	/* CRIU could not know what to put at the others' places. */
	if (found.record.root_mounts > 1)
		return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                 "container \"%s\" has a root of %u mounts: "
		                 "it cannot be checkpointed",
		                 id, found.record.root_mounts);
	dump.pid = arena_printf(&arena, "%d", (pid_t)found.record.pid);
	job_begin(&dump.job, engine, &arena, &options->criu);
	result = dump_run(&dump, options, err);
	job_end(&dump.job);
	if (result < 0)
		return error_wrap(err, "checkpoint container \"%s\"", id);
	return 0;
}
