/* SPDX-License-Identifier: Apache-2.0 */
/* A child that shares the caller's memory, for one task that takes long. */
#include "sys/helper.h"

#include <fcntl.h>
#include <limits.h>
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

/* Leave the core to its other thread for a moment. */
static void helper_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

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

/* One message with COUNT descriptors. Returns bytes, or a negative errno. */
static long helper_send(const struct sys_letter *letter, const int *fds,
                        size_t count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(SYS_NS_MAKER_MAX * sizeof(int))];
	} control = { .header = { .cmsg_len = (socklen_t)CMSG_LEN(count *
		                                                  sizeof(int)),
		                  .cmsg_level = SOL_SOCKET,
		                  .cmsg_type = SCM_RIGHTS } };
	struct iovec data = { (void *)(uintptr_t)letter->bytes, letter->size };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (count) {
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen =
			(socklen_t)CMSG_SPACE(count * sizeof(int));
	}
	return helper_call(SYS_sendmsg, letter->socket,
	                   helper_pointer(&message), MSG_NOSIGNAL, 0, 0);
}

/* Returns how many descriptors there are, or a negative errno. */
static long make_namespaces(int flags, int *fds)
{
	static const struct {
		int flag;
		const char *path;
	} kinds[SYS_NS_MAKER_MAX] = {
		{ CLONE_NEWNET, "/proc/self/ns/net" },
		{ CLONE_NEWIPC, "/proc/self/ns/ipc" },
	};

	long result = helper_call(SYS_unshare, flags, 0, 0, 0, 0);
	long count = 0;
	size_t i;

	if (result == 0 && flags & CLONE_NEWNET)
		result = helper_raise_loopback();
	for (i = 0; i < SYS_NS_MAKER_MAX && result >= 0; i++) {
		if (!(flags & kinds[i].flag))
			continue;
		result = helper_call(SYS_openat, AT_FDCWD,
		                     helper_pointer(kinds[i].path),
		                     O_RDONLY | O_CLOEXEC, 0, 0);
		if (result >= 0)
			fds[count++] = (int)result;
	}
	return result < 0 ? result : count;
}

static int helper_main(void *argument)
{
	struct sys_ns_maker *maker = argument;
	const struct sys_letter letter = {
		.socket = maker->socket,
		.bytes = &maker->word,
		.size = 2 * sizeof(maker->word),
	};
	int fds[SYS_NS_MAKER_MAX];
	long count;

	helper_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	count = make_namespaces(maker->flags, fds);
	maker->value = count < 0 ? (int32_t)count : 0;
	helper_send(&letter, fds, count < 0 ? 0 : (size_t)count);
	helper_call(SYS_exit, 0, 0, 0, 0, 0);
	return 0;
}

static pid_t helper_spawn(int (*function)(void *), int flags, void *argument,
                          int *ret_pidfd)
{
	static _Alignas(16) char stack[STACK_SIZE];
	sigset_t all;
	sigset_t before;
	int pidfd = -1;
	pid_t pid;

	/* No handler of the caller's may run on that stack. */
	sigfillset(&all);
	sys_set_signal_mask(&all, &before);
	pid = (pid_t)SYS_RESULT(clone(function, stack + sizeof(stack), flags,
	                              argument, &pidfd));
	sys_set_signal_mask(&before, NULL);
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

pid_t sys_spawn_ns_maker(const struct sys_ns_maker *maker, int *ret_pidfd)
{
	/* The caller goes on; this has to stay as it is meanwhile. */
	static struct sys_ns_maker own;

	own = *maker;
	return helper_spawn(helper_main, HELPER_FLAGS, &own, ret_pidfd);
}

/* ---- a filter's listener */

#define COURIER_FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

#define NOT_YET INT_MIN

/* What the thread and its maker tell each other without a system call. */
struct courier {
	const struct sys_letter *letter;
	int listener; /* a descriptor of both, or why there is none */
	int outcome;
};

static int courier_deliver(const struct sys_letter *letter, int listener)
{
	struct sys_letter rest = *letter;
	size_t count = 1;

	while (rest.size) {
		long sent = helper_send(&rest, &listener, count);

		if (sent < 0)
			return (int)sent;
		rest.bytes = (const char *)rest.bytes + sent;
		rest.size -= (size_t)sent;
		count = 0;
	}
	return 0;
}

static int courier_main(void *argument)
{
	struct courier *courier = argument;
	int outcome;
	int fd;

	while ((fd = __atomic_load_n(&courier->listener, __ATOMIC_ACQUIRE)) ==
	       NOT_YET)
		helper_call(SYS_sched_yield, 0, 0, 0, 0, 0);
	outcome = fd;
	if (fd >= 0) {
		outcome = courier_deliver(courier->letter, fd);
		helper_call(SYS_close, fd, 0, 0, 0, 0);
	}
	helper_call(SYS_close, courier->letter->socket, 0, 0, 0, 0);
	__atomic_store_n(&courier->outcome, outcome, __ATOMIC_RELEASE);
	helper_call(SYS_exit, 0, 0, 0, 0, 0);
	return 0;
}

int sys_seccomp_load_and_send(const struct sock_filter *filter, uint16_t length,
                              unsigned int flags,
                              const struct sys_letter *letter)
{
	static struct courier courier;
	int ignored;
	int outcome;
	pid_t thread;

	courier = (struct courier){ letter, NOT_YET, NOT_YET };
	thread = helper_spawn(courier_main, COURIER_FLAGS, &courier, &ignored);
	if (thread < 0)
		return thread;
	outcome = sys_seccomp_load(filter, length, flags);
	__atomic_store_n(&courier.listener, outcome, __ATOMIC_RELEASE);
	/* Every call that could wait instead may be one that is notified. */
	while ((outcome = __atomic_load_n(&courier.outcome,
	                                  __ATOMIC_ACQUIRE)) == NOT_YET)
		helper_relax();
	return outcome;
}
