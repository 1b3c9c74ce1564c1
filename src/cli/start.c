/* SPDX-License-Identifier: Apache-2.0 */
/* runf start */
#include "cli/cli.h"

static int start_run(struct cli *cli, void *values, struct runf_error *err)
{
	(void)values;
	return runf_start(cli->runf, cli->words.items[0], err);
}

const struct cli_command command_start = {
	.name = "start",
	.arguments = "ID",
	.summary = "start the program of a created container",
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS,
	.run = start_run,
};
