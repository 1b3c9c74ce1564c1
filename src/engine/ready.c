/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3): the container tells the caller's service manager it is ready. */
#include "engine/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/str.h"
#include "plan/decide.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/socket.h"

#define MESSAGE_SIZE 4096

/* Longer than that no barrier is waited for. */
#define BARRIER_MS 30000

const char *ready_wanted(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && *path ? path : NULL;
}

int ready_make_dir(const struct store_dir *dir, struct error *err)
{
	int result = sys_mkdirat(dir->fd, STORE_NOTIFY, 0755);

	/* Whatever the umask: every user of the container shall come in. */
	if (result == 0)
		result = sys_fchmodat(dir->fd, STORE_NOTIFY, 0755);
	if (result < 0)
		return error_system(err, result,
		                    "make the directory for NOTIFY_SOCKET");
	return 0;
}

static int ready_bind(int dir)
{
	auto_close int socket = -1;
	int result = sys_unlinkat(dir, PLAN_NOTIFY_NAME, 0);

	if (result < 0 && result != -ENOENT)
		return result;
	socket = sys_listen_unix(SOCK_DGRAM, dir, PLAN_NOTIFY_NAME, 0777);
	if (socket < 0)
		return socket;
	result = sys_fchmodat(dir, PLAN_NOTIFY_NAME, 0777);
	return result < 0 ? result : take_fd(&socket);
}

int ready_listen(const struct store_dir *dir, struct ready *ret_ready,
                 struct error *err)
{
	const char *host = ready_wanted();
	auto_close int inside = -1;
	struct ready ready = READY_NONE;

	if (!host)
		return 0;
	inside = sys_openat(dir->fd, STORE_NOTIFY,
	                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (inside == -ENOENT)
		return 0;
	ready.socket = inside < 0 ? inside : ready_bind(inside);
	if (ready.socket < 0)
		return error_system(err, ready.socket,
		                    "make the container's NOTIFY_SOCKET");
	ready.host = sys_connect_unix(SOCK_DGRAM, host);
	if (ready.host < 0) {
		fd_close(&ready.socket);
		return error_system(err, ready.host,
		                    "connect to NOTIFY_SOCKET \"%s\"", host);
	}
	*ret_ready = ready;
	return 0;
}

void ready_close(struct ready *ready)
{
	fd_close(&ready->socket);
	fd_close(&ready->host);
}

/* Lines that name a process or a descriptor would be misunderstood. */
static bool ready_is_own(const char *line)
{
	static const char *const words[] = {
		"MAINPID=", "MAINPIDFDID=", "FDSTORE=", "FDNAME=", "BARRIER="
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (str_after(line, words[i]))
			return true;
	return false;
}

/* A service manager that has gone is nobody's fault here. */
static void ready_say(const struct ready *ready, const char *text)
{
	(void)sys_send_fds(ready->host, text, strlen(text), NULL, 0);
}

int ready_pass(const struct ready *ready)
{
	char text[MESSAGE_SIZE];
	char out[MESSAGE_SIZE];
	char *rest = text;
	char *line;
	size_t length = 0;
	size_t none = 0;
	int said = 0;
	/* Descriptors are closed: so a barrier is told that it has come. */
	ssize_t size = sys_receive_fds(ready->socket, text, sizeof(text) - 1,
	                               NULL, &none);

	if (size <= 0)
		return 0;
	text[size] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (!*line || ready_is_own(line))
			continue;
		said |= str_equal(line, "READY=1");
		length += (size_t)snprintf(out + length, sizeof(out) - length,
		                           "%s%s", length ? "\n" : "", line);
	}
	if (length)
		ready_say(ready, out);
	return said;
}

/* The other end of the pipe is closed once all before it has been read. */
static void ready_barrier(const struct ready *ready)
{
	static const char text[] = "BARRIER=1";
	struct pollfd reader = { .events = POLLHUP };
	int ends[2];

	if (sys_pipe2(ends, 0) < 0)
		return;
	reader.fd = ends[0];
	if (sys_send_fds(ready->host, text, strlen(text), &ends[1], 1) >= 0) {
		fd_close(&ends[1]);
		sys_poll(&reader, 1, BARRIER_MS);
	}
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

void ready_wait(const struct ready *ready, pid_t pid, int pidfd)
{
	struct pollfd fds[] = {
		{ .fd = ready->socket, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
	};
	char text[32];

	do {
		if (sys_poll(fds, ARRAY_SIZE(fds), -1) < 0)
			return;
		if (fds[0].revents && ready_pass(ready)) {
			snprintf(text, sizeof(text), "MAINPID=%d", pid);
			ready_say(ready, text);
			ready_barrier(ready);
			return;
		}
	} while (fds[0].revents || !fds[1].revents);
}
