/* SPDX-License-Identifier: Apache-2.0 */
/* One thread that waits for descriptors and for points in time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Sources and timers are members of whoever owns them, who gets back to
 * himself with loop_owner(). Both may be added, changed and removed from any
 * callback; what is removed is not called again, also if it was ready in the
 * same round.
 */
struct loop_source {
	int fd;          /* stays the owner's */
	uint32_t events; /* EPOLLIN, ... as they are waited for now */
	void (*ready)(struct loop_source *source, uint32_t events);
	/* The loop's own. */
	struct loop *loop; /* NULL: not added */
};

struct loop_timer {
	void (*expired)(struct loop_timer *timer);
	/* The loop's own. */
	struct loop *loop; /* NULL: not armed */
	uint64_t due_ns;
	struct loop_timer *next;
};

#define LOOP_READY_MAX 32

/*
 * Zeroed but for what loop_open() sets. No copy may be made of it. A process
 * that is forked shares the epoll instance: it may leave the loop alone or
 * close its own descriptor of it (loop_close), nothing else.
 */
struct loop {
	int epoll;
	bool stopped;
	struct loop_timer *timers; /* sorted: the next one first */
	/* The round that is under way: a removed source is NULL here. */
	struct loop_source *ready[LOOP_READY_MAX];
	size_t ready_count;
};

int loop_open(struct loop *loop, struct error *err);
void loop_close(struct loop *loop);

/* 0, or a negative errno: no memory, or a descriptor that cannot be polled. */
int loop_add(struct loop *loop, struct loop_source *source);
/* Wait for EVENTS from now on; nothing happens if it does so already. */
int loop_change(struct loop_source *source, uint32_t events);
/* A source that is not added is left alone. Before its fd is closed. */
void loop_remove(struct loop_source *source);

/*
 * Call EXPIRED once, in MS milliseconds or a little later; armed anew if it
 * was.
 */
void loop_arm(struct loop *loop, struct loop_timer *timer, uint64_t ms);
void loop_disarm(struct loop_timer *timer);

/* Until loop_stop() is called. 0, or a negative errno of epoll_wait(2). */
int loop_run(struct loop *loop, struct error *err);
void loop_stop(struct loop *loop);

#define loop_owner(member_pointer, type, member) \
	((type *)(void *)((char *)(member_pointer)-offsetof(type, member)))
