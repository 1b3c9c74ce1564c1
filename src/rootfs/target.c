/* SPDX-License-Identifier: Apache-2.0 */
/* Places in the container, found and made without ever leaving its root. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "rootfs/internal.h"
#include "sys/file.h"

/*
 * The rootfs is hostile: it may hold links of every kind, and other
 * processes may change it meanwhile. So the kernel resolves each path once
 * (RESOLVE_IN_ROOT), and whatever is done afterwards is done to the
 * descriptor. Missing components are made one by one in directories that are
 * open.
 */
#define INSIDE (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

/* As the kernel's own limit. */
#define LINKS_MAX 40

#define MADE_DIR_MODE  0755
#define MADE_FILE_MODE 0644

/* ---- the directory in which something was made last */

/* Length of the directory part: 0 for the root. */
static size_t parent_length(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

static bool parent_is_open(const struct rootfs *rootfs, const char *path)
{
	size_t length = parent_length(path);

	return rootfs->parent >= 0 && strlen(rootfs->parent_path) == length &&
	       memcmp(rootfs->parent_path, path, length) == 0;
}

/* Takes DIR, the directory of PATH. */
static void keep_parent(struct rootfs *rootfs, const char *path, int dir)
{
	size_t length = parent_length(path);

	fd_close(&rootfs->parent);
	rootfs->parent = dir;
	/* A longer one is used, but never found again: no path is "?". */
	if (length >= sizeof(rootfs->parent_path)) {
		path = "?";
		length = 1;
	}
	memcpy(rootfs->parent_path, path, length);
	rootfs->parent_path[length] = '\0';
}

void target_forget(struct rootfs *rootfs, const char *path)
{
	/* The root's own path is "" here. */
	if (str_equal(path, "/") || path_is_within(rootfs->parent_path, path))
		fd_close(&rootfs->parent);
}

/* ---- making what is missing */

struct walk {
	struct rootfs *rootfs;
	mode_t kind;
	bool no_follow;
	bool made;
	int dir;             /* the deepest directory so far */
	char path[PATH_MAX]; /* as it is after links */
};

static int make_component(int dir, const char *name, mode_t kind)
{
	if (kind == S_IFDIR)
		return sys_mkdirat(dir, name, MADE_DIR_MODE);
	return sys_mknodat(dir, name, S_IFREG | MADE_FILE_MODE, 0);
}

/* Open the deepest directory that exists; returns what is missing below. */
static int open_deepest(struct walk *walk, char **ret_rest)
{
	uint64_t resolve = INSIDE | (walk->no_follow ? RESOLVE_NO_SYMLINKS : 0);
	char *end = walk->path + strlen(walk->path);

	for (;;) {
		int dir;

		end = memrchr(walk->path, '/', (size_t)(end - walk->path));
		*end = '\0';
		dir = sys_openat2(walk->rootfs->root,
		                  end == walk->path ? "/" : walk->path,
		                  O_PATH | O_DIRECTORY, 0, resolve);
		*end = '/';
		if (dir == -ENOENT && end > walk->path)
			continue;
		if (dir < 0)
			return dir;
		fd_close(&walk->dir);
		walk->dir = dir;
		*ret_rest = end + 1;
		return 0;
	}
}

/*
 * The component at NAME is a link to what does not exist: put its text into
 * the path. Returns -EAGAIN: the way has to be walked anew.
 */
static int splice_link(struct walk *walk, int link, const char *name,
                       const char *rest)
{
	char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t length = sys_readlinkat(link, "", target, sizeof(target));
	int before = (int)(name - walk->path);
	int written;

	if (length < 0)
		return (int)length;
	if (walk->no_follow)
		return -ELOOP;
	if (*target == '/')
		before = 0;
	written = snprintf(path, sizeof(path), "%.*s/%s/%s", before, walk->path,
	                   target, rest);
	if (written < 0 || (size_t)written >= sizeof(path))
		return -ENAMETOOLONG;
	while (written > 1 && path[written - 1] == '/')
		path[--written] = '\0';
	memcpy(walk->path, path, (size_t)written + 1);
	return -EAGAIN;
}

/* Make the component NAME and open it, or read it if it is a link. */
static int enter_component(struct walk *walk, char *name, char *rest,
                           int *ret_fd)
{
	mode_t kind = *rest ? S_IFDIR : walk->kind;
	int result = make_component(walk->dir, name, kind);
	auto_close int fd = -1;
	struct stat found;

	if (result < 0 && result != -EEXIST)
		return result;
	fd = sys_openat(walk->dir, name, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	walk->made = result == 0;
	/* It was there: a link to nothing, or somebody was faster. */
	if (!walk->made) {
		result = sys_fstat(fd, &found);
		if (result < 0)
			return result;
		if (S_ISLNK(found.st_mode))
			return splice_link(walk, fd, name, rest);
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Make everything in REST below the deepest directory. */
static int make_rest(struct walk *walk, char *rest, int *ret_fd)
{
	for (;;) {
		char *name = rest + strspn(rest, "/");
		char *end = name + strcspn(name, "/");
		int result;
		int fd = -1;

		rest = end + strspn(end, "/");
		*end = '\0';
		/* Up from what does not exist. */
		if (str_equal(name, ".."))
			return -ENOENT;
		result = enter_component(walk, name, rest, &fd);
		if (result < 0)
			return result;
		if (!*rest) {
			*ret_fd = fd;
			return 0;
		}
		*end = '/';
		fd_close(&walk->dir);
		walk->dir = fd;
	}
}

static int walk_make(struct walk *walk, int *ret_fd)
{
	char *rest;
	int result = open_deepest(walk, &rest);

	if (result < 0)
		return result;
	return make_rest(walk, rest, ret_fd);
}

static int make_target(struct rootfs *rootfs, const char *path, mode_t kind,
                       bool no_follow, struct target *ret_target)
{
	struct walk walk = {
		.rootfs = rootfs,
		.kind = kind,
		.no_follow = no_follow,
		.dir = -1,
	};
	size_t length = strlen(path);
	int links = 0;
	int result;
	int fd = -1;

	if (length >= sizeof(walk.path))
		return -ENAMETOOLONG;
	memcpy(walk.path, path, length + 1);
	do
		result = walk_make(&walk, &fd);
	while (result == -EAGAIN && ++links < LINKS_MAX);
	if (result == 0 && links == 0)
		keep_parent(rootfs, path, take_fd(&walk.dir));
	fd_close(&walk.dir);
	if (result < 0)
		return result == -EAGAIN ? -ELOOP : result;
	*ret_target = (struct target){ .fd = fd, .made = walk.made };
	return 0;
}

/* ---- opening */

/*
 * In a directory where something had to be made, this likely has to be made
 * as well. A link there is resolved from the root, by the long way.
 */
static int open_in_parent(struct rootfs *rootfs, const char *path, mode_t kind,
                          struct target *ret_target)
{
	const char *name = strrchr(path, '/') + 1;
	int result = make_component(rootfs->parent, name, kind);
	int fd;

	if (result < 0 && result != -EEXIST)
		return result;
	fd = sys_openat2(rootfs->parent, name, O_PATH, 0,
	                 INSIDE | RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return fd;
	*ret_target = (struct target){ .fd = fd, .made = result == 0 };
	return 0;
}

/*
 * What lies below /proc by its name was decided on in the plan. A link of
 * the image that leads there was not.
 */
static int open_through_links(struct rootfs *rootfs, const char *path,
                              struct target *ret_target)
{
	auto_close int fd = sys_openat2(rootfs->root, path, O_PATH, 0, INSIDE);
	struct statfs found;
	int result;

	if (fd < 0)
		return fd;
	result = sys_fstatfs(fd, &found);
	if (result < 0)
		return result;
	if (found.f_type == PROC_SUPER_MAGIC)
		return -EXDEV;
	fd_close(&rootfs->parent);
	*ret_target = (struct target){ .fd = take_fd(&fd) };
	return 0;
}

/* What is missing is made; where a link says only if MAKE_AT_LINKS. */
static int find_target(struct rootfs *rootfs, const char *path, mode_t kind,
                       bool no_follow, bool make_at_links,
                       struct target *ret_target)
{
	int result = -ELOOP;

	if (parent_is_open(rootfs, path))
		result = open_in_parent(rootfs, path, kind, ret_target);
	if (result != -ELOOP)
		return result;
	result = sys_openat2(rootfs->root, path, O_PATH, 0,
	                     INSIDE | RESOLVE_NO_SYMLINKS);
	if (result >= 0) {
		*ret_target = (struct target){ .fd = result };
		return 0;
	}
	if (result == -ELOOP && !no_follow)
		result = open_through_links(rootfs, path, ret_target);
	if (result == -ENOENT)
		result = make_target(rootfs, path, kind, !make_at_links,
		                     ret_target);
	return result;
}

int target_open(struct rootfs *rootfs, const char *path, mode_t kind,
                bool no_follow, struct target *ret_target, struct error *err)
{
	int result = find_target(rootfs, path, kind, no_follow, !no_follow,
	                         ret_target);

	if (result == -EXDEV)
		return error_set(err, ERROR_SYSTEM, result,
		                 "%s is a link into /proc", path);
	if (result == -ELOOP && no_follow)
		return error_set(err, ERROR_SYSTEM, result,
		                 "%s is or lies below a symbolic link", path);
	if (result < 0)
		return error_system(err, result, "open %s in the container",
		                    path);
	return 0;
}

int target_open_link(struct rootfs *rootfs, const char *path, mode_t kind,
                     struct target *ret_target, struct error *err)
{
	auto_close int fd =
		sys_openat2(rootfs->root, path, O_PATH | O_NOFOLLOW, 0, INSIDE);
	struct stat found;
	int result;

	if (fd < 0)
		return target_open(rootfs, path, kind, false, ret_target, err);
	result = sys_fstat(fd, &found);
	if (result < 0)
		return error_system(err, result, "stat %s", path);
	if (!S_ISLNK(found.st_mode))
		return target_open(rootfs, path, kind, false, ret_target, err);
	*ret_target = (struct target){ .fd = take_fd(&fd) };
	return 0;
}

int rootfs_open_target(struct rootfs *rootfs, const char *path, mode_t kind,
                       bool no_follow, int *ret_fd, struct error *err)
{
	struct target target = { .fd = -1 };
	int result = target_open(rootfs, path, kind, no_follow, &target, err);

	if (result < 0)
		return result;
	*ret_fd = target.fd;
	return 0;
}

int target_open_existing(struct rootfs *rootfs, const char *path,
                         bool no_follow)
{
	return sys_openat2(rootfs->root, path, O_PATH, 0,
	                   INSIDE | (no_follow ? RESOLVE_NO_SYMLINKS : 0));
}

int target_open_parent(struct rootfs *rootfs, const char *path,
                       const char **ret_name, struct error *err)
{
	size_t length = parent_length(path);
	char parent[PATH_MAX];
	struct target target = { .fd = -1 };
	int result;

	*ret_name = path + length + 1;
	if (length == 0)
		return rootfs->root;
	if (parent_is_open(rootfs, path))
		return rootfs->parent;
	if (length >= sizeof(parent))
		return error_system(err, -ENAMETOOLONG, "open %s", path);
	memcpy(parent, path, length);
	parent[length] = '\0';
	result = find_target(rootfs, parent, S_IFDIR, false, false, &target);
	if (result == -ELOOP)
		return error_set(err, ERROR_SYSTEM, result,
		                 "%s of the image is a link to nothing",
		                 parent);
	if (result < 0)
		return error_system(err, result, "open %s in the container",
		                    parent);
	keep_parent(rootfs, path, target.fd);
	return rootfs->parent;
}
