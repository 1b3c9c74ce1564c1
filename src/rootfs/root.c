/* SPDX-License-Identifier: Apache-2.0 */
/* The root of the container: attach it, enter it, leave the host's. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "base/fd.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

int root_cut(uint64_t flags, struct error *err)
{
	int result = sys_mount(NULL, "/", NULL, flags, NULL);

	if (result < 0)
		return error_system(err, result,
		                    "cut the mounts off from the host's");
	return 0;
}

/*
 * Where PATH is, so that hooks that run before the pivot find the container
 * there. It has to be a mount to become the root.
 */
int root_attach(struct rootfs *rootfs, const char *path, struct error *err)
{
	auto_close int place =
		sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	auto_close int tree = -1;
	int result;

	if (place < 0)
		return error_system(err, place, "open rootfs %s", path);
	tree = mount_clone(place, AT_RECURSIVE);
	if (tree < 0)
		return error_system(err, tree, "clone rootfs %s", path);
	result = mount_attach(tree, place);
	if (result < 0)
		return error_system(err, result, "mount rootfs %s", path);
	sys_umask(SETUP_UMASK);
	rootfs->root = take_fd(&tree);
	rootfs->own_mounts = true;
	return 0;
}

int root_use_host(struct rootfs *rootfs, const char *path, struct error *err)
{
	int root = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);

	if (root < 0)
		return error_system(err, root, "open rootfs %s", path);
	sys_umask(SETUP_UMASK);
	rootfs->root = root;
	return 0;
}

/*
 * The old root comes to lie on the new one, both at "/", and "." is the new
 * one still: what umount2() finds there is the old one on top (see
 * pivot_root(2)). No directory for it is needed.
 */
int root_pivot(struct rootfs *rootfs, struct error *err)
{
	int result = sys_fchdir(rootfs->root);

	if (result < 0)
		return error_system(err, result, "enter the new root");
	result = sys_pivot_root(".", ".");
	if (result < 0)
		return error_system(err, result, "pivot_root");
	result = sys_umount2(".", MNT_DETACH);
	if (result < 0)
		return error_system(err, result, "unmount the old root");
	result = sys_chdir("/");
	if (result < 0)
		return error_system(err, result, "enter the new root");
	return 0;
}

/*
 * Without a pivot the host's mounts stay below the root. A full /proc or
 * /sys of the host among them would let a user namespace inside mount an
 * unmasked one, so they go, or, where they are locked, are covered.
 */
static int hide_host_mount(const char *path, struct error *err)
{
	int result;

	do
		result = sys_umount2(path, MNT_DETACH);
	while (result == 0);
	if (result == -ENOENT)
		return 0;
	if (result == -EINVAL || result == -EPERM)
		result = sys_mount("tmpfs", path, "tmpfs",
		                   MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		                   "mode=0555");
	if (result < 0)
		return error_system(err, result, "hide the host's %s", path);
	return 0;
}

int root_move(struct rootfs *rootfs, struct error *err)
{
	int result = hide_host_mount("/proc", err);

	if (result == 0)
		result = hide_host_mount("/sys", err);
	if (result < 0)
		return result;
	result = sys_move_mount(rootfs->root, "", AT_FDCWD, "/",
	                        MOVE_MOUNT_F_EMPTY_PATH);
	if (result < 0)
		return error_system(err, result, "move the new root to /");
	return root_chroot(rootfs, err);
}

int root_chroot(struct rootfs *rootfs, struct error *err)
{
	int result = sys_fchdir(rootfs->root);

	if (result == 0)
		result = sys_chroot(".");
	if (result == 0)
		result = sys_chdir("/");
	if (result < 0)
		return error_system(err, result, "change the root");
	return 0;
}

int root_propagate(struct rootfs *rootfs, uint64_t flags, struct error *err)
{
	unsigned int recursive = flags & MS_REC ? AT_RECURSIVE : 0;
	const struct attr attr = { 0, 0, flags & ~(uint64_t)MS_REC };
	int result = attr_set(rootfs, rootfs->root, recursive, &attr);

	if (result < 0)
		return error_system(err, result, "set propagation of /");
	return 0;
}

/*
 * Attributes that are locked stay: only one is added. A directory that cannot
 * be made is missed by who enters it.
 */
int root_make_readonly(struct rootfs *rootfs, const char *directory,
                       struct error *err)
{
	static const struct attr readonly = { MOUNT_ATTR_RDONLY, 0, 0 };
	auto_close int made = -1;
	int result;

	if (directory)
		(void)rootfs_open_target(rootfs, directory, S_IFDIR, false,
		                         &made, NULL);
	result = attr_set(rootfs, rootfs->root, 0, &readonly);
	if (result < 0)
		return error_system(err, result, "make / read-only");
	return 0;
}
