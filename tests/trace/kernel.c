/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel would have answered, plausibly, without being asked. */
#include "tests/trace/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "tests/trace/notes.h"

#define RESOLVE_IN_ROOT_BIT 0x10

struct kernel kernel;

/* Of the generated file: the prototypes stand there only. */
#define FAKE(type, name, ...)          \
	type fake_##name(__VA_ARGS__); \
	type fake_##name(__VA_ARGS__)

static const char *const message_names[] = {
	[SYNC_IDMAP] = "IDMAP",
	[SYNC_CHILD] = "CHILD",
	[SYNC_CONSOLE] = "CONSOLE",
	[SYNC_RUN_HOOKS] = "RUN_HOOKS",
	[SYNC_HOOKS_RAN] = "HOOKS_RAN",
	[SYNC_CGROUP] = "CGROUP",
	[SYNC_GO] = "GO",
	[SYNC_READY] = "READY",
	[SYNC_ERROR] = "ERROR",
};

const char *kernel_describe(const void *bytes, size_t size)
{
	const struct sync_message *message = bytes;
	static char text[600];

	if (size == sizeof(*message) && message->type == SYNC_ERROR) {
		snprintf(text, sizeof(text), "ERROR %s", message->error.text);
		return text;
	}
	if (size != offsetof(struct sync_message, error) ||
	    message->type < SYNC_IDMAP || message->type > SYNC_ERROR)
		return NULL;
	return message_names[message->type];
}

/* ---- files */

/* Whose "/" it is, has to be seen. */
static int open_absolute(const char *path)
{
	const char *below = str_after(path, "/bundle/rootfs");

	if (kernel.inside)
		return notes_fd("%s", path);
	return below ? notes_fd("root%s", below) : notes_fd("host:%s", path);
}

static int open_below(int dir, const char *path, bool in_root)
{
	const char *top = notes_fd_name(dir);

	if (*path == '/' && !in_root)
		return open_absolute(path);
	while (*path == '/')
		path++;
	if (dir == AT_FDCWD)
		return notes_fd("./%s", path);
	return notes_fd("%s/%s", str_equal(top, "/") ? "" : top, path);
}

FAKE(int, openat, int dir, const char *path, int flags, mode_t mode)
{
	(void)flags;
	(void)mode;
	return open_below(dir, path, false);
}

FAKE(int, openat2, int dir, const char *path, int flags, mode_t mode,
     uint64_t resolve)
{
	(void)flags;
	(void)mode;
	return open_below(dir, path, resolve & RESOLVE_IN_ROOT_BIT);
}

static bool ends_in(int fd, const char *end)
{
	return str_has_suffix(notes_fd_name(fd), end);
}

static bool is_file(int fd)
{
	static const char *const files[] = {
		"/kcore",         "/keys",          "/timer_list",
		"/timer_stats",   "/sched_debug",   "/interrupts",
		"/sysrq-trigger", "/latency_stats",
	};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (ends_in(fd, files[i]))
			return true;
	return false;
}

static bool is_terminal(int fd)
{
	return strstr(notes_fd_name(fd), "terminal");
}

static bool is_device(int fd)
{
	return fd <= 2 || is_terminal(fd) || ends_in(fd, "/dev/null");
}

FAKE(int, fstat, int fd, struct stat *ret_stat)
{
	memset(ret_stat, 0, sizeof(*ret_stat));
	ret_stat->st_mode = S_IFDIR | 0755;
	if (is_file(fd))
		ret_stat->st_mode = S_IFREG | 0444;
	if (is_device(fd)) {
		ret_stat->st_mode = S_IFCHR | 0666;
		ret_stat->st_rdev =
			is_terminal(fd) ? makedev(136, 0) : makedev(1, 3);
	}
	/* Of a procfs. */
	ret_stat->st_ino = 1;
	return 0;
}

FAKE(int, fstatat, int dir, const char *path, struct stat *ret_stat, int flags)
{
	(void)dir;
	(void)path;
	(void)flags;
	memset(ret_stat, 0, sizeof(*ret_stat));
	ret_stat->st_mode = S_IFREG | 0755;
	return 0;
}

FAKE(int, fstatfs, int fd, struct statfs *ret_statfs)
{
	memset(ret_statfs, 0, sizeof(*ret_statfs));
	ret_statfs->f_type = TMPFS_MAGIC;
	if (ends_in(fd, "/proc") || ends_in(fd, "mount proc"))
		ret_statfs->f_type = PROC_SUPER_MAGIC;
	if (ends_in(fd, "/sys"))
		ret_statfs->f_type = SYSFS_MAGIC;
	if (ends_in(fd, "/dev/pts") || is_terminal(fd))
		ret_statfs->f_type = DEVPTS_SUPER_MAGIC;
	return 0;
}

FAKE(ssize_t, readlinkat, int dir, const char *path, char *buffer, size_t size)
{
	(void)dir;
	(void)path;
	return snprintf(buffer, size, "target");
}

FAKE(int, getcwd, char *buffer, size_t size)
{
	return snprintf(buffer, size, "/") + 1;
}

FAKE(ssize_t, write, int fd, const void *bytes, size_t size)
{
	(void)fd;
	(void)bytes;
	return (ssize_t)size;
}

FAKE(int, dup_above, int fd, int lowest)
{
	(void)lowest;
	return notes_fd("%s", notes_fd_name(fd));
}

FAKE(int, pipe2, int ret_fds[2], int flags)
{
	(void)flags;
	ret_fds[0] = notes_fd("pipe, to read");
	ret_fds[1] = notes_fd("pipe, to write");
	return 0;
}

/* ---- mounts */

FAKE(int, open_tree, int dir, const char *path, unsigned int flags)
{
	(void)flags;
	return *path ? notes_fd("%s", path)
	             : notes_fd("%s", notes_fd_name(dir));
}

FAKE(int, fsopen, const char *type)
{
	return notes_fd("new %s", type);
}

FAKE(int, fsmount, int fs, unsigned int attributes)
{
	(void)attributes;
	return notes_fd("mount %s", notes_fd_name(fs) + strlen("new "));
}

FAKE(void, fs_message, int fs, char *buffer, size_t size)
{
	(void)fs;
	snprintf(buffer, size, "%s", "");
}

/* The first time there is something, then there is not. */
FAKE(int, umount2, const char *target, int flags)
{
	char last[32];

	(void)flags;
	snprintf(last, sizeof(last), "umount2(\"%s\",", target);
	if (notes.count > 1 &&
	    strncmp(notes.items[notes.count - 2].text, last, strlen(last)) == 0)
		return -EINVAL;
	return 0;
}

FAKE(int, pivot_root, const char *new_root, const char *put_old)
{
	(void)new_root;
	(void)put_old;
	kernel.inside = true;
	return 0;
}

FAKE(int, setns, int fd, int flags)
{
	(void)fd;
	if (flags & CLONE_NEWNS)
		kernel.inside = true;
	return 0;
}

FAKE(int, chroot, const char *path)
{
	(void)path;
	kernel.inside = true;
	return 0;
}

/* ---- terminals */

FAKE(int, pty_peer, int master)
{
	(void)master;
	return notes_fd("terminal");
}

/* ---- processes */

FAKE(pid_t, getpid, void)
{
	return 1;
}

FAKE(mode_t, umask, mode_t mask)
{
	mode_t before = kernel.umask;

	kernel.umask = mask;
	return before;
}

FAKE(pid_t, clone, uint64_t flags, int cgroup, int *ret_pidfd)
{
	pid_t pid = 7;

	(void)flags;
	(void)cgroup;
	if (kernel.clones_count > 0) {
		pid = kernel.clones[0];
		kernel.clones_count--;
		memmove(kernel.clones, kernel.clones + 1,
		        sizeof(kernel.clones) - sizeof(kernel.clones[0]));
	}
	if (pid > 0)
		*ret_pidfd = notes_fd("pidfd");
	return pid;
}

FAKE(int, waitid, idtype_t type, id_t id, siginfo_t *ret_info, int options)
{
	(void)type;
	(void)id;
	(void)options;
	memset(ret_info, 0, sizeof(*ret_info));
	ret_info->si_code = CLD_EXITED;
	return 0;
}

FAKE(int, poll, struct pollfd *fds, size_t count, int timeout_ms)
{
	size_t i;

	(void)timeout_ms;
	for (i = 0; i < count; i++)
		fds[i].revents = fds[i].fd < 0 ? 0 : fds[i].events;
	return (int)count;
}

FAKE(int, in_bounding, int capability)
{
	return capability <= 40 ? 1 : -EINVAL;
}

FAKE(int, capget, uint64_t *ret_effective, uint64_t *ret_permitted,
     uint64_t *ret_inheritable)
{
	*ret_effective = *ret_permitted = UINT64_MAX >> 23;
	*ret_inheritable = 0;
	return 0;
}

FAKE(int, prlimit, pid_t pid, int resource, const struct rlimit *limit,
     struct rlimit *ret_old)
{
	(void)pid;
	(void)resource;
	(void)limit;
	if (ret_old)
		*ret_old = (struct rlimit){ 1024, 4096 };
	return 0;
}

__attribute__((noreturn)) static void end_process(void)
{
	note_end(0);
	longjmp(kernel.end, 1);
}

FAKE(int, execve, const char *path, char *const argv[], char *const env[])
{
	(void)path;
	(void)argv;
	(void)env;
	end_process();
}

void fake_exit(int status) __attribute__((noreturn));

/* Its line is complete already. */
void fake_exit(int status)
{
	(void)status;
	longjmp(kernel.end, 1);
}

/* ---- sockets */

FAKE(int, socketpair, int type, int ret_fds[2])
{
	(void)type;
	ret_fds[0] = notes_fd("socket, one end");
	ret_fds[1] = notes_fd("socket, other end");
	return 0;
}

FAKE(ssize_t, receive_fds, int socket, void *buffer, size_t size, int *ret_fds,
     size_t *count)
{
	struct sync_message message = { .type = 0 };
	const size_t length = offsetof(struct sync_message, error);

	if (count)
		*count = 0;
	/* A datagram with the pipe that reports. */
	if (strcmp(notes_fd_name(socket), "gate") == 0) {
		*(char *)buffer = '\0';
		*ret_fds = notes_fd("report");
		*count = 1;
		return 1;
	}
	if (kernel.messages_sent == kernel.messages_count || size < length)
		return 0;
	message.type = kernel.messages[kernel.messages_sent++];
	memcpy(buffer, &message, length);
	note_word(message_names[message.type]);
	return (ssize_t)length;
}
