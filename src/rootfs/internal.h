/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of rootfs/ only. */
#pragma once

#include "rootfs/rootfs.h"

/* What is made on the way to a mount's target shall not depend on a caller. */
#define SETUP_UMASK 022

/* ---- target.c: places in the container */

struct target {
	int fd;    /* O_PATH */
	bool made; /* it was not there before */
};

int target_open(struct rootfs *rootfs, const char *path, mode_t kind,
                bool no_follow, struct target *ret_target, struct error *err);
/* The same, but a link at the end of PATH is the target itself. */
int target_open_link(struct rootfs *rootfs, const char *path, mode_t kind,
                     struct target *ret_target, struct error *err);
/*
 * The directory that holds PATH, made if it is missing, and PATH's last
 * component. Returns a descriptor that stays rootfs's until the next call.
 */
int target_open_parent(struct rootfs *rootfs, const char *path,
                       const char **ret_name, struct error *err);
/* PATH as it is; nothing is made and no error described. */
int target_open_existing(struct rootfs *rootfs, const char *path,
                         bool no_follow);
/* Something was mounted at PATH: forget what lies at or below it. */
void target_forget(struct rootfs *rootfs, const char *path);

/* ---- source.c */

/* sources[INDEX], from the parent or opened here. */
int source_get(struct rootfs *rootfs, size_t index,
               struct rootfs_source *ret_source, int *ret_own,
               struct error *err);

/* A user namespace with the maps of SOURCE, which nobody is in any more. */
int source_make_userns(const struct plan_source *source);
/* Each of PLAN's that is not open yet. */
int source_open_all(const struct plan *plan, struct rootfs_source *sources,
                    struct error *err);

/* ---- detached.c */

/*
 * An instance that only mount(2) can make, or whose layers are to be mapped as
 * USERNS (else -1): detached, with no mount anywhere that others could see.
 */
int detached_make(const struct plan_mount *m, int userns, int *ret_tree,
                  struct error *err);

/* ---- loop.c */

#define LOOP_PATH_SIZE 32

/*
 * PATH as a block device: an open one, whose name is RET_NAME. It goes by
 * itself when it is closed and nothing is mounted from it.
 */
int loop_attach(const char *path, bool readonly, char *ret_name,
                struct error *err);

/* ---- mount.c */

/* A new instance as M says, detached; TARGET is for what depends on it. */
int mount_make(const struct plan_mount *m, const struct target *target,
               int *ret_tree, struct error *err);
/* Attach the detached mount TREE to what TARGET is. */
int mount_attach(int tree, int target);
/* A detached clone of what FD is; FLAGS: AT_RECURSIVE. */
int mount_clone(int fd, unsigned int flags);

/* ---- attr.c */

/* MOUNT_ATTR_* to set and to clear, one of MS_SHARED and so on, or 0. */
struct attr {
	uint64_t set;
	uint64_t clear;
	uint64_t propagation;
};

/*
 * FLAGS: AT_RECURSIVE. Without mount_setattr(2) (Linux 5.12), which the plan
 * knows, MOUNT has to be attached, the working directory becomes "/", and no
 * attributes can be set recursively (ENOSYS).
 */
int attr_set(struct rootfs *rootfs, int mount, unsigned int flags,
             const struct attr *attr);
/* Set, then attach the detached mount TREE to what TARGET is. */
int attr_attach(struct rootfs *rootfs, int tree, int target,
                const struct attr *attr);

/* ---- the steps, each in the file of its name */

int root_cut(uint64_t flags, struct error *err);
int root_attach(struct rootfs *rootfs, const char *path, struct error *err);
/* By the mount M, at its `origin`. */
int mount_root(struct rootfs *rootfs, const struct plan_mount *m,
               struct error *err);
int root_use_host(struct rootfs *rootfs, const char *path, struct error *err);
int root_pivot(struct rootfs *rootfs, struct error *err);
int root_move(struct rootfs *rootfs, struct error *err);
int root_chroot(struct rootfs *rootfs, struct error *err);
int root_propagate(struct rootfs *rootfs, uint64_t flags, struct error *err);
int root_make_readonly(struct rootfs *rootfs, const char *directory,
                       struct error *err);

int mount_apply(struct rootfs *rootfs, const struct plan_mount *mount,
                struct error *err);
/* By the parent, too: the node NAME in DIR, unless it stands there already. */
int node_make_at(int dir, const char *name, const struct plan_device *d);
int node_make(struct rootfs *rootfs, const struct plan_device *device,
              struct error *err);
int node_link(struct rootfs *rootfs, const struct plan_link *link,
              struct error *err);
int mask_hide(struct rootfs *rootfs, const char *path, struct error *err);
int mask_make_readonly(struct rootfs *rootfs, const char *path,
                       struct error *err);

/* copy_up.c: the content of FROM into TO, both directories. */
int copy_up(int from, int to, struct error *err);
