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
