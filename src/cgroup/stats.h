/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses, from whichever hierarchies count it. */
#pragma once

#include <runf/stats.h>

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
