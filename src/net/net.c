/* SPDX-License-Identifier: Apache-2.0 */
/* The helper for network devices: start it, hear what it did, let it go. */
#include "net/net.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/libexec.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/process.h"
#include "sys/socket.h"

/* The kernel's part takes milliseconds; its lock may be held by others. */
#define PATIENCE_MS 30000

/* In the child: its stdin is the socket, its stdout the namespace. */
static void become_helper(const char *path, char *const args[], int socket,
                          int netns) __attribute__((noreturn));

static void become_helper(const char *path, char *const args[], int socket,
                          int netns)
{
	char text[512];
	int result;

	/* Above what they become, whatever numbers they have. */
	socket = sys_dup_above(socket, STDERR_FILENO + 1);
	netns = sys_dup_above(netns, STDERR_FILENO + 1);
	result = sys_dup3(socket, STDIN_FILENO, 0);
	if (result >= 0)
		result = sys_dup3(netns, STDOUT_FILENO, 0);
	if (result >= 0)
		result = sys_close_range(STDERR_FILENO + 1, ~0U, 0);
	sys_reset_signals();
	if (result >= 0)
		result = sys_execve(path, args, environ);
	snprintf(text, sizeof(text),
	         "execute the helper %.255s (built where libmnl is, Debian's "
	         "libmnl-dev): %s",
	         path, strerror(-result));
	(void)sys_send_fds(STDIN_FILENO, text, strlen(text), NULL, 0);
	sys_exit(1);
}

/* It says "ok", or why not; nothing, where its library is missing. */
static int await_helper(const struct net_helper *helper, struct error *err)
{
	char text[512];
	size_t none = 0;
	int result = sys_wait_readable(helper->socket, PATIENCE_MS);
	ssize_t length = result ? result : -ETIMEDOUT;

	if (length > 0)
		length = sys_receive_fds(helper->socket, text, sizeof(text) - 1,
		                         NULL, &none);
	if (length < 0)
		return error_system(err, (int)length, "listen to the helper");
	text[length] = '\0';
	if (strcmp(text, "ok") == 0)
		return 0;
	return error_set(err, ERROR_SYSTEM, -ENODEV, "%s",
	                 length ? text
	                        : "the helper netdev ended without a word "
	                          "(is the package libmnl0 installed?)");
}

/*
 * It ends by itself when our end of the socket is closed, and not before all
 * is as it was: it is killed only when it will not come to that.
 */
static void collect(struct net_helper *helper)
{
	siginfo_t info;

	fd_close(&helper->socket);
	if (helper->pid > 0 &&
	    sys_wait_readable(helper->pidfd, PATIENCE_MS) <= 0)
		sys_pidfd_send_signal(helper->pidfd, SIGKILL);
	if (helper->pid > 0)
		sys_waitid(P_PIDFD, (id_t)helper->pidfd, &info, WEXITED);
	fd_close(&helper->pidfd);
	helper->pid = 0;
}

int net_move(const struct plan_net *net, int netns,
             struct net_helper *ret_helper, struct error *err)
{
	struct net_helper helper = NET_HELPER_NONE;
	char path[4096];
	int ends[2];
	int result = sys_socketpair(SOCK_SEQPACKET, ends);

	if (result < 0)
		return error_system(err, result, "make a socket");
	snprintf(path, sizeof(path), "%s/netdev", libexec_dir(RUNF_LIBEXEC));
	helper.socket = ends[0];
	helper.pid = sys_clone(0, -1, &helper.pidfd);
	if (helper.pid == 0)
		become_helper(path, net->args, ends[1], netns);
	fd_close(&ends[1]);
	result = helper.pid < 0 ? error_system(err, helper.pid, "clone")
	                        : await_helper(&helper, err);
	if (result < 0) {
		collect(&helper);
		return error_wrap(err, "linux.netDevices");
	}
	*ret_helper = helper;
	return 0;
}

void net_keep(struct net_helper *helper)
{
	if (helper->pid <= 0)
		return;
	(void)sys_send_fds(helper->socket, "keep", 4, NULL, 0);
	collect(helper);
}

void net_undo(struct net_helper *helper)
{
	collect(helper);
}
