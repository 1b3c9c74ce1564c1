/* SPDX-License-Identifier: Apache-2.0 */
/* What all commands of runf-fn do with their words, and with their errors. */
#include "fn/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"

int fn_parse(const struct fn_globals *globals, const struct fn_command *command,
             char **args, void *values, struct cli_words *ret_words,
             struct error *err)
{
	static const struct cli_option none[] = { OPTIONS_END };
	const struct cli_parser parser = {
		.options = command->options ? command->options : none,
		.values = values,
		.arena = globals->arena,
		.words_max = command->words_max,
	};
	struct cli_words words;
	int result = options_parse(&parser, args, &words, err);

	if (result < 0)
		return result;
	if (words.help) {
		result = fn_print_help(globals->arena, command, err);
		return result < 0 ? result : 1;
	}
	if (words.count < command->words_min)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "missing argument: expected %s",
		                 command->usage);
	*ret_words = words;
	return 0;
}

/* Names of files in archives may hold anything: no escape sequences. */
static void write_line(char *line, size_t size)
{
	size_t used = strnlen(line, size - 1);
	size_t i;

	for (i = 0; i < used; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == '\177')
			line[i] = '?';
	line[used++] = '\n';
	sys_write_all(STDERR_FILENO, line, used);
}

int fn_fail(const struct fn_command *command, const struct error *err)
{
	char line[sizeof(err->text) + 64];

	snprintf(line, sizeof(line), "runf-fn%s%.16s: %s", command ? " " : "",
	         command ? command->name : "", err->text);
	write_line(line, sizeof(line));
	return EXIT_RUNF;
}

void fn_warn(const char *format, ...)
{
	char text[512];
	char line[sizeof(text) + 32];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "runf-fn: warning: %s", text);
	write_line(line, sizeof(line));
}

int fn_print(const char *text, struct error *err)
{
	int result = sys_write_all(STDOUT_FILENO, text, strlen(text));

	return result < 0 ? error_system(err, result, "write to stdout") : 0;
}

static void add_commands(struct buf *text)
{
	const struct fn_command *const *command;

	buf_add_str(text, "\nCommands:\n");
	for (command = fn_commands; *command; command++)
		buf_printf(text, "  %-12s%s\n", (*command)->name,
		           (*command)->summary);
	buf_add_str(text, "\nSee runf-fn help COMMAND.\n");
}

int fn_print_help(struct arena *arena, const struct fn_command *command,
                  struct error *err)
{
	struct buf text = { .arena = arena };

	if (command) {
		buf_printf(&text,
		           "Usage: runf-fn [GLOBAL OPTIONS] %s "
		           "[OPTIONS]%s%s\n\n%s\n",
		           command->name, *command->usage ? " " : "",
		           command->usage, command->summary);
		if (command->help)
			buf_printf(&text, "\n%s\n", command->help);
		options_write_help(&text, command->options);
	} else {
		buf_add_str(&text, "Usage: runf-fn [OPTIONS] COMMAND ...\n\n"
		                   "Functions on one machine: deploy, invoke, "
		                   "serve and meter.\n");
		options_write_help(&text, fn_global_options);
		add_commands(&text);
	}
	return fn_print(buf_str(&text), err);
}

int fn_take_error(const struct runf_error *from, struct error *err)
{
	/* The kinds are the same ones, in the same order. */
	*err = (struct error){ .code = from->code,
		               .kind = (enum error_kind)from->kind };
	memcpy(err->text, from->text, sizeof(err->text));
	return err->code;
}
