/* SPDX-License-Identifier: Apache-2.0 */
/* A process's own image: what its memory maps, and what it says it runs. */
#include "sys/memory.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "sys/internal.h"

/* What is compared at a time: any page is a multiple of it. */
#define PAGE_BYTES 4096

int sys_map_over(void *address, size_t length, int protection, int fd,
                 off_t offset)
{
	void *mapped = mmap(address, length, protection,
	                    MAP_PRIVATE | MAP_FIXED, fd, offset);

	return mapped == MAP_FAILED ? -errno : 0;
}

int sys_map_data_over(void *address, size_t length, int fd, off_t offset)
{
	const char *old = address;
	char *copy = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
	                  offset);
	void *placed;
	size_t i;

	if (copy == MAP_FAILED)
		return -errno;
	for (i = 0; i < length; i += PAGE_BYTES)
		if (memcmp(copy + i, old + i, PAGE_BYTES) != 0)
			memcpy(copy + i, old + i, PAGE_BYTES);
	placed = mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
	                address);
	return placed == MAP_FAILED ? -errno : 0;
}

int sys_map_shared(size_t length, void **ret_address)
{
	void *mapped = mmap(NULL, length, PROT_READ | PROT_WRITE,
	                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mapped == MAP_FAILED)
		return -errno;
	*ret_address = mapped;
	return 0;
}

int sys_unmap(void *address, size_t length)
{
	return (int)SYS_RESULT(munmap(address, length));
}

int sys_protect_memory(void *address, size_t length, int protection)
{
	return (int)SYS_RESULT(mprotect(address, length, protection));
}

int sys_set_exe(int fd, const struct sys_image *image)
{
	uint64_t brk = (uint64_t)(uintptr_t)sbrk(0);
	struct prctl_mm_map map = {
		.start_code = (uint64_t)(uintptr_t)image->code,
		.end_code = (uint64_t)(uintptr_t)image->code_end,
		.start_data = (uint64_t)(uintptr_t)image->data,
		.end_data = (uint64_t)(uintptr_t)image->data_end,
		.start_brk = brk,
		.brk = brk,
		.start_stack = (uint64_t)(uintptr_t)image->stack,
		.arg_start = (uint64_t)(uintptr_t)image->args,
		.arg_end = (uint64_t)(uintptr_t)image->args_end,
		.env_start = (uint64_t)(uintptr_t)image->args_end,
		.env_end = (uint64_t)(uintptr_t)image->env_end,
		.exe_fd = (uint32_t)fd,
	};

	return (int)SYS_RESULT(
		prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0));
}
