/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes and propagation of a mount, by the new call or by the old one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/fd.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

#define NAME_SIZE 32

/* glibc does not name what Linux 5.10 brought. */
#ifndef MS_NOSYMFOLLOW
#	define MS_NOSYMFOLLOW 256
#endif
#define STATFS_NOSYMFOLLOW 0x2000

/* One bit in three numberings; the first four are the same in all. */
static const struct {
	uint64_t attribute;
	unsigned long flag;
	unsigned long found; /* by statfs(2) */
} bits[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY, ST_RDONLY },
	{ MOUNT_ATTR_NOSUID, MS_NOSUID, ST_NOSUID },
	{ MOUNT_ATTR_NODEV, MS_NODEV, ST_NODEV },
	{ MOUNT_ATTR_NOEXEC, MS_NOEXEC, ST_NOEXEC },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, ST_NODIRATIME },
	{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, STATFS_NOSYMFOLLOW },
};

/* When accesses are noted is a choice of three, not a bit. */
static unsigned long atime_flag(uint64_t set, uint64_t clear,
                                unsigned long found)
{
	if (clear & MOUNT_ATTR__ATIME || set & MOUNT_ATTR__ATIME) {
		if (set & MOUNT_ATTR_NOATIME)
			return MS_NOATIME;
		return set & MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME
		                                    : MS_RELATIME;
	}
	if (found & ST_NOATIME)
		return MS_NOATIME;
	return found & ST_RELATIME ? MS_RELATIME : MS_STRICTATIME;
}

/* What is there stays, unless it is to go: a remount sets all of them. */
static unsigned long remount_flags(uint64_t set, uint64_t clear,
                                   unsigned long found)
{
	unsigned long flags = MS_REMOUNT | MS_BIND;
	size_t i;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (set & bits[i].attribute ||
		    (found & bits[i].found && !(clear & bits[i].attribute)))
			flags |= bits[i].flag;
	}
	return flags | atime_flag(set, clear, found);
}

/*
 * By the name of the descriptor, in a procfs that is ours: nothing that
 * happens to paths meanwhile can lead to another mount. The kernel takes a
 * name, and no descriptor.
 */
static int set_by_name(struct rootfs *rootfs, int mount, unsigned int flags,
                       const struct attr *attr)
{
	unsigned long below = flags & AT_RECURSIVE ? MS_REC : 0;
	int procfs = rootfs_proc(rootfs, NULL);
	char name[NAME_SIZE];
	struct statfs found;
	int result = procfs < 0 ? procfs : sys_fchdir(procfs);

	snprintf(name, sizeof(name), "self/fd/%d", mount);
	if (result == 0 && (attr->set || attr->clear)) {
		result = below ? -ENOSYS : sys_fstatfs(mount, &found);
		if (result == 0)
			result = sys_mount(
				NULL, name, NULL,
				remount_flags(attr->set, attr->clear,
			                      (unsigned long)found.f_flags),
				NULL);
	}
	if (result == 0 && attr->propagation)
		result = sys_mount(NULL, name, NULL,
		                   (unsigned long)attr->propagation | below,
		                   NULL);
	return result < 0 ? result : sys_chdir("/");
}

int attr_set(struct rootfs *rootfs, int mount, unsigned int flags,
             const struct attr *attr)
{
	if (!attr->set && !attr->clear && !attr->propagation)
		return 0;
	if (rootfs->remount)
		return set_by_name(rootfs, mount, flags, attr);
	return sys_mount_setattr(mount, "", AT_EMPTY_PATH | flags, attr->set,
	                         attr->clear, attr->propagation, -1);
}

int attr_attach(struct rootfs *rootfs, int tree, int target,
                const struct attr *attr)
{
	int result = rootfs->remount ? 0 : attr_set(rootfs, tree, 0, attr);

	if (result == 0)
		result = mount_attach(tree, target);
	if (result == 0 && rootfs->remount)
		result = attr_set(rootfs, tree, 0, attr);
	return result;
}
