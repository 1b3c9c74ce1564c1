/* SPDX-License-Identifier: Apache-2.0 */
/* What this host can do, as probe/ found it: an input of the plan. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* KERNEL_AT_LEAST(facts, 5, 12) */
#define KERNEL(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))
#define KERNEL_AT_LEAST(facts, major, minor) \
	((facts)->kernel >= KERNEL(major, minor))

enum facts_cgroup_mode {
	FACTS_CGROUP_NONE,   /* nothing is mounted */
	FACTS_CGROUP_V2,     /* one v2 tree at /sys/fs/cgroup */
	FACTS_CGROUP_HYBRID, /* v1 hierarchies with a v2 tree beside them */
	FACTS_CGROUP_V1,     /* v1 hierarchies only */
};

/* One v1 hierarchy: what it controls and where it is mounted. */
struct facts_cgroup_v1 {
	const char *controllers; /* "cpu,cpuacct" */
	const char *mount;
};

struct facts_cgroup {
	enum facts_cgroup_mode mode;
	const char *v2_mount;       /* NULL without a v2 tree */
	const char *v2_controllers; /* "cpu io memory"; NULL: not read */
	struct facts_cgroup_v1 *v1;
	size_t v1_count;
};

struct facts {
	uint32_t kernel; /* KERNEL(major, minor) */
	uint32_t uid;    /* effective */
	uint32_t gid;
	bool user_namespace; /* runf itself runs in one, not the first */
	unsigned int cpus;   /* that this process may use; 0: not known */
	int last_cap;        /* highest capability the kernel knows */
	uint64_t caps;       /* runf's own permitted ones */
	bool selinux;
	bool apparmor;
	struct facts_cgroup cgroup;
};
