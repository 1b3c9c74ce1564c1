/* SPDX-License-Identifier: Apache-2.0 */
/* The events that clients of runc know: one line of JSON each. */
#pragma once

#include <runf/stats.h>

#include "base/arena.h"

/* {"type":"stats","id":ID,"data":{...}} */
const char *stats_write(struct arena *arena, const char *id,
                        const struct runf_stats *stats);
