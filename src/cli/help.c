/* SPDX-License-Identifier: Apache-2.0 */
/* runf help, and --help of everything */
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/fail.h"

static void help_add_commands(struct buf *text)
{
	const struct cli_command *const *command;

	buf_add_str(text, "\nCommands:\n");
	for (command = cli_commands; *command; command++)
		buf_printf(text, "  %-12s%s\n", (*command)->name,
		           (*command)->summary);
	buf_add_str(text, "\nSee runf help COMMAND.\n");
}

int help_print(struct arena *arena, const struct cli_command *command,
               struct runf_error *err)
{
	struct buf text = { .arena = arena };

	if (command) {
		buf_printf(&text, "Usage: runf [GLOBAL OPTIONS] %s [OPTIONS]",
		           command->name);
		buf_printf(&text, "%s%s\n\n%s\n",
		           *command->arguments ? " " : "", command->arguments,
		           command->summary);
		options_write_help(&text, command->options);
	} else {
		buf_add_str(&text, "Usage: runf [OPTIONS] COMMAND ...\n\n"
		                   "OCI containers, from config.json to "
		                   "process and back.\n");
		options_write_help(&text, cli_global_options);
		help_add_commands(&text);
	}
	return report_output(buf_str(&text), err);
}

static int help_run(struct cli *cli, void *values, struct runf_error *err)
{
	const struct cli_command *command = NULL;

	(void)values;
	if (cli->words.count) {
		command = cli_find_command(cli->words.items[0]);
		if (!command)
			return fail_usage(err, "unknown command \"%s\"",
			                  cli->words.items[0]);
	}
	return help_print(&cli->arena, command, err);
}

const struct cli_command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "print how runf or one of its commands is used",
	.words_max = 1,
	.run = help_run,
};
