/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows in an arena. */
#pragma once

#include <stddef.h>

#include "base/arena.h"

/*
 * Always ends in a NUL byte that LENGTH does not count, once anything was
 * added. Set `arena`, leave the rest zero.
 */
struct buf {
	struct arena *arena;
	char *data;
	size_t length;
	size_t capacity;
};

void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The text, never NULL. */
const char *buf_str(const struct buf *buf);
