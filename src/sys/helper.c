/* SPDX-License-Identifier: Apache-2.0 */
/* A child that shares the caller's memory, for one task that takes long. */
#include "sys/helper.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "sys/internal.h"
#include "sys/process.h"

#define STACK_SIZE 16384

/*
 * To copy the memory of a process costs more than to create it. This one
 * shares it with a caller that goes on working, so it may not touch errno,
 * which lies in the thread's memory that both have: its system calls are
 * made here, not by libc. Where we cannot write them it gets a copy after all.
 */
#if defined(__x86_64__)
#	define HELPER_FLAGS (CLONE_VM | CLONE_PIDFD | SIGCHLD)

static long helper_call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10),
	                   "r"(r8)
	                 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
#	define HELPER_FLAGS (CLONE_VM | CLONE_PIDFD | SIGCHLD)

static long helper_call(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0"
	                 : "+r"(x0)
	                 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
	                 : "memory");
	return x0;
}
#else
#	define HELPER_FLAGS (CLONE_PIDFD | SIGCHLD)

static long helper_call(long number, long a, long b, long c, long d, long e)
{
	return SYS_RESULT(syscall(number, a, b, c, d, e));
}
#endif

static long helper_pointer(const void *pointer)
{
	return (long)(intptr_t)pointer;
}

static long helper_raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	long fd = helper_call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0,
	                      0, 0);
	long result;

	if (fd < 0)
		return fd;
	result = helper_call(SYS_ioctl, fd, SIOCSIFFLAGS,
	                     helper_pointer(&request), 0, 0);
	helper_call(SYS_close, fd, 0, 0, 0, 0);
	return result;
}

static void helper_send(int socket, int32_t code, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
		                  .cmsg_level = SOL_SOCKET,
		                  .cmsg_type = SCM_RIGHTS } };
	struct iovec data = { &code, sizeof(code) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.space);
	}
	helper_call(SYS_sendmsg, socket, helper_pointer(&message), MSG_NOSIGNAL,
	            0, 0);
}

static int make_net(void *argument)
{
	int socket = (int)(intptr_t)argument;
	long fd = -1;
	long result;

	helper_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	result = helper_call(SYS_unshare, CLONE_NEWNET, 0, 0, 0, 0);
	if (result == 0)
		result = helper_raise_loopback();
	if (result == 0)
		result = fd = helper_call(SYS_openat, AT_FDCWD,
		                          helper_pointer("/proc/self/ns/net"),
		                          O_RDONLY | O_CLOEXEC, 0, 0);
	helper_send(socket, result < 0 ? (int32_t)result : 0, (int)fd);
	helper_call(SYS_exit, 0, 0, 0, 0, 0);
	return 0;
}

pid_t sys_spawn_net_maker(int socket, int *ret_pidfd)
{
	static _Alignas(16) char stack[STACK_SIZE];
	sigset_t all;
	sigset_t before;
	int pidfd = -1;
	pid_t pid;

	/* No handler of the caller's may run on that stack. */
	sigfillset(&all);
	sys_set_signal_mask(&all, &before);
	pid = (pid_t)SYS_RESULT(clone(make_net, stack + sizeof(stack),
	                              HELPER_FLAGS, (void *)(intptr_t)socket,
	                              &pidfd));
	sys_set_signal_mask(&before, NULL);
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}
