/* SPDX-License-Identifier: Apache-2.0 */
/* A container's pseudo-terminal: made inside it, handed to the caller. */
#include "tty/console.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/socket.h"
#include "sys/tty.h"

int tty_connect_console(const char *path, int given, int *ret_fd,
                        struct error *err)
{
	int fd = path ? sys_connect_unix(SOCK_STREAM, path)
	              : sys_dup_above(given, STDERR_FILENO + 1);

	if (fd < 0 && !path)
		return error_system(err, fd, "take console socket %d", given);
	if (fd < 0)
		return error_system(err, fd, "connect to console socket '%s'",
		                    path);
	*ret_fd = fd;
	return 0;
}

int tty_send_console(int socket, int master, struct error *err)
{
	char name[TTY_NAME_SIZE];
	ssize_t sent;
	int result = tty_name(master, name, err);

	if (result < 0)
		return result;
	sent = sys_send_fds(socket, name, strlen(name), &master, 1);
	if (sent < 0)
		return error_system(err, (int)sent,
		                    "send terminal to console socket");
	return 0;
}

int tty_name(int master, char ret_name[TTY_NAME_SIZE], struct error *err)
{
	int number = sys_pty_number(master);

	if (number < 0)
		return error_system(err, number, "number of the terminal");
	snprintf(ret_name, TTY_NAME_SIZE, "/dev/pts/%d", number);
	return 0;
}

/* The directory /dev/pts below ROOT, which may be hostile, as a devpts. */
static int console_open_devpts(int root, int *ret_dir, struct error *err)
{
	auto_close int dir = sys_openat2(root, "dev/pts", O_PATH | O_DIRECTORY,
	                                 0, RESOLVE_IN_ROOT);
	struct statfs found;
	int result;

	if (dir < 0)
		return error_system(err, dir, "open /dev/pts");
	result = sys_fstatfs(dir, &found);
	if (result < 0)
		return error_system(err, result, "look at /dev/pts");
	if (found.f_type != DEVPTS_SUPER_MAGIC)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "a terminal needs a devpts mounted at "
		                 "/dev/pts");
	*ret_dir = take_fd(&dir);
	return 0;
}

/* A container may lack the right, or devpts the uid; programs still run. */
static int console_give_to(int slave, uid_t uid, struct error *err)
{
	int result = sys_fchown(slave, uid, (gid_t)-1);

	if (result < 0 && result != -EPERM && result != -EROFS &&
	    result != -EINVAL)
		return error_system(err, result, "give the terminal to %u",
		                    uid);
	return 0;
}

int tty_open_console(const struct tty_console *want, int *ret_master,
                     int *ret_slave, struct error *err)
{
	auto_close int dir = -1;
	auto_close int master = -1;
	auto_close int slave = -1;
	int result = console_open_devpts(want->root, &dir, err);

	if (result < 0)
		return result;
	/* Nothing may be mounted over ptmx: it would be opened for writing. */
	master = sys_openat2(dir, "ptmx", O_RDWR, 0,
	                     RESOLVE_BENEATH | RESOLVE_NO_XDEV |
	                             RESOLVE_NO_SYMLINKS);
	if (master < 0)
		return error_system(err, master, "open /dev/pts/ptmx");
	result = sys_pty_unlock(master);
	if (result < 0)
		return error_system(err, result, "unlock the terminal");
	slave = sys_pty_peer(master);
	if (slave < 0)
		return error_system(err, slave, "open the terminal");
	if (want->rows || want->columns)
		result = sys_tty_set_size(slave, want->rows, want->columns);
	if (result < 0)
		return error_system(err, result, "set the terminal's size");
	result = console_give_to(slave, want->uid, err);
	if (result < 0)
		return result;
	*ret_master = take_fd(&master);
	*ret_slave = take_fd(&slave);
	return 0;
}

int tty_become_controlling(int slave, struct error *err)
{
	int result = sys_tty_take(slave);
	int fd;

	if (result < 0)
		return error_system(err, result,
		                    "make the terminal the controlling one");
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		result = fd == slave ? sys_set_cloexec(fd, 0)
		                     : sys_dup3(slave, fd, 0);
		if (result < 0)
			return error_system(err, result,
			                    "put the terminal on descriptor "
			                    "%d",
			                    fd);
	}
	return 0;
}
