/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for descriptors. */
#include "sys/poll.h"

#include <stdint.h>

#include "base/time.h"
#include "sys/internal.h"

#define NS_PER_MS 1000000U

int sys_poll(struct pollfd *fds, size_t count, int timeout_ms)
{
	uint64_t end = time_monotonic_ns() / NS_PER_MS;
	int result;

	if (timeout_ms >= 0)
		end += (uint64_t)timeout_ms;
	for (;;) {
		uint64_t now;

		result = (int)SYS_RESULT(poll(fds, count, timeout_ms));
		if (result != -EINTR || timeout_ms < 0) {
			if (result != -EINTR)
				return result;
			continue;
		}
		now = time_monotonic_ns() / NS_PER_MS;
		timeout_ms = now < end ? (int)(end - now) : 0;
	}
}

int sys_wait_readable(int fd, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return sys_poll(&poll_fd, 1, timeout_ms);
}

int sys_epoll_create(void)
{
	return (int)SYS_RESULT(epoll_create1(EPOLL_CLOEXEC));
}

int sys_epoll_control(int epoll, int operation, int fd, uint32_t events,
                      void *data)
{
	struct epoll_event event = { .events = events, .data.ptr = data };

	return (int)SYS_RESULT(epoll_ctl(epoll, operation, fd, &event));
}

int sys_epoll_wait(int epoll, struct epoll_event *ret_events, size_t count,
                   int timeout_ms)
{
	return (int)SYS_RESULT(
		epoll_wait(epoll, ret_events, (int)count, timeout_ms));
}
