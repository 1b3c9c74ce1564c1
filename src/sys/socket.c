/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets, and descriptors sent over them. */
#include "sys/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/internal.h"

#define FDS_MAX 8
/* Who connects without waiting gets EAGAIN when as many are in front of him. */
#define BACKLOG 1024

int sys_socketpair(int type, int ret_fds[2])
{
	return (int)SYS_RESULT(
		socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret_fds));
}

/* /proc/self/fd/N/NAME: sun_path has 108 bytes, directories more. */
static int socket_address(int dir, const char *name, struct sockaddr_un *ret)
{
	int length;

	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	if (dir == AT_FDCWD)
		length = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s",
		                  name);
	else
		length = snprintf(ret->sun_path, sizeof(ret->sun_path),
		                  "/proc/self/fd/%d/%s", dir, name);
	return (size_t)length < sizeof(ret->sun_path) ? 0 : -ENAMETOOLONG;
}

int sys_connect_unix_at(int type, int dir, const char *name)
{
	auto_close int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int result;

	if (fd < 0)
		return -errno;
	result = socket_address(dir, name, &address);
	if (result == 0)
		result = (int)SYS_RETRY(connect(fd, (struct sockaddr *)&address,
		                                sizeof(address)));
	return result < 0 ? result : take_fd(&fd);
}

/* A name that is no file: its length is part of it. */
static int connect_abstract(int type, const char *name)
{
	auto_close int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);
	int result;

	if (fd < 0)
		return -errno;
	if (length > sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path + 1, name + 1, length - 1);
	result = (int)SYS_RETRY(connect(
		fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)));
	return result < 0 ? result : take_fd(&fd);
}

int sys_connect_unix(int type, const char *path)
{
	auto_close int dir = -1;
	const char *name = strrchr(path, '/');
	char parent[PATH_MAX];

	if (path[0] == '@')
		return connect_abstract(type, path);
	if (strlen(path) < sizeof((struct sockaddr_un){ 0 }.sun_path))
		return sys_connect_unix_at(type, AT_FDCWD, path);
	if (!name || (size_t)(name - path) >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, (size_t)(name - path));
	parent[name - path] = '\0';
	dir = sys_openat(AT_FDCWD, parent, O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	return sys_connect_unix_at(type, dir, name + 1);
}

int sys_listen_unix(int type, int dir, const char *name, mode_t mode)
{
	auto_close int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int result;

	if (fd < 0)
		return -errno;
	result = socket_address(dir, name, &address);
	/* The file that bind makes takes over the socket's own mode. */
	if (result == 0)
		result = (int)SYS_RESULT(fchmod(fd, mode));
	if (result == 0)
		result = (int)SYS_RESULT(
			bind(fd, (struct sockaddr *)&address, sizeof(address)));
	if (result == 0 && type != SOCK_DGRAM)
		result = (int)SYS_RESULT(listen(fd, BACKLOG));
	return result < 0 ? result : take_fd(&fd);
}

int sys_listen_loopback(uint16_t port)
{
	auto_close int fd =
		socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int result;

	if (fd < 0)
		return -errno;
	result = (int)SYS_RESULT(
		bind(fd, (struct sockaddr *)&address, sizeof(address)));
	if (result == 0)
		result = (int)SYS_RESULT(listen(fd, BACKLOG));
	return result < 0 ? result : take_fd(&fd);
}

int sys_listen_tcp(const char *address, uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		                  .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		                   .sin6_port = htons(port) };
	bool is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
	socklen_t size = is_v6 ? sizeof(v6) : sizeof(v4);
	struct sockaddr *to =
		is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	auto_close int fd = -1;
	int result, on = 1;

	if (!is_v6 && inet_pton(AF_INET, address, &v4.sin_addr) != 1)
		return -EINVAL;
	fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	            0);
	if (fd < 0)
		return -errno;
	/* A server that was killed left connections behind. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	result = (int)SYS_RESULT(bind(fd, to, size));
	if (result == 0)
		result = (int)SYS_RESULT(listen(fd, BACKLOG));
	if (result == 0)
		result = (int)SYS_RESULT(getsockname(fd, to, &size));
	if (result < 0)
		return result;
	*ret_port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
	return take_fd(&fd);
}

int sys_shutdown(int socket)
{
	return (int)SYS_RESULT(shutdown(socket, SHUT_RDWR));
}

int sys_accept(int listener)
{
	return (int)SYS_RETRY(
		accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

ssize_t sys_send_fds(int socket, const void *bytes, size_t size, const int *fds,
                     size_t count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec data = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (count > FDS_MAX)
		return -EINVAL;
	if (count) {
		memset(&control, 0, sizeof(control));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len =
			(socklen_t)CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen =
			(socklen_t)CMSG_SPACE(count * sizeof(int));
	}
	return (ssize_t)SYS_RETRY(sendmsg(socket, &message, MSG_NOSIGNAL));
}

static size_t socket_take_fds(struct msghdr *message, int *ret_fds, size_t most)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	size_t taken = 0;

	for (; part; part = CMSG_NXTHDR(message, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fds[FDS_MAX];
		size_t i;

		if (part->cmsg_level != SOL_SOCKET ||
		    part->cmsg_type != SCM_RIGHTS || count > FDS_MAX)
			continue;
		memcpy(fds, CMSG_DATA(part), count * sizeof(int));
		for (i = 0; i < count; i++) {
			if (taken < most)
				ret_fds[taken++] = fds[i];
			else
				close(fds[i]);
		}
	}
	return taken;
}

ssize_t sys_receive_fds(int socket, void *buffer, size_t size, int *ret_fds,
                        size_t *count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec data = { buffer, size };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	size_t most = count ? *count : 0;
	ssize_t length =
		(ssize_t)SYS_RETRY(recvmsg(socket, &message, MSG_CMSG_CLOEXEC));

	if (count)
		*count = 0;
	if (length < 0)
		return length;
	most = socket_take_fds(&message, ret_fds, most);
	if (count)
		*count = most;
	return length;
}
