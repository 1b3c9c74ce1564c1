/* SPDX-License-Identifier: Apache-2.0 */
/* The events of one function by the time when they are due. Pure. */
#pragma once

#include <stddef.h>

#include "fn/spool_file.h"

struct spool_queued {
	struct spool_name name;
	uint64_t size;
};

/* A heap; zeroed it is empty. */
struct spool_queue {
	struct spool_queued *items;
	size_t count;
	size_t room;
};

/* -ENOMEM, and nothing has changed. */
int spool_queue_add(struct spool_queue *queue, const struct spool_queued *item);
/* The one that is due first; the queue is not empty. */
struct spool_queued spool_queue_take(struct spool_queue *queue);
void spool_queue_release(struct spool_queue *queue);

/*
 * When an event is due again after ATTEMPT (from 0) went wrong: RETRY_MS, then
 * twice as long each time.
 */
uint64_t spool_backoff_ms(uint64_t retry_ms, uint32_t attempt);
