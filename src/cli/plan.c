/* SPDX-License-Identifier: Apache-2.0 */
/* runf plan */
#include "cli/bundle.h"
#include "cli/cli.h"

struct plan_values {
	struct runf_create_options options;
	struct cli_list mounts;
};

static const struct cli_option plan_options[] = {
	OPTIONS_BUNDLE(struct plan_values, options.),
	OPTIONS_CONTAINER(struct plan_values, options.),
	OPTION_ROOTFS_MOUNT(struct plan_values, mounts),
	OPTIONS_END,
};

static int plan_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct plan_values *given = values;
	struct runf_create_options *options = &given->options;
	char *json;
	int result;

	options->size = sizeof(*options);
	options->systemd_cgroup = cli_wants_systemd(cli);
	result = bundle_take_rootfs(&cli->arena, &given->mounts, options, err);
	if (result == 0)
		result =
			runf_plan(cli->words.count ? cli->words.items[0] : NULL,
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
	.values_size = sizeof(struct plan_values),
	.words_max = 1,
	.run = plan_run,
};
