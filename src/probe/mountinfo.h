/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup mounts among the lines of /proc/self/mountinfo. */
#pragma once

#include "base/arena.h"
#include "plan/facts.h"

/*
 * Add what LINE tells, a line without its end, which is cut up on the way:
 * a v1 hierarchy with its controllers, the v2 tree, or nothing. The first
 * mount of each counts; but one below /sys/fs/cgroup wins over another.
 */
void probe_mountinfo_line(struct arena *arena, char *line,
                          struct facts_cgroup *cgroup);
