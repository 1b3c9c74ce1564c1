/* SPDX-License-Identifier: Apache-2.0 */
/* runf features */
#include "cli/cli.h"

static int features_run(struct cli *cli, void *values, struct runf_error *err)
{
	char *json;
	int result = runf_features(&json, err);

	(void)cli;
	(void)values;
	if (result < 0)
		return result;
	result = report_output(json, err);
	runf_free_text(json);
	return result;
}

const struct cli_command command_features = {
	.name = "features",
	.arguments = "",
	.summary = "print what this program can do as JSON",
	.run = features_run,
};
