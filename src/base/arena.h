/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is taken piece by piece and given back all at once. */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

struct arena_chunk;

/*
 * One arena holds one configuration with everything decided from it. Memory
 * comes zeroed, is never freed singly, and pointers stay valid until
 * arena_release(). A zeroed struct is an empty arena.
 *
 * Allocation does not fail: documents are bounded (JSON_MAX_BYTES), so only
 * a machine without memory is left, and there the process says so and ends.
 * Arenas are used while nothing has been created yet, so nothing is left
 * behind by that. They are never used between clone and exec.
 */
struct arena {
	struct arena_chunk *chunks;
	char *next;
	size_t left;
};

void arena_release(struct arena *arena);

#define auto_arena cleanup_with(arena_release)

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size)
	__attribute__((malloc, alloc_size(2), returns_nonnull));

/* COUNT elements of SIZE; the product may not overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size)
	__attribute__((malloc, alloc_size(2, 3), returns_nonnull));

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_new_array(arena, type, count) \
	((type *)arena_array((arena), (count), sizeof(type)))

char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Make room for one more element behind the COUNT elements of ARRAY, which
 * grew only by this function. Returns the array, perhaps elsewhere.
 */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t size);

/* Append a zeroed element and yield a pointer to it. */
#define arena_push(arena, array, count)                                     \
	((array) = arena_grow((arena), (array), (count), sizeof(*(array))), \
	 &(array)[(count)++])
