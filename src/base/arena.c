/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is taken piece by piece and given back all at once. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Untouched pages cost nothing, so one mapping serves nearly every config. */
#define ARENA_CHUNK ((size_t)512 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	_Alignas(max_align_t) char data[];
};

static void __attribute__((noreturn)) arena_exhausted(void)
{
	static const char text[] = "runf: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		abort();
	_exit(1);
}

static void arena_add_chunk(struct arena *arena, size_t payload)
{
	struct arena_chunk *chunk;
	size_t size = sizeof(*chunk) + payload;

	if (size < payload)
		arena_exhausted();
	if (size < ARENA_CHUNK)
		size = ARENA_CHUNK;
	chunk = mmap(NULL, size, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (chunk == MAP_FAILED)
		arena_exhausted();
	chunk->next = arena->chunks;
	chunk->size = size;
	arena->chunks = chunk;
	arena->next = chunk->data;
	arena->left = size - sizeof(*chunk);
}

void arena_release(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunks;

	while (chunk) {
		struct arena_chunk *next = chunk->next;

		munmap(chunk, chunk->size);
		chunk = next;
	}
	memset(arena, 0, sizeof(*arena));
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	void *memory;

	if (size > SIZE_MAX - align)
		arena_exhausted();
	size = (size + align - 1) & ~(align - 1);
	if (!arena->next || size > arena->left)
		arena_add_chunk(arena, size);
	memory = arena->next;
	arena->next += size;
	arena->left -= size;
	return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		arena_exhausted();
	return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		arena_exhausted();
	text = arena_alloc(arena, (size_t)length + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t size)
{
	size_t capacity = 8;
	void *larger;

	while (capacity < count)
		capacity *= 2;
	if (count && count < capacity)
		return array;
	/* Full (or empty): COUNT is the capacity so far, or nothing at all. */
	larger = arena_array(arena, count ? capacity * 2 : capacity, size);
	if (count)
		memcpy(larger, array, count * size);
	return larger;
}
