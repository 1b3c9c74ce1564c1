/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that the container may not see, or not write. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"

#define NULL_MAJOR 1
#define NULL_MINOR 3

static bool is_missing(int result)
{
	return result == -ENOENT || result == -ENOTDIR;
}

/*
 * The container's own /dev/null: a clone of another's could not be attached
 * any more. The image may have put anything there, so it is looked at, once,
 * and used by its descriptor.
 */
static int open_null(struct rootfs *rootfs, struct error *err)
{
	auto_close int fd = -1;
	struct stat found;
	int result;

	if (rootfs->null >= 0)
		return rootfs->null;
	fd = sys_openat2(rootfs->root, "/dev/null", O_PATH | O_NOFOLLOW, 0,
	                 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	result = fd < 0 ? fd : sys_fstat(fd, &found);
	if (result < 0)
		return error_system(err, result, "open /dev/null");
	if (!S_ISCHR(found.st_mode) ||
	    found.st_rdev != makedev(NULL_MAJOR, NULL_MINOR))
		return error_set(err, ERROR_SYSTEM, -ENODEV,
		                 "/dev/null is not the null device");
	rootfs->null = take_fd(&fd);
	return rootfs->null;
}

static int make_empty(const struct rootfs *rootfs, struct error *err)
{
	auto_close int fs = sys_fsopen("tmpfs");
	int result = fs < 0 ? fs : sys_fsconfig_set(fs, "mode", "0555");

	if (result == 0 && rootfs->label)
		result = sys_fsconfig_set(fs, rootfs->label_key, rootfs->label);
	if (result == 0)
		result = sys_fsconfig_create(fs);
	if (result == 0)
		result = sys_fsmount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
		                                 MOUNT_ATTR_NODEV |
		                                 MOUNT_ATTR_NOEXEC);
	if (result < 0)
		return error_system(err, result, "make an empty tmpfs");
	return result;
}

/* A detached mount that hides a file or a directory. */
static int make_cover(struct rootfs *rootfs, mode_t mode, struct error *err)
{
	int original = rootfs->empty;
	int tree;

	if (S_ISDIR(mode) && original < 0)
		return make_empty(rootfs, err);
	if (!S_ISDIR(mode))
		original = open_null(rootfs, err);
	if (original < 0)
		return original;
	tree = mount_clone(original, 0);
	if (tree < 0)
		return error_system(err, tree, "clone what hides it");
	return tree;
}

/*
 * One empty directory hides all: an instance costs more than a clone. The
 * first one is attached itself, as only what is attached can be cloned
 * (before Linux 6.15).
 */
int mask_hide(struct rootfs *rootfs, const char *path, struct error *err)
{
	auto_close int place = target_open_existing(rootfs, path, false);
	auto_close int tree = -1;
	struct stat found;
	int result;

	if (is_missing(place))
		return 0;
	result = place < 0 ? place : sys_fstat(place, &found);
	if (result < 0)
		return error_system(err, result, "open %s to mask it", path);
	tree = make_cover(rootfs, found.st_mode, err);
	if (tree < 0)
		return error_wrap(err, "mask %s", path);
	result = mount_attach(tree, place);
	if (result < 0)
		return error_system(err, result, "mask %s", path);
	target_forget(rootfs, path);
	if (S_ISDIR(found.st_mode) && rootfs->empty < 0)
		rootfs->empty = take_fd(&tree);
	return 0;
}

/* What is mounted below stays visible, with the attributes that it has. */
int mask_make_readonly(struct rootfs *rootfs, const char *path,
                       struct error *err)
{
	static const struct attr readonly = { MOUNT_ATTR_RDONLY, 0, 0 };
	auto_close int place = target_open_existing(rootfs, path, false);
	auto_close int tree = -1;
	int result;

	if (is_missing(place))
		return 0;
	tree = place < 0 ? place : mount_clone(place, AT_RECURSIVE);
	result = tree < 0 ? tree : attr_attach(rootfs, tree, place, &readonly);
	if (result < 0)
		return error_system(err, result, "make %s read-only", path);
	target_forget(rootfs, path);
	return 0;
}
