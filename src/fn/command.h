/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of runf-fn. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/options.h"

/* What stands before the command. */
struct fn_globals {
	struct arena *arena;
	const char *root;  /* --root, /var/lib/runf-fn */
	const char *state; /* --state, /run/runf-fn */
	char **argv;       /* of the program */
	char **env;
};

enum {
	EXIT_FUNCTION_ERROR = 1,
	EXIT_TIMEOUT = 124,
	EXIT_RUNF = 125, /* runf-fn itself could not do it */
};

/*
 * ARGS are the words behind the command's name, NULL-terminated. Returns the
 * exit status; what went wrong is on stderr, once.
 */
struct fn_command {
	const char *name;
	const char *usage;   /* "NAME [FILE|-]" */
	const char *summary; /* one line for help */
	/* What help prints above the options: paragraphs, or NULL. */
	const char *help;
	const struct cli_option *options; /* what fn_parse() reads, or NULL */
	size_t words_min;
	size_t words_max;
	int (*run)(const struct fn_globals *globals, char **args);
};

extern const struct fn_command fn_deploy;
extern const struct fn_command fn_invoke;
extern const struct fn_command fn_serve;
extern const struct fn_command fn_feed;
extern const struct fn_command fn_list;
extern const struct fn_command fn_usage;
extern const struct fn_command fn_delete;
