/* SPDX-License-Identifier: Apache-2.0 */
/* A child that shares the caller's memory, for one task that takes long. */
#pragma once

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
