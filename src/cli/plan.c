/* SPDX-License-Identifier: Apache-2.0 */
/* runf plan */
#include "cli/bundle.h"
#include "cli/cli.h"

static const struct cli_option plan_options[] = {
	OPTIONS_BUNDLE(struct runf_create_options, ),
	OPTIONS_CONTAINER(struct runf_create_options, ),
	OPTIONS_END,
};

static int plan_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct runf_create_options *options = values;
	char *json;
	int result;

	options->size = sizeof(*options);
	options->systemd_cgroup = cli_wants_systemd(cli);
	result = runf_plan(cli->words.count ? cli->words.items[0] : NULL,
	                   options, &json, err);
	if (result < 0)
		return result;
	result = report_output(json, err);
	runf_free_text(json);
	return result;
}

const struct cli_command command_plan = {
	.name = "plan",
	.arguments = "[ID]",
	.summary = "print what create would do, as JSON",
	.options = plan_options,
	.values_size = sizeof(struct runf_create_options),
	.words_max = 1,
	.run = plan_run,
};
