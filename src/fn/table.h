/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people. Pure. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

struct table_column {
	const char *title;
	bool right; /* a number */
};

struct table {
	struct arena *arena;
	const struct table_column *columns;
	size_t count;       /* of columns */
	const char **cells; /* row by row */
	size_t cells_count;
	bool colour;
};

/* The next cell; rows follow one another. */
void table_add(struct table *table, const char *cell);
/* The head, then the rows, each column as wide as its widest cell. */
void table_write(const struct table *table, struct buf *text);

/* Whether colours may be used on stdout. */
bool table_wants_colour(bool is_terminal, const char *no_colour,
                        const char *term);
