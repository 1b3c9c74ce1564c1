/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of TOML as containerd writes of a runtime's options: lines of
 * `key = value` below at most one table's name.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum toml_type {
	TOML_BOOL,
	TOML_INTEGER,
	TOML_TEXT,  /* also in ''; not over several lines */
	TOML_OTHER, /* passed over: dates, floats, lists on one line */
};

struct toml_pair {
	const char *key; /* with its dots, if it has any */
	unsigned int line;
	enum toml_type type;
	bool boolean;
	int64_t integer;
	const char *text;
};

/* Set `name` (for errors), `at`, `end` and `arena`, which keys and texts are in. */
struct toml_reader {
	struct arena *arena;
	const char *name;
	const char *at;
	const char *end;
	unsigned int line;
	bool has_table;
};

/* 1 and the next pair, 0 at the end, or a negative errno. */
int toml_next(struct toml_reader *reader, struct toml_pair *ret_pair,
              struct error *err);
