/* SPDX-License-Identifier: Apache-2.0 */
/* runf delete */
#include "cli/cli.h"
#include "cli/regex.h"

struct delete_values {
	bool force;
	bool regex;
};

static const struct cli_option delete_options[] = {
	OPTION_SWITCH('f', "force", struct delete_values, force,
	              "kill it first; an unknown ID is no error"),
	OPTION_SWITCH('r', "regex", struct delete_values, regex,
	              "ID is a regular expression for many"),
	OPTIONS_END,
};

static int delete_one(struct cli *cli, const char *id, const void *context,
                      struct runf_error *err)
{
	const struct delete_values *given = context;

	return runf_delete(cli->runf, id, given->force, err);
}

static int delete_run(struct cli *cli, void *values, struct runf_error *err)
{
	const struct delete_values *given = values;
	const char *id = cli->words.items[0];

	return given->regex ? regex_each(cli, id, delete_one, given, err)
	                    : delete_one(cli, id, given, err);
}

const struct cli_command command_delete = {
	.name = "delete",
	.arguments = "ID",
	.summary = "remove what is left of a container",
	.options = delete_options,
	.values_size = sizeof(struct delete_values),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS,
	.run = delete_run,
};
