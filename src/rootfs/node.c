/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes and links of the container, and its console. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

/* Majors of Unix 98 terminals (admin-guide/devices.txt). */
#define PTY_MAJOR_FIRST 136
#define PTY_MAJOR_LAST  143

static bool is_device(const struct stat *found, const struct plan_device *d)
{
	return (found->st_mode & S_IFMT) == (d->mode & S_IFMT) &&
	       (S_ISFIFO(d->mode) || found->st_rdev == d->device);
}

/* The file NAME as a descriptor, if it is the wanted node, not a link. */
static int open_node(int dir, const char *name, const struct plan_device *d,
                     int *ret_fd)
{
	auto_close int fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
	struct stat found;
	int result = fd < 0 ? fd : sys_fstat(fd, &found);

	if (result < 0)
		return result;
	if (!is_device(&found, d))
		return -EEXIST;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* mknod(2) with exactly this mode. */
static int make_exact(int dir, const char *name, const struct plan_device *d)
{
	mode_t old = sys_umask(0);
	int result = sys_mknodat(dir, name, d->mode, d->device);

	sys_umask(old);
	return result;
}

int node_make_at(int dir, const char *name, const struct plan_device *d)
{
	auto_close int fd = -1;
	int result = make_exact(dir, name, d);

	if (result == 0 && d->uid == 0 && d->gid == 0)
		return 0;
	if (result < 0 && result != -EEXIST)
		return result;
	/* What the image has stays as it is, but it has to be this device. */
	if (result == -EEXIST)
		return open_node(dir, name, d, &fd);
	result = open_node(dir, name, d, &fd);
	if (result < 0)
		return result;
	return sys_fchownat(fd, "", d->uid, d->gid, AT_EMPTY_PATH);
}

/* A node of the host, with the owner and mode that it has there. */
static int bind_node(struct rootfs *rootfs, const struct plan_device *d,
                     struct error *err)
{
	const struct attr attr = { MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0,
		                   MS_PRIVATE };
	struct rootfs_source source = { .fd = -1 };
	auto_close int own = -1;
	auto_close int place = -1;
	int result = source_get(rootfs, d->source, &source, &own, err);

	if (result == 0)
		result = rootfs_open_target(rootfs, d->path, S_IFREG, false,
		                            &place, err);
	if (result < 0)
		return result;
	result = attr_attach(rootfs, source.fd, place, &attr);
	if (result < 0)
		return error_system(err, result, "bind device %s", d->path);
	return 0;
}

static int make_device(int dir, const char *name,
                       const struct plan_device *device, struct error *err)
{
	int result = node_make_at(dir, name, device);

	if (result < 0)
		return error_system(err, result, "make device %s",
		                    device->path);
	return 0;
}

int node_make(struct rootfs *rootfs, const struct plan_device *device,
              struct error *err)
{
	const char *name;
	int dir;

	if (device->bind)
		return bind_node(rootfs, device, err);
	dir = target_open_parent(rootfs, device->path, &name, err);
	return dir < 0 ? dir : make_device(dir, name, device, err);
}

static bool exists(struct rootfs *rootfs, const char *path)
{
	auto_close int fd = target_open_existing(rootfs, path, false);

	return fd >= 0;
}

static int make_link(int dir, const char *name, const struct plan_link *link,
                     struct error *err)
{
	int result = sys_symlinkat(link->target, dir, name);

	if (result == -EEXIST && !link->replace)
		return 0;
	if (result == -EEXIST) {
		result = sys_unlinkat(dir, name, 0);
		if (result == 0)
			result = sys_symlinkat(link->target, dir, name);
	}
	if (result < 0)
		return error_system(err, result, "link %s to %s", link->path,
		                    link->target);
	return 0;
}

int node_link(struct rootfs *rootfs, const struct plan_link *link,
              struct error *err)
{
	const char *name;
	int dir;

	if (link->if_exists && !exists(rootfs, link->target))
		return 0;
	dir = target_open_parent(rootfs, link->path, &name, err);
	return dir < 0 ? dir : make_link(dir, name, link, err);
}

int rootfs_fill_beside(int fd, const struct plan_step *step, struct error *err)
{
	bool device = step->kind == PLAN_STEP_DEVICE;
	const char *path = device ? step->device.path : step->link.path;
	const char *name = strrchr(path, '/') + 1;

	return device ? make_device(fd, name, &step->device, err)
	              : make_link(fd, name, &step->link, err);
}

/* ---- the console */

static int check_terminal(int terminal, struct error *err)
{
	struct statfs fs = { 0 };
	struct stat node = { 0 };

	if (sys_fstatfs(terminal, &fs) < 0 || sys_fstat(terminal, &node) < 0 ||
	    fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(node.st_mode) ||
	    major(node.st_rdev) < PTY_MAJOR_FIRST ||
	    major(node.st_rdev) > PTY_MAJOR_LAST)
		return error_set(err, ERROR_SYSTEM, -ENOTTY,
		                 "the console is no pseudoterminal");
	return 0;
}

/* The file to mount it on: whatever is there, but not through a link. */
static int open_console(struct rootfs *rootfs, int *ret_fd, struct error *err)
{
	static const char path[] = "/dev/console";
	const char *name;
	int dir = target_open_parent(rootfs, path, &name, err);
	auto_close int fd = -1;
	struct stat found;
	int result;

	if (dir < 0)
		return dir;
	result = sys_mknodat(dir, name, S_IFREG | 0600, 0);
	if (result < 0 && result != -EEXIST)
		return error_system(err, result, "make %s", path);
	fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
	result = fd < 0 ? fd : sys_fstat(fd, &found);
	if (result == 0 && S_ISLNK(found.st_mode))
		result = -ELOOP;
	if (result < 0)
		return error_system(err, result, "open %s", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int rootfs_bind_console(struct rootfs *rootfs, int terminal, struct error *err)
{
	auto_close int place = -1;
	auto_close int tree = -1;
	int result;

	if (!rootfs->own_mounts)
		return 0;
	result = check_terminal(terminal, err);
	if (result == 0)
		result = open_console(rootfs, &place, err);
	if (result < 0)
		return result;
	tree = mount_clone(terminal, 0);
	result = tree < 0 ? tree : mount_attach(tree, place);
	if (result < 0)
		return error_system(err, result, "mount /dev/console");
	return 0;
}
