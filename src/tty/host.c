/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's side of a relay: borrowed descriptors, given back as found. */
#include "tty/host.h"

#include <fcntl.h>
#include <stdio.h>

#include "sys/file.h"
#include "sys/tty.h"

void tty_end_open(struct tty_end *end, int fd, int access)
{
	struct stat found;
	char path[32];

	*end = (struct tty_end){ .fd = fd, .flags = -1 };
	/* A file never blocks, and a second description has its own offset. */
	if (fd < 0 || sys_fstat(fd, &found) < 0 || S_ISREG(found.st_mode))
		return;
	if (S_ISCHR(found.st_mode) || S_ISFIFO(found.st_mode)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		end->fd = sys_openat(AT_FDCWD, path, access | O_NONBLOCK, 0);
		end->own = end->fd >= 0;
		if (end->own)
			return;
		end->fd = fd;
	}
	end->flags = sys_get_status_flags(fd);
	if (end->flags >= 0)
		sys_set_status_flags(fd, end->flags | O_NONBLOCK);
}

void tty_end_close(struct tty_end *end)
{
	if (end->own)
		sys_close(end->fd);
	else if (end->flags >= 0)
		sys_set_status_flags(end->fd, end->flags);
	*end = (struct tty_end){ .fd = -1, .flags = -1 };
}

void tty_raw_enter(struct tty_raw *raw, int fd)
{
	struct termios settings;

	raw->fd = -1;
	if (fd < 0 || sys_tty_get(fd, &raw->before) < 0)
		return;
	settings = raw->before;
	cfmakeraw(&settings);
	if (sys_tty_set(fd, &settings) >= 0)
		raw->fd = fd;
}

void tty_raw_leave(struct tty_raw *raw)
{
	if (raw->fd >= 0)
		sys_tty_set(raw->fd, &raw->before);
	raw->fd = -1;
}
