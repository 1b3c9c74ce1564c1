/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: from words to one call of the library. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/fail.h"
#include "sys/file.h"
#include "sys/process.h"

/* The inode of /proc/self/ns/user on the host itself, in every kernel. */
#define HOST_USER_NS_INODE 0xEFFFFFFDU

/*
 * Descriptors opened later must not become stdin, stdout or stderr. What
 * stands in for a closed one fails as a closed one does, and closes by
 * execve, so that the container finds it closed too.
 */
static void main_hold_stdio(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (sys_get_status_flags(fd) == -EBADF)
			sys_openat(AT_FDCWD, "/", O_PATH, 0);
}

/* True if uid 0 is root for this namespace only, as podman makes it. */
static bool main_is_false_root(void)
{
	const char *user = getenv("USER");
	struct stat found;

	return !(user && str_equal(user, "root")) &&
	       sys_fstatat(AT_FDCWD, "/proc/self/ns/user", &found, 0) == 0 &&
	       found.st_ino != HOST_USER_NS_INODE;
}

/* NULL: the library's own default. */
static const char *main_default_root(struct arena *arena)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	if (!runtime_dir || !*runtime_dir ||
	    (sys_geteuid() == 0 && !main_is_false_root()))
		return NULL;
	return arena_printf(arena, "%s/runf", runtime_dir);
}

/* However it is written: "/" as a state directory would be a disaster. */
static bool main_is_file_system_root(const char *path)
{
	struct stat found;
	struct stat root;

	return !*path ||
	       (sys_fstatat(AT_FDCWD, path, &found, 0) == 0 &&
	        sys_fstatat(AT_FDCWD, "/", &root, 0) == 0 &&
	        found.st_dev == root.st_dev && found.st_ino == root.st_ino);
}

static enum runf_log_level main_log_level(const struct cli_globals *globals)
{
	static const struct str_value levels[] = {
		{ "error", RUNF_LOG_ERROR },
		{ "warning", RUNF_LOG_WARNING },
		{ "info", RUNF_LOG_INFO },
		{ "debug", RUNF_LOG_DEBUG },
		{ NULL, 0 },
	};

	if (globals->debug)
		return RUNF_LOG_DEBUG;
	if (!globals->log_level)
		return RUNF_LOG_ERROR;
	return (enum runf_log_level)str_lookup(levels, globals->log_level)
	        ->value;
}

static int main_open_runf(struct cli *cli, struct runf_error *err)
{
	const struct cli_globals *globals = &cli->globals;
	struct runf_options options = {
		.size = sizeof(options),
		.root = globals->root,
		.criu = globals->criu,
		.log = report_line,
		.log_context = &cli->report,
		.log_level = cli->report.level,
		.self_protected = cli->command->flags & COMMAND_PROTECTS,
		.began_ns = cli->began_ns,
	};

	if (!options.root) {
		options.root = main_default_root(&cli->arena);
		/* Sticky, so that cleaners of that directory spare it. */
		if (options.root && cli->command->flags & COMMAND_CREATES)
			sys_mkdirat(AT_FDCWD, options.root, 01700);
	} else if (main_is_file_system_root(options.root)) {
		return fail_usage(err, "--root must not be \"%s\"",
		                  options.root);
	}
	if (globals->cgroup_manager)
		options.cgroup_disabled =
			str_equal(globals->cgroup_manager, "disabled");
	return runf_open(&options, &cli->runf, err);
}

static int main_parse(const struct cli_parser *parser, char **args,
                      struct cli_words *ret_words, struct runf_error *err)
{
	struct error fault;
	int result = options_parse(parser, args, ret_words, &fault);

	return result < 0 ? fail_usage(err, "%s", fault.text) : 0;
}

/* The options before the command; *RET_ARGS is what follows. */
static int main_parse_globals(struct cli *cli, char ***ret_args,
                              struct runf_error *err)
{
	const struct cli_parser parser = {
		.options = cli_global_options,
		.values = &cli->globals,
		.arena = &cli->arena,
		.leaves_rest = true,
	};
	char **args = cli->argv + (cli->argv[0] != NULL);
	int result = main_parse(&parser, args, &cli->words, err);

	if (result < 0)
		return result;
	cli->report.json = cli->globals.log_format &&
	                   str_equal(cli->globals.log_format, "json");
	cli->report.level = main_log_level(&cli->globals);
	*ret_args = cli->words.rest;
	return 0;
}

static int main_parse_command(struct cli *cli, char **args, void *values,
                              struct runf_error *err)
{
	static const struct cli_option none[] = { OPTIONS_END };
	const struct cli_command *command = cli->command;
	const struct cli_parser parser = {
		.options = command->options ? command->options : none,
		.values = values,
		.arena = &cli->arena,
		.words_max = command->words_max,
		.leaves_rest = command->flags & COMMAND_LEAVES_REST,
	};
	int result;

	if (command->flags & COMMAND_TAKES_ALL) {
		cli->words = (struct cli_words){ .rest = args };
		return 0;
	}
	result = main_parse(&parser, args, &cli->words, err);
	if (result < 0)
		return result;
	if (cli->words.count < command->words_min && !cli->words.help)
		return fail_usage(err, "missing argument: expected %s",
		                  command->arguments);
	return 0;
}

static int main_run_command(struct cli *cli, void *values,
                            struct runf_error *err)
{
	const struct cli_command *command = cli->command;
	int result = 0;

	/* Does not return the first time, so nothing was done before it. */
	if (command->flags & COMMAND_PROTECTS)
		result = runf_protect_self(cli->argv, environ, err);
	if (result >= 0 && command->flags & COMMAND_OPENS)
		result = main_open_runf(cli, err);
	if (result < 0)
		return result;
	return command->run(cli, values, err);
}

/* From the command on: its exit status, or a negative errno. */
static int main_dispatch(struct cli *cli, char **args, struct runf_error *err)
{
	_Alignas(max_align_t) char values[CLI_VALUES_MAX] = { 0 };
	int result;

	if (cli->words.help)
		return help_print(&cli->arena, NULL, err);
	if (cli->globals.version)
		return version_print(&cli->arena, err);
	if (!*args)
		return fail_usage(err, "missing command; see runf --help");
	cli->command = cli_find_command(*args);
	if (!cli->command)
		return fail_usage(
			err, "unknown command \"%s\"; see runf --help", *args);
	assert(cli->command->values_size <= sizeof(values));
	result = main_parse_command(cli, args + 1, values, err);
	if (result < 0) {
		fail_wrap(err, cli->command->name);
		return result;
	}
	if (cli->words.help)
		return help_print(&cli->arena, cli->command, err);
	return main_run_command(cli, values, err);
}

static int main_status(const struct cli *cli, const struct runf_error *err)
{
	if (err->kind == RUNF_ERROR_USAGE)
		return CLI_EXIT_USAGE;
	return cli->command == &command_exec ? CLI_EXIT_EXEC : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct cli cli = {
		.argv = argv,
		.began_ns = time_monotonic_ns(),
		.report.fd = -1,
	};
	struct runf_error err = { .code = 0 };
	char **args;
	int result;

	(void)argc;
	main_hold_stdio();
	result = main_parse_globals(&cli, &args, &err);
	if (result == 0 && cli.globals.log)
		result = report_open(&cli.report, cli.globals.log, &err);
	if (result == 0)
		result = main_dispatch(&cli, args, &err);
	if (result < 0) {
		report_failure(&cli.report, &err);
		result = main_status(&cli, &err);
	}
	/* What runf_close() would give back the kernel takes in any case. */
	return result;
}
