/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that decide the file tree: mounts, devices, rootfs. */
#pragma once

#include "plan/decide.h"
#include "plan/mount_options.h"

/* One element of `mounts`, understood. */
struct mount_request {
	const struct oci_mount *mount;
	const char *destination; /* clean */
	struct mount_options options;
	bool late;   /* made after the devices */
	bool filled; /* read-only once what lies on it is mounted */
};

struct mount_request mount_read(struct planner *p,
                                const struct oci_mount *mount);
/* The steps and sources of R. */
int mount_plan(struct planner *p, const struct mount_request *r,
               struct error *err);

/* A new step; its mount has destination and attributes of the request. */
struct plan_mount *mount_add(struct planner *p, enum plan_mount_kind kind,
                             const struct mount_request *r);
/* VALUE may be NULL: a flag. */
void mount_add_option(struct planner *p, struct plan_mount *mount,
                      const char *key, const char *value);
/* A new instance of TYPE at DESTINATION with the attributes SET. */
struct plan_mount *mount_add_fs(struct planner *p, const char *type,
                                const char *destination, uint64_t set);
/* Change the attributes of what stands at DESTINATION by then. */
void mount_add_attr(struct planner *p, const char *destination, uint64_t set);

/* mount_data.c: fsconfig(2) takes no longer value than this. */
#define MOUNT_VALUE_MAX 255
/* How a new instance with values that are longer is made. */
int mount_choose_call(struct planner *p, struct plan_mount *mount,
                      struct error *err);
/*
 * The same for what is made as a source; with MAP_LAYERS so that what an
 * overlay lies on can be idmapped.
 */
int mount_choose_detached(struct planner *p, struct plan_mount *mount,
                          bool map_layers, struct error *err);
/* plan->mount_label and its key. */
int plan_mount_label(struct planner *p, struct error *err);

/* What plan_mounts() left out because it waits for cgroup or network. */
int plan_late_mounts(struct planner *p, struct error *err);
/* True if one of these comes to lie over, on or below PATH. */
bool mounts_change_late(struct planner *p, const char *path);

/* The steps and sources of one more mount, which is not the spec's. */
int mounts_add(struct planner *p, const struct oci_mount *mount,
               struct error *err);

/*
 * root_mounts.c: those that the caller handed over, as steps or for the host.
 * CUT is how the container's mounts are cut off from the host's.
 */
int plan_root_mounts(struct planner *p, uint64_t cut, struct error *err);

/* beside.c: mark the steps that the parent does; all of them are there. */
void plan_beside(struct planner *p);

/* True if the container's /dev is one of the host's. */
bool mounts_bind_dev(struct planner *p);
/* True if the container's own /dev shall be read-only in the end. */
bool mounts_readonly_dev(struct planner *p);

/* cgroup_mount.c: type cgroup or cgroup2, not a bind. */
bool mount_is_cgroup(const struct mount_request *r);
/* True if that is a file system of its own, with one of v1 in each folder. */
bool mount_is_hierarchies(const struct planner *p,
                          const struct mount_request *r);
void plan_cgroup_mount(struct planner *p, const struct mount_request *r);
/* True if init is moved into v1 cgroups, which takes the parent a while. */
bool plan_cgroup_is_late(const struct planner *p);
/*
 * Once, and only if it is needed: wait until init has been moved, then make
 * the cgroup namespace, which is rooted at where its maker is.
 */
void plan_enter_cgroup(struct planner *p);

/* True if init has no power over what belongs to the first user namespace. */
bool plan_in_user_namespace(const struct planner *p);
