/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics in containerd's form. */
#pragma once

#include <runf/stats.h>

#include "base/arena.h"
#include "ttrpc/ttrpc.h"

/*
 * A packed io.containerd.cgroups.v2.Metrics, or v1's on a host whose counters
 * are v1's, and its type, in ARENA.
 */
void stats_pack(struct arena *arena, const struct runf_stats *stats,
                const char **ret_type, struct ttrpc_bytes *ret_bytes);
