/* SPDX-License-Identifier: Apache-2.0 */
/* runf check */
#include "base/path.h"
#include "base/str.h"
#include "cli/bundle.h"
#include "cli/cli.h"
#include "cli/document.h"

struct check_values {
	struct runf_create_options options;
	const char *format;
};

static const struct cli_option check_options[] = {
	OPTIONS_BUNDLE(struct check_values, options.),
	OPTION_WORD(0, "format", "text|json", struct check_values, format,
	            "how to print faults (text)"),
	OPTIONS_END,
};

/* What the user called the file. */
static const char *check_file(struct arena *arena,
                              const struct runf_create_options *options)
{
	const char *config = options->config ? options->config : "config.json";

	if (!options->bundle)
		return config;
	return path_join(arena, options->bundle, config);
}

static bool fault_is_error(const struct json_value *fault)
{
	const char *level = document_text(json_get(fault, "level"));

	return level && str_equal(level, "error");
}

/* FILE:LINE: PATH: TEXT, as compilers do it, so that editors jump there. */
static void check_add_line(struct buf *text, const char *file,
                           const struct json_value *fault)
{
	const char *line = document_text(json_get(fault, "line"));
	const char *path = document_text(json_get(fault, "path"));
	const char *what = document_text(json_get(fault, "text"));

	buf_printf(text, "%s:%s: ", file, line ? line : "1");
	if (path && *path)
		buf_printf(text, "%s: ", path);
	buf_printf(text, "%s%s\n",
	           fault_is_error(fault) ? "" : "warning: ", what ? what : "");
}

static int check_print(struct cli *cli, const struct check_values *given,
                       const char *json, struct runf_error *err)
{
	struct buf text = { .arena = &cli->arena };
	const char *file = check_file(&cli->arena, &given->options);
	const struct json_value *faults;
	const struct json_value *fault;
	int status = 0;
	int result =
		document_parse(&cli->arena, json, JSON_ARRAY, &faults, err);

	if (result < 0)
		return result;
	for (fault = faults->first; fault; fault = fault->next) {
		check_add_line(&text, file, fault);
		if (fault_is_error(fault))
			status = 1;
	}
	if (given->format && str_equal(given->format, "json"))
		result = report_output(json, err);
	else if (text.length)
		result = report_output(buf_str(&text), err);
	return result < 0 ? result : status;
}

static int check_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct check_values *given = values;
	char *json;
	int result;

	given->options.size = sizeof(given->options);
	result = runf_check(&given->options, &json, err);
	if (result < 0)
		return result;
	result = check_print(cli, given, json, err);
	runf_free_text(json);
	return result;
}

const struct cli_command command_check = {
	.name = "check",
	.arguments = "",
	.summary = "print every fault of a config.json",
	.options = check_options,
	.values_size = sizeof(struct check_values),
	.run = check_run,
};
