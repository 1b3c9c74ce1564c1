/* SPDX-License-Identifier: Apache-2.0 */
/* A child that shares the caller's memory, for one task that takes long. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sys_ns_maker {
	int flags;     /* CLONE_NEWNET, CLONE_NEWIPC */
	int socket;    /* where the outcome is sent */
	int32_t word;  /* what the outcome begins with */
	int32_t value; /* its own: 0, or a negative errno */
};

#define SYS_NS_MAKER_MAX 2

/*
 * Start a process that unshares the namespaces of MAKER, brings the new
 * network's `lo` up, and sends word and value to the socket, with a descriptor
 * of each namespace, in the order above, if all went well. Then it ends. It
 * is killed when the caller ends. One at a time. Returns its pid.
 */
pid_t sys_spawn_ns_maker(const struct sys_ns_maker *maker, int *ret_pidfd);

/* What goes along with a filter's listener, over a connected socket. */
struct sys_letter {
	int socket;
	const void *bytes;
	size_t size;
};

struct sock_filter;

/*
 * sys_seccomp_load() with a listener (FLAGS say so, Linux 5.0) that is sent
 * with LETTER at once. The caller can send nothing itself: the call would be
 * notified, and nobody could answer. A thread does it, made before the filter
 * and not held by it; the caller makes no call until it has gone, so there may
 * be no TSYNC among the flags. Socket and listener are closed then. Once.
 */
int sys_seccomp_load_and_send(const struct sock_filter *filter, uint16_t length,
                              unsigned int flags,
                              const struct sys_letter *letter);
