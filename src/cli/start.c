/* SPDX-License-Identifier: Apache-2.0 */
/* runf start */
#include "cli/bundle.h"
#include "cli/cli.h"

static const struct cli_option start_options[] = {
	OPTION_TRACE(struct runf_start_options, ),
	OPTIONS_END,
};

static int start_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct runf_start_options *options = values;

	options->size = sizeof(*options);
	return runf_start(cli->runf, cli->words.items[0], options, err);
}

const struct cli_command command_start = {
	.name = "start",
	.arguments = "ID",
	.summary = "start the program of a created container",
	.options = start_options,
	.values_size = sizeof(struct runf_start_options),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS,
	.run = start_run,
};
