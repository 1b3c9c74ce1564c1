/* SPDX-License-Identifier: Apache-2.0 */
/* runf state */
#include "cli/cli.h"

static int state_run(struct cli *cli, void *values, struct runf_error *err)
{
	char *json;
	int result = runf_state(cli->runf, cli->words.items[0], &json, err);

	(void)values;
	if (result < 0)
		return result;
	result = report_output(json, err);
	runf_free_text(json);
	return result;
}

const struct cli_command command_state = {
	.name = "state",
	.arguments = "ID",
	.summary = "print the state of a container as JSON",
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS,
	.run = state_run,
};
