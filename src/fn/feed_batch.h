/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of JSON as the batches that a function is called with. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Of the document; a line alone may need half of it. */
#define BATCH_BYTES_MAX ((size_t)6 * 1024 * 1024)

/* Set `arena` and `most`, leave the rest zero. */
struct feed_batch {
	struct arena *arena;
	uint32_t most; /* lines */
	uint32_t count;
	uint64_t first; /* numbers of the lines, from 1 */
	uint64_t last;
	struct buf text; /* the records, without what is around them */
};

enum batch_verdict {
	BATCH_TAKEN,
	BATCH_FULL,     /* not taken: it belongs to the next one */
	BATCH_NOT_JSON, /* not taken, and no batch could */
	BATCH_TOO_LONG, /* the same */
};

/* LINE, the NUMBERth, came at NOW (ms since 1970). */
enum batch_verdict batch_add(struct feed_batch *batch, const char *line,
                             size_t length, uint64_t number, uint64_t now);
bool batch_is_full(const struct feed_batch *batch);

/*
 * As a function reads a batch of SQS: {"Records":[{"messageId":"17","body":
 * the line, ...}]}. The same each time it is tried.
 */
const char *batch_document(const struct feed_batch *batch);

/*
 * Whether a RESPONSE names items that failed (batchItemFailures): then the
 * batch has, since its order is kept.
 */
bool batch_has_failures(struct arena *arena, const char *response,
                        size_t length);
