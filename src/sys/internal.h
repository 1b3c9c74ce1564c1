/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of sys/ only: from libc's convention to ours. */
#pragma once

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc 2.36 does not name every call that newer kernels have. */
#ifndef SYS_openat2
#	define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#	define SYS_mount_setattr 442
#endif

/* A call's result: the value, or -errno. */
#define SYS_RESULT(call)                                  \
	__extension__({                                   \
		long sys_value = (long)(call);            \
		sys_value < 0 ? -(long)errno : sys_value; \
	})

/* The same, again while a signal interrupts it. */
#define SYS_RETRY(call)                                   \
	__extension__({                                   \
		long sys_value;                           \
		do                                        \
			sys_value = (long)(call);         \
		while (sys_value < 0 && errno == EINTR);  \
		sys_value < 0 ? -(long)errno : sys_value; \
	})
