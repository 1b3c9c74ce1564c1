/* SPDX-License-Identifier: Apache-2.0 */
/* Make the process that becomes a container's: joins, clone, and back. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "plan/plan.h"

struct spawned {
	pid_t pid;
	int pidfd;
	bool bridge;  /* it is the bridge, init is still to come */
	bool outside; /* clone3 could not put it into the cgroup; the child
	               * knows that, too */
};

/*
 * Do what the plan puts into the parent: join, clone3 (into CGROUP, a v2
 * directory, unless negative), and leave what was joined. Returns 0 in the
 * child, its pid in the parent. The child runs with all signals blocked, so
 * that none of the parent's handlers ever runs in it.
 *
 * FDS are the descriptors of the plan's sources.
 */
pid_t spawn_process(const struct plan_namespaces *ns, const int *fds,
                    int cgroup, struct spawned *ret_spawned, struct error *err);

/*
 * Kill a child that nobody has waited for, and collect it. PIDFD may be -1:
 * until it is collected its number is its own.
 */
void spawn_end(pid_t pid, int pidfd);

/*
 * The bridge: join what the plan says, clone init as a child of the parent,
 * report its pid on SOCKET. Returns 0 in init; the bridge itself does not
 * return.
 */
int spawn_bridge(const struct plan_namespaces *ns, const int *fds, int socket,
                 struct error *err);

/*
 * The parent's side: the bridge's last word is init's pid; then it is gone,
 * and PID and PIDFD, which were the bridge's, are init's. Init waits for
 * SYNC_CHILD, not to overtake that word.
 */
int spawn_cross_bridge(int socket, pid_t *pid, int *pidfd, struct error *err);
