/* SPDX-License-Identifier: Apache-2.0 */
/* runf restore */
#include "cli/bundle.h"
#include "cli/cli.h"
#include "cli/criu.h"

struct restore_values {
	struct runf_restore_options options;
	struct cli_list mounts;
};

#define VALUES struct restore_values

static const struct cli_option restore_options[] = {
	OPTIONS_BUNDLE(VALUES, options.create.),
	OPTIONS_CRIU(VALUES, options.criu.),
	OPTION_SWITCH(0, "tcp-close", VALUES, options.tcp_close,
	              "close established TCP connections"),
	OPTION_TEXT(0, "lsm-profile", "TYPE:NAME", VALUES, options.lsm_profile,
	            "another profile: apparmor:NAME or selinux:LABEL"),
	OPTION_TEXT(0, "lsm-mount-context", "CONTEXT", VALUES,
	            options.lsm_mount_context, "another label for mounts"),
	OPTION_SWITCH('d', "detach", VALUES, options.detach,
	              "return as soon as the program runs"),
	OPTION_SWITCH(0, "no-subreaper", VALUES, options.no_subreaper,
	              "adopt no orphans while waiting"),
	OPTIONS_SOCKETS(VALUES, options.create.),
	OPTIONS_CONTAINER(VALUES, options.create.),
	OPTION_ROOTFS_MOUNT(VALUES, mounts),
	OPTION_TRACE(VALUES, options.create.),
	OPTIONS_END,
};

static int restore_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct restore_values *given = values;
	struct runf_restore_options *options = &given->options;
	int status = 0;
	int result;

	options->size = sizeof(*options);
	options->criu.size = sizeof(options->criu);
	options->create.size = sizeof(options->create);
	options->create.systemd_cgroup = cli_wants_systemd(cli);
	result = bundle_take_rootfs(&cli->arena, &given->mounts,
	                            &options->create, err);
	if (result == 0)
		result = runf_restore(cli->runf, cli->words.items[0], options,
		                      &status, err);
	return result < 0 ? result : status;
}

const struct cli_command command_restore = {
	.name = "restore",
	.arguments = "ID",
	.summary = "make a container of what checkpoint has written",
	.options = restore_options,
	.values_size = sizeof(struct restore_values),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS | COMMAND_CREATES,
	.run = restore_run,
};
