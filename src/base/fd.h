/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors that close themselves when their scope ends. */
#pragma once

#include "base/cleanup.h"

/* Close *FD if it is not negative; it becomes -1. Keeps errno. */
void fd_close(int *fd);

/* Return *FD, leaving -1 behind: the caller owns it now. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define auto_close cleanup_with(fd_close)
