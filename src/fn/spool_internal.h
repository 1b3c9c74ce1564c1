/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the spool share. */
#pragma once

#include "fn/spool.h"
#include "fn/spool_keeper.h"
#include "fn/spool_queue.h"

struct spool_function {
	struct spool_function *next;
	struct spool *spool;
	char name[65];
	int dir;
	struct spool_queue queue; /* of what waits */
	uint32_t running;
};

/* Hand over what is due, as far as there are sandboxes. */
void spool_run(struct spool_function *function);
