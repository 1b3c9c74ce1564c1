/* SPDX-License-Identifier: Apache-2.0 */
/* What one function's invocations add up to, as Prometheus reads it. */
#pragma once

#include "base/buf.h"
#include "fn/invocation.h"
#include "fn/sandbox.h"

#define METRICS_STATUSES (INVOCATION_FAILED + 1)
#define METRICS_STARTS   (START_IDLE + 1)
#define SANDBOX_STATES   (SANDBOX_GONE + 1)
#define METRICS_BUCKETS  13 /* of the durations */

struct metrics {
	uint64_t count[METRICS_STATUSES][METRICS_STARTS];
	uint64_t throttled;
	uint64_t bucket[METRICS_BUCKETS + 1]; /* the last one: longer */
	uint64_t duration_us;
	uint64_t billed_ms;
	uint64_t cpu_us;
	uint64_t memory_peak; /* the largest seen */
	uint64_t in_bytes;
	uint64_t out_bytes;
};

void metrics_add(struct metrics *metrics, const struct invocation *invocation,
                 enum invocation_status status);

/* One row of a table of functions. */
struct metrics_row {
	const char *function;
	const struct metrics *metrics;
	uint32_t sandboxes[SANDBOX_STATES];
	uint64_t memory_limit; /* the sum of the sandboxes' */
	uint64_t spooled;
};

/* Text format 0.0.4 of all ROWS. */
void metrics_write(struct buf *buf, const struct metrics_row *rows,
                   size_t count);

/* What is not of one function. */
struct metrics_server {
	uint64_t requests; /* under way */
	uint64_t evicted;
	uint64_t spool_events;
	uint64_t spool_bytes;
};

void metrics_write_server(struct buf *buf, const struct metrics_server *server);
