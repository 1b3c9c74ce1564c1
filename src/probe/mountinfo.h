/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of /proc/PID/mountinfo, above all the cgroup mounts among them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "plan/facts.h"

/*
 * Add what LINE tells, a line without its end, which is cut up on the way:
 * a v1 hierarchy with its controllers, the v2 tree, or nothing. The first
 * mount of each counts; but one below /sys/fs/cgroup wins over another.
 */
void probe_mountinfo_line(struct arena *arena, char *line,
                          struct facts_cgroup *cgroup);

struct probe_mount {
	uint32_t id;
	const char *point; /* in LINE */
};

/* The same of any mount; false if it is none. */
bool probe_mount_line(char *line, struct probe_mount *ret_mount);
