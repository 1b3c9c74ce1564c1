/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forked copy of the program does what takes time, says how it went, and
 * ends. What it starts becomes the program's, if that is a subreaper.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "loop/loop.h"

#define WORKER_NUMBERS 4

struct worker_answer {
	long long numbers[WORKER_NUMBERS];
	int fd; /* that the worker opened, or -1 */
};

/* A member of whoever has something done. Zeroed before the first time. */
struct worker {
	/*
	 * In the worker, where nothing but 0, 1, 2 and KEEP is open. Returns
	 * 0, or a negative errno with ERR filled in.
	 */
	int (*work)(struct worker *worker, struct worker_answer *answer,
	            struct error *err);
	/* In the program, from the loop. ANSWER's fd is its. */
	void (*done)(struct worker *worker, int result,
	             const struct worker_answer *answer,
	             const struct error *err);
	int stdio[3]; /* what becomes 0, 1, 2; -1: as it is */
	int keep;     /* one more descriptor, or -1 */
	/* The worker's own. */
	struct loop_source source;
	struct loop_timer late;
	int failure;
};

/*
 * DONE is called from the loop, later, also if no worker can be made. One at
 * a time for each struct, which stays until then.
 */
void worker_begin(struct loop *loop, struct worker *worker);
