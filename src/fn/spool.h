/* SPDX-License-Identifier: Apache-2.0 */
/* Asynchronous invocations: accepted when durable, then done at least once. */
#pragma once

#include "fn/pool.h"
#include "fn/spool_file.h"

struct spool_function;
struct spool_ticket;

struct spool {
	struct pool *pool;
	const char *root;
	/* Limits of what waits, and the pause before the first retry. */
	uint64_t events_max;
	uint64_t bytes_max;
	uint64_t retry_ms;
	/* The spool's own. */
	uint64_t events;
	uint64_t bytes;
	struct spool_function *functions;
	struct spool_ticket *tickets; /* not durable yet, in order */
	struct spool_ticket **tickets_end;
	struct spool_ticket *unsent;
	uint32_t sent;
	struct loop_source keeper; /* who makes them durable; fd -1: nobody */
	struct loop_timer wake;    /* the next one is due */
	struct loop_timer look;    /* for what others have put there */
	bool stopped;
};

/* Before anything else is opened: the keeper is a copy of this process. */
int spool_open(struct spool *spool, struct error *err);
/* Take what is there from before, and begin. */
int spool_start(struct spool *spool, struct error *err);
/* Begin nothing more; what is under way may end. */
void spool_stop(struct spool *spool);

/*
 * Accept EVENT (copied) for FUNCTION. DONE is called once it is durable (0),
 * or is not (a negative errno): from the loop, unless this fails with -EDQUOT
 * (the spool is full) or another errno.
 */
int spool_accept(struct spool *spool, const char *function,
                 const struct spool_event *event,
                 void (*done)(void *context, int result), void *context,
                 struct error *err);

uint64_t spool_now(void); /* ms since 1970 */
/* A sandbox of FUNCTION came free. */
void spool_pump(struct spool *spool, const char *function);
/* How many events of FUNCTION wait. */
uint64_t spool_waiting(const struct spool *spool, const char *function);
