/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that only takes notes: linked in the place of sys/. */
#include "fake_sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/mount.h"
#include "sys/ns.h"
#include "sys/process.h"
#include "sys/socket.h"

#define FDS_MAX   1024
#define PATH_SIZE 64

static struct {
	char log[65536];
	size_t calls;
	size_t fail_at;
	int fail_code;
	const char *missing;
	char paths[FDS_MAX][PATH_SIZE];
} fake;

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
}

const char *fake_log(void)
{
	return fake.log;
}

size_t fake_calls(void)
{
	return fake.calls;
}

void fake_fail(size_t n, int code)
{
	fake.fail_at = n;
	fake.fail_code = code;
}

void fake_missing(const char *path)
{
	fake.missing = path;
}

/* One line of the log. Returns 0, or what this call shall fail with. */
static int note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int note(const char *format, ...)
{
	size_t used = strlen(fake.log);
	va_list args;

	va_start(args, format);
	vsnprintf(fake.log + used, sizeof(fake.log) - used - 1, format, args);
	va_end(args);
	strcat(fake.log, "\n");
	return ++fake.calls == fake.fail_at ? fake.fail_code : 0;
}

/* The same for a call that returns a descriptor of PATH. */
static int give(int result, const char *path)
{
	int fd;

	if (result < 0)
		return result;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd >= FDS_MAX)
		abort();
	snprintf(fake.paths[fd], PATH_SIZE, "%s", path);
	return fd;
}

static const char *path_of(int fd)
{
	return fd >= 0 && fd < FDS_MAX ? fake.paths[fd] : "";
}

int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
	(void)dir;
	(void)flags;
	(void)mode;
	return give(note("openat %s", path), path);
}

int sys_openat2(int dir, const char *path, int flags, mode_t mode,
                uint64_t resolve)
{
	int result = note("openat2 %s", path);

	(void)dir;
	(void)flags;
	(void)mode;
	(void)resolve;
	if (fake.missing && str_equal(fake.missing, path)) {
		fake.missing = NULL;
		return -ENOENT;
	}
	return give(result, path);
}

ssize_t sys_read(int fd, void *buffer, size_t size)
{
	(void)fd;
	(void)buffer;
	(void)size;
	return note("read");
}

int sys_write_file(int dir, const char *path, const char *text)
{
	(void)dir;
	return note("write %s %s", path, text);
}

int sys_close(int fd)
{
	return close(fd);
}

int sys_mkdirat(int dir, const char *path, mode_t mode)
{
	return note("mkdirat %s/%s %o", path_of(dir), path, mode);
}

int sys_mknodat(int dir, const char *path, mode_t mode, dev_t device)
{
	(void)device;
	return note("mknodat %s/%s %o", path_of(dir), path, mode);
}

int sys_symlinkat(const char *target, int dir, const char *path)
{
	return note("symlinkat %s %s/%s", target, path_of(dir), path);
}

int sys_unlinkat(int dir, const char *path, int flags)
{
	(void)flags;
	return note("unlinkat %s/%s", path_of(dir), path);
}

ssize_t sys_readlinkat(int dir, const char *path, char *buffer, size_t size)
{
	(void)dir;
	snprintf(buffer, size, "target");
	return note("readlinkat %s", path);
}

int sys_fstat(int fd, struct stat *ret_stat)
{
	const char *path = path_of(fd);

	memset(ret_stat, 0, sizeof(*ret_stat));
	ret_stat->st_mode = S_IFDIR | 0755;
	if (str_equal(path, "/proc"))
		ret_stat->st_ino = 1;
	if (str_has_suffix(path, "file"))
		ret_stat->st_mode = S_IFREG | 0644;
	if (str_has_suffix(path, "null")) {
		ret_stat->st_mode = S_IFCHR | 0666;
		ret_stat->st_rdev = makedev(1, 3);
	}
	return note("fstat %s", path);
}

int sys_fstatat(int dir, const char *path, struct stat *ret_stat, int flags)
{
	(void)dir;
	(void)flags;
	memset(ret_stat, 0, sizeof(*ret_stat));
	return note("fstatat %s", path);
}

int sys_fstatfs(int fd, struct statfs *ret_statfs)
{
	const char *path = path_of(fd);

	memset(ret_statfs, 0, sizeof(*ret_statfs));
	if (str_has_suffix(path, "proc"))
		ret_statfs->f_type = PROC_SUPER_MAGIC;
	if (str_has_suffix(path, "sys"))
		ret_statfs->f_type = SYSFS_MAGIC;
	return note("fstatfs %s", path);
}

int sys_fchmodat(int dir, const char *path, mode_t mode)
{
	(void)dir;
	return note("fchmodat %s %o", path, mode);
}

int sys_fchmod(int fd, mode_t mode)
{
	return note("fchmod %s %o", path_of(fd), mode);
}

int sys_fchown(int fd, uid_t uid, gid_t gid)
{
	return note("fchown %s %u %u", path_of(fd), uid, gid);
}

int sys_fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
	(void)flags;
	return note("fchownat %s%s %u %u", path_of(dir), path, uid, gid);
}

ssize_t sys_getdents64(int fd, void *buffer, size_t size)
{
	(void)buffer;
	(void)size;
	return note("getdents64 %s", path_of(fd));
}

ssize_t sys_sendfile(int to, int from, off_t *offset, size_t size)
{
	(void)to;
	(void)from;
	(void)offset;
	(void)size;
	return note("sendfile");
}

ssize_t sys_flistxattr(int fd, char *names, size_t size)
{
	(void)names;
	(void)size;
	return note("flistxattr %s", path_of(fd));
}

ssize_t sys_fgetxattr(int fd, const char *name, void *value, size_t size)
{
	(void)value;
	(void)size;
	return note("fgetxattr %s %s", path_of(fd), name);
}

int sys_fsetxattr(int fd, const char *name, const void *value, size_t size)
{
	(void)value;
	(void)size;
	return note("fsetxattr %s %s", path_of(fd), name);
}

int sys_pipe2(int ret_fds[2], int flags)
{
	int result = note("pipe2");

	(void)flags;
	if (result < 0)
		return result;
	ret_fds[0] = give(0, "pipe");
	ret_fds[1] = give(0, "pipe");
	return 0;
}

int sys_dup_above(int fd, int lowest)
{
	(void)lowest;
	return give(note("dup %s", path_of(fd)), path_of(fd));
}

/* ---- mounts */

int sys_open_tree(int dir, const char *path, unsigned int flags)
{
	const char *what = *path ? path : path_of(dir);

	return give(note("open_tree %s%s", what,
	                 flags & AT_RECURSIVE ? " recursive" : ""),
	            what);
}

int sys_move_mount(int from_dir, const char *from, int to_dir, const char *to,
                   unsigned int flags)
{
	(void)from;
	(void)flags;
	return note("move_mount %s to %s", path_of(from_dir),
	            *to ? to : path_of(to_dir));
}

int sys_fsopen(const char *type)
{
	return give(note("fsopen %s", type), type);
}

int sys_fsconfig_set(int fs, const char *key, const char *value)
{
	(void)fs;
	return note("fsconfig %s%s%s", key, value ? "=" : "",
	            value ? value : "");
}

int sys_fsconfig_create(int fs)
{
	return note("fsconfig create %s", path_of(fs));
}

void sys_fs_message(int fs, char *buffer, size_t size)
{
	(void)fs;
	(void)size;
	*buffer = '\0';
}

int sys_fsmount(int fs, unsigned int attributes)
{
	return give(note("fsmount %#x", attributes), path_of(fs));
}

int sys_mount_setattr(int dir, const char *path, unsigned int flags,
                      uint64_t set, uint64_t clear, uint64_t propagation,
                      int userns)
{
	(void)path;
	return note("mount_setattr %s%s%s set %#llx clear %#llx prop %#llx",
	            path_of(dir), flags & AT_RECURSIVE ? " recursive" : "",
	            userns >= 0 ? " userns" : "", (unsigned long long)set,
	            (unsigned long long)clear, (unsigned long long)propagation);
}

int sys_mount(const char *source, const char *target, const char *type,
              unsigned long flags, const char *data)
{
	(void)source;
	(void)type;
	(void)data;
	return note("mount %s %#lx", target, flags);
}

/* What is not there cannot be unmounted twice. */
int sys_umount2(const char *target, int flags)
{
	int result = note("umount2 %s", target);

	(void)flags;
	if (result == 0 && *target == '/')
		return -ENOENT;
	return result;
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return note("pivot_root %s %s", new_root, put_old);
}

/* ---- processes */

mode_t sys_umask(mode_t mask)
{
	(void)mask;
	return 022;
}

int sys_chdir(const char *path)
{
	return note("chdir %s", path);
}

int sys_fchdir(int fd)
{
	return note("fchdir %s", path_of(fd));
}

int sys_chroot(const char *path)
{
	return note("chroot %s", path);
}

pid_t sys_clone(uint64_t flags, int cgroup, int *ret_pidfd)
{
	int result = note("clone %#llx", (unsigned long long)flags);

	(void)cgroup;
	if (result < 0)
		return result;
	*ret_pidfd = give(0, "pidfd");
	return 7;
}

void sys_exit(int status)
{
	_exit(status);
}

int sys_waitid(idtype_t type, id_t id, siginfo_t *ret_info, int options)
{
	(void)type;
	(void)options;
	ret_info->si_pid = (pid_t)id;
	return note("waitid %u", id);
}

int sys_ns_type(int fd)
{
	(void)fd;
	return CLONE_NEWNET;
}

int sys_unshare(int flags)
{
	return note("unshare %#x", (unsigned int)flags);
}

int sys_mount_id(int fd, uint64_t *ret_id)
{
	(void)fd;
	*ret_id = 1;
	return note("mount_id");
}

int sys_loop_get_free(int control)
{
	(void)control;
	return note("loop_get_free");
}

int sys_loop_configure(int device, int file, uint32_t flags)
{
	(void)device;
	(void)file;
	return note("loop_configure %#x", flags);
}

int sys_socketpair(int type, int ret_fds[2])
{
	(void)ret_fds;
	return note("socketpair %d", type) < 0 ? -EIO : -EMFILE;
}

ssize_t sys_send_fds(int socket, const void *bytes, size_t size, const int *fds,
                     size_t count)
{
	(void)socket;
	(void)bytes;
	(void)fds;
	(void)count;
	return note("send_fds %zu", size);
}

ssize_t sys_receive_fds(int socket, void *buffer, size_t size, int *ret_fds,
                        size_t *count)
{
	(void)socket;
	(void)buffer;
	(void)ret_fds;
	(void)count;
	return note("receive_fds %zu", size);
}
