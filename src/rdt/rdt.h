/* SPDX-License-Identifier: Apache-2.0 */
/* Caches and memory bandwidth: classes of resctrl (Intel RDT and its kin). */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "plan/plan.h"

/*
 * All of this runs on the host, in the parent. A class is a directory of the
 * resctrl file system with what it may use in `schemata`; a monitoring group
 * counts what its processes use of it. Nothing is done where plan->root is
 * NULL. The plan of a later verb needs root, group, monitor, shared and made only.
 */

/*
 * Make the class, or find it as it is wanted, and the monitoring group.
 * *RET_MADE: the class was not there before. On failure nothing is.
 */
int rdt_create(const struct plan_rdt *plan, bool *ret_made, struct error *err);

/*
 * Change what the class may use, for everybody in it. *RET_BEFORE, in ARENA,
 * changes it back, which a failure has done already.
 */
int rdt_update(const struct plan_rdt *plan, struct arena *arena,
               struct plan_rdt *ret_before, struct error *err);

/* Put PID, as this process sees it, into the class and its group. */
int rdt_join(const struct plan_rdt *plan, pid_t pid, struct error *err);

/*
 * Remove what was made; a shared class that has processes stays, for them.
 * What is gone already is no error.
 */
int rdt_remove(const struct plan_rdt *plan, struct error *err);
