/* SPDX-License-Identifier: Apache-2.0 */
/* What all commands of runf-fn do with their words, and with their errors. */
#pragma once

#include <runf/error.h>

#include "fn/command.h"

/* What stands before the commands; ends in NULL. */
extern const struct fn_command *const fn_commands[];
extern const struct cli_option fn_global_options[];

/*
 * Read ARGS as COMMAND's table says; VALUES is zeroed. Returns 0; 1 if --help
 * was given, and help was printed: nothing else is to be done; or a negative
 * errno (ERROR_USAGE).
 */
int fn_parse(const struct fn_globals *globals, const struct fn_command *command,
             char **args, void *values, struct cli_words *ret_words,
             struct error *err);

/* ERR on stderr, in one line. Returns EXIT_RUNF. */
int fn_fail(const struct fn_command *command, const struct error *err);
/* Beside what succeeds: a line on stderr. */
void fn_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* TEXT on stdout. */
int fn_print(const char *text, struct error *err);

/* How COMMAND is used; NULL: the whole program. */
int fn_print_help(struct arena *arena, const struct fn_command *command,
                  struct error *err);

/* librunf's error as one of ours. Returns its code. */
int fn_take_error(const struct runf_error *from, struct error *err);
