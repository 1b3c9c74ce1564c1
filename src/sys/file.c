/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories. Every descriptor is close-on-exec at birth. */
#include "sys/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "sys/internal.h"

/* A rename that races with the walk makes openat2 say EAGAIN. */
#define OPENAT2_TRIES 128

int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
	flags |= O_CLOEXEC | O_NOCTTY;
	return (int)SYS_RETRY(openat(dir, path, flags, mode));
}

int sys_openat2(int dir, const char *path, int flags, mode_t mode,
                uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = resolve,
	};
	int result = -EAGAIN;
	int try;

	if (!(flags & O_PATH))
		how.flags |= O_NOCTTY;
	for (try = 0; try < OPENAT2_TRIES && result == -EAGAIN; try++)
		result = (int)SYS_RETRY(
			syscall(SYS_openat2, dir, path, &how, sizeof(how)));
	return result;
}

ssize_t sys_read(int fd, void *buffer, size_t size)
{
	return (ssize_t)SYS_RETRY(read(fd, buffer, size));
}

ssize_t sys_pread(int fd, void *buffer, size_t size, off_t offset)
{
	return (ssize_t)SYS_RETRY(pread(fd, buffer, size, offset));
}

ssize_t sys_write(int fd, const void *bytes, size_t size)
{
	return (ssize_t)SYS_RETRY(write(fd, bytes, size));
}

int sys_write_all(int fd, const void *bytes, size_t size)
{
	const char *next = bytes;

	while (size) {
		ssize_t written = sys_write(fd, next, size);

		if (written < 0)
			return (int)written;
		next += written;
		size -= (size_t)written;
	}
	return 0;
}

/* FD may be an error already. */
static int write_once(int fd, const char *text)
{
	size_t length = strlen(text);
	ssize_t written;

	if (fd < 0)
		return fd;
	written = sys_write(fd, text, length);
	if (written < 0)
		return (int)written;
	return (size_t)written == length ? 0 : -EIO;
}

int sys_write_file(int dir, const char *path, const char *text)
{
	auto_close int fd = sys_openat(dir, path, O_WRONLY, 0);

	return write_once(fd, text);
}

int sys_write_beneath(int dir, const char *path, const char *text)
{
	auto_close int fd = sys_openat2(dir, path, O_WRONLY, 0,
	                                RESOLVE_BENEATH | RESOLVE_NO_XDEV |
	                                        RESOLVE_NO_MAGICLINKS);

	return write_once(fd, text);
}

ssize_t sys_read_file(int dir, const char *path, char *buffer, size_t size)
{
	auto_close int fd = sys_openat(dir, path, O_RDONLY, 0);
	size_t used = 0;

	if (fd < 0)
		return fd;
	while (used < size) {
		ssize_t count = sys_read(fd, buffer + used, size - used);

		if (count < 0)
			return count;
		if (count == 0) {
			buffer[used] = '\0';
			return (ssize_t)used;
		}
		used += (size_t)count;
	}
	return -EOVERFLOW;
}

int sys_close(int fd)
{
	return (int)SYS_RESULT(close(fd));
}

int sys_mkdirat(int dir, const char *path, mode_t mode)
{
	return (int)SYS_RESULT(mkdirat(dir, path, mode));
}

int sys_mknodat(int dir, const char *path, mode_t mode, dev_t device)
{
	return (int)SYS_RESULT(mknodat(dir, path, mode, device));
}

int sys_symlinkat(const char *target, int dir, const char *path)
{
	return (int)SYS_RESULT(symlinkat(target, dir, path));
}

int sys_unlinkat(int dir, const char *path, int flags)
{
	return (int)SYS_RESULT(unlinkat(dir, path, flags));
}

int sys_renameat2(int from_dir, const char *from, int to_dir, const char *to,
                  unsigned int flags)
{
	return (int)SYS_RESULT(
		syscall(SYS_renameat2, from_dir, from, to_dir, to, flags));
}

ssize_t sys_readlinkat(int dir, const char *path, char *buffer, size_t size)
{
	ssize_t length =
		(ssize_t)SYS_RESULT(readlinkat(dir, path, buffer, size));

	if (length < 0)
		return length;
	if ((size_t)length == size)
		return -ENAMETOOLONG;
	buffer[length] = '\0';
	return length;
}

int sys_fstat(int fd, struct stat *ret_stat)
{
	return (int)SYS_RESULT(fstat(fd, ret_stat));
}

int sys_fstatat(int dir, const char *path, struct stat *ret_stat, int flags)
{
	return (int)SYS_RESULT(fstatat(dir, path, ret_stat, flags));
}

int sys_fstatfs(int fd, struct statfs *ret_statfs)
{
	return (int)SYS_RETRY(fstatfs(fd, ret_statfs));
}

int sys_statfs(const char *path, struct statfs *ret_statfs)
{
	return (int)SYS_RETRY(statfs(path, ret_statfs));
}

int sys_fchmodat(int dir, const char *path, mode_t mode)
{
	return (int)SYS_RESULT(fchmodat(dir, path, mode, 0));
}

int sys_fchmod(int fd, mode_t mode)
{
	return (int)SYS_RESULT(fchmod(fd, mode));
}

int sys_fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)SYS_RESULT(fchown(fd, uid, gid));
}

int sys_fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
	return (int)SYS_RESULT(fchownat(dir, path, uid, gid, flags));
}

int sys_ftruncate(int fd, off_t size)
{
	return (int)SYS_RETRY(ftruncate(fd, size));
}

int sys_fsync(int fd)
{
	return (int)SYS_RETRY(fsync(fd));
}

int sys_syncfs(int fd)
{
	return (int)SYS_RETRY(syncfs(fd));
}

int sys_flock(int fd, int operation)
{
	return (int)SYS_RETRY(flock(fd, operation));
}

int sys_faccessat(int dir, const char *path, int mode, int flags)
{
	return (int)SYS_RESULT(faccessat(dir, path, mode, flags));
}

ssize_t sys_getdents64(int fd, void *buffer, size_t size)
{
	return (ssize_t)SYS_RESULT(syscall(SYS_getdents64, fd, buffer, size));
}

int sys_pipe2(int ret_fds[2], int flags)
{
	return (int)SYS_RESULT(pipe2(ret_fds, flags | O_CLOEXEC));
}

int sys_dup_above(int fd, int lowest)
{
	return (int)SYS_RESULT(fcntl(fd, F_DUPFD_CLOEXEC, lowest));
}

int sys_dup3(int from, int to, int flags)
{
	return (int)SYS_RETRY(dup3(from, to, flags));
}

int sys_set_cloexec(int fd, int on)
{
	return (int)SYS_RESULT(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
}

int sys_get_cloexec(int fd)
{
	int flags = (int)SYS_RESULT(fcntl(fd, F_GETFD));

	return flags < 0 ? flags : (flags & FD_CLOEXEC) != 0;
}

int sys_get_status_flags(int fd)
{
	return (int)SYS_RESULT(fcntl(fd, F_GETFL));
}

int sys_set_status_flags(int fd, int flags)
{
	return (int)SYS_RESULT(fcntl(fd, F_SETFL, flags));
}

int sys_memfd_create(const char *name, unsigned int flags)
{
	return (int)SYS_RESULT(memfd_create(name, flags | MFD_CLOEXEC));
}

int sys_add_seals(int fd, int seals)
{
	return (int)SYS_RESULT(fcntl(fd, F_ADD_SEALS, seals));
}

int sys_get_seals(int fd)
{
	return (int)SYS_RESULT(fcntl(fd, F_GET_SEALS));
}

ssize_t sys_sendfile(int to, int from, off_t *offset, size_t size)
{
	return (ssize_t)SYS_RETRY(sendfile(to, from, offset, size));
}

int sys_eventfd(void)
{
	return (int)SYS_RESULT(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int sys_inotify_init(int flags)
{
	return (int)SYS_RESULT(inotify_init1(flags | IN_CLOEXEC));
}

int sys_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	return (int)SYS_RESULT(inotify_add_watch(fd, path, mask));
}

ssize_t sys_flistxattr(int fd, char *names, size_t size)
{
	return (ssize_t)SYS_RESULT(flistxattr(fd, names, size));
}

ssize_t sys_fgetxattr(int fd, const char *name, void *value, size_t size)
{
	return (ssize_t)SYS_RESULT(fgetxattr(fd, name, value, size));
}

int sys_fsetxattr(int fd, const char *name, const void *value, size_t size)
{
	return (int)SYS_RESULT(fsetxattr(fd, name, value, size, 0));
}
