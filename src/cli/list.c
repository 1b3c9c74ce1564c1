/* SPDX-License-Identifier: Apache-2.0 */
/* runf list */
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/document.h"

struct list_values {
	const char *format;
	bool quiet;
};

static const struct cli_option list_options[] = {
	OPTION_WORD('f', "format", "table|json", struct list_values, format,
	            "how to print them (table)"),
	OPTION_SWITCH('q', "quiet", struct list_values, quiet,
	              "print ids only"),
	OPTIONS_END,
};

static const struct list_column {
	const char *title;
	const char *key;
} columns[] = {
	{ "ID", "id" },           { "PID", "pid" },
	{ "STATUS", "status" },   { "BUNDLE", "bundle" },
	{ "CREATED", "created" }, { "OWNER", "owner" },
};

#define COLUMNS ARRAY_SIZE(columns)

static const char *list_cell(const struct json_value *container, size_t column)
{
	const char *text =
		document_text(json_get(container, columns[column].key));

	return text ? text : "-";
}

static void list_add_row(struct buf *table, const size_t *widths,
                         const char *const *cells)
{
	size_t i;

	for (i = 0; i + 1 < COLUMNS; i++)
		buf_printf(table, "%-*s  ", (int)widths[i], cells[i]);
	buf_printf(table, "%s\n", cells[i]);
}

static void list_write_table(struct buf *table,
                             const struct json_value *containers)
{
	const struct json_value *each;
	const char *cells[COLUMNS];
	size_t widths[COLUMNS];
	size_t i;

	for (i = 0; i < COLUMNS; i++) {
		cells[i] = columns[i].title;
		widths[i] = strlen(columns[i].title);
		for (each = containers->first; each; each = each->next) {
			size_t width = strlen(list_cell(each, i));

			if (width > widths[i])
				widths[i] = width;
		}
	}
	list_add_row(table, widths, cells);
	for (each = containers->first; each; each = each->next) {
		for (i = 0; i < COLUMNS; i++)
			cells[i] = list_cell(each, i);
		list_add_row(table, widths, cells);
	}
}

static int list_write(struct cli *cli, const struct list_values *given,
                      const char *json, struct runf_error *err)
{
	struct buf text = { .arena = &cli->arena };
	const struct json_value *each;
	const struct json_value *containers;
	int result;

	if (given->format && str_equal(given->format, "json") && !given->quiet)
		return report_output(json, err);
	result =
		document_parse(&cli->arena, json, JSON_ARRAY, &containers, err);
	if (result < 0)
		return result;
	if (!given->quiet) {
		list_write_table(&text, containers);
		return report_output(buf_str(&text), err);
	}
	for (each = containers->first; each; each = each->next)
		buf_printf(&text, "%s\n", list_cell(each, 0));
	return text.length ? report_output(buf_str(&text), err) : 0;
}

static int list_run(struct cli *cli, void *values, struct runf_error *err)
{
	char *json;
	int result = runf_list(cli->runf, &json, err);

	if (result < 0)
		return result;
	result = list_write(cli, values, json, err);
	runf_free_text(json);
	return result;
}

const struct cli_command command_list = {
	.name = "list",
	.arguments = "",
	.summary = "list containers",
	.options = list_options,
	.values_size = sizeof(struct list_values),
	.flags = COMMAND_OPENS,
	.run = list_run,
};
