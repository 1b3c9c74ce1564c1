/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for descriptors. */
#pragma once

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/*
 * poll(2). With EINTR the rest of the time is waited for again. Returns how
 * many are ready, 0 when TIMEOUT_MS (-1: none) is over.
 */
int sys_poll(struct pollfd *fds, size_t count, int timeout_ms);

/* 1 when FD is readable (a pidfd: its process has ended), 0 on time-out. */
int sys_wait_readable(int fd, int timeout_ms);

/* epoll(7), close-on-exec. */
int sys_epoll_create(void);
/*
 * epoll_ctl(2): OPERATION is EPOLL_CTL_*, DATA what sys_epoll_wait() gives
 * back as data.ptr.
 */
int sys_epoll_control(int epoll, int operation, int fd, uint32_t events,
                      void *data);
/* Returns how many of COUNT were written. A signal ends it: -EINTR. */
int sys_epoll_wait(int epoll, struct epoll_event *ret_events, size_t count,
                   int timeout_ms);
