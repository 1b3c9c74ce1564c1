/* SPDX-License-Identifier: Apache-2.0 */
/* A process's own image: what its memory maps, and what it says it runs. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * Put the file behind FD, from OFFSET, at ADDRESS, private, in place of what
 * is there (mmap with MAP_FIXED). PROTECTION is PROT_*.
 */
int sys_map_over(void *address, size_t length, int protection, int fd,
                 off_t offset);

/*
 * The same for memory that may have been written to: what differs from the
 * file is kept as it is, so the content stays. All of it happens at one
 * stroke; nothing may be written there meanwhile. Readable and writable.
 */
int sys_map_data_over(void *address, size_t length, int fd, off_t offset);

/* Zeroed memory that a child of clone shares with its parent. */
int sys_map_shared(size_t length, void **ret_address);
int sys_unmap(void *address, size_t length);
int sys_protect_memory(void *address, size_t length, int protection);

/* What /proc/PID/cmdline and environ show. */
struct sys_image {
	const void *code;
	const void *code_end;
	const void *data;
	const void *data_end;
	const void *stack;
	const void *args;
	const void *args_end; /* and where the environment begins */
	const void *env_end;
};

/*
 * prctl(PR_SET_MM_MAP): /proc/PID/exe leads to FD from now on (Linux 5.9;
 * CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, CONFIG_CHECKPOINT_RESTORE). -EBUSY
 * while anything of the old file is mapped.
 */
int sys_set_exe(int fd, const struct sys_image *image);
