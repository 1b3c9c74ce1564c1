/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel would have answered, plausibly, without being asked. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "engine/sync.h"

#define KERNEL_MESSAGES 8

/*
 * Everything exists: what has a name of a device is one, the well-known files
 * of procfs are files, all else is a directory. A clone is answered as CLONES
 * say, in turn: 0 is the child's side. The parent says MESSAGES.
 */
struct kernel {
	enum sync_type messages[KERNEL_MESSAGES];
	size_t messages_count;
	size_t messages_sent;
	pid_t clones[4];
	size_t clones_count;
	bool inside; /* "/" is the container's */
	mode_t umask;
	jmp_buf end; /* execve() and exit() arrive here */
};

extern struct kernel kernel;

/* For notes_describe: the messages of sync.h. */
const char *kernel_describe(const void *bytes, size_t size);
