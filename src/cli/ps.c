/* SPDX-License-Identifier: Apache-2.0 */
/* runf ps */
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/fail.h"
#include "sys/file.h"
#include "sys/process.h"

struct ps_values {
	const char *format;
};

static const struct cli_option ps_options[] = {
	OPTION_WORD('f', "format", "table|json", struct ps_values, format,
	            "how to print them (table)"),
	OPTIONS_END,
};

/* ps with ARGS (default -ef; a first "--" is ours), its stdout in OUT. */
static int ps_spawn(struct arena *arena, char **args, int out, pid_t *ret_pid)
{
	static char name[] = "ps";
	static char all[] = "-ef";
	posix_spawn_file_actions_t actions;
	char **argv;
	size_t count = 0;
	int result;

	if (*args && str_equal(*args, "--"))
		args++;
	while (args[count])
		count++;
	argv = arena_new_array(arena, char *, count + 3);
	argv[0] = name;
	argv[1] = all;
	if (count)
		memcpy(argv + 1, args, count * sizeof(*args));
	result = posix_spawn_file_actions_init(&actions);
	if (result != 0)
		return -result;
	result = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (result == 0)
		result = posix_spawnp(ret_pid, name, &actions, NULL, argv,
		                      environ);
	posix_spawn_file_actions_destroy(&actions);
	return -result;
}

static int ps_collect(pid_t pid, struct runf_error *err)
{
	siginfo_t end;
	int result = sys_waitid(P_PID, (id_t)pid, &end, WEXITED);

	if (result < 0)
		return fail_system(err, result, "wait for ps");
	if (end.si_code != CLD_EXITED || end.si_status != 0)
		return fail_with(err, RUNF_ERROR_SYSTEM, -EIO,
		                 "ps failed with status %d", end.si_status);
	return 0;
}

/* What the host's ps prints, in TEXT. */
static int ps_execute(struct arena *arena, char **args, struct buf *text,
                      struct runf_error *err)
{
	auto_close int from = -1;
	auto_close int to = -1;
	char piece[4096];
	ssize_t count;
	pid_t pid = -1;
	int pipe[2];
	int result = sys_pipe2(pipe, 0);

	if (result < 0)
		return fail_system(err, result, "make a pipe for ps");
	from = pipe[0];
	to = pipe[1];
	result = ps_spawn(arena, args, to, &pid);
	if (result < 0)
		return fail_system(err, result, "execute ps");
	fd_close(&to);
	while ((count = sys_read(from, piece, sizeof(piece))) > 0)
		buf_add(text, piece, (size_t)count);
	return ps_collect(pid, err);
}

/* The COLUMNth field of LINE (from 0) and its length, or NULL. */
static const char *ps_field(const char *line, size_t column, size_t *ret_length)
{
	static const char blank[] = " \t";

	line += strspn(line, blank);
	for (; column && *line && *line != '\n'; column--) {
		line += strcspn(line, " \t\n");
		line += strspn(line, blank);
	}
	*ret_length = strcspn(line, " \t\n");
	return *ret_length ? line : NULL;
}

/* Which field of the header is PID; -ENOENT if there is none. */
static int ps_pid_column(const char *header, size_t *ret_column)
{
	size_t column;
	size_t length;
	const char *field;

	for (column = 0; (field = ps_field(header, column, &length)); column++)
		if (length == 3 && strncmp(field, "PID", 3) == 0) {
			*ret_column = column;
			return 0;
		}
	return -ENOENT;
}

static bool pid_is_among(const struct json_value *pids, const char *text,
                         size_t length)
{
	const struct json_value *pid;

	for (pid = pids->first; pid; pid = pid->next) {
		const char *known = document_text(pid);

		if (known && strlen(known) == length &&
		    strncmp(known, text, length) == 0)
			return true;
	}
	return false;
}

/* The header of TABLE and the rows of PIDS. */
static int ps_filter(struct buf *ret_text, const char *table,
                     const struct json_value *pids, struct runf_error *err)
{
	const char *line = table;
	size_t column = 0;

	if (ps_pid_column(table, &column) < 0)
		return fail_usage(err, "the output of ps has no column PID");
	while (*line) {
		size_t length = strcspn(line, "\n");
		size_t field_length;
		const char *field = ps_field(line, column, &field_length);

		length += line[length] == '\n';
		if (line == table ||
		    (field && pid_is_among(pids, field, field_length)))
			buf_add(ret_text, line, length);
		line += length;
	}
	return 0;
}

static int ps_print_table(struct cli *cli, const char *json,
                          struct runf_error *err)
{
	struct buf all = { .arena = &cli->arena };
	struct buf shown = { .arena = &cli->arena };
	const struct json_value *pids;
	int result = document_parse(&cli->arena, json, JSON_ARRAY, &pids, err);

	if (result < 0)
		return result;
	result = ps_execute(&cli->arena, cli->words.rest, &all, err);
	if (result < 0)
		return result;
	result = ps_filter(&shown, buf_str(&all), pids, err);
	return result < 0 ? result : report_output(buf_str(&shown), err);
}

static int ps_run(struct cli *cli, void *values, struct runf_error *err)
{
	const struct ps_values *given = values;
	char *json;
	int result = runf_ps(cli->runf, cli->words.items[0], &json, err);

	if (result < 0)
		return result;
	if (given->format && str_equal(given->format, "json"))
		result = report_output(json, err);
	else
		result = ps_print_table(cli, json, err);
	runf_free_text(json);
	return result;
}

const struct cli_command command_ps = {
	.name = "ps",
	.arguments = "ID [PS OPTIONS]",
	.summary = "list the processes of a container",
	.options = ps_options,
	.values_size = sizeof(struct ps_values),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS | COMMAND_LEAVES_REST,
	.run = ps_run,
};
