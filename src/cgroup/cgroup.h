/* SPDX-License-Identifier: Apache-2.0 */
/* Limit, find, freeze and kill what runs in a container. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "plan/plan.h"

/*
 * All of this runs on the host, in the parent. A container has one directory
 * in the v2 tree, or in v1 one for each hierarchy that limits it; on a hybrid
 * host both: the v2 directory then has the processes, the v1 ones limits.
 *
 * Functions that take a plan look the directories up anew; of the plan they
 * need mode, path and dirs, as the state record keeps them. Where a plan has
 * no directories they fail with ERROR_UNSUPPORTED, except that there is
 * nothing to remove and nothing is frozen.
 */

/* v2, and the v1 controllers a plan can name, with room to spare. */
#define CGROUP_DIRS_MAX 16

/* The directories of one container, open. */
struct cgroup {
	const struct plan_cgroup *plan; /* borrowed */
	size_t count;                   /* 0: it does without */
	int dirs[CGROUP_DIRS_MAX];      /* O_PATH, by the plan's index */
	/* How many directories at the end of the path were made by us. */
	unsigned int made[CGROUP_DIRS_MAX];
	int leaf; /* for CLONE_INTO_CGROUP; one of dirs or its sub, or -1 */
	bool leaf_is_sub; /* leaf is a descriptor of its own */
};

#define CGROUP_NONE ((struct cgroup){ .leaf = -1 })

/*
 * systemd's unit for a container, and the helper that is in it: without a
 * process it would be gone again.
 */
struct cgroup_unit {
	pid_t pid; /* 0: there is none */
	int pidfd;
	int socket;
};

#define CGROUP_UNIT_NONE ((struct cgroup_unit){ .pidfd = -1, .socket = -1 })

/*
 * Have systemd make the unit of PLAN. *RET_PLACED is the plan with the paths
 * that the cgroup really has: for cgroup_create(), which then finds it there.
 * ERROR_EXISTS if there is such a unit. A failure leaves none behind.
 */
int cgroup_start_unit(const struct plan_cgroup *plan, struct arena *arena,
                      struct cgroup_unit *ret_unit,
                      const struct plan_cgroup **ret_placed, struct error *err);
/* Whether the helper is installed. */
bool cgroup_has_systemd(void);
/* The unit has a process of its own now, or shall go. */
void cgroup_release_unit(struct cgroup_unit *unit);
/* Have systemd move PID there, as we may not: from another user's cgroup. */
int cgroup_attach_to_unit(const struct plan_cgroup *plan, pid_t pid,
                          struct error *err);
/* Have it stopped and forgotten. None there is fine. */
int cgroup_stop_unit(const struct plan_cgroup *plan, struct error *err);

/*
 * Make the directories, set the limits. A directory that is there already is
 * taken if it is empty and not frozen, and made[i] is 0: the state record
 * must remember that as plan_cgroup_dir.keep. (What systemd made is ours.) An optional plan without the
 * permission yields count 0. On failure all that was made is gone again.
 */
int cgroup_create(const struct plan_cgroup *plan, struct cgroup *ret_cgroup,
                  struct error *err);
/* Load and attach the device program, if the plan has one. */
int cgroup_apply_devices(const struct cgroup *cgroup, struct error *err);
/*
 * Move PID, the pid of a process as this one sees it, into the v1
 * directories and, if clone3 could not, LEAF_TOO, into the leaf. Each write
 * waits for an RCU grace period.
 */
int cgroup_join(const struct cgroup *cgroup, pid_t pid, bool leaf_too,
                struct error *err);
/*
 * Undo cgroup_create(): kill what is inside, remove what it made; close. One
 * that cannot go does not keep the others: the first failure is returned.
 */
int cgroup_undo(struct cgroup *cgroup, struct error *err);
void cgroup_close(struct cgroup *cgroup);

#define auto_cgroup cleanup_with(cgroup_close)

/*
 * The directories of a container that exists, to start one more process in.
 * SUB, which may be NULL, names a cgroup below its leaf in the v2 tree; it
 * cannot lead out.
 */
int cgroup_open(const struct plan_cgroup *plan, const char *sub,
                struct cgroup *ret_cgroup, struct error *err);
/*
 * The cgroup below the container's that PID is in, for when the leaf has
 * cgroups below it and therefore takes no processes.
 */
int cgroup_open_of_pid(const struct plan_cgroup *plan, pid_t pid, int *ret_fd,
                       struct error *err);

/* Stop, confirmed on return, or continue. A failed stop is undone. */
int cgroup_freeze(const struct plan_cgroup *plan, bool frozen,
                  struct error *err);
/* A cgroup that is gone is not frozen. */
int cgroup_is_frozen(const struct plan_cgroup *plan, bool *ret_frozen,
                     struct error *err);

/*
 * Send SIGNAL to every process, also in cgroups below. SIGKILL misses none,
 * be they forking or frozen; the others go to those that are there now. A
 * cgroup that is gone is empty.
 */
int cgroup_kill(const struct plan_cgroup *plan, int signal, struct error *err);
/* All processes, also in cgroups below; host pids, ascending. */
int cgroup_pids(const struct plan_cgroup *plan, struct arena *arena,
                int32_t **ret_pids, size_t *ret_count, struct error *err);

/*
 * Kill what is left, wait for its end, and remove the directories, except
 * those to keep, with all below. Removed already is fine.
 */
int cgroup_remove(const struct plan_cgroup *plan, struct error *err);

/*
 * Make UPDATE (of plan_cgroup_update(), whose dirs begin with EXISTING's)
 * true: all of it, or on failure what was before as far as the kernel takes
 * it back. New directories get the container's processes; the state record
 * must then be written anew from UPDATE's dirs.
 */
int cgroup_update(const struct plan_cgroup *existing,
                  const struct plan_cgroup *update, struct error *err);

/*
 * How many processes were killed because memory was used up. 0 where nobody
 * counts. Returns 0, or -errno when the count cannot be read.
 */
int cgroup_oom_count(const struct plan_cgroup *plan, uint64_t *ret_count);
/* The same, but a cgroup that is gone (cgroup_is_gone()) is a failure. */
int cgroup_oom_read(const struct plan_cgroup *plan, uint64_t *ret_count);
/*
 * The directory that it is read from, and all that is needed of PLAN for it:
 * v1's memory hierarchy if the container is in it, else the v2 leaf. Or NULL.
 */
const struct plan_cgroup_dir *cgroup_memory_dir(const struct plan_cgroup *plan);
/* v1 tells of a death before it counts it, and tells it once only. */
bool cgroup_counts_oom_late(const struct plan_cgroup *plan);
/*
 * A descriptor that becomes readable when that number may have changed; all
 * that can be read is to be read then. -1 where nobody counts.
 */
int cgroup_watch_oom(const struct plan_cgroup *plan, int *ret_fd,
                     struct error *err);
