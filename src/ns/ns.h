/* SPDX-License-Identifier: Apache-2.0 */
/* Enter namespaces: interpret the steps that plan/namespaces.c decided. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "plan/plan.h"

/*
 * Everything here works without memory and may run between clone and exec.
 * FDS are the engine's descriptors of plan->sources, indexed as they are.
 */

/*
 * One step of init or the bridge: JOIN, UNSHARE, OFFSETS or BECOME_ROOT.
 * CLONE and WAIT_IDMAP are the engine's own and an internal error here. A
 * user namespace the caller is already in is left alone.
 *
 * OFFSETS writes below /proc/self: where runf is not root on the host, the
 * process must be dumpable then.
 */
int ns_apply(const struct plan_namespaces *ns, const struct plan_ns_step *step,
             const int *fds, struct error *err);

/*
 * A row of JOIN steps whose order among each other depends on who owns
 * whom: what is refused (EPERM) at its place is tried again at the end, with
 * the power over a user namespace that was joined on the way.
 */
int ns_join_many(const struct plan_ns_step *steps, size_t count, const int *fds,
                 struct error *err);

/*
 * What the parent was in before its PLAN_IN_PARENT joins. ns_save() is called
 * before them with the types to be joined (never mount or user, which cannot
 * be undone); ns_restore() goes back and closes, also after a failed join.
 * A parent that cannot go back may not go on.
 */
#define NS_SAVED_MAX 6

struct ns_saved {
	int fds[NS_SAVED_MAX];
	int types[NS_SAVED_MAX];
	size_t count;
};

int ns_save(int types, struct ns_saved *ret_saved, struct error *err);
int ns_restore(struct ns_saved *saved, struct error *err);

/*
 * /proc, proved to be procfs's own root: no other file system stands there.
 * Returns a descriptor (O_PATH) for ns_write_idmap() and proc/'s writers.
 */
int ns_open_procfs(struct error *err);

/*
 * By the parent: the id maps of PID, a child that waits in its new user
 * namespace. Where runf is not root this executes newuidmap and newgidmap.
 */
int ns_write_idmap(int procfs, pid_t pid, const struct plan_idmap *map,
                   struct error *err);

/* One kernel parameter, below sys/ of PROCFS. */
int ns_set_sysctl(int procfs, const struct plan_sysctl *sysctl,
                  struct error *err);

int ns_set_hostname(const char *name, struct error *err);
int ns_set_domainname(const char *name, struct error *err);
int ns_loopback_up(struct error *err);
