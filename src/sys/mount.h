/* SPDX-License-Identifier: Apache-2.0 */
/* The new mount API (Linux 5.2; mount_setattr 5.12) and what is left of the old. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>

/*
 * With glibc 2.36 linux/mount.h and sys/mount.h cannot both be included; older
 * ones and musl know nothing of the new API.
 */
#ifndef OPEN_TREE_CLONE
#	include <linux/mount.h>
#endif
#ifndef MOUNT_ATTR_IDMAP
#	define MOUNT_ATTR_IDMAP 0x00100000
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#	define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* Returns a detached mount's descriptor (with OPEN_TREE_CLONE). */
int sys_open_tree(int dir, const char *path, unsigned int flags);
/* Attach; FLAGS are MOVE_MOUNT_*; empty paths by MOVE_MOUNT_*_EMPTY_PATH. */
int sys_move_mount(int from_dir, const char *from, int to_dir, const char *to,
                   unsigned int flags);
int sys_fsopen(const char *type);
/* fsconfig(FSCONFIG_SET_STRING), or SET_FLAG when VALUE is NULL. */
int sys_fsconfig_set(int fs, const char *key, const char *value);
/* FSCONFIG_CMD_CREATE. */
int sys_fsconfig_create(int fs);
/* The newest message the kernel left in the context, "" if none. */
void sys_fs_message(int fs, char *buffer, size_t size);
int sys_fsmount(int fs, unsigned int attributes);
/* FLAGS: AT_EMPTY_PATH, AT_RECURSIVE. */
int sys_mount_setattr(int dir, const char *path, unsigned int flags,
                      uint64_t set, uint64_t clear, uint64_t propagation,
                      int userns);
int sys_mount(const char *source, const char *target, const char *type,
              unsigned long flags, const char *data);
int sys_umount2(const char *target, int flags);
/* 1 if FD (O_PATH will do) is the root of a mount, else 0 (Linux 5.8). */
int sys_is_mount_root(int fd);
/* The number of the mount that FD is in (Linux 5.8). */
int sys_mount_id(int fd, uint64_t *ret_id);
int sys_pivot_root(const char *new_root, const char *put_old);
