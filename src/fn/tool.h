/* SPDX-License-Identifier: Apache-2.0 */
/* Another program that does a part of the work, and what it says about it. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

struct tool {
	const char *const *args; /* NULL-terminated; a name is looked up */
	const char *package;     /* Debian's, for who does not have it */
	int input;               /* its stdin, or -1: nothing */
	/*
	 * Its stderr is the caller's, for people who watch. Otherwise it is
	 * taken like stdout.
	 */
	bool shows;
};

/*
 * Run TOOL until it ends. *RET_OUTPUT (may be NULL) is the end of what it
 * wrote, without a line end. It fails with its last line if its status is not
 * 0. It dies with the caller.
 */
int tool_run(struct arena *arena, const struct tool *tool,
             const char **ret_output, struct error *err);
