/* SPDX-License-Identifier: Apache-2.0 */
/* Where a shim is found: one socket for all containers of a group. */
#include "shim/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/time.h"
#include "sys/file.h"
#include "sys/socket.h"

#define MODE 0600

/* containerd's own limit: an address with its NUL. */
#define PATH_BYTES sizeof(((struct sockaddr_un *)NULL)->sun_path)

/* FNV-1a; who could choose texts that collide may name containers anyway. */
static uint64_t digest(uint64_t seed, const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ seed;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

/* What needs no quotes anywhere; '@' stands between the parts of a name. */
static bool is_plain(const char *text)
{
	return !text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                          "0123456789._-")];
}

const char *socket_path(struct arena *arena, const char *dir,
                        const char *address, const char *namespace_,
                        const char *group)
{
	const char *path = arena_printf(arena, "%s/%08x@%s@%s", dir,
	                                (unsigned int)digest(0, address),
	                                namespace_, group);

	if (strlen(path) < PATH_BYTES && is_plain(namespace_) &&
	    is_plain(group))
		return path;
	path = arena_printf(arena, "%zu@%s%zu@%s%s", strlen(address), address,
	                    strlen(namespace_), namespace_, group);
	return arena_printf(arena, "%s/%016llx%016llx", dir,
	                    (unsigned long long)digest(0, path),
	                    (unsigned long long)digest(1, path));
}

/* The directory of PATH, locked; *RET_NAME is the rest. */
static int socket_lock(const char *path, const char **ret_name)
{
	char dir[PATH_BYTES];
	const char *name = strrchr(path, '/');
	auto_close int fd = -1;
	int result;

	if (!name || (size_t)(name - path) >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, path, (size_t)(name - path));
	dir[name - path] = '\0';
	fd = sys_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOENT) {
		char parent[PATH_BYTES];

		memcpy(parent, dir, sizeof(dir));
		if (strrchr(parent, '/'))
			*strrchr(parent, '/') = '\0';
		sys_mkdirat(AT_FDCWD, parent, 0711);
		sys_mkdirat(AT_FDCWD, dir, 0700);
		fd = sys_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	}
	result = fd < 0 ? fd : sys_flock(fd, LOCK_EX);
	*ret_name = name + 1;
	return result < 0 ? result : take_fd(&fd);
}

static bool socket_is_served(int dir, const char *name)
{
	auto_close int fd =
		sys_connect_unix_at(SOCK_STREAM | SOCK_NONBLOCK, dir, name);

	/* Many wait there already; so do we not, who hold the lock. */
	return fd >= 0 || fd == -EAGAIN;
}

int socket_claim(const char *path, int *ret_listener, struct error *err)
{
	const char *name;
	auto_close int dir = socket_lock(path, &name);
	int result = dir;

	if (dir >= 0 && socket_is_served(dir, name)) {
		/* A note for its shim, see socket_retire(). */
		sys_fchmodat(dir, name, MODE);
		return 1;
	}
	if (dir >= 0) {
		sys_unlinkat(dir, name, 0);
		result = sys_listen_unix(SOCK_STREAM, dir, name, MODE);
	}
	if (result < 0)
		return error_system(err, result, "listen on \"%s\"", path);
	*ret_listener = result;
	return 0;
}

/* Its inode was changed after it was made, and not long ago. */
static bool socket_is_promised(int dir, const char *name, unsigned int seconds)
{
	struct timespec now = time_now();
	struct stat found;

	return sys_fstatat(dir, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (found.st_ctim.tv_sec != found.st_mtim.tv_sec ||
	        found.st_ctim.tv_nsec != found.st_mtim.tv_nsec) &&
	       found.st_ctim.tv_sec <= now.tv_sec &&
	       found.st_ctim.tv_sec + seconds >= now.tv_sec;
}

bool socket_retire(const char *path, unsigned int seconds)
{
	const char *name;
	auto_close int dir = socket_lock(path, &name);

	if (dir >= 0 && socket_is_promised(dir, name, seconds))
		return false;
	if (dir >= 0)
		sys_unlinkat(dir, name, 0);
	return true;
}

void socket_remove(const char *path)
{
	const char *name;
	auto_close int dir = socket_lock(path, &name);

	if (dir >= 0)
		sys_unlinkat(dir, name, 0);
}

void socket_remove_stale(const char *path)
{
	const char *name;
	auto_close int dir = socket_lock(path, &name);

	if (dir >= 0 && !socket_is_served(dir, name))
		sys_unlinkat(dir, name, 0);
}
