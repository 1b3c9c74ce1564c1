/* SPDX-License-Identifier: Apache-2.0 */
/* runf create */
#include <errno.h>

#include "cli/bundle.h"
#include "cli/cli.h"

struct create_values {
	struct runf_create_options options;
	struct cli_list mounts;
	bool no_subreaper; /* accepted: nobody waits for anything here */
};

static const struct cli_option create_options[] = {
	OPTIONS_BUNDLE(struct create_values, options.),
	OPTIONS_SOCKETS(struct create_values, options.),
	OPTIONS_CONTAINER(struct create_values, options.),
	OPTION_ROOTFS_MOUNT(struct create_values, mounts),
	OPTION_SWITCH(0, "no-subreaper", struct create_values, no_subreaper,
	              "accepted and ignored"),
	OPTION_TRACE(struct create_values, options.),
	OPTIONS_END,
};

static int create_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct create_values *given = values;
	struct runf_create_options *options = &given->options;

	options->size = sizeof(*options);
	options->systemd_cgroup = cli_wants_systemd(cli);
	if (bundle_take_rootfs(&cli->arena, &given->mounts, options, err) < 0)
		return -EINVAL;
	return runf_create(cli->runf, cli->words.items[0], options, err);
}

const struct cli_command command_create = {
	.name = "create",
	.arguments = "ID",
	.summary = "make a container; its program waits for start",
	.options = create_options,
	.values_size = sizeof(struct create_values),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS | COMMAND_PROTECTS | COMMAND_CREATES,
	.run = create_run,
};
