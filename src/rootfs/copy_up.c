/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a directory into a tmpfs that will cover it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "rootfs/internal.h"
#include "sys/file.h"

/* As getdents64(2) lays it out; libc has it under several names. */
struct dirent_record {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Each level takes a few descriptors and this much of the stack. */
#define DEPTH_MAX    64
#define DIRENTS_SIZE 2048

#define XATTR_LIST_SIZE  1024
#define XATTR_VALUE_SIZE 4096

/* One way for all: what a tmpfs does not take is left behind. */
static int copy_xattrs(int from, int to)
{
	char names[XATTR_LIST_SIZE];
	char value[XATTR_VALUE_SIZE];
	ssize_t length = sys_flistxattr(from, names, sizeof(names));
	const char *name;

	if (length == -EOPNOTSUPP)
		return 0;
	if (length < 0)
		return (int)length;
	for (name = names; name < names + length; name += strlen(name) + 1) {
		ssize_t size = sys_fgetxattr(from, name, value, sizeof(value));
		int result = (int)size;

		if (size >= 0)
			result = sys_fsetxattr(to, name, value, (size_t)size);
		if (result < 0 && result != -EOPNOTSUPP && result != -EPERM &&
		    result != -ENODATA)
			return result;
	}
	return 0;
}

static int copy_bytes(int from, int to, off_t size)
{
	while (size > 0) {
		ssize_t sent = sys_sendfile(to, from, NULL, (size_t)size);

		if (sent < 0)
			return (int)sent;
		if (sent == 0)
			break;
		size -= sent;
	}
	return 0;
}

/* Ownership before the mode: chown(2) takes the set-id bits away. */
static int copy_metadata(int from, int to, const struct stat *found)
{
	int result = sys_fchown(to, found->st_uid, found->st_gid);

	if (result == 0)
		result = sys_fchmod(to, found->st_mode & 07777);
	if (result == 0)
		result = copy_xattrs(from, to);
	return result;
}

struct copy {
	int from; /* directories */
	int to;
	int depth;
};

static int copy_dir(const struct copy *copy);

static int copy_file(const struct copy *copy, const char *name,
                     const struct stat *seen)
{
	auto_close int from = sys_openat(copy->from, name,
	                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	auto_close int to = -1;
	int result;

	if (from < 0)
		return from;
	to = sys_openat(copy->to, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (to < 0)
		return to;
	result = copy_bytes(from, to, seen->st_size);
	return result < 0 ? result : copy_metadata(from, to, seen);
}

static int copy_below(const struct copy *copy, const char *name,
                      const struct stat *seen)
{
	auto_close int from = sys_openat(
		copy->from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	auto_close int to = -1;
	struct copy below = { from, -1, copy->depth + 1 };
	int result;

	if (from < 0)
		return from;
	if (below.depth > DEPTH_MAX)
		return -ELOOP;
	result = sys_mkdirat(copy->to, name, 0700);
	if (result < 0)
		return result;
	to = sys_openat(copy->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (to < 0)
		return to;
	below.to = to;
	result = copy_dir(&below);
	return result < 0 ? result : copy_metadata(from, to, seen);
}

static int copy_link(const struct copy *copy, const char *name,
                     const struct stat *seen)
{
	char target[PATH_MAX];
	ssize_t length =
		sys_readlinkat(copy->from, name, target, sizeof(target));
	int result;

	if (length < 0)
		return (int)length;
	result = sys_symlinkat(target, copy->to, name);
	if (result < 0)
		return result;
	return sys_fchownat(copy->to, name, seen->st_uid, seen->st_gid,
	                    AT_SYMLINK_NOFOLLOW);
}

/* A node that cannot be made (user namespace) is left behind. */
static int copy_node(const struct copy *copy, const char *name,
                     const struct stat *seen)
{
	int result = sys_mknodat(copy->to, name, seen->st_mode, seen->st_rdev);

	if (result == -EPERM)
		return 0;
	if (result == 0)
		result = sys_fchownat(copy->to, name, seen->st_uid,
		                      seen->st_gid, AT_SYMLINK_NOFOLLOW);
	if (result == 0)
		result = sys_fchmodat(copy->to, name, seen->st_mode & 07777);
	return result;
}

static int copy_entry(const struct copy *copy, const char *name)
{
	struct stat seen;
	int result;

	if (str_equal(name, ".") || str_equal(name, ".."))
		return 0;
	result = sys_fstatat(copy->from, name, &seen, AT_SYMLINK_NOFOLLOW);
	if (result < 0)
		return result;
	switch (seen.st_mode & S_IFMT) {
	case S_IFREG: return copy_file(copy, name, &seen);
	case S_IFDIR: return copy_below(copy, name, &seen);
	case S_IFLNK: return copy_link(copy, name, &seen);
	default: return copy_node(copy, name, &seen);
	}
}

static int copy_dir(const struct copy *copy)
{
	_Alignas(struct dirent_record) char buffer[DIRENTS_SIZE];
	ssize_t length;

	while ((length = sys_getdents64(copy->from, buffer, sizeof(buffer))) >
	       0) {
		ssize_t at = 0;

		while (at < length) {
			const struct dirent_record *entry =
				(const void *)(buffer + at);
			int result = copy_entry(copy, entry->name);

			if (result < 0)
				return result;
			at += entry->length;
		}
	}
	return (int)length;
}

int copy_up(int from, int to, struct error *err)
{
	auto_close int readable =
		sys_openat(from, ".", O_RDONLY | O_DIRECTORY, 0);
	auto_close int writable =
		sys_openat(to, ".", O_RDONLY | O_DIRECTORY, 0);
	struct copy copy = { readable, writable, 0 };
	struct stat found;
	int result = readable < 0 ? readable : writable;

	if (result >= 0)
		result = copy_dir(&copy);
	if (result == 0)
		result = sys_fstat(readable, &found);
	if (result == 0)
		result = sys_fchown(writable, found.st_uid, found.st_gid);
	if (result == 0)
		result = copy_xattrs(readable, writable);
	if (result < 0)
		return error_system(err, result, "copy");
	return 0;
}
