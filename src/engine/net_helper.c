/* SPDX-License-Identifier: Apache-2.0 */
/* A process that makes the network namespace while init mounts. */
#include "engine/net_helper.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "sys/helper.h"
#include "sys/ns.h"
#include "sys/process.h"
#include "sys/socket.h"

int net_helper_start(struct net_helper *ret_helper, struct error *err)
{
	auto_close int ours = -1;
	auto_close int theirs = -1;
	int pidfd = -1;
	int ends[2];
	pid_t pid;
	int result = sys_socketpair(SOCK_SEQPACKET, ends);

	if (result < 0)
		return error_system(err, result, "make a socket");
	ours = ends[0];
	theirs = ends[1];
	pid = sys_spawn_net_maker(theirs, &pidfd);
	if (pid < 0)
		return error_system(err, pid,
		                    "start the network namespace's maker");
	*ret_helper = (struct net_helper){
		.pid = pid,
		.pidfd = pidfd,
		.socket = take_fd(&ours),
	};
	return 0;
}

int net_helper_take(const struct net_helper *helper, struct error *err)
{
	auto_close int ns = -1;
	int32_t code = -EPIPE;
	size_t count = 1;
	ssize_t length = sys_receive_fds(helper->socket, &code, sizeof(code),
	                                 &ns, &count);
	int result;

	if (length < 0)
		return error_system(err, (int)length,
		                    "receive the network namespace");
	if (count != 1)
		return error_system(err, code < 0 ? code : -EPIPE,
		                    "make a network namespace");
	result = sys_setns(ns, CLONE_NEWNET);
	if (result < 0)
		return error_system(err, result, "enter the network namespace");
	return 0;
}

void net_helper_collect(struct net_helper *helper)
{
	siginfo_t info;

	fd_close(&helper->socket);
	if (helper->pid <= 0)
		return;
	sys_waitid(P_PIDFD, (id_t)helper->pidfd, &info, WEXITED);
	fd_close(&helper->pidfd);
	helper->pid = 0;
}

void net_helper_end(struct net_helper *helper)
{
	if (helper->pid > 0)
		sys_pidfd_send_signal(helper->pidfd, SIGKILL);
	net_helper_collect(helper);
}
