/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a scenario with one call that fails, in a process of its own. */
#pragma once

#include <stdbool.h>

#include "tests/fault/bundle.h"
#include "tests/fault/scenario.h"
#include "tests/fault/world.h"

/* What the run tells the process that counts. */
struct verdict {
	bool done;        /* it came to its end */
	bool unsupported; /* this host cannot do what was wanted */
	int result;
	char error[600];
	char warning[600];
	struct world_text wrong; /* that may never be */
	struct world_text left;  /* that only a failed clean-up may leave */
	struct world_text lost;  /* see is_beyond_repair() */
	struct world_text stuck; /* even after delete --force */
};

/* One errno over one scenario. */
struct pass {
	const struct scenario *scenario;
	struct bundle bundle;
	char id[32];
	int errno_value;
	int runs;
	int failures;
	int tolerated; /* calls whose failure the library got over */
	int left;      /* runs that left something for delete --force */
	bool verbose;
};

extern struct verdict *verdict; /* shared with the runs */

/* Fail CALL (from 1) of ACTOR (-1: none) and look around. */
void trial_run(struct pass *pass, int actor, int call)
	__attribute__((noreturn));

/* Delete the container by force; say in verdict->stuck what is left. */
void trial_clean_up(struct run *run);
