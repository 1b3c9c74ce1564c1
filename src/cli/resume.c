/* SPDX-License-Identifier: Apache-2.0 */
/* runf resume */
#include "cli/cli.h"

static int resume_run(struct cli *cli, void *values, struct runf_error *err)
{
	(void)values;
	return runf_resume(cli->runf, cli->words.items[0], err);
}

const struct cli_command command_resume = {
	.name = "resume",
	.arguments = "ID",
	.summary = "let the processes of a paused container go on",
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS,
	.run = resume_run,
};
