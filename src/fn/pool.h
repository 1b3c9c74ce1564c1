/* SPDX-License-Identifier: Apache-2.0 */
/* The sandboxes of all functions that are served. */
#pragma once

#include "fn/metrics.h"
#include "fn/sandbox.h"
#include "fn/stock.h"

/* A version of a function that some sandbox or call still needs. */
struct pool_version {
	struct arena arena;
	struct function function;
	uint32_t holders;
	uint32_t sandboxes; /* of it: delete leaves it alone as long as... */
	int held;           /* ...this is open */
};

struct pool_function {
	struct stock_shelf shelf;
	struct pool *pool;
	char *name;
	struct pool_version *current; /* NULL: it was deleted */
	struct metrics metrics;
	uint32_t calls;       /* under way */
	bool came_free;       /* freed() has to be called */
	uint64_t short_since; /* of sandboxes created ahead; 0: it is not */
	uint32_t failures;    /* of sandboxes, one after the other */
};

struct pool_entry;

/* One invocation; everything but what INVOCATION says is the pool's. */
struct pool_call {
	struct invocation invocation; /* without done */
	/* The last call; VERSION is held for it, and no longer. */
	void (*ended)(struct pool_call *call, enum invocation_status status,
	              const char *error_type);
	struct pool_function *function;
	struct pool_version *version;
	struct pool_entry *entry;
};

struct pool {
	struct sandbox_host *host;
	struct stock stock; /* its limits are set before pool_open() */
	/* A sandbox of FUNCTION came free, or there may be room for one. */
	void (*freed)(struct pool *pool, struct pool_function *function);
	/* Nothing is left after pool_drain(). */
	void (*drained)(struct pool *pool);
	uint32_t freeze_ms; /* after the end of its work */
	uint32_t calls;     /* under way */
	uint64_t evicted;
	bool draining;
	struct loop_timer tick; /* what is due after a time */
	struct loop_timer soon; /* what is due after what has happened */
	struct loop_timer later;
};

/* Functions with a provisioned level are found here, the others when asked. */
int pool_open(struct pool *pool, struct error *err);

/*
 * NAME as it is deployed now; the old version's sandboxes go as soon as they
 * are at rest. -ENOENT (ERROR_NOT_FOUND) if it is not deployed.
 */
int pool_find(struct pool *pool, const char *name,
              struct pool_function **ret_function, struct error *err);
/* The function behind SHELF. */
struct pool_function *pool_function_of(struct stock_shelf *shelf);

/*
 * STOCK_USE: it is on its way, CALL belongs to the pool until it has ended
 * (perhaps before this returns). Else it was refused, as the verdict says.
 */
enum stock_verdict pool_call(struct pool *pool, struct pool_function *function,
                             struct pool_call *call);

/* Whether a call would be taken. */
bool pool_may_call(struct pool *pool, struct pool_function *function);

/*
 * Take nothing more, end every sandbox once it is at rest, or at once when
 * NOW; drained() is called from the loop when none is left.
 */
void pool_drain(struct pool *pool, bool now);
