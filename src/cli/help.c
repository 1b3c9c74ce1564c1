/* SPDX-License-Identifier: Apache-2.0 */
/* runf help, and --help of everything */
#include <stdio.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/fail.h"

/* Where the second column begins. */
#define HELP_COLUMN 30

static void help_add_option(struct buf *text, const struct cli_option *option)
{
	char left[80];
	int width;

	width = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s",
	                 option->letter ? '-' : ' ',
	                 option->letter ? option->letter : ' ',
	                 option->letter ? ',' : ' ', option->name,
	                 option->value ? " " : "",
	                 option->value ? option->value : "");
	buf_add_str(text, left);
	if (width + 2 > HELP_COLUMN) {
		buf_add_char(text, '\n');
		width = 0;
	}
	buf_printf(text, "%*s%s\n", HELP_COLUMN - width, "", option->help);
}

static void help_add_options(struct buf *text, const struct cli_option *options)
{
	static const struct cli_option help = {
		.name = "help",
		.letter = 'h',
		.help = "print this text",
	};

	buf_add_str(text, "\nOptions:\n");
	for (; options && options->name; options++)
		help_add_option(text, options);
	help_add_option(text, &help);
}

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
		help_add_options(&text, command->options);
	} else {
		buf_add_str(&text, "Usage: runf [OPTIONS] COMMAND ...\n\n"
		                   "OCI containers, from config.json to "
		                   "process and back.\n");
		help_add_options(&text, cli_global_options);
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
