/* SPDX-License-Identifier: Apache-2.0 */
/* Who does the batches: a server, or a sandbox of our own. */
#pragma once

#include <stdbool.h>

#include "fn/command.h"

enum feed_outcome {
	FEED_DONE,
	FEED_FAILED, /* the function did not do it */
	FEED_BUSY,   /* a cap refused it, or the server is stopping */
	FEED_GONE,   /* there is no such function: trying again is no use */
};

struct feed_target;

/* The server at STATE/serve.sock if there is one. */
int feed_open(const struct fn_globals *globals, const char *name,
              struct feed_target **ret_target, struct error *err);
/*
 * Call the function with DOCUMENT and wait. TEXT, in ARENA, is what the
 * function said, or what went wrong.
 */
enum feed_outcome feed_call(struct feed_target *target, struct arena *arena,
                            const char *document, const char **ret_text);
void feed_close(struct feed_target *target);
