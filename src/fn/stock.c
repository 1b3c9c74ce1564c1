/* SPDX-License-Identifier: Apache-2.0 */
/* Which sandbox serves a request, which are made ahead, which go. Pure. */
#include "fn/stock.h"

#define RATE_MS     10000U /* the scaling rate is of so long */
#define ANSWERED_MS 20U    /* a runtime asks for more within much less */

static bool item_is_there(const struct stock_item *item)
{
	return item->state != SANDBOX_GONE;
}

/* At rest: nobody waits for it, and it could go. */
static bool item_rests(const struct stock_item *item)
{
	return item_is_there(item) && !item->taken &&
	       item->state != SANDBOX_BUSY;
}

static bool item_is_ready(const struct stock_item *item)
{
	return item->state == SANDBOX_IDLE || item->state == SANDBOX_FROZEN;
}

/* The higher, the sooner it answers; 0: it cannot serve. */
enum rank {
	RANK_NONE,
	RANK_LINGERS, /* better than to be refused */
	RANK_CREATING,
	RANK_CREATED,
	RANK_INIT,
	RANK_ANSWERED,
	RANK_FROZEN,
	RANK_IDLE,
};

static enum rank item_rank(const struct stock_item *item, uint64_t now)
{
	if (item->taken || item->outdated)
		return RANK_NONE;
	switch (item->state) {
	case SANDBOX_IDLE: return RANK_IDLE;
	case SANDBOX_FROZEN: return RANK_FROZEN;
	case SANDBOX_INIT: return RANK_INIT;
	case SANDBOX_CREATED: return RANK_CREATED;
	case SANDBOX_CREATING: return RANK_CREATING;
	case SANDBOX_BUSY:
		if (!item->answered)
			break;
		return now - item->since <= ANSWERED_MS ? RANK_ANSWERED
		                                        : RANK_LINGERS;
	case SANDBOX_GONE: break;
	}
	return RANK_NONE;
}

uint32_t stock_count(const struct stock *stock, uint64_t *ret_memory)
{
	const struct stock_shelf *shelf;
	const struct stock_item *item;
	uint64_t memory = 0;
	uint32_t count = 0;

	for (shelf = stock->shelves; shelf; shelf = shelf->next)
		for (item = shelf->items; item; item = item->next)
			if (item_is_there(item)) {
				count++;
				memory += item->memory;
			}
	*ret_memory = memory;
	return count;
}

static uint32_t shelf_count(const struct stock_shelf *shelf)
{
	const struct stock_item *item;
	uint32_t count = 0;

	for (item = shelf->items; item; item = item->next)
		count += item_is_there(item);
	return count;
}

static bool stock_has_room(const struct stock *stock, uint64_t more)
{
	uint64_t memory;
	uint32_t count = stock_count(stock, &memory);

	return count < stock->sandboxes && memory <= stock->memory &&
	       more <= stock->memory - memory;
}

bool stock_may_create(const struct stock *stock)
{
	const struct stock_shelf *shelf;
	const struct stock_item *item;
	uint32_t count = 0;

	for (shelf = stock->shelves; shelf; shelf = shelf->next)
		for (item = shelf->items; item; item = item->next)
			count += item->state == SANDBOX_CREATING &&
			         !item->queued;
	return count < stock->creations;
}

struct stock_item *stock_queued(struct stock *stock)
{
	struct stock_item *found = NULL;
	struct stock_shelf *shelf;
	struct stock_item *item;

	for (shelf = stock->shelves; shelf; shelf = shelf->next)
		for (item = shelf->items; item; item = item->next)
			if (item->queued &&
			    (!found || item->taken > found->taken ||
			     (item->taken == found->taken &&
			      item->since < found->since)))
				found = item;
	return found;
}

/* Current ones that are initialized or will be; those at work are used up. */
static uint32_t shelf_warm(const struct stock_shelf *shelf)
{
	const struct stock_item *item;
	uint32_t count = 0;

	for (item = shelf->items; item; item = item->next)
		if (!item->outdated && item_is_there(item))
			count += item_is_ready(item) || item->warm ||
			         item->state == SANDBOX_INIT ||
			         item->state == SANDBOX_BUSY;
	return count;
}

/* What would make room, the one that was used longest ago first. */
static struct stock_item *stock_victim(struct stock *stock,
                                       const struct stock_shelf *keep)
{
	struct stock_item *found = NULL;
	struct stock_shelf *shelf;
	struct stock_item *item;

	for (shelf = stock->shelves; shelf; shelf = shelf->next) {
		bool spare = shelf_warm(shelf) > shelf->provisioned;

		for (item = shelf->items; item; item = item->next) {
			if (!item_rests(item) ||
			    (shelf == keep && !item->outdated))
				continue;
			/* What was promised stays; what is created does not. */
			if ((item->warm || item_is_ready(item)) &&
			    !item->outdated && !spare)
				continue;
			if (!found || item->since < found->since)
				found = item;
		}
	}
	return found;
}

static void shelf_fill_tokens(const struct stock *stock,
                              struct stock_shelf *shelf, uint64_t now)
{
	uint64_t full = (uint64_t)stock->scale * 1000;
	uint64_t elapsed = now - shelf->tokens_at;

	if (!shelf->tokens_at || elapsed >= RATE_MS)
		shelf->tokens = full;
	else
		shelf->tokens += elapsed * full / RATE_MS;
	if (shelf->tokens > full)
		shelf->tokens = full;
	shelf->tokens_at = now;
}

void stock_count_new(struct stock *stock, struct stock_shelf *shelf,
                     uint64_t now)
{
	shelf_fill_tokens(stock, shelf, now);
	shelf->tokens -= shelf->tokens < 1000 ? shelf->tokens : 1000;
}

static struct stock_item *shelf_best(struct stock_shelf *shelf, uint64_t now,
                                     enum rank *ret_rank)
{
	struct stock_item *best = NULL;
	struct stock_item *item;
	enum rank rank = RANK_NONE;

	for (item = shelf->items; item; item = item->next) {
		enum rank it = item_rank(item, now);

		if (it > rank ||
		    (it && it == rank && item->since > best->since)) {
			best = item;
			rank = it;
		}
	}
	*ret_rank = rank;
	return best;
}

static struct stock_item *shelf_outdated(struct stock_shelf *shelf)
{
	struct stock_item *item;

	for (item = shelf->items; item; item = item->next)
		if (item->outdated && item_rests(item))
			return item;
	return NULL;
}

/* Whether a new one may be made, and what has to go before. */
static struct stock_choice stock_choose_new(struct stock *stock,
                                            struct stock_shelf *shelf,
                                            uint64_t now)
{
	struct stock_item *item;

	shelf_fill_tokens(stock, shelf, now);
	if (shelf->tokens < 1000)
		return (struct stock_choice){ STOCK_AT_RATE, NULL };
	if (shelf_count(shelf) >= shelf->concurrency) {
		item = shelf_outdated(shelf);
		return (struct stock_choice){ item ? STOCK_NEW
			                           : STOCK_AT_FUNCTION,
			                      item };
	}
	if (stock_has_room(stock, shelf->memory))
		return (struct stock_choice){ STOCK_NEW, NULL };
	item = stock_victim(stock, shelf);
	return (struct stock_choice){ item ? STOCK_NEW : STOCK_AT_HOST, item };
}

struct stock_choice stock_choose(struct stock *stock, struct stock_shelf *shelf,
                                 uint64_t now)
{
	enum rank rank;
	struct stock_item *item = shelf_best(shelf, now, &rank);
	struct stock_choice choice = { STOCK_USE, item };

	if (rank <= RANK_LINGERS)
		choice = stock_choose_new(stock, shelf, now);
	if (choice.verdict != STOCK_NEW && item)
		choice = (struct stock_choice){ STOCK_USE, item };
	return choice;
}

struct stock_item *stock_expired(struct stock *stock, uint64_t now)
{
	struct stock_shelf *shelf;
	struct stock_item *item;

	for (shelf = stock->shelves; shelf; shelf = shelf->next) {
		bool spare = shelf_warm(shelf) > shelf->provisioned;

		for (item = shelf->items; item; item = item->next) {
			if (!item_rests(item))
				continue;
			if (item->outdated)
				return item;
			/* What is not there yet is not at rest either. */
			if (item->state == SANDBOX_CREATING ||
			    item->state == SANDBOX_INIT ||
			    now - item->since < stock->keep_ms)
				continue;
			if (item->state == SANDBOX_CREATED) {
				if (!item->warm &&
				    now - shelf->last_used >= stock->keep_ms &&
				    stock->keep_ms)
					return item;
			} else if (spare) {
				return item;
			}
		}
	}
	return NULL;
}

bool stock_is_surplus(const struct stock *stock, const struct stock_item *item)
{
	return item->outdated ||
	       (!stock->keep_ms &&
	        shelf_warm(item->shelf) > item->shelf->provisioned);
}

char stock_missing(struct stock *stock, struct stock_shelf *shelf, uint64_t now)
{
	bool used =
		shelf->last_used &&
		(!stock->keep_ms || now - shelf->last_used < stock->keep_ms);
	const struct stock_item *item;
	uint32_t created = 0;

	if (now < shelf->hold_until ||
	    shelf_count(shelf) >= shelf->concurrency ||
	    !stock_has_room(stock, shelf->memory) || !stock_may_create(stock))
		return 0;
	shelf_fill_tokens(stock, shelf, now);
	if (shelf->tokens < 1000)
		return 0;
	if (shelf_warm(shelf) < shelf->provisioned)
		return 'w';
	for (item = shelf->items; item; item = item->next)
		created += !item->taken && !item->warm && !item->outdated &&
		           (item->state == SANDBOX_CREATING ||
		            item->state == SANDBOX_CREATED);
	return used && created < stock->ahead ? 'c' : 0;
}
