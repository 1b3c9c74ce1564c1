/* SPDX-License-Identifier: Apache-2.0 */
/* Files of an archive, written so that no link is ever followed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "fn/unzip.h"
#include "sys/file.h"

#define RESOLVE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)

static int open_dir(const char *path)
{
	return sys_openat2(AT_FDCWD, *path ? path : ".", O_RDONLY | O_DIRECTORY,
	                   0, RESOLVE);
}

/* PATH and all above it; what is no directory there is refused. */
static int make_dirs(const char *path)
{
	char part[4096];
	const char *slash = path;
	auto_close int dir = -1;
	int result;

	while (*slash) {
		slash += strcspn(slash, "/");
		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		slash += *slash == '/';
		result = sys_mkdirat(AT_FDCWD, part, 0755);
		if (result < 0 && result != -EEXIST)
			return result;
		/* A link stands there perhaps, and the next mkdir follows. */
		fd_close(&dir);
		dir = open_dir(part);
		if (dir < 0)
			return dir;
	}
	return 0;
}

static int fail(struct error *err, int code, const char *path)
{
	if (code == -ELOOP || code == -ENOTDIR)
		return error_set(err, ERROR_CONFIG, code,
		                 "\"%s\": a directory above it is a link or a "
		                 "file",
		                 path);
	if (code == -EISDIR)
		return error_set(err, ERROR_CONFIG, code,
		                 "\"%s\": there is a directory of this name",
		                 path);
	return error_system(err, code, "write \"%s\"", path);
}

/* The directory of PATH, made if it is missing; *RET_NAME is the rest. */
static int open_parent(struct unzip_tree *tree, const char *path,
                       const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *parent =
		slash ? arena_strndup(tree->arena, path, (size_t)(slash - path))
		      : "";
	int fd;

	*ret_name = slash ? slash + 1 : path;
	if (tree->parent >= 0 && str_equal(tree->parent_path, parent))
		return tree->parent;
	fd = open_dir(parent);
	if (fd == -ENOENT) {
		fd = make_dirs(parent);
		fd = fd < 0 ? fd : open_dir(parent);
	}
	if (fd < 0)
		return fd;
	fd_close(&tree->parent);
	tree->parent = fd;
	tree->parent_path = parent;
	return fd;
}

int unzip_make_dir(struct unzip_tree *tree, const char *path,
                   struct timespec mtime, struct error *err)
{
	struct unzip_dir *dir;
	const char *name;
	int parent = open_parent(tree, path, &name);
	int result = parent < 0 ? parent : sys_mkdirat(parent, name, 0755);
	struct stat found;

	if (result == -EEXIST) {
		result = sys_fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW);
		/* Of two layers the later one wins. */
		if (result == 0 && !S_ISDIR(found.st_mode)) {
			result = sys_unlinkat(parent, name, 0);
			if (result == 0)
				result = sys_mkdirat(parent, name, 0755);
		}
	}
	if (result < 0)
		return fail(err, result, path);
	dir = arena_push(tree->arena, tree->dirs, tree->dirs_count);
	dir->path = arena_strdup(tree->arena, path);
	dir->mtime = mtime;
	return 0;
}

/* The name is free, or a negative errno. */
static int make_room(int parent, const char *name)
{
	int result = sys_unlinkat(parent, name, 0);

	return result == -ENOENT ? 0 : result;
}

int unzip_make_link(struct unzip_tree *tree, const char *path,
                    const char *target, struct timespec mtime,
                    struct error *err)
{
	const struct timespec times[2] = { mtime, mtime };
	const char *name;
	int parent = open_parent(tree, path, &name);
	int result = parent < 0 ? parent : make_room(parent, name);

	if (result == 0)
		result = sys_symlinkat(target, parent, name);
	if (result == 0 &&
	    utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		result = -errno;
	return result < 0 ? fail(err, result, path) : 0;
}

int unzip_make_file(struct unzip_tree *tree, const char *path, int executable,
                    struct error *err)
{
	/* Whoever runs the function has to read it, whoever packed it. */
	mode_t mode = executable ? 0755 : 0644;
	const char *name;
	int parent = open_parent(tree, path, &name);
	int result = parent < 0 ? parent : make_room(parent, name);

	if (result == 0)
		result = sys_openat(parent, name,
		                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
		                    mode);
	return result < 0 ? fail(err, result, path) : result;
}

int unzip_end_file(int fd, struct timespec mtime, struct error *err)
{
	const struct timespec times[2] = { mtime, mtime };
	int result = futimens(fd, times) < 0 ? -errno : 0;

	if (close(fd) < 0 && result == 0)
		result = -errno;
	return result < 0 ? error_system(err, result, "end a file") : 0;
}

int unzip_end(struct unzip_tree *tree, struct error *err)
{
	size_t i;

	fd_close(&tree->parent);
	for (i = tree->dirs_count; i-- > 0;) {
		const struct unzip_dir *dir = &tree->dirs[i];
		const struct timespec times[2] = { dir->mtime, dir->mtime };
		auto_close int fd = open_dir(dir->path);

		/* A later entry of the same name may have replaced it. */
		if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
			continue;
		if (fd < 0)
			return error_system(err, fd, "open \"%s\"", dir->path);
		if (futimens(fd, times) < 0)
			return error_system(err, -errno, "time of \"%s\"",
			                    dir->path);
	}
	return 0;
}
