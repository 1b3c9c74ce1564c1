/* SPDX-License-Identifier: Apache-2.0 */
/* The versions of one function on disk: written beside, then made to count. */
#include "fn/versions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/str.h"
#include "fn/function.h"
#include "fn/options.h"
#include "sys/file.h"

/* Names that cannot be a version's. */
#define NEW      ".new"
#define NEW_LINK ".current"
#define DIR_MODE 0700

static bool is_version(const char *name)
{
	return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;
}

int versions_remove_tree(const char *path, struct error *err)
{
	char *const paths[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree =
		fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	int result = tree ? 0 : -errno;
	FTSENT *entry;

	while (result == 0 && (entry = fts_read(tree))) {
		bool is_dir = entry->fts_info == FTS_DP;

		if (entry->fts_info == FTS_D ||
		    (entry->fts_info == FTS_NS && entry->fts_errno == ENOENT))
			continue;
		result = sys_unlinkat(AT_FDCWD, entry->fts_accpath,
		                      is_dir ? AT_REMOVEDIR : 0);
		if (result == -ENOENT)
			result = 0;
	}
	if (tree)
		fts_close(tree);
	return result < 0 ? error_system(err, result, "remove %s", path) : 0;
}

static int make_dir(const char *path)
{
	int result = sys_mkdirat(AT_FDCWD, path, DIR_MODE);

	return result == -EEXIST ? 0 : result;
}

static int make_dirs(struct arena *arena, const char *root, const char *name)
{
	const char *const paths[] = {
		root,
		arena_printf(arena, "%s/functions", root),
		arena_printf(arena, "%s/functions/%s", root, name),
		arena_printf(arena, "%s/functions/%s/versions", root, name),
	};
	int result = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paths) && result == 0; i++)
		result = make_dir(paths[i]);
	return result;
}

/* 1: locked, but it has been removed meanwhile. */
static int lock_dir(const char *path, const char *name, int *ret_dir)
{
	auto_close int dir =
		sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	struct stat mine, there;
	int result = dir < 0 ? dir : sys_flock(dir, LOCK_EX | LOCK_NB);

	if (result == -EWOULDBLOCK) {
		fn_warn("waiting for another deploy or delete of \"%s\"", name);
		result = sys_flock(dir, LOCK_EX);
	}
	if (result == 0)
		result = sys_fstat(dir, &mine);
	if (result < 0)
		return result;
	if (sys_fstatat(AT_FDCWD, path, &there, 0) < 0 ||
	    mine.st_ino != there.st_ino)
		return 1;
	*ret_dir = take_fd(&dir);
	return 0;
}

/* What a deploy that was killed has left; the lock says that it is gone. */
static int remove_leftovers(struct arena *arena, const char *path,
                            struct error *err)
{
	const char *dir = arena_printf(arena, "%s/versions", path);
	const char **names;
	size_t count, i;
	int result = versions_names(arena, dir, &names, &count, err);

	for (i = 0; result == 0 && i < count; i++)
		if (!is_version(names[i]))
			result = versions_remove_tree(
				arena_printf(arena, "%s/%s", dir, names[i]),
				err);
	return result;
}

int versions_open(struct arena *arena, const char *root, const char *name,
                  bool create, struct versions *ret_versions, struct error *err)
{
	struct versions versions = {
		.path = arena_printf(arena, "%s/functions/%s", root, name),
		.dir = -1,
	};
	int result;

	if (!function_name_is_valid(name))
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "\"%s\" is no name of a function: 1 to 64 "
		                 "letters, digits, - and _",
		                 name);
	do {
		result = create ? make_dirs(arena, root, name) : 0;
		if (result == 0)
			result = lock_dir(versions.path, name, &versions.dir);
	} while (result == 1 || (create && result == -ENOENT));
	if (result == -ENOENT)
		return error_set(err, ERROR_NOT_FOUND, -ENOENT,
		                 "there is no function \"%s\"", name);
	if (result < 0)
		return error_system(err, result, "open %s", versions.path);
	result = remove_leftovers(arena, versions.path, err);
	if (result < 0) {
		fd_close(&versions.dir);
		return result;
	}
	*ret_versions = versions;
	return 0;
}

void versions_close(struct versions *versions)
{
	struct arena arena = { 0 };
	struct error ignored;

	if (versions->dir >= 0) {
		remove_leftovers(&arena, versions->path, &ignored);
		/* Where nothing was ever deployed nothing stays. */
		sys_unlinkat(versions->dir, "versions", AT_REMOVEDIR);
		sys_unlinkat(AT_FDCWD, versions->path, AT_REMOVEDIR);
	}
	arena_release(&arena);
	fd_close(&versions->dir);
}

bool versions_has(const struct versions *versions, const char *version)
{
	char path[PATH_MAX];
	struct stat found;

	snprintf(path, sizeof(path), "versions/%s/config.json", version);
	return sys_fstatat(versions->dir, path, &found, 0) == 0;
}

int versions_begin(struct arena *arena, const struct versions *versions,
                   const char **ret_path, struct error *err)
{
	const char *path =
		arena_printf(arena, "%s/versions/" NEW, versions->path);
	int result = sys_mkdirat(AT_FDCWD, path, DIR_MODE);

	if (result < 0)
		return error_system(err, result, "make directory %s", path);
	*ret_path = path;
	return 0;
}

int versions_commit(const struct versions *versions, const char *version,
                    struct error *err)
{
	auto_close int dir = sys_openat(versions->dir, "versions",
	                                O_RDONLY | O_DIRECTORY, 0);
	int result = dir < 0 ? dir : sys_syncfs(dir);

	if (result == 0)
		result = sys_renameat2(dir, NEW, dir, version, 0);
	/* Half removed: its config.json went first. */
	if (result == -ENOTEMPTY || result == -EEXIST) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/versions/%s", versions->path,
		         version);
		result = versions_remove_tree(path, err);
		if (result < 0)
			return result;
		result = sys_renameat2(dir, NEW, dir, version, 0);
	}
	if (result == 0)
		result = sys_fsync(dir);
	return result < 0 ? error_system(err, result, "make version %s of %s",
	                                 version, versions->path)
	                  : 0;
}

int versions_switch(const struct versions *versions, const char *version,
                    struct error *err)
{
	char target[PATH_MAX];
	int result;

	snprintf(target, sizeof(target), "versions/%s", version);
	sys_unlinkat(versions->dir, NEW_LINK, 0);
	result = sys_symlinkat(target, versions->dir, NEW_LINK);
	if (result == 0)
		result = sys_renameat2(versions->dir, NEW_LINK, versions->dir,
		                       "current", 0);
	if (result == 0)
		result = sys_fsync(versions->dir);
	return result < 0 ? error_system(err, result, "switch %s/current",
	                                 versions->path)
	                  : 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int versions_names(struct arena *arena, const char *path,
                   const char ***ret_names, size_t *ret_count,
                   struct error *err)
{
	auto_close int dir =
		sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	_Alignas(struct dirent64) char buffer[8192];
	const char **names = NULL;
	size_t count = 0;
	ssize_t got = dir < 0 ? dir : 0;

	while (dir >= 0 &&
	       (got = sys_getdents64(dir, buffer, sizeof(buffer))) > 0) {
		ssize_t at = 0;

		while (at < got) {
			const struct dirent64 *each =
				(const void *)(buffer + at);

			if (!str_equal(each->d_name, ".") &&
			    !str_equal(each->d_name, ".."))
				*arena_push(arena, names, count) =
					arena_strdup(arena, each->d_name);
			at += each->d_reclen;
		}
	}
	if (got < 0 && got != -ENOENT)
		return error_system(err, (int)got, "read directory %s", path);
	if (count)
		qsort(names, count, sizeof(*names), compare_names);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

int versions_read(struct arena *arena, const char *path,
                  struct versions_list *ret_list, struct error *err)
{
	struct versions_list list = { .count = 0 };
	char target[PATH_MAX];
	const char **names;
	size_t count, i;
	int result =
		versions_names(arena, arena_printf(arena, "%s/versions", path),
	                       &names, &count, err);

	if (result < 0)
		return result;
	for (i = 0; i < count; i++)
		if (is_version(names[i]))
			*arena_push(arena, list.items, list.count) = names[i];
	if (sys_readlinkat(AT_FDCWD, arena_printf(arena, "%s/current", path),
	                   target, sizeof(target)) >= 0) {
		const char *version = str_after(target, "versions/");

		list.current = version ? arena_strdup(arena, version) : NULL;
	}
	*ret_list = list;
	return 0;
}

bool versions_is_used(const struct versions *versions, const char *version)
{
	char path[PATH_MAX];
	auto_close int dir = -1;

	snprintf(path, sizeof(path), "versions/%s", version);
	dir = sys_openat(versions->dir, path, O_RDONLY | O_DIRECTORY, 0);
	return dir >= 0 && sys_flock(dir, LOCK_EX | LOCK_NB) == -EWOULDBLOCK;
}

int versions_remove(const struct versions *versions, const char *version,
                    bool wait, struct error *err)
{
	char path[PATH_MAX];
	auto_close int dir = -1;
	int result;

	snprintf(path, sizeof(path), "%s/versions/%s", versions->path, version);
	dir = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	result = dir < 0 ? dir : sys_flock(dir, LOCK_EX | (wait ? 0 : LOCK_NB));
	if (result == -EWOULDBLOCK)
		return 1;
	if (dir == -ENOENT)
		return 0;
	/* Who waits for the lock sees by this that it came too late. */
	if (result == 0)
		result = sys_unlinkat(dir, "config.json", 0);
	if (result < 0 && result != -ENOENT)
		return error_system(err, result, "remove %s", path);
	return versions_remove_tree(path, err);
}
