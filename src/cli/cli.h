/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: one struct each, which is also what help prints. */
#pragma once

#include <runf/runf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/options.h"
#include "cli/report.h"

/* What the options before the command say. */
struct cli_globals {
	const char *root;
	const char *log;
	const char *log_format;
	const char *log_level;
	const char *cgroup_manager;
	const char *rootless; /* accepted: it is found out anyway */
	const char *criu;
	bool debug;
	bool systemd_cgroup;
	bool version;
};

struct cli_command;

struct cli {
	char **argv;
	uint64_t began_ns;
	struct cli_globals globals;
	struct report report;
	struct arena arena;
	struct runf *runf; /* NULL unless the command has COMMAND_OPENS */
	const struct cli_command *command;
	struct cli_words words;
};

enum cli_command_flags {
	COMMAND_OPENS = 1,       /* needs a struct runf */
	COMMAND_PROTECTS = 2,    /* containers can see this program */
	COMMAND_CREATES = 4,     /* may be the first to use the state root */
	COMMAND_LEAVES_REST = 8, /* what follows the words is no option */
	COMMAND_TAKES_ALL = 16,  /* another program reads what follows */
};

/* The struct of values of every command fits. */
#define CLI_VALUES_MAX 512

struct cli_command {
	const char *name;
	const char *arguments; /* behind the options, as help prints it */
	const char *summary;
	const struct cli_option *options; /* NULL: none */
	size_t values_size;
	unsigned int words_min;
	unsigned int words_max;
	unsigned int flags;
	/*
	 * Returns the exit status, or a negative errno with ERR. VALUES are
	 * the parsed options.
	 */
	int (*run)(struct cli *cli, void *values, struct runf_error *err);
};

/* In the order of help; ends in NULL. */
extern const struct cli_command *const cli_commands[];
extern const struct cli_option cli_global_options[];

/* NULL if there is none of this name. */
const struct cli_command *cli_find_command(const char *name);

/* Whether systemd shall make the cgroup of a new container. */
bool cli_wants_systemd(const struct cli *cli);

/* Exit statuses beside 0, 1, and what a container's process returned. */
#define CLI_EXIT_USAGE 64
#define CLI_EXIT_EXEC  255

/* Print how COMMAND is used; of the program as a whole if it is NULL. */
int help_print(struct arena *arena, const struct cli_command *command,
               struct runf_error *err);
int version_print(struct arena *arena, struct runf_error *err);

extern const struct cli_command command_check;
extern const struct cli_command command_checkpoint;
extern const struct cli_command command_create;
extern const struct cli_command command_delete;
extern const struct cli_command command_events;
extern const struct cli_command command_exec;
extern const struct cli_command command_features;
extern const struct cli_command command_fn;
extern const struct cli_command command_help;
extern const struct cli_command command_kill;
extern const struct cli_command command_list;
extern const struct cli_command command_mounts;
extern const struct cli_command command_pause;
extern const struct cli_command command_plan;
extern const struct cli_command command_ps;
extern const struct cli_command command_restore;
extern const struct cli_command command_resume;
extern const struct cli_command command_run;
extern const struct cli_command command_spec;
extern const struct cli_command command_start;
extern const struct cli_command command_state;
extern const struct cli_command command_update;
extern const struct cli_command command_version;
