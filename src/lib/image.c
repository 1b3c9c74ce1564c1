/* SPDX-License-Identifier: Apache-2.0 */
/* Replace the running program's file under its feet. */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "lib/protect.h"
#include "sys/memory.h"

#define PAGE ((uintptr_t)4096)

/* The linker's own names for where things are. */
extern const char __executable_start[];
extern const char etext[];
extern const char edata[];

struct image {
	const Elf64_Phdr *headers;
	size_t count;
	uintptr_t bias; /* of a position-independent program, else 0 */
};

static bool image_find(struct image *ret_image)
{
	struct image image = {
		.headers = (const Elf64_Phdr *)getauxval(AT_PHDR),
		.count = getauxval(AT_PHNUM),
	};
	size_t i;

	if (!image.headers || sizeof(void *) != 8 ||
	    getauxval(AT_PAGESZ) != PAGE)
		return false;
	for (i = 0; i < image.count; i++)
		if (image.headers[i].p_type == PT_PHDR)
			image.bias = (uintptr_t)image.headers -
			             image.headers[i].p_vaddr;
	*ret_image = image;
	return true;
}

static void *image_page(const struct image *image, uintptr_t address)
{
	return (void *)((image->bias + address) & ~(PAGE - 1));
}

/* Whole pages from the one of ADDRESS to the one that LENGTH ends in. */
static size_t image_pages(uintptr_t address, size_t length)
{
	uintptr_t first = address & ~(PAGE - 1);

	return ((address + length + PAGE - 1) & ~(PAGE - 1)) - first;
}

/*
 * Code and constants come from the new file, and so does what can be written,
 * with what has been written. Until that is in its place only this
 * function's stack changes.
 */
static int image_replace_segment(const struct image *image,
                                 const Elf64_Phdr *segment, int file)
{
	void *page = image_page(image, segment->p_vaddr);
	size_t length = image_pages(segment->p_vaddr, segment->p_filesz);
	off_t offset = (off_t)(segment->p_offset & ~(PAGE - 1));
	int protection = PROT_READ;

	if (!segment->p_filesz)
		return 0;
	if (segment->p_flags & PF_W)
		return sys_map_data_over(page, length, file, offset);
	if (segment->p_flags & PF_X)
		protection |= PROT_EXEC;
	return sys_map_over(page, length, protection, file, offset);
}

/* What was writable only until it was relocated is sealed again. */
static int image_seal_relro(const struct image *image)
{
	size_t i;
	int result = 0;

	for (i = 0; i < image->count && result == 0; i++) {
		const Elf64_Phdr *h = &image->headers[i];
		uintptr_t end = (h->p_vaddr + h->p_memsz) & ~(PAGE - 1);
		uintptr_t begin = h->p_vaddr & ~(PAGE - 1);

		if (h->p_type == PT_GNU_RELRO && end > begin)
			result = sys_protect_memory(image_page(image,
			                                       h->p_vaddr),
			                            end - begin, PROT_READ);
	}
	return result;
}

/* Behind the last of the strings, which the kernel laid out in a row. */
static const char *strings_end(char *const strings[], const char *otherwise)
{
	const char *end = otherwise;

	for (; *strings; strings++)
		if (*strings + strlen(*strings) + 1 > end)
			end = *strings + strlen(*strings) + 1;
	return end;
}

int protect_replace_image(int file, char *const argv[], char *const env[])
{
	struct sys_image shown = {
		.code = __executable_start,
		.code_end = etext,
		.data = etext,
		.data_end = edata,
		.stack = argv,
		.args = argv[0],
	};
	struct image image;
	size_t i;
	int result = 0;

	if (!image_find(&image) || !argv[0])
		return -EOPNOTSUPP;
	shown.args_end = strings_end(argv, argv[0]);
	shown.env_end = strings_end(env, shown.args_end);
	for (i = 0; i < image.count && result == 0; i++)
		if (image.headers[i].p_type == PT_LOAD)
			result = image_replace_segment(&image,
			                               &image.headers[i], file);
	if (result == 0)
		result = image_seal_relro(&image);
	return result < 0 ? result : sys_set_exe(file, &shown);
}
