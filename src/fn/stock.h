/* SPDX-License-Identifier: Apache-2.0 */
/* Which sandbox serves a request, which are made ahead, which go. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fn/sandbox.h"

/* A sandbox, as these decisions see it. */
struct stock_item {
	struct stock_item *next; /* of its shelf */
	struct stock_shelf *shelf;
	enum sandbox_state state;
	bool taken;     /* a request has it, or waits for it */
	bool answered;  /* BUSY, but only until it asks for more; SINCE then */
	bool queued;    /* CREATING, but its turn has not come yet */
	bool warm;      /* made to be initialized, not only created */
	bool outdated;  /* of a version that is not the current one */
	uint64_t since; /* when it came to rest, ms */
	uint64_t memory;
};

/* One function. */
struct stock_shelf {
	struct stock_shelf *next;
	struct stock_item *items;
	uint32_t concurrency;
	uint32_t provisioned;
	uint64_t memory;     /* of a new one */
	uint64_t last_used;  /* ms; 0: never */
	uint64_t hold_until; /* none is made ahead: the last ones failed */
	/* New sandboxes that the scaling rate still allows, in thousandths. */
	uint64_t tokens;
	uint64_t tokens_at;
};

struct stock {
	struct stock_shelf *shelves;
	/* Limits. */
	uint32_t sandboxes; /* of the host */
	uint64_t memory;    /* the sum of what they may use */
	uint64_t keep_ms;   /* at rest */
	uint32_t ahead;     /* created, for each function in use */
	uint32_t creations; /* under way at the same time */
	uint32_t scale;     /* new ones of a function in ten seconds */
};

enum stock_verdict {
	STOCK_USE,         /* ITEM */
	STOCK_NEW,         /* a new one; end ITEM before if it is not NULL */
	STOCK_AT_FUNCTION, /* refused: the function's concurrency */
	STOCK_AT_RATE,     /* refused: the scaling rate */
	STOCK_AT_HOST,     /* refused: the host's sandboxes or memory */
};

struct stock_choice {
	enum stock_verdict verdict;
	struct stock_item *item;
};

/*
 * For a request. Order: idle, frozen (the one used last: the others may grow
 * old), one that has just answered, initializing, created, being created, new,
 * and rather than be refused one that answered and lingers. Making room on the
 * host may take several rounds: ask again after each STOCK_NEW with an item.
 */
struct stock_choice stock_choose(struct stock *stock, struct stock_shelf *shelf,
                                 uint64_t now);

/* STOCK_NEW was followed: the rate notices. */
void stock_count_new(struct stock *stock, struct stock_shelf *shelf,
                     uint64_t now);

/* One that has to go now, or NULL: outdated, or at rest for too long. */
struct stock_item *stock_expired(struct stock *stock, uint64_t now);

/*
 * What is to be made for SHELF now, without making room for it: 'w' one to
 * initialize and freeze, 'c' one to create, 0 nothing.
 */
char stock_missing(struct stock *stock, struct stock_shelf *shelf,
                   uint64_t now);
/* An initialized one that came to rest need not be kept at all. */
bool stock_is_surplus(const struct stock *stock, const struct stock_item *item);

/* Whether another creation may begin. */
bool stock_may_create(const struct stock *stock);
/* Whose turn that is: requests' first, the one that waits longest. */
struct stock_item *stock_queued(struct stock *stock);
/* How many there are, and the sum of their memory. */
uint32_t stock_count(const struct stock *stock, uint64_t *ret_memory);
