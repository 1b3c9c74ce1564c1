/* SPDX-License-Identifier: Apache-2.0 */
/* Host paths, each resolved once: namespaces, detached trees and devices. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/fd.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/ns.h"
#include "sys/process.h"

#define PROC_PATH_SIZE 64

static bool is_own_net(int fd)
{
	struct stat ours;
	struct stat theirs;

	return sys_fstatat(AT_FDCWD, "/proc/self/ns/net", &ours, 0) == 0 &&
	       sys_fstat(fd, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

static int open_namespace(const struct plan_source *source,
                          struct rootfs_source *ret_source, struct error *err)
{
	auto_close int fd = sys_openat(AT_FDCWD, source->path, O_RDONLY, 0);
	int type;

	if (fd < 0)
		return error_system(err, fd, "open namespace %s", source->path);
	type = sys_ns_type(fd);
	if (type != source->namespace_type)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "%s is no namespace of the wanted type",
		                 source->path);
	if (source->sysctl && is_own_net(fd))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "sysctl %s would be the host's: %s is "
		                 "runf's own network namespace",
		                 source->sysctl, source->path);
	*ret_source = (struct rootfs_source){ .fd = take_fd(&fd) };
	return 0;
}

/* ---- idmapped trees */

/* A process that only exists to have a user namespace; ends with the pipe. */
static void be_namespace(int pipe_end) __attribute__((noreturn));

static void be_namespace(int pipe_end)
{
	char end;

	sys_read(pipe_end, &end, 1);
	sys_exit(0);
}

static int write_map(pid_t pid, const char *file, const char *map)
{
	char path[PROC_PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return sys_write_file(AT_FDCWD, path, map);
}

static int map_namespace(pid_t pid, const struct plan_source *source)
{
	char path[PROC_PATH_SIZE];
	int result = write_map(pid, "uid_map", source->uid_map);

	if (result == 0)
		result = write_map(pid, "gid_map", source->gid_map);
	if (result < 0)
		return result;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	return sys_openat(AT_FDCWD, path, O_RDONLY, 0);
}

int source_make_userns(const struct plan_source *source)
{
	auto_close int pidfd = -1;
	siginfo_t ended;
	int ends[2];
	int result;
	pid_t pid;

	result = sys_pipe2(ends, 0);
	if (result < 0)
		return result;
	pid = sys_clone(CLONE_NEWUSER, -1, &pidfd);
	if (pid == 0) {
		sys_close(ends[1]);
		be_namespace(ends[0]);
	}
	result = pid < 0 ? pid : map_namespace(pid, source);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	if (pid > 0)
		sys_waitid(P_PID, (id_t)pid, &ended, WEXITED);
	return result;
}

static int map_tree(int tree, const struct plan_source *source,
                    struct error *err)
{
	unsigned int recursive = source->idmap_recursive ? AT_RECURSIVE : 0;
	auto_close int userns = source_make_userns(source);
	int result;

	if (userns < 0)
		return error_system(err, userns,
		                    "make a user namespace to map "
		                    "the ids of %s",
		                    source->path);
	result = sys_mount_setattr(tree, "", AT_EMPTY_PATH | recursive,
	                           MOUNT_ATTR_IDMAP, 0, 0, userns);
	if (result < 0)
		return error_system(err, result, "map the ids of %s",
		                    source->path);
	return 0;
}

/* ---- trees and devices */

static int check_device(const struct plan_source *source,
                        const struct stat *found, struct error *err)
{
	if ((found->st_mode & S_IFMT) == (source->mode & S_IFMT) &&
	    found->st_rdev == source->device)
		return 0;
	return error_set(err, ERROR_CONFIG, -EINVAL,
	                 "%s on the host is not the device of that name",
	                 source->path);
}

/* The whole of it: what PATH is, detached; its ids mapped, or verified. */
static int open_mount(const struct plan_source *source,
                      struct rootfs_source *ret_source, struct error *err)
{
	unsigned int flags = OPEN_TREE_CLONE;
	auto_close int tree = -1;
	struct stat found;
	int result;

	flags |= source->recursive ? AT_RECURSIVE : 0;
	flags |= source->no_follow ? AT_SYMLINK_NOFOLLOW : 0;
	tree = sys_open_tree(AT_FDCWD, source->path, flags);
	if (tree == -EPERM) {
		*ret_source = (struct rootfs_source){ .fd = -1 };
		return 0;
	}
	if (tree < 0)
		return error_system(err, tree, "open %s", source->path);
	result = sys_fstat(tree, &found);
	if (result < 0)
		return error_system(err, result, "stat %s", source->path);
	if (source->kind != PLAN_SOURCE_TREE)
		result = check_device(source, &found, err);
	else if (source->uid_map)
		result = map_tree(tree, source, err);
	if (result < 0)
		return result;
	ret_source->fd = take_fd(&tree);
	ret_source->type = found.st_mode & S_IFMT;
	return 0;
}

static int make_instance(const struct plan_source *source, int *ret_tree,
                         struct error *err)
{
	auto_close int userns = -1;

	if (!source->fs->data)
		return mount_make(source->fs, NULL, ret_tree, err);
	if (source->idmap_layers) {
		userns = source_make_userns(source);
		if (userns < 0)
			return error_system(err, userns,
			                    "make a user namespace to map the "
			                    "ids of layers");
	}
	return detached_make(source->fs, userns, ret_tree, err);
}

/*
 * A node of this container alone, in the directory it has on the host: on a
 * file system that may be one without devices, as /run often is.
 */
static int make_node(const struct plan_source *source,
                     struct rootfs_source *ret_source, struct error *err)
{
	const struct plan_device node = { .mode = source->mode,
		                          .device = source->device,
		                          .uid = source->uid,
		                          .gid = source->gid };
	struct statfs fs;
	int result = node_make_at(AT_FDCWD, source->path, &node);

	if (result < 0)
		return error_system(err, result, "make a device node at %s",
		                    source->path);
	result = open_mount(source, ret_source, err);
	if (result < 0)
		return result;
	result = sys_mount_setattr(ret_source->fd, "", AT_EMPTY_PATH, 0,
	                           MOUNT_ATTR_NODEV, 0, -1);
	/* Before Linux 5.12 it is as well where devices are allowed. */
	if (result == -ENOSYS && sys_fstatfs(ret_source->fd, &fs) == 0 &&
	    !(fs.f_flags & ST_NODEV))
		result = 0;
	if (result < 0) {
		fd_close(&ret_source->fd);
		return error_system(err, result, "allow devices at %s",
		                    source->path);
	}
	return 0;
}

/* A new instance, its ids mapped before anybody can see it. */
static int make_fs(const struct plan_source *source,
                   struct rootfs_source *ret_source, struct error *err)
{
	auto_close int tree = -1;
	int result = make_instance(source, &tree, err);

	if (result == -EPERM) {
		*ret_source = (struct rootfs_source){ .fd = -1 };
		return 0;
	}
	if (result == 0 && source->uid_map && !source->idmap_layers)
		result = map_tree(tree, source, err);
	if (result < 0)
		return error_wrap(err, "mount %s", source->fs->destination);
	*ret_source = (struct rootfs_source){ take_fd(&tree), S_IFDIR };
	return 0;
}

int rootfs_open_source(const struct plan_source *source,
                       struct rootfs_source *ret_source, struct error *err)
{
	switch (source->kind) {
	case PLAN_SOURCE_NAMESPACE:
		return open_namespace(source, ret_source, err);
	case PLAN_SOURCE_TREE:
	case PLAN_SOURCE_DEVICE: return open_mount(source, ret_source, err);
	case PLAN_SOURCE_NODE: return make_node(source, ret_source, err);
	case PLAN_SOURCE_FS: return make_fs(source, ret_source, err);
	}
	return error_set(err, ERROR_INTERNAL, -EINVAL, "no kind of source");
}

int source_open_all(const struct plan *plan, struct rootfs_source *sources,
                    struct error *err)
{
	size_t i;

	for (i = 0; i < plan->sources_count; i++) {
		int result = 0;

		if (sources[i].fd < 0)
			result = rootfs_open_source(&plan->sources[i],
			                            &sources[i], err);
		if (result == 0 && sources[i].fd < 0)
			result = error_system(err, -EPERM, "open %s",
			                      plan->sources[i].path);
		if (result < 0)
			return result;
	}
	return 0;
}

int source_get(struct rootfs *rootfs, size_t index,
               struct rootfs_source *ret_source, int *ret_own,
               struct error *err)
{
	struct rootfs_source source = { .fd = -1 };
	int result;

	if (index >= rootfs->sources_count)
		return error_set(err, ERROR_INTERNAL, -EINVAL,
		                 "there is no source %zu", index);
	*ret_source = rootfs->sources[index];
	if (ret_source->fd >= 0)
		return 0;
	result = rootfs_open_source(&rootfs->planned[index], &source, err);
	if (result < 0)
		return result;
	if (source.fd < 0)
		return error_system(err, -EPERM, "open %s",
		                    rootfs->planned[index].path);
	*ret_source = source;
	*ret_own = source.fd;
	return 0;
}
