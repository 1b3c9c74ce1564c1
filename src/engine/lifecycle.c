/* SPDX-License-Identifier: Apache-2.0 */
/* In which state a container is, and which verbs that state admits. */
#include "engine/lifecycle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "json/json.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/process.h"
#include "sys/socket.h"

#define ALLOWED NULL

static const char *const status_names[] = {
	[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created",
	[STATUS_RUNNING] = "running",   [STATUS_PAUSED] = "paused",
	[STATUS_STOPPED] = "stopped",
};

const char *status_name(enum status status)
{
	return status_names[status];
}

/*
 * The one table of what is allowed when. A text is the refusal; clients
 * match these very words (containerd, CRI-O and BuildKit each their own).
 */
static const char *const lifecycle[][STATUS_STOPPED + 1] = {
	[VERB_START] = {
		[STATUS_CREATING] = "cannot start a container that is being created",
		[STATUS_CREATED] = ALLOWED,
		[STATUS_RUNNING] = "cannot start an already running container",
		[STATUS_PAUSED] = "cannot start an already running container",
		[STATUS_STOPPED] = "cannot start a container that has stopped",
	},
	[VERB_EXEC] = {
		[STATUS_CREATING] = "cannot exec in a container that is being created",
		[STATUS_CREATED] = ALLOWED,
		[STATUS_RUNNING] = ALLOWED,
		[STATUS_PAUSED] = "cannot exec in a paused container (use --ignore-paused to override)",
		[STATUS_STOPPED] = "cannot exec in a stopped container",
	},
	[VERB_KILL] = {
		[STATUS_CREATING] = "container not running: it is being created",
		[STATUS_CREATED] = ALLOWED,
		[STATUS_RUNNING] = ALLOWED,
		[STATUS_PAUSED] = ALLOWED,
		[STATUS_STOPPED] = "container not running: no such process",
	},
	[VERB_DELETE] = {
		[STATUS_CREATING] = "cannot delete container that is not stopped: creating",
		[STATUS_CREATED] = ALLOWED,
		[STATUS_RUNNING] = "cannot delete container that is not stopped: running",
		[STATUS_PAUSED] = "cannot delete container that is not stopped: paused",
		[STATUS_STOPPED] = ALLOWED,
	},
	[VERB_PAUSE] = {
		[STATUS_CREATING] = "container not running: it is being created",
		[STATUS_CREATED] = ALLOWED,
		[STATUS_RUNNING] = ALLOWED,
		[STATUS_PAUSED] = "container not running: it is paused already",
		[STATUS_STOPPED] = "container not running",
	},
	[VERB_RESUME] = {
		[STATUS_CREATING] = "container not paused",
		[STATUS_CREATED] = "container not paused",
		[STATUS_RUNNING] = "container not paused",
		[STATUS_PAUSED] = ALLOWED,
		[STATUS_STOPPED] = "container not paused: it has stopped",
	},
	[VERB_UPDATE] = {
		[STATUS_CREATING] = "cannot update a container that is being created",
		[STATUS_CREATED] = ALLOWED,
		[STATUS_RUNNING] = ALLOWED,
		[STATUS_PAUSED] = ALLOWED,
		[STATUS_STOPPED] = "cannot update a stopped container",
	},
	[VERB_EVENTS] = {
		[STATUS_CREATING] = "container not running: it is being created",
		[STATUS_CREATED] = ALLOWED,
		[STATUS_RUNNING] = ALLOWED,
		[STATUS_PAUSED] = ALLOWED,
		[STATUS_STOPPED] = "container not running",
	},
	[VERB_MOUNTS] = {
		[STATUS_CREATING] = "cannot change mounts of a container that is being created",
		[STATUS_CREATED] = ALLOWED,
		[STATUS_RUNNING] = ALLOWED,
		[STATUS_PAUSED] = ALLOWED,
		[STATUS_STOPPED] = "cannot change mounts of a stopped container",
	},
	[VERB_CHECKPOINT] = {
		[STATUS_CREATING] = "cannot checkpoint a container that is being created",
		[STATUS_CREATED] = "cannot checkpoint a container that was not started",
		[STATUS_RUNNING] = ALLOWED,
		[STATUS_PAUSED] = ALLOWED,
		[STATUS_STOPPED] = "cannot checkpoint a stopped container",
	},
};

int lifecycle_check(enum verb verb, enum status status, const char *id,
                    struct error *err)
{
	const char *refusal = lifecycle[verb][status];

	if (!refusal)
		return 0;
	if (verb == VERB_DELETE)
		return error_set(
			err, ERROR_STATE, -EBUSY,
			"cannot delete container %s that is not stopped: %s",
			id, status_name(status));
	return error_set(err, ERROR_STATE, -EBUSY, "%s", refusal);
}

int lifecycle_start_time(pid_t pid, uint64_t *ret_start_time, bool *ret_alive)
{
	char path[32];
	char text[1024];
	const char *next;
	ssize_t length;
	int field;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	length = sys_read_file(AT_FDCWD, path, text, sizeof(text));
	if (length < 0)
		return (int)length;
	/* The name, field 2, may hold anything: look for its last ')'. */
	next = strrchr(text, ')');
	if (!next || next[1] != ' ')
		return -EBADMSG;
	next += 2;
	*ret_alive = *next != 'Z' && *next != 'X';
	for (field = 3; field < 22 && next; field++) {
		next = strchr(next, ' ');
		next = next ? next + 1 : NULL;
	}
	if (!next)
		return -EBADMSG;
	*ret_start_time = strtoull(next, NULL, 10);
	return 0;
}

/*
 * The gate is a datagram socket that init keeps open until it executes the
 * program. Its name outlives it if `start` is killed at the wrong moment, but
 * then nobody listens. Connecting asks that without waking anybody.
 */
static int lifecycle_gate_is_open(const struct store_dir *dir)
{
	auto_close int fd =
		sys_connect_unix_at(SOCK_DGRAM, dir->fd, STORE_GATE);

	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return 0;
	return fd < 0 ? fd : 1;
}

/*
 * A descriptor of init, if it lives and is not another with its number; else
 * -1. Not to be able to look is no proof of its end: whoever takes a running
 * container for a stopped one deletes it.
 */
static int lifecycle_open_init(const struct store_record *record,
                               int *ret_pidfd)
{
	auto_close int pidfd = sys_pidfd_open((pid_t)record->pid);
	uint64_t start_time;
	bool alive;
	int result = pidfd;

	*ret_pidfd = -1;
	if (result == -ESRCH || result == -EINVAL)
		return 0;
	if (result >= 0)
		result = lifecycle_start_time((pid_t)record->pid, &start_time,
		                              &alive);
	if (result == -ENOENT || result == -ESRCH)
		return 0;
	if (result == 0 && alive && start_time == record->start_time)
		*ret_pidfd = take_fd(&pidfd);
	return result;
}

static int lifecycle_look(struct found *found, struct error *err)
{
	bool frozen = false;
	int result = lifecycle_open_init(&found->record, &found->pidfd);

	if (result < 0)
		return error_system(err, result, "look for init of \"%s\"",
		                    found->dir.id);
	found->status = STATUS_STOPPED;
	if (found->pidfd < 0)
		return 0;
	result = cgroup_is_frozen(&found->cgroup, &frozen, err);
	if (result < 0)
		return result;
	found->status = STATUS_PAUSED;
	if (frozen)
		return 0;
	result = lifecycle_gate_is_open(&found->dir);
	if (result < 0)
		return error_system(err, result,
		                    "look for the start gate of \"%s\"",
		                    found->dir.id);
	found->status = result ? STATUS_CREATED : STATUS_RUNNING;
	return 0;
}

void lifecycle_save_cgroup(struct arena *arena, const struct plan_cgroup *plan,
                           const struct cgroup *made,
                           struct store_record *record)
{
	size_t i;

	record->cgroup_mode = plan->mode;
	if (made && !made->count) /* optional, and not permitted */
		record->cgroup_mode = PLAN_CGROUP_DISABLED;
	record->cgroup_path = plan->path;
	record->unit = plan->unit.name;
	record->unit_user = plan->unit.user;
	record->cgroup_dirs_count = plan->dirs_count;
	record->cgroup_dirs = arena_new_array(arena, struct store_cgroup_dir,
	                                      plan->dirs_count);
	for (i = 0; i < plan->dirs_count; i++)
		record->cgroup_dirs[i] = (struct store_cgroup_dir){
			.controllers = plan->dirs[i].controllers,
			.mount = plan->dirs[i].mount,
			.path = plan->dirs[i].path,
			.keep = made ? !made->made[i] : plan->dirs[i].keep,
		};
}

static void lifecycle_load_cgroup(struct arena *arena,
                                  const struct store_record *record,
                                  struct plan_cgroup *ret_plan)
{
	size_t i;

	ret_plan->mode = (enum plan_cgroup_mode)record->cgroup_mode;
	ret_plan->path = record->cgroup_path;
	ret_plan->unit.name = *record->unit ? record->unit : NULL;
	ret_plan->unit.user = record->unit_user;
	ret_plan->dirs_count = record->cgroup_dirs_count;
	ret_plan->dirs = arena_new_array(arena, struct plan_cgroup_dir,
	                                 record->cgroup_dirs_count);
	for (i = 0; i < record->cgroup_dirs_count; i++)
		ret_plan->dirs[i] = (struct plan_cgroup_dir){
			.controllers = record->cgroup_dirs[i].controllers,
			.mount = record->cgroup_dirs[i].mount,
			.path = record->cgroup_dirs[i].path,
			.keep = record->cgroup_dirs[i].keep,
		};
}

void lifecycle_save_rdt(const struct plan_rdt *rdt, struct store_record *record)
{
	record->rdt_root = rdt->root;
	record->rdt_group = rdt->group;
	record->rdt_monitor = rdt->monitor;
	record->rdt_made = rdt->made;
}

static void lifecycle_load_rdt(const struct store_record *record,
                               struct plan_rdt *ret_rdt)
{
	const char *monitor = record->rdt_monitor;

	*ret_rdt = (struct plan_rdt){
		.root = record->rdt_root,
		.group = record->rdt_group,
		.monitor = monitor && *monitor ? monitor : NULL,
		.made = record->rdt_made,
		.shared = !str_equal(record->rdt_group, record->id),
	};
}

/*
 * A class of resctrl stands among the directories: its mount, name, and
 * monitoring group. The first word tells whether the class is ours.
 */
#define JOURNAL_RDT_MADE "resctrl"
#define JOURNAL_RDT_KEPT "resctrl-kept"

static void journal_rdt(struct arena *arena, const struct plan_rdt *rdt,
                        struct buf *buf)
{
	const char *path;

	if (!rdt->root)
		return;
	path = arena_printf(arena, "%s/%s", rdt->root, rdt->group);
	buf_printf(buf, "\n%s\n%s\n%s\n%s",
	           sys_faccessat(AT_FDCWD, path, F_OK, 0) == -ENOENT
	                   ? JOURNAL_RDT_MADE
	                   : JOURNAL_RDT_KEPT,
	           rdt->root, rdt->group, rdt->monitor ? rdt->monitor : "");
}

/* A root that the host has: the mount below it, and where. */
#define JOURNAL_ROOT "rootfs"

/* MODE, then for each directory its mount and its path, a line each. */
const char *lifecycle_journal(struct arena *arena, const struct plan *plan,
                              uint64_t root_below)
{
	const struct plan_cgroup *cgroup = &plan->cgroup;
	struct buf buf = { .arena = arena };
	size_t i;

	buf_printf(&buf, "%d", (int)cgroup->mode);
	if (plan->host_root)
		buf_printf(&buf, "\n" JOURNAL_ROOT "\n%llu\n%s",
		           (unsigned long long)root_below, plan->rootfs);
	for (i = 0; i < cgroup->dirs_count; i++) {
		const struct plan_cgroup_dir *dir = &cgroup->dirs[i];
		const char *path =
			arena_printf(arena, "%s%s", dir->mount, dir->path);

		/* In doubt it is somebody else's: delete would kill them. */
		if (sys_faccessat(AT_FDCWD, path, F_OK, 0) == -ENOENT)
			buf_printf(&buf, "\n%s\n%s\n%s", dir->controllers,
			           dir->mount, dir->path);
	}
	journal_rdt(arena, &plan->rdt, &buf);
	return buf_str(&buf);
}

/* The next line of *TEXT, which moves on; NULL at the end. */
static const char *journal_line(struct arena *arena, const char **text)
{
	size_t length;
	const char *line;

	if (!*text)
		return NULL;
	length = strcspn(*text, "\n");
	line = arena_strndup(arena, *text, length);
	*text = (*text)[length] ? *text + length + 1 : NULL;
	return line;
}

/* Of a class of resctrl, whose fourth line is still to be read. */
static void journal_read_rdt(struct arena *arena,
                             const struct plan_cgroup_dir *line,
                             const char **text, struct found *found)
{
	struct plan_rdt *rdt = &found->rdt;

	rdt->made = str_equal(line->controllers, JOURNAL_RDT_MADE);
	rdt->root = line->mount;
	rdt->group = line->path ? line->path : "";
	rdt->shared = !str_equal(rdt->group, found->dir.id);
	rdt->monitor = journal_line(arena, text);
	if (rdt->monitor && !*rdt->monitor)
		rdt->monitor = NULL;
}

/* What a create that was killed halfway left in the journal. */
static int lifecycle_read_journal(struct arena *arena, struct found *found,
                                  struct error *err)
{
	struct plan_cgroup *plan = &found->cgroup;
	const char *text;
	const char *mode;
	int result = store_read_journal(arena, &found->dir, &text, err);

	if (result < 0)
		return result;
	mode = journal_line(arena, &text);
	if (mode)
		plan->mode = (enum plan_cgroup_mode)atoi(mode);
	while (text) {
		struct plan_cgroup_dir line = { 0 };

		line.controllers = journal_line(arena, &text);
		line.mount = journal_line(arena, &text);
		line.path = journal_line(arena, &text);
		if (str_after(line.controllers, JOURNAL_RDT_MADE)) {
			journal_read_rdt(arena, &line, &text, found);
		} else if (!line.mount || !line.path) {
			continue;
		} else if (str_equal(line.controllers, JOURNAL_ROOT)) {
			found->record.root_on_host = true;
			found->record.root_below =
				strtoull(line.mount, NULL, 10);
			found->record.rootfs = line.path;
		} else {
			*arena_push(arena, plan->dirs, plan->dirs_count) = line;
		}
	}
	return 0;
}

int lifecycle_find(struct arena *arena, const struct store *store,
                   const char *id, enum store_lock lock,
                   struct found *ret_found, struct error *err)
{
	auto_found struct found found = FOUND_NONE;
	int result = store_find(store, id, lock, &found.dir, err);

	if (result < 0)
		return result;
	result = store_read_record(arena, &found.dir, &found.record, err);
	found.recorded = result == 0;
	if (found.recorded) {
		lifecycle_load_cgroup(arena, &found.record, &found.cgroup);
		lifecycle_load_rdt(&found.record, &found.rdt);
		result = lifecycle_look(&found, err);
		if (found.record.creating && found.pidfd >= 0 &&
		    lock == STORE_UNLOCKED && store_is_busy(&found.dir))
			found.status = STATUS_CREATING;
	} else if (result == -ENOENT) {
		/* Being created at this moment, or never to be finished. */
		result = lifecycle_read_journal(arena, &found, err);
		found.record.id = id;
		found.status =
			lock == STORE_UNLOCKED && store_is_busy(&found.dir)
				? STATUS_CREATING
				: STATUS_STOPPED;
	}
	if (result < 0)
		return result;
	*ret_found = found;
	found = FOUND_NONE;
	return 0;
}

void lifecycle_release(struct found *found)
{
	store_dir_close(&found->dir);
	fd_close(&found->pidfd);
}

int lifecycle_wait(int pidfd, int timeout_ms, struct error *err)
{
	int result = sys_wait_readable(pidfd, timeout_ms);

	if (result == 0)
		result = -ETIMEDOUT;
	if (result < 0)
		return error_system(err, result,
		                    "wait for the container's init to end");
	return 0;
}
