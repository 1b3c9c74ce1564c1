/* SPDX-License-Identifier: Apache-2.0 */
/* What is done while calls fail, and what may then be left. */
#pragma once

#include <runf/runf.h>
#include <stdbool.h>

#include "tests/fault/bundle.h"

/* Everything one run has. */
struct run {
	const struct bundle *bundle;
	const char *id;
	struct runf *runf;
	struct runf_error err;
	int status;        /* of the program, where the call waits for it */
	char warning[600]; /* the first that was logged */
};

/* Whether there is a container, once the call has returned. */
enum after {
	AFTER_NOTHING,     /* whatever happened */
	AFTER_IF_DONE,     /* if the call succeeded, else nothing */
	AFTER_UNLESS_DONE, /* the other way round: delete */
	AFTER_STAYS,       /* the one that was there before, and it lives */
	AFTER_ANY,         /* start: what fails in init or a hook ends it */
};

struct scenario {
	const char *name;
	unsigned int with; /* enum bundle_with */
	enum after after;
	bool in_vain; /* it is refused, whether or not a call fails */
	/* Without failures, before. 0, or the error is in run->err. */
	int (*prepare)(struct run *run);
	int (*act)(struct run *run);
};

extern const struct scenario scenarios[];
extern const int scenarios_count;

/* A context for RUN, of its own for each call: opening it may fail too. */
int run_open(struct run *run);
void run_close(struct run *run);
