/* SPDX-License-Identifier: Apache-2.0 */
/* The command line by tables: one row per option, read by parser and help. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/opt.h"

enum cli_option_type {
	CLI_SWITCH,  /* bool; --x, --x=true, --x=false */
	CLI_TEXT,    /* const char * */
	CLI_WORD,    /* const char *: one of the words of `value`, "a|b|c" */
	CLI_NUMBER,  /* unsigned int */
	CLI_INTEGER, /* struct opt_i64 */
	CLI_BYTES,   /* struct opt_i64: -1, or 64m, 1.5GiB, 4096 */
	CLI_LIST,    /* struct cli_list; given once or more */
};

/* The values of an option that may be repeated; ends in NULL. */
struct cli_list {
	const char **items;
	size_t count;
};

struct cli_option {
	const char *name; /* without dashes; NULL ends a table */
	char letter;      /* 0: only a long form */
	enum cli_option_type type;
	const char *value; /* what help calls the argument; NULL: a switch */
	const char *help;
	size_t offset; /* of the member in the struct of values */
};

/* Does not compile unless MEMBER of TYPE is a WANTED. */
#define CLI_MEMBER(type, member, wanted) \
	_Generic(&((type *)0)->member, __typeof__(wanted) * : offsetof(type, member))

#define CLI_ROW(letter, name, kind, value, help, place) \
	{                                               \
		name, letter, kind, value, help, place  \
	}
#define OPTION_SWITCH(letter, name, type, member, help) \
	CLI_ROW(letter, name, CLI_SWITCH, NULL, help,   \
	        CLI_MEMBER(type, member, bool))
#define OPTION_TEXT(letter, name, value, type, member, help) \
	CLI_ROW(letter, name, CLI_TEXT, value, help,         \
	        CLI_MEMBER(type, member, const char *))
#define OPTION_WORD(letter, name, words, type, member, help) \
	CLI_ROW(letter, name, CLI_WORD, words, help,         \
	        CLI_MEMBER(type, member, const char *))
#define OPTION_NUMBER(letter, name, type, member, help) \
	CLI_ROW(letter, name, CLI_NUMBER, "N", help,    \
	        CLI_MEMBER(type, member, unsigned int))
#define OPTION_INTEGER(letter, name, value, type, member, help) \
	CLI_ROW(letter, name, CLI_INTEGER, value, help,         \
	        CLI_MEMBER(type, member, struct opt_i64))
#define OPTION_BYTES(letter, name, type, member, help)  \
	CLI_ROW(letter, name, CLI_BYTES, "BYTES", help, \
	        CLI_MEMBER(type, member, struct opt_i64))
#define OPTION_LIST(letter, name, value, type, member, help) \
	CLI_ROW(letter, name, CLI_LIST, value, help,         \
	        CLI_MEMBER(type, member, struct cli_list))
#define OPTIONS_END CLI_ROW(0, NULL, CLI_SWITCH, NULL, NULL, 0)

#define CLI_WORDS_MAX 3

/*
 * An option is `--name`, `-name` or `-n`; its argument stands behind `=`, in
 * the next word, or (short form) right behind the letter; switches of one
 * letter may be joined. `--` ends the options.
 */
struct cli_parser {
	const struct cli_option *options;
	void *values;        /* what the offsets count from; zeroed */
	struct arena *arena; /* for lists */
	/* At most so many words that are no options, else an error... */
	size_t words_max;
	/* ...unless what follows them belongs to somebody else. */
	bool leaves_rest;
};

struct cli_words {
	const char *items[CLI_WORDS_MAX];
	size_t count;
	char **rest; /* NULL-terminated */
	bool help;   /* --help or -h was given: nothing behind it counts */
};

/* "Options:" and a line for each, --help the last. OPTIONS may be NULL. */
void options_write_help(struct buf *text, const struct cli_option *options);

/* ARGS ends in NULL. */
int options_parse(const struct cli_parser *parser, char **args,
                  struct cli_words *ret_words, struct error *err);
