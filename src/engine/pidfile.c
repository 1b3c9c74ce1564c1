/* SPDX-License-Identifier: Apache-2.0 */
/* Who the process is, for the caller: the pid file and the pidfd socket. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "engine/creation.h"
#include "oci/oci.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

/* crun's word for --pidfd-socket. */
#define PIDFD_RECEIVER "run.oci.pidfd_receiver"

/* The directory of PATH, opened; *RET_NAME is the last component. */
static int pidfile_open_dir(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	size_t length;

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return sys_openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	length = slash == path ? 1 : (size_t)(slash - path);
	if (length >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, length);
	parent[length] = '\0';
	return sys_openat(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0);
}

/* Whole or not there, and nothing in it but digits. */
static int pidfile_write(const char *path, pid_t pid, struct error *err)
{
	const char *name;
	auto_close int dir = pidfile_open_dir(path, &name);
	auto_close int fd = -1;
	char temporary[64];
	char digits[16];
	int result = dir;

	/* One runf writes one pid file: its own pid makes the name unique. */
	snprintf(temporary, sizeof(temporary), ".runf-pid-%d", sys_getpid());
	snprintf(digits, sizeof(digits), "%d", pid);
	if (result >= 0)
		result = fd =
			sys_openat(dir, temporary,
		                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
		                   0644);
	if (result >= 0)
		result = sys_write_all(fd, digits, strlen(digits));
	if (result >= 0)
		result = sys_renameat2(dir, temporary, dir, name, 0);
	if (result < 0 && fd >= 0)
		sys_unlinkat(dir, temporary, 0);
	if (result < 0)
		return error_system(err, result, "write pid file \"%s\"", path);
	return 0;
}

/* The name of the descriptor is the message, as with a console. */
static int pidfd_send(const char *path, int pidfd, struct error *err)
{
	static const char name[] = "pidfd";
	auto_close int socket = sys_connect_unix(SOCK_STREAM, path);
	ssize_t result = socket;

	if (result >= 0)
		result = sys_send_fds(socket, name, strlen(name), &pidfd, 1);
	if (result < 0)
		return error_system(err, (int)result,
		                    "send the pidfd to \"%s\"", path);
	return 0;
}

int pid_announce(const char *file, const char *socket, pid_t pid, int pidfd,
                 struct error *err)
{
	int result = 0;

	if (socket)
		result = pidfd_send(socket, pidfd, err);
	if (result == 0 && file)
		result = pidfile_write(file, pid, err);
	return result;
}

int creation_announce_pid(struct creation *c, struct error *err)
{
	const char *socket = c->options->pidfd_socket;
	int result;

	if (!socket)
		socket = oci_annotation(c->spec, PIDFD_RECEIVER);
	result = pid_announce(c->options->pid_file, socket, c->pid, c->pidfd,
	                      err);
	if (result < 0)
		return result;
	/* The last that can fail: what the container was given is its own. */
	net_keep(&c->net);
	if (c->options->pid)
		*c->options->pid = c->pid;
	return 0;
}
