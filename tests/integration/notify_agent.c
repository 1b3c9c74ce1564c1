/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_agent SOCKET DIR: takes the listeners of filters, as an agent does.
 *
 * What comes with the Nth one is written to DIR/N.json, once the runtime has
 * closed its connection; from then on its notifications are answered: mkdir
 * and mkdirat fail with ENOMEDIUM, all else continues. DIR/N.calls has the
 * number of each call, DIR/ready appears when there is somebody to connect to.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTENERS_MAX 64

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void write_file(const char *dir, const char *name, const char *bytes,
                       size_t size)
{
	char path[4096];
	char draft[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(draft, sizeof(draft), "%s.new", path);
	fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size ||
	    rename(draft, path) < 0)
		fail(path);
	close(fd);
}

/* The document, and the one descriptor that must be with its first bytes. */
static int receive(int connection, const char *dir, int number)
{
	static char text[1 << 20];

	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec data = { text, sizeof(text) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *part;
	char name[32];
	ssize_t size = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
	ssize_t more;
	int fd = -1;

	if (size < 0)
		fail("recvmsg");
	part = CMSG_FIRSTHDR(&message);
	if (part && part->cmsg_type == SCM_RIGHTS &&
	    part->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(part), sizeof(fd));
	while ((more = read(connection, text + size,
	                    sizeof(text) - (size_t)size)) > 0)
		size += more;
	close(connection);
	snprintf(name, sizeof(name), "%d.json", number);
	write_file(dir, name, text, (size_t)size);
	return fd;
}

static void answer(int listener, const char *dir, int number)
{
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp response = { 0 };
	char path[4096];
	FILE *log;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	snprintf(path, sizeof(path), "%s/%d.calls", dir, number);
	log = fopen(path, "ae");
	if (!log)
		fail(path);
	fprintf(log, "%d\n", call.data.nr);
	fclose(log);
	response.id = call.id;
	if (call.data.nr == SYS_mkdirat
#ifdef SYS_mkdir
	    || call.data.nr == SYS_mkdir
#endif
	)
		response.error = -ENOMEDIUM;
	else
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 16) < 0)
		fail(path);
	return fd;
}

int main(int argc, char **argv)
{
	struct pollfd fds[1 + LISTENERS_MAX];
	nfds_t count = 1;
	nfds_t i;

	if (argc != 3)
		return 2;
	/* Not to outlive the test. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fds[0] = (struct pollfd){ .fd = listen_at(argv[1]), .events = POLLIN };
	write_file(argv[2], "ready", "", 0);
	while (poll(fds, count, -1) > 0) {
		for (i = 1; i < count; i++) {
			if (fds[i].revents & POLLIN)
				answer(fds[i].fd, argv[2], (int)i);
			else if (fds[i].revents)
				fds[i].fd = -1;
		}
		if (fds[0].revents && count <= LISTENERS_MAX) {
			int connection =
				accept4(fds[0].fd, NULL, NULL, SOCK_CLOEXEC);

			fds[count].fd =
				receive(connection, argv[2], (int)count);
			fds[count++].events = POLLIN;
		}
	}
	return 1;
}
