/* SPDX-License-Identifier: Apache-2.0 */
/* Containers on disk: the root, and directories made, found and removed. */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/file.h"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)

/* mkdir -p, one component at a time; existing ones are fine. */
static int store_make_parents(const char *path, struct error *err)
{
	char part[PATH_MAX];
	size_t length = strlen(path);
	size_t i;
	int result;

	if (length >= sizeof(part))
		return error_system(err, -ENAMETOOLONG, "state root");
	memcpy(part, path, length + 1);
	for (i = 1; i <= length; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		result = sys_mkdirat(AT_FDCWD, part, 0700);
		if (result < 0 && result != -EEXIST)
			return error_system(err, result,
			                    "make state root \"%s\"", part);
		if (i < length)
			part[i] = '/';
	}
	return 0;
}

int store_open(const char *path, bool create, struct store *ret_store,
               struct error *err)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	int result;

	if (fd == -ENOENT && !create)
		return -ENOENT;
	if (fd == -ENOENT) {
		result = store_make_parents(path, err);
		if (result < 0)
			return result;
		fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	}
	if (fd < 0)
		return error_system(err, fd, "open state root \"%s\"", path);
	ret_store->fd = fd;
	ret_store->path = path;
	return 0;
}

void store_close(struct store *store)
{
	fd_close(&store->fd);
}

void store_dir_close(struct store_dir *dir)
{
	fd_close(&dir->fd);
}

static int store_not_found(const char *id, struct error *err)
{
	/* Clients look for these very words, in one piece. */
	return error_set(err, ERROR_NOT_FOUND, -ENOENT,
	                 "container does not exist: \"%s\"", id);
}

static int store_exists(const char *id, struct error *err)
{
	return error_set(err, ERROR_EXISTS, -EEXIST,
	                 "container with given ID already exists: \"%s\"", id);
}

/*
 * Lock it for ourselves. Returns 1, or 0 if the directory has no name any
 * more: delete was faster.
 */
static int store_take_lock(int fd)
{
	struct stat stat;
	int result = sys_flock(fd, LOCK_EX);

	if (result == 0)
		result = sys_fstat(fd, &stat);
	return result < 0 ? result : stat.st_nlink > 0;
}

int store_add(const struct store *store, const char *id,
              struct store_dir *ret_dir, struct error *err)
{
	auto_close int fd = -1;
	int result = sys_mkdirat(store->fd, id, 0711);

	if (result == -EEXIST)
		return store_exists(id, err);
	if (result < 0)
		return error_system(err, result, "make directory \"%s/%s\"",
		                    store->path, id);
	fd = sys_openat(store->fd, id, DIRECTORY, 0);
	if (fd < 0) {
		sys_unlinkat(store->fd, id, AT_REMOVEDIR);
		return error_system(err, fd, "open directory \"%s/%s\"",
		                    store->path, id);
	}
	/*
	 * Between mkdir and flock a `delete --force` may take the directory
	 * away: then nothing was created, and whoever asked for the deletion
	 * got what he wanted.
	 */
	result = store_take_lock(fd);
	if (result < 0) {
		sys_unlinkat(store->fd, id, AT_REMOVEDIR);
		return error_system(err, result, "lock \"%s/%s\"", store->path,
		                    id);
	}
	if (result == 0)
		return error_set(err, ERROR_STATE, -ENOENT,
		                 "container \"%s\" was deleted meanwhile", id);
	ret_dir->fd = take_fd(&fd);
	ret_dir->id = id;
	return 0;
}

int store_find(const struct store *store, const char *id, enum store_lock lock,
               struct store_dir *ret_dir, struct error *err)
{
	auto_close int fd = sys_openat(store->fd, id, DIRECTORY, 0);
	int result;

	if (fd == -ENOENT)
		return store_not_found(id, err);
	if (fd < 0)
		return error_system(err, fd, "open directory \"%s/%s\"",
		                    store->path, id);
	if (lock == STORE_LOCKED) {
		result = store_take_lock(fd);
		if (result < 0)
			return error_system(err, result, "lock \"%s/%s\"",
			                    store->path, id);
		if (result == 0)
			return store_not_found(id, err);
	}
	ret_dir->fd = take_fd(&fd);
	ret_dir->id = id;
	return 0;
}

bool store_is_busy(const struct store_dir *dir)
{
	/* A lock belongs to the open file: ask with one of its own. */
	auto_close int fd = sys_openat(dir->fd, ".", DIRECTORY, 0);

	return fd >= 0 && sys_flock(fd, LOCK_SH | LOCK_NB) == -EWOULDBLOCK;
}

void store_unlock(const struct store_dir *dir)
{
	sys_flock(dir->fd, LOCK_UN);
}

int store_relock(const struct store_dir *dir)
{
	return store_take_lock(dir->fd);
}

/* Call VISIT for each name of directory FD but "." and "..". */
static int store_each(int fd, int (*visit)(void *context, const char *name),
                      void *context)
{
	_Alignas(struct dirent64) char buffer[4096];
	ssize_t length;

	while ((length = sys_getdents64(fd, buffer, sizeof(buffer))) > 0) {
		const char *next = buffer;

		while (next < buffer + length) {
			const struct dirent64 *entry = (const void *)next;
			int result = 0;

			next += entry->d_reclen;
			if (!str_equal(entry->d_name, ".") &&
			    !str_equal(entry->d_name, ".."))
				result = visit(context, entry->d_name);
			if (result < 0)
				return result;
		}
	}
	return (int)length;
}

static int store_unlink(void *context, const char *name)
{
	int parent = *(int *)context;
	int result = sys_unlinkat(parent, name, 0);

	if (result == -EISDIR) {
		auto_close int fd = sys_openat(parent, name, DIRECTORY, 0);

		result = fd;
		if (result >= 0)
			result = store_each(fd, store_unlink, &fd);
		if (result >= 0)
			result = sys_unlinkat(parent, name, AT_REMOVEDIR);
	}
	return result == -ENOENT ? 0 : result;
}

int store_remove(const struct store *store, const struct store_dir *dir,
                 struct error *err)
{
	/* dir->fd may have been read to its end before: begin again. */
	auto_close int fd = sys_openat(dir->fd, ".", DIRECTORY, 0);
	int result = fd;

	if (result >= 0)
		result = store_each(fd, store_unlink, &fd);
	if (result >= 0)
		result = sys_unlinkat(store->fd, dir->id, AT_REMOVEDIR);
	if (result < 0 && result != -ENOENT)
		return error_system(err, result, "remove \"%s/%s\"",
		                    store->path, dir->id);
	return 0;
}

struct store_names {
	struct arena *arena;
	const char **ids;
	size_t count;
};

static int store_collect(void *context, const char *name)
{
	struct store_names *names = context;

	if (name[0] != '.')
		*arena_push(names->arena, names->ids, names->count) =
			arena_strdup(names->arena, name);
	return 0;
}

int store_list(struct arena *arena, const struct store *store,
               const char ***ret_ids, struct error *err)
{
	auto_close int fd = sys_openat(store->fd, ".", DIRECTORY, 0);
	struct store_names names = { .arena = arena };
	int result = fd;

	if (result >= 0)
		result = store_each(fd, store_collect, &names);
	if (result < 0)
		return error_system(err, result, "list \"%s\"", store->path);
	*arena_push(arena, names.ids, names.count) = NULL;
	*ret_ids = names.ids;
	return 0;
}
