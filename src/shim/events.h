/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to containers, told to containerd in the order it happened. */
#pragma once

#include <stdint.h>

#include "base/log.h"
#include "loop/loop.h"
#include "ttrpc/ttrpc.h"

struct events;

/*
 * ADDRESS is containerd's ttrpc socket (NULL or empty: nobody is told),
 * NAMESPACE containerd's. Both are copied. LOG may be NULL. NULL without
 * memory.
 */
struct events *events_open(struct loop *loop, const char *address,
                           const char *namespace_, const struct log *log);
/* NULL is nothing. What is queued is dropped. */
void events_close(struct events *events);

/*
 * Queue one event: TOPIC "/tasks/exit", TYPE "containerd.events.TaskExit", its
 * message packed. One is under way at a time and is repeated, with growing
 * delays, until it has arrived or was refused too often (that nobody listens
 * does not count); of a full queue the oldest are lost, and the log says how
 * many. Never blocks, never fails.
 */
void events_publish(struct events *events, const char *topic, const char *type,
                    struct ttrpc_bytes message);

/*
 * Call DRAINED from the loop once nothing is queued any more, or after MS
 * milliseconds: once.
 */
void events_drain(struct events *events, uint64_t ms,
                  void (*drained)(void *context), void *context);
