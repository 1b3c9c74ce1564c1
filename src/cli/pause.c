/* SPDX-License-Identifier: Apache-2.0 */
/* runf pause */
#include "cli/cli.h"

static int pause_run(struct cli *cli, void *values, struct runf_error *err)
{
	(void)values;
	return runf_pause(cli->runf, cli->words.items[0], err);
}

const struct cli_command command_pause = {
	.name = "pause",
	.arguments = "ID",
	.summary = "freeze every process of a container",
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS,
	.run = pause_run,
};
