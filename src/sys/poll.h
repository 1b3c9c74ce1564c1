/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for descriptors. */
#pragma once

#include <poll.h>
#include <stddef.h>

/*
 * poll(2). With EINTR the rest of the time is waited for again. Returns how
 * many are ready, 0 when TIMEOUT_MS (-1: none) is over.
 */
int sys_poll(struct pollfd *fds, size_t count, int timeout_ms);

/* 1 when FD is readable (a pidfd: its process has ended), 0 on time-out. */
int sys_wait_readable(int fd, int timeout_ms);
