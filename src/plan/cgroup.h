/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that decide a container's cgroups. */
#pragma once

#include "plan/decide.h"

/* What one controller shall be told, for one version of cgroups. */
struct limits {
	struct arena *arena;
	const struct oci_resources *resources;
	struct planner *planner; /* for warnings; NULL in an update */
	bool update;             /* of a living container, not a new one */
	struct plan_cgroup_write *writes;
	size_t count;
};

/*
 * FILE shall hold VALUE because of WHAT. MOOT is what a new cgroup has
 * anyway: no controller is asked for to set it.
 */
struct plan_cgroup_write *limits_add(struct limits *limits, const char *file,
                                     const char *value, const char *what,
                                     bool moot);
/* NUMBER as text; what is negative has no limit and is NONE ("max", "-1"). */
const char *limits_number(struct limits *limits, int64_t number,
                          const char *none);
const char *limits_unsigned(struct limits *limits, uint64_t number);
void limits_warn(struct limits *limits, const char *text);

/* swap - limit, or < 0 for no limit; see the table at its definition. */
struct memory_swap {
	bool set;
	int64_t bytes;
};

/* What memory.swap means beside memory.limit; the error is the config's. */
int memory_swap_decide(const struct limits *limits, struct memory_swap *ret,
                       struct error *err);
/* kernel, kernelTCP and useHierarchy: nobody has them any more. */
void memory_warn_obsolete(struct limits *limits);
/* memory.checkBeforeUpdate for the last write, if it was asked for. */
void memory_check_usage(struct limits *limits, const char *file,
                        int64_t ceiling);

/* 1 to 10000 for cpu.weight from 2 to 262144 for cpu.shares. */
uint64_t cpu_weight_of_shares(uint64_t shares);

/*
 * cgroup_v2.c and cgroup_v1.c, cgroup_io.c and cgroup_rare.c: one function
 * for each controller.
 */
typedef int limits_fn(struct limits *limits, struct error *err);
limits_fn cgroup_v2_memory, cgroup_v2_cpu, cgroup_v2_cpuset, cgroup_v2_pids;
limits_fn cgroup_v1_memory, cgroup_v1_cpu, cgroup_v1_cpuset, cgroup_v1_pids;
limits_fn cgroup_v2_io, cgroup_v2_hugetlb, cgroup_v2_net_cls,
	cgroup_v2_net_prio;
limits_fn cgroup_v1_io, cgroup_v1_hugetlb, cgroup_v1_net_cls,
	cgroup_v1_net_prio;
limits_fn cgroup_rdma;

/* A plan_cgroup under construction. */
struct cgroup_planner {
	struct arena *arena;
	const struct facts *facts;
	const struct oci_resources *resources;
	struct planner *planner; /* NULL in an update */
	struct plan_cgroup *cgroup;
};

#define CGROUP_NO_DIR SIZE_MAX

/* The index of the v2 leaf in DIRS, or CGROUP_NO_DIR. */
size_t cgroup_v2_dir(const struct plan_cgroup *cgroup);
/* The leaf in the v1 hierarchy of CONTROLLER, added if need be. */
size_t cgroup_add_v1_dir(struct cgroup_planner *cp, const char *controller);
/* True if WORD is one of LIST's, which commas or spaces part. */
bool cgroup_list_has(const char *list, const char *word);
/* The v1 hierarchy that holds CONTROLLER (by its v2 name), or NULL. */
const struct facts_cgroup_v1 *cgroup_find_v1(const struct facts_cgroup *facts,
                                             const char *controller);
/* True if the v2 tree has CONTROLLER, or nobody asked it yet. */
bool cgroup_has_v2(const struct facts_cgroup *facts, const char *controller);
void cgroup_add_write(struct cgroup_planner *cp, size_t dir,
                      const struct plan_cgroup_write *write);
void cgroup_add_enabled(struct cgroup_planner *cp, const char *controller);

/* cgroup_path.c: where cgroupsPath leads: clean, absolute, never the root. */
int cgroup_decide_path(struct arena *arena, const char *cgroups_path,
                       const char *id, const char **ret_path,
                       struct error *err);
/* cgroup_unified.c */
int cgroup_decide_unified(struct cgroup_planner *cp, struct error *err);
bool cgroup_unified_has(const struct oci_resources *resources,
                        const char *file);
/* cgroup_devices.c */
int cgroup_decide_devices(struct cgroup_planner *cp, struct error *err);
/*
 * cgroup_unit.c: the unit's name, and where systemd will have its cgroup,
 * from slice:prefix:name; then its properties, which say again what the
 * writes say, and may change these so that both agree.
 */
int cgroup_decide_unit(struct planner *p, const char **ret_path,
                       struct error *err);
int cgroup_decide_properties(struct planner *p, struct error *err);
void cgroup_update_properties(struct arena *arena, struct plan_cgroup *update);
/* cgroup_owner.c */
void cgroup_decide_owner(struct planner *p);
