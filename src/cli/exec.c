/* SPDX-License-Identifier: Apache-2.0 */
/* runf exec */
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/fail.h"

struct exec_values {
	struct runf_exec_options options;
	struct cli_list env;
	struct cli_list caps;
	struct cli_list gids;
};

#define VALUES struct exec_values

static const struct cli_option exec_options[] = {
	OPTION_TEXT('p', "process", "FILE", VALUES, options.process_file,
	            "the whole process, as in config.json"),
	OPTION_SWITCH('d', "detach", VALUES, options.detach,
	              "return as soon as the program runs"),
	OPTION_SWITCH('t', "tty", VALUES, options.tty, "give it a terminal"),
	OPTION_TEXT('u', "user", "UID[:GID]", VALUES, options.user,
	            "run it as this user"),
	OPTION_LIST('g', "additional-gids", "GID", VALUES, gids,
	            "add a group; may be repeated"),
	OPTION_TEXT(0, "cwd", "DIR", VALUES, options.cwd,
	            "its working directory"),
	OPTION_LIST('e', "env", "KEY=VALUE", VALUES, env,
	            "set a variable; may be repeated"),
	OPTION_LIST('c', "cap", "CAP", VALUES, caps,
	            "add a capability; may be repeated"),
	OPTION_SWITCH(0, "no-new-privs", VALUES, options.no_new_privs,
	              "let it gain no privileges by execve"),
	OPTION_TEXT(0, "apparmor", "PROFILE", VALUES, options.apparmor,
	            "its AppArmor profile"),
	OPTION_TEXT(0, "process-label", "LABEL", VALUES, options.process_label,
	            "its SELinux label"),
	OPTION_TEXT(0, "cgroup", "PATH", VALUES, options.cgroup,
	            "put it in this cgroup below the container's"),
	OPTION_SWITCH(0, "ignore-paused", VALUES, options.ignore_paused,
	              "also into a paused container: it waits there"),
	OPTION_TEXT(0, "console-socket", "PATH", VALUES, options.console_socket,
	            "socket that receives the terminal"),
	OPTION_TEXT(0, "pidfd-socket", "PATH", VALUES, options.pidfd_socket,
	            "socket that receives a pidfd"),
	OPTION_TEXT(0, "pid-file", "FILE", VALUES, options.pid_file,
	            "write the pid to FILE"),
	OPTION_NUMBER(0, "preserve-fds", VALUES, options.preserve_fds,
	              "pass N descriptors more, from 3 on"),
	OPTIONS_END,
};

#undef VALUES

/* The groups of one option: "10" or "10,20". Adds to GIDS, of *COUNT. */
static int exec_add_gids(struct cli *cli, const char *text, unsigned int **gids,
                         size_t *count, struct runf_error *err)
{
	const char *next = text;

	while (next) {
		size_t length = strcspn(next, ",");
		char *one = arena_strndup(&cli->arena, next, length);
		unsigned int *place = arena_push(&cli->arena, *gids, *count);

		if (str_to_u32(one, 10, place) < 0)
			return fail_usage(err,
			                  "invalid group \"%s\": expected a "
			                  "number",
			                  one);
		next = next[length] ? next + length + 1 : NULL;
	}
	return 0;
}

static int exec_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct exec_values *given = values;
	struct runf_exec_options *options = &given->options;
	char **args = cli->words.rest;
	unsigned int *gids = NULL;
	int status = 0;
	int result = 0;
	size_t i;

	if (*args && str_equal(*args, "--"))
		args++;
	if (!*args && !options->process_file)
		return fail_usage(err, "missing COMMAND (or --process)");
	for (i = 0; i < given->gids.count && result == 0; i++)
		result = exec_add_gids(cli, given->gids.items[i], &gids,
		                       &options->additional_gids_count, err);
	if (result < 0)
		return result;
	options->size = sizeof(*options);
	options->args = *args ? (const char *const *)args : NULL;
	options->env = given->env.items;
	options->caps = given->caps.items;
	options->additional_gids = gids;
	result = runf_exec(cli->runf, cli->words.items[0], options, &status,
	                   err);
	return result < 0 ? result : status;
}

const struct cli_command command_exec = {
	.name = "exec",
	.arguments = "ID [COMMAND [ARG...]]",
	.summary = "run another program in a running container",
	.options = exec_options,
	.values_size = sizeof(struct exec_values),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS | COMMAND_PROTECTS | COMMAND_LEAVES_REST,
	.run = exec_run,
};
