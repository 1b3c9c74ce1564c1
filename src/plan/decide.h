/* SPDX-License-Identifier: Apache-2.0 */
/* The pure functions that make a plan. They touch nothing but the arena. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "oci/spec.h"
#include "plan/facts.h"
#include "plan/plan.h"

struct json_writer;
struct mount_request;

/* What the caller asked for beside config.json. Strings may be NULL. */
struct plan_options {
	const char *id;
	const char *bundle; /* absolute */
	bool no_pivot;
	bool no_new_keyring;
	uint32_t preserve_fds;
	uint32_t listen_fds;
	uint32_t listen_missing;  /* the last of them, which nobody passed */
	const char *listen_names; /* LISTEN_FDNAMES; only with listen_fds */
	/* A directory that shows the container a NOTIFY_SOCKET. */
	const char *notify_dir;
	/* Where a device node can be made, less its number. */
	const char *node;
	bool cgroup_disabled; /* --cgroup-manager=disabled */
	bool systemd_cgroup;  /* --systemd-cgroup */
	/* Mounts in place of root.path's content, and whether CRIU does it. */
	const struct oci_mount *rootfs;
	size_t rootfs_count;
	bool rootfs_on_host;
	bool keep_groups; /* exec: PLAN_KEEP_GROUPS stands in config.json */
};

/* The whole plan of a create. */
int plan_create(struct arena *arena, const struct oci_spec *spec,
                const struct facts *facts, const struct plan_options *options,
                const struct plan **ret_plan, struct error *err);

/* For struct plan's `remount`. */
bool plan_remounts(const struct facts *facts);

/*
 * Mounts for a container of SPEC that runs already: MORE is a spec of which
 * only those are used. *RET_PLAN has sources and steps of PLAN_MOUNT_BIND
 * alone; a new file system is a source as well, made inside if it has no id
 * maps. Steps and sources are in the same order.
 */
int plan_hot_mounts(struct arena *arena, const struct oci_spec *spec,
                    const struct oci_spec *more, const struct facts *facts,
                    const char *bundle, const struct plan **ret_plan,
                    struct error *err);

/* The plan as JSON, for `runf plan` and golden tests. */
void plan_write(struct json_writer *w, const struct plan *plan);

/*
 * The parts. Each is called once by plan_create(), in this order; the ones
 * for exec and update are called alone too. What a part appends goes into
 * the plan under construction.
 */
struct planner {
	struct arena *arena;
	const struct oci_spec *spec;
	const struct facts *facts;
	const struct plan_options *options;
	struct plan *plan;            /* under construction */
	struct mount_request *mounts; /* of the spec, once mounts.c read them */
	bool hot;    /* the container runs already: plan_hot_mounts() */
	bool handed; /* mounts are the caller's: made by the parent */
};

size_t planner_add_source(struct planner *p, const struct plan_source *source);
struct plan_step *planner_add_step(struct planner *p, enum plan_step_kind kind);
void planner_warn(struct planner *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* namespaces.c, idmap.c: plan->ns, namespace sources. */
int plan_namespaces(struct planner *p, struct error *err);
/* netdev.c: plan->net */
int plan_net(struct planner *p, struct error *err);
int plan_idmap(struct planner *p, struct error *err);
/* "0 100000 65536\n": MAP as the kernel reads it. */
const char *plan_idmap_text(struct arena *arena,
                            const struct oci_id_mappings *map);
/* ID of the container as the host knows it; false if it is not mapped. */
bool plan_map_id(const struct oci_id_mappings *maps, uint32_t id,
                 uint32_t *ret_id);
/* rootfs.c: all of plan->steps, with mounts.c, devices.c. */
int plan_rootfs(struct planner *p, struct error *err);
int plan_mounts(struct planner *p, struct error *err);
int plan_devices(struct planner *p, struct error *err);

/* The annotation that lets the process keep runf's supplementary groups. */
#define PLAN_KEEP_GROUPS "run.oci.keep_original_groups"
bool plan_keeps_groups(const struct oci_spec *spec);

/* Where the container finds its NOTIFY_SOCKET. */
#define PLAN_NOTIFY_DIR  "/run/notify"
#define PLAN_NOTIFY_NAME "notify.sock"

/* process.c: from config.json's process or exec's process.json. */
int plan_process(struct arena *arena, const struct oci_process *from,
                 const struct facts *facts, const struct plan_options *options,
                 struct plan_process **ret_process, struct error *err);
/* The power to load the filter, if it has to be held. */
void plan_hold_caps(struct plan_process *process,
                    const struct plan_seccomp *seccomp);

/* Beside it: what `linux` (may be NULL) says about the process. */
void plan_process_linux(struct arena *arena, const struct oci_linux *from,
                        struct plan_process *process);
/* And for exec only: its CPUs. */
void plan_process_cpus(struct arena *arena, const struct oci_process *from,
                       struct plan_process *process);

/*
 * cgroup.c, cgroup_v2.c, cgroup_v1.c, cgroup_path.c, cgroup_unit.c,
 * device_bpf.c: directories, writes, systemd's unit and the device program. plan_cgroup_update() makes
 * the writes of `update` for directories that exist.
 */
int plan_cgroup(struct planner *p, struct error *err);
int plan_cgroup_update(struct arena *arena, const struct facts *facts,
                       const struct plan_cgroup *existing,
                       const struct oci_resources *resources,
                       struct plan_cgroup *ret_update, struct error *err);

/* rdt.c: plan->rdt. */
int plan_rdt(struct planner *p, struct error *err);
/* The lines of `update`, for the class that a container is in. */
int plan_rdt_update(struct arena *arena, const struct oci_intel_rdt *wanted,
                    const struct plan_rdt *existing,
                    struct plan_rdt *ret_update, struct error *err);

/*
 * seccomp.c: of a profile alone, and of what a config.json says, where an
 * annotation may name the listener's socket too.
 */
int plan_seccomp(struct arena *arena, const struct oci_seccomp *profile,
                 bool no_new_privs, struct plan_seccomp *ret_seccomp,
                 struct error *err);
int plan_spec_seccomp(struct arena *arena, const struct oci_spec *spec,
                      bool no_new_privs, struct plan_seccomp *ret_seccomp,
                      struct error *err);

/* hooks.c */
int plan_hooks(struct planner *p, struct error *err);

/* mount_options.c: every option word, for features. NULL-terminated. */
extern const char *const plan_mount_option_names[];
