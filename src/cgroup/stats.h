/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses, from whichever hierarchies count it. */
#pragma once

#include <runf/stats.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "plan/plan.h"

/*
 * Files that are missing count nothing; a cgroup that is gone altogether is
 * ERROR_STATE. All that RET_STATS points to is in ARENA; its `size` and
 * `owned` stay 0.
 */
int cgroup_read_stats(const struct plan_cgroup *plan, struct arena *arena,
                      struct runf_stats *ret_stats, struct error *err);

/*
 * A cgroup held open, as runf.h promises it: nothing here looks anything up,
 * allocates or forks, but to hold it.
 */
struct runf_cgroup;
int cgroup_hold(const struct plan_cgroup *plan, struct runf_cgroup **ret_held,
                struct error *err);
/* NULL is fine. */
void cgroup_release(struct runf_cgroup *held);
int cgroup_held_freeze(const struct runf_cgroup *held, bool frozen);
int cgroup_held_kill(const struct runf_cgroup *held);
void cgroup_held_reset_peak(struct runf_cgroup *held);
void cgroup_held_read(const struct runf_cgroup *held, struct runf_counts *ret);
