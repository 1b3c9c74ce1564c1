/* SPDX-License-Identifier: Apache-2.0 */
/* runf-fn: functions on one machine. The global options, and the commands. */
#include <errno.h>
#include <fcntl.h>
#include <runf/runf.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "fn/options.h"
#include "sys/file.h"
#include "sys/process.h"

struct main_options {
	const char *root;
	const char *state;
	bool version;
};

#define OPTIONS struct main_options

const struct cli_option fn_global_options[] = {
	OPTION_TEXT(0, "root", "DIR", OPTIONS, root,
	            "where functions are (/var/lib/runf-fn)"),
	OPTION_TEXT(0, "state", "DIR", OPTIONS, state,
	            "where sandboxes are recorded (/run/runf-fn)"),
	OPTION_SWITCH('v', "version", OPTIONS, version, "print the version"),
	OPTIONS_END,
};

static int help_run(const struct fn_globals *globals, char **args);
static int version_run(const struct fn_globals *globals, char **args);

static const struct fn_command fn_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "print how runf-fn or one of its commands is used",
	.words_max = 1,
	.run = help_run,
};

static const struct fn_command fn_version = {
	.name = "version",
	.usage = "",
	.summary = "print the version",
	.run = version_run,
};

const struct fn_command *const fn_commands[] = {
#ifdef FN_DEPLOY
	&fn_deploy,
#endif
#ifdef FN_INVOKE
	&fn_invoke,
#endif
#ifdef FN_SERVE
	&fn_serve,
#endif
#ifdef FN_FEED
	&fn_feed,
#endif
#ifdef FN_LIST
	&fn_list,
#endif
#ifdef FN_USAGE
	&fn_usage,
#endif
#ifdef FN_DELETE
	&fn_delete,
#endif
	&fn_help,   &fn_version, NULL,
};

static const struct fn_command *find_command(const char *name,
                                             struct error *err)
{
	const struct fn_command *const *command;

	for (command = fn_commands; *command; command++)
		if (str_equal((*command)->name, name))
			return *command;
	error_set(err, ERROR_USAGE, -EINVAL,
	          "unknown command \"%s\"; see runf-fn help", name);
	return NULL;
}

static int help_run(const struct fn_globals *globals, char **args)
{
	const struct fn_command *command = NULL;
	struct cli_words words;
	struct error err;
	int result = fn_parse(globals, &fn_help, args, NULL, &words, &err);

	if (result == 0 && words.count) {
		command = find_command(words.items[0], &err);
		result = command ? 0 : -EINVAL;
	}
	if (result == 0)
		result = fn_print_help(globals->arena, command, &err);
	return result < 0 ? fn_fail(&fn_help, &err) : 0;
}

static int version_run(const struct fn_globals *globals, char **args)
{
	struct buf text = { .arena = globals->arena };
	struct cli_words words;
	struct error err;
	int result = fn_parse(globals, &fn_version, args, NULL, &words, &err);

	buf_printf(&text, "runf-fn version %s\ncommit: %s\n", runf_version(),
	           runf_commit());
	if (result == 0)
		result = fn_print(buf_str(&text), &err);
	return result < 0 ? fn_fail(&fn_version, &err) : 0;
}

/* Others are started with other directories: paths are absolute from here. */
static int main_make_absolute(struct arena *arena, const char **path,
                              struct error *err)
{
	char here[4096];
	int result;

	if (**path && path_is_absolute(*path)) {
		*path = path_clean(arena, *path);
		return 0;
	}
	result = **path ? sys_getcwd(here, sizeof(here)) : -ENOENT;
	if (result < 0)
		return error_system(err, result, "directory \"%s\"", *path);
	*path = path_clean(arena, path_join(arena, here, *path));
	return 0;
}

static int main_dispatch(struct fn_globals *globals, struct error *err)
{
	char *version[] = { NULL };
	struct main_options options = {
		.root = "/var/lib/runf-fn",
		.state = "/run/runf-fn",
	};
	const struct cli_parser parser = {
		.options = fn_global_options,
		.values = &options,
		.arena = globals->arena,
		.leaves_rest = true,
	};
	const struct fn_command *command;
	struct cli_words words;
	int result = options_parse(&parser,
	                           globals->argv + (globals->argv[0] != NULL),
	                           &words, err);

	if (result < 0)
		return result;
	if (words.help)
		return fn_print_help(globals->arena, NULL, err);
	if (options.version)
		return version_run(globals, version);
	if (!*words.rest)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "missing command; see runf-fn help");
	command = find_command(*words.rest, err);
	if (!command)
		return -EINVAL;
	result = main_make_absolute(globals->arena, &options.root, err);
	if (result == 0)
		result =
			main_make_absolute(globals->arena, &options.state, err);
	if (result < 0)
		return result;
	globals->root = options.root;
	globals->state = options.state;
	return command->run(globals, words.rest + 1);
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct fn_globals globals = {
		.arena = &arena,
		.argv = argv,
		.env = environ,
	};
	struct error err;
	int fd, result;

	(void)argc;
	/* What is opened later must not become stdin, stdout or stderr. */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (sys_get_status_flags(fd) == -EBADF)
			sys_openat(AT_FDCWD, "/", O_PATH, 0);
	result = main_dispatch(&globals, &err);
	return result < 0 ? fn_fail(NULL, &err) : result;
}
