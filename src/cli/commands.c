/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and the options that stand before them. */
#include "base/str.h"
#include "cli/cli.h"

const struct cli_command *const cli_commands[] = {
	&command_create,  &command_start,    &command_run,
	&command_exec,    &command_kill,     &command_delete,
	&command_pause,   &command_resume,   &command_update,
	&command_mounts,  &command_state,    &command_list,
	&command_ps,      &command_events,   &command_checkpoint,
	&command_restore, &command_spec,     &command_check,
	&command_plan,    &command_features, &command_fn,
	&command_help,    &command_version,  NULL,
};

#define GLOBALS struct cli_globals

const struct cli_option cli_global_options[] = {
	OPTION_TEXT(0, "root", "DIR", GLOBALS, root,
	            "where containers are recorded"),
	OPTION_TEXT(0, "log", "FILE", GLOBALS, log, "append log lines to FILE"),
	OPTION_WORD(0, "log-format", "text|json", GLOBALS, log_format,
	            "what lines of the log file look like"),
	OPTION_WORD(0, "log-level", "error|warning|info|debug", GLOBALS,
	            log_level, "least grave lines to log (error)"),
	OPTION_SWITCH(0, "debug", GLOBALS, debug,
	              "the same as --log-level debug"),
	OPTION_WORD(0, "cgroup-manager", "cgroupfs|systemd|disabled", GLOBALS,
	            cgroup_manager, "who makes cgroups (cgroupfs)"),
	OPTION_SWITCH(0, "systemd-cgroup", GLOBALS, systemd_cgroup,
	              "the same as --cgroup-manager systemd"),
	OPTION_WORD(0, "rootless", "true|false|auto", GLOBALS, rootless,
	            "accepted and ignored"),
	OPTION_TEXT(0, "criu", "PATH", GLOBALS, criu,
	            "the program for checkpoint and restore"),
	OPTION_SWITCH('v', "version", GLOBALS, version, "print the version"),
	OPTIONS_END,
};

const struct cli_command *cli_find_command(const char *name)
{
	const struct cli_command *const *command;

	for (command = cli_commands; *command; command++)
		if (str_equal((*command)->name, name))
			return *command;
	return NULL;
}

bool cli_wants_systemd(const struct cli *cli)
{
	const char *manager = cli->globals.cgroup_manager;

	return cli->globals.systemd_cgroup ||
	       (manager && str_equal(manager, "systemd"));
}
