/* SPDX-License-Identifier: Apache-2.0 */
/* runf delete */
#include "cli/cli.h"

struct delete_values {
	bool force;
};

static const struct cli_option delete_options[] = {
	OPTION_SWITCH('f', "force", struct delete_values, force,
	              "kill it first; an unknown ID is no error"),
	OPTIONS_END,
};

static int delete_run(struct cli *cli, void *values, struct runf_error *err)
{
	const struct delete_values *given = values;

	return runf_delete(cli->runf, cli->words.items[0], given->force, err);
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
