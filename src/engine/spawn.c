/* SPDX-License-Identifier: Apache-2.0 */
/* Make the process that becomes a container's: joins, clone, and back. */
#include "engine/spawn.h"

#include <errno.h>
#include <sched.h>

#include "base/fd.h"
#include "engine/sync.h"
#include "ns/ns.h"
#include "sys/process.h"

/* What one actor joins, in a row, and with which flags it clones. */
struct spawn_part {
	const struct plan_ns_step *joins;
	size_t joins_count;
	int joined; /* CLONE_NEW* of the joins */
	int clone;  /* -1: it does not */
};

/* The steps of one actor stand together: joins first, then the clone. */
static struct spawn_part spawn_part_of(const struct plan_namespaces *ns,
                                       enum plan_actor actor)
{
	struct spawn_part part = { .clone = -1 };
	size_t i;

	for (i = 0; i < ns->count; i++) {
		const struct plan_ns_step *step = &ns->steps[i];

		if (step->actor != actor)
			continue;
		if (step->verb == PLAN_NS_CLONE) {
			part.clone = step->flags;
		} else if (step->verb == PLAN_NS_JOIN) {
			if (!part.joins_count++)
				part.joins = step;
			part.joined |= step->flags;
		}
	}
	return part;
}

/*
 * A cgroup that refuses clone3 may still take the process by a write; EAGAIN
 * is a limit of 0 processes, which holds for what the container forks.
 */
static bool spawn_cgroup_refused(pid_t result)
{
	return result == -EBUSY || result == -EAGAIN || result == -EOPNOTSUPP ||
	       result == -EACCES || result == -ENODEV;
}

static pid_t spawn_clone(int flags, int cgroup, struct spawned *spawned)
{
	pid_t pid = sys_clone((uint64_t)(unsigned int)flags, cgroup,
	                      &spawned->pidfd);

	if (cgroup >= 0 && spawn_cgroup_refused(pid)) {
		spawned->outside = true;
		pid = sys_clone((uint64_t)(unsigned int)flags, -1,
		                &spawned->pidfd);
	}
	return pid;
}

pid_t spawn_process(const struct plan_namespaces *ns, const int *fds,
                    int cgroup, struct spawned *ret_spawned, struct error *err)
{
	struct spawn_part part = spawn_part_of(ns, PLAN_IN_PARENT);
	struct spawn_part bridge = spawn_part_of(ns, PLAN_IN_BRIDGE);
	struct spawned spawned = { .pidfd = -1 };
	struct ns_saved saved = { .count = 0 };
	sigset_t all;
	sigset_t before;
	int result = 0;

	if (part.joined)
		result = ns_save(part.joined, &saved, err);
	if (result == 0 && part.joined)
		result = ns_join_many(part.joins, part.joins_count, fds, err);
	if (result < 0) {
		ns_restore(&saved, NULL);
		return result;
	}
	sigfillset(&all);
	sys_set_signal_mask(&all, &before);
	spawned.pid =
		spawn_clone(part.clone < 0 ? 0 : part.clone, cgroup, &spawned);
	if (spawned.pid == 0) {
		*ret_spawned = spawned;
		return 0;
	}
	sys_set_signal_mask(&before, NULL);
	if (part.joined)
		result = ns_restore(&saved, err);
	if (spawned.pid < 0)
		return error_system(err, spawned.pid,
		                    "clone the container's first process");
	spawned.bridge = bridge.clone >= 0;
	*ret_spawned = spawned;
	return result < 0 ? result : spawned.pid;
}

void spawn_end(pid_t pid, int pidfd)
{
	siginfo_t info;

	if (pidfd < 0 || sys_pidfd_send_signal(pidfd, SIGKILL) < 0)
		sys_kill(pid, SIGKILL);
	sys_waitid(P_PID, (id_t)pid, &info, WEXITED);
}

int spawn_bridge(const struct plan_namespaces *ns, const int *fds, int socket,
                 struct error *err)
{
	struct spawn_part part = spawn_part_of(ns, PLAN_IN_BRIDGE);
	int pidfd = -1;
	pid_t pid;
	int result = ns_join_many(part.joins, part.joins_count, fds, err);

	if (result < 0)
		return result;
	pid = sys_clone(CLONE_PARENT | (uint64_t)(unsigned int)part.clone, -1,
	                &pidfd);
	if (pid < 0)
		return error_system(err, pid, "clone the container's init");
	if (pid == 0)
		return 0;
	result = sync_send(socket, SYNC_CHILD, pid, -1);
	if (result == 0)
		sys_exit(0);
	/* Nobody would ever know of it. */
	sys_pidfd_send_signal(pidfd, SIGKILL);
	return error_system(err, result, "tell init's pid");
}

int spawn_cross_bridge(int socket, pid_t *pid, int *pidfd, struct error *err)
{
	struct sync_message message;
	siginfo_t info;
	int result = sync_receive(socket, &message, NULL);

	if (result == 1 && message.type == SYNC_ERROR) {
		*err = message.error;
		return err->code;
	}
	if (result != 1 || message.type != SYNC_CHILD)
		return error_system(err, result < 0 ? result : -EPIPE,
		                    "receive init's pid");
	sys_waitid(P_PIDFD, (id_t)*pidfd, &info, WEXITED);
	fd_close(pidfd);
	/* Our child, not yet waited for: its number is its own. */
	*pid = message.value;
	*pidfd = sys_pidfd_open(*pid);
	if (*pidfd < 0)
		return error_system(err, *pidfd, "open init's pidfd");
	return sync_tell(socket, SYNC_CHILD, 0, err);
}
