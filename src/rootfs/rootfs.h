/* SPDX-License-Identifier: Apache-2.0 */
/* The container's file tree: sources on the host, then mounts by descriptor. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "plan/plan.h"

/* One of plan->sources, opened; fd -1 is left for init to open. */
struct rootfs_source {
	int fd;
	uint32_t type; /* TREE and DEVICE: S_IFDIR, S_IFREG, ... */
};

/*
 * By the parent: SOURCE, its path resolved exactly once. A tree or a device
 * becomes a detached mount that no mount table sees. A parent without the
 * power to make one (EPERM) gets fd -1: init, which has it in its own mount
 * namespace, then opens the same path from there.
 */
int rootfs_open_source(const struct plan_source *source,
                       struct rootfs_source *ret_source, struct error *err);

/*
 * Init's side of it, from its first step to the program. Nothing here
 * allocates. The members are for rootfs/ alone; use the functions.
 */
struct rootfs {
	int root;  /* of the container */
	int proc;  /* a procfs that nothing of the container can replace */
	int null;  /* its /dev/null, verified: hides files */
	int empty; /* a read-only tmpfs: hides directories */
	bool own_mounts;   /* mounts are nobody else's */
	bool remount;      /* attributes by mount(2), see the plan */
	const char *label; /* SELinux's for what runf mounts, or NULL */
	const char *label_key;
	/* The directory in which something was made last. */
	int parent;
	char parent_path[64];
	const struct plan_source *planned;
	const struct rootfs_source *sources;
	size_t sources_count;
};

/* Empty. SOURCES are those of PLAN, and both are borrowed. */
void rootfs_begin(struct rootfs *rootfs, const struct plan *plan,
                  const struct rootfs_source *sources);
/* Closes everything but what is mounted. */
void rootfs_end(struct rootfs *rootfs);

/*
 * One step: CUT, ROOT, ROOT_MOUNT, HOST_ROOT, MOUNT, DEVICE, LINK, PIVOT,
 * MOVE_ROOT, CHROOT, PROPAGATION, READONLY_ROOT, MASK or READONLY. The others
 * belong to other rooms and are an internal error here. The umask is 022 from
 * the root on.
 */
int rootfs_apply(struct rootfs *rootfs, const struct plan_step *step,
                 struct error *err);

/*
 * By the parent, where the host has to see the root: PLAN, a host_root, with
 * all its sources. What is mounted on PATH before, if anything, is known by
 * its number (Linux 5.8), so that nothing else is ever unmounted; nothing left
 * of ours is fine, as is a path that is gone.
 */
int rootfs_number_of(const char *path, uint64_t *ret_number, struct error *err);
int rootfs_mount_on_host(const struct plan *plan, struct error *err);
int rootfs_unmount_on_host(const char *path, uint64_t number,
                           struct error *err);

/*
 * By the parent, for CRIU, which mounts but makes no place for it: what of
 * PLAN's mounts stands on the root itself has one afterwards.
 */
int rootfs_make_places(const struct plan *plan, struct error *err);

/*
 * By the parent: the instance of a MOUNT that it makes beside init, attached
 * nowhere, and a DEVICE or LINK in it.
 */
int rootfs_make_beside(const struct plan_mount *mount, int *ret_fd,
                       struct error *err);
int rootfs_fill_beside(int fd, const struct plan_step *step, struct error *err);
/* By init: attach that instance as the step says. FD stays the caller's. */
int rootfs_place_beside(struct rootfs *rootfs, const struct plan_mount *mount,
                        int fd, struct error *err);

/*
 * A procfs of this pid namespace that is known to be one: the container's
 * own as it was when it was mounted, or one that is mounted nowhere. Returns
 * a descriptor (O_PATH) that stays rootfs's. Write below it with
 * RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS: what was mounted
 * over its entries is refused then.
 */
int rootfs_proc(struct rootfs *rootfs, struct error *err);

/*
 * PATH of the container as a descriptor (O_PATH), never outside of its root.
 * What is missing is made: directories, and for KIND S_IFREG an empty file
 * at the end. With NO_FOLLOW no component may be a link; without it links
 * are followed as if the root were "/", but not into a procfs.
 */
int rootfs_open_target(struct rootfs *rootfs, const char *path, mode_t kind,
                       bool no_follow, int *ret_fd, struct error *err);

/*
 * Attach the container's end of its terminal, which is verified to be a
 * pseudoterminal, to /dev/console. Nothing is done where mounts would be
 * somebody else's.
 */
int rootfs_bind_console(struct rootfs *rootfs, int terminal, struct error *err);

/*
 * By a process that has joined a running container's mount namespace: the
 * steps of a plan_hot_mounts(), all or none. SOURCES of new file systems are
 * opened here. OWN_FDS is /proc/self/fd of the host, opened before the
 * namespace was joined: nothing else leads to a mount that is a file.
 */
int rootfs_add_mounts(const struct plan *plan, struct rootfs_source *sources,
                      int own_fds, struct error *err);

/*
 * Likewise: what is mounted on top at each of PATHS goes, if at each of them
 * something is. The last one first. FDS is room for COUNT of them.
 */
int rootfs_remove_mounts(const char *const *paths, int *fds, size_t count,
                         int own_fds, struct error *err);
