/* SPDX-License-Identifier: Apache-2.0 */
/* A child that shares the caller's memory, for one task that takes long. */
#pragma once

#include <sys/types.h>

/*
 * Start a process that unshares its network namespace, brings the interface
 * `lo` up, sends a descriptor of the namespace over SOCKET (with an int32_t,
 * 0; without a descriptor that is a negative errno) and ends. It is killed
 * when the caller ends. One at a time. Returns its pid.
 */
pid_t sys_spawn_net_maker(int socket, int *ret_pidfd);
