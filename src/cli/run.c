/* SPDX-License-Identifier: Apache-2.0 */
/* runf run */
#include "cli/bundle.h"
#include "cli/cli.h"

struct run_values {
	struct runf_run_options options;
	struct cli_list mounts;
};

#define VALUES struct run_values

static const struct cli_option run_options[] = {
	OPTIONS_BUNDLE(VALUES, options.create.),
	OPTION_SWITCH('d', "detach", VALUES, options.detach,
	              "return as soon as the program runs"),
	OPTION_SWITCH(0, "keep", VALUES, options.keep,
	              "do not delete the container at its end"),
	OPTION_SWITCH(0, "no-subreaper", VALUES, options.no_subreaper,
	              "adopt no orphans while waiting"),
	OPTIONS_SOCKETS(VALUES, options.create.),
	OPTIONS_CONTAINER(VALUES, options.create.),
	OPTION_ROOTFS_MOUNT(VALUES, mounts),
	OPTION_TRACE(VALUES, options.create.),
	OPTIONS_END,
};

static int run_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct run_values *given = values;
	struct runf_run_options *options = &given->options;
	int status = 0;
	int result;

	options->size = sizeof(*options);
	options->create.size = sizeof(options->create);
	options->create.systemd_cgroup = cli_wants_systemd(cli);
	result = bundle_take_rootfs(&cli->arena, &given->mounts,
	                            &options->create, err);
	if (result == 0)
		result = runf_run(cli->runf, cli->words.items[0], options,
		                  &status, err);
	return result < 0 ? result : status;
}

const struct cli_command command_run = {
	.name = "run",
	.arguments = "ID",
	.summary = "make a container, start it, wait for it and delete it",
	.options = run_options,
	.values_size = sizeof(struct run_values),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS | COMMAND_PROTECTS | COMMAND_CREATES,
	.run = run_run,
};
