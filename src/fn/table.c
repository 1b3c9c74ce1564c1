/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people. Pure. */
#include "fn/table.h"

#include <string.h>

#include "base/str.h"

#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

void table_add(struct table *table, const char *cell)
{
	*arena_push(table->arena, table->cells, table->cells_count) = cell;
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = strlen(table->columns[column].title);
	size_t i;

	for (i = column; i < table->cells_count; i += table->count) {
		size_t length = strlen(table->cells[i]);

		if (length > width)
			width = length;
	}
	return width;
}

static void write_cell(const struct table *table, struct buf *text,
                       size_t column, const char *cell)
{
	int width = (int)column_width(table, column);
	bool last = column + 1 == table->count;

	if (table->columns[column].right)
		buf_printf(text, "%*s", width, cell);
	else
		buf_printf(text, "%-*s", last ? 0 : width, cell);
	buf_add_str(text, last ? "\n" : "  ");
}

void table_write(const struct table *table, struct buf *text)
{
	size_t i;

	if (table->colour)
		buf_add_str(text, BOLD);
	for (i = 0; i < table->count; i++) {
		/* The line end is not bold: pagers would carry it on. */
		if (table->colour && i + 1 == table->count) {
			const struct table_column *column = &table->columns[i];

			buf_printf(text, "%*s" PLAIN "\n",
			           column->right ? (int)column_width(table, i)
			                         : 0,
			           column->title);
			continue;
		}
		write_cell(table, text, i, table->columns[i].title);
	}
	for (i = 0; i < table->cells_count; i++)
		write_cell(table, text, i % table->count, table->cells[i]);
}

bool table_wants_colour(bool is_terminal, const char *no_colour,
                        const char *term)
{
	return is_terminal && !(no_colour && *no_colour) &&
	       !(term && str_equal(term, "dumb"));
}
