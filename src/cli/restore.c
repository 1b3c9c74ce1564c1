/* SPDX-License-Identifier: Apache-2.0 */
/* runf restore */
#include "cli/bundle.h"
#include "cli/cli.h"
#include "cli/criu.h"

#define RESTORE struct runf_restore_options

static const struct cli_option restore_options[] = {
	OPTIONS_BUNDLE(RESTORE, create.),
	OPTIONS_CRIU(RESTORE, criu.),
	OPTION_SWITCH(0, "tcp-close", RESTORE, tcp_close,
	              "close established TCP connections"),
	OPTION_TEXT(0, "lsm-profile", "TYPE:NAME", RESTORE, lsm_profile,
	            "another profile: apparmor:NAME or selinux:LABEL"),
	OPTION_TEXT(0, "lsm-mount-context", "CONTEXT", RESTORE,
	            lsm_mount_context, "another label for mounts"),
	OPTION_SWITCH('d', "detach", RESTORE, detach,
	              "return as soon as the program runs"),
	OPTION_SWITCH(0, "no-subreaper", RESTORE, no_subreaper,
	              "adopt no orphans while waiting"),
	OPTIONS_SOCKETS(RESTORE, create.),
	OPTIONS_CONTAINER(RESTORE, create.),
	OPTION_TRACE(RESTORE, create.),
	OPTIONS_END,
};

static int restore_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct runf_restore_options *options = values;
	int status = 0;
	int result;

	options->size = sizeof(*options);
	options->criu.size = sizeof(options->criu);
	options->create.size = sizeof(options->create);
	options->create.systemd_cgroup = cli_wants_systemd(cli);
	result = runf_restore(cli->runf, cli->words.items[0], options, &status,
	                      err);
	return result < 0 ? result : status;
}

const struct cli_command command_restore = {
	.name = "restore",
	.arguments = "ID",
	.summary = "make a container of what checkpoint has written",
	.options = restore_options,
	.values_size = sizeof(struct runf_restore_options),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS | COMMAND_CREATES,
	.run = restore_run,
};
