/* SPDX-License-Identifier: Apache-2.0 */
/* One sandbox of the pool, from its making to its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/time.h"
#include "fn/pool_internal.h"
#include "json/json.h"

#define BACKOFF_MS     1000U /* after a sandbox that failed */
#define BACKOFF_MS_MAX 60000U

struct pool_entry {
	struct stock_item item;
	struct sandbox *sandbox; /* NULL: its turn has not come */
	struct pool_version *version;
	struct pool_call *call; /* NULL: none, or it has ended */
	bool handed;            /* the sandbox has it */
	struct loop_timer rest; /* at work no more: freeze it */
};

static struct pool_entry *entry_of(struct stock_item *item)
{
	return loop_owner(item, struct pool_entry, item);
}

static struct pool_function *entry_function(const struct pool_entry *entry)
{
	return pool_function_of(entry->item.shelf);
}

/* ---- calls */

static void call_end(struct pool_call *call, enum invocation_status status,
                     const char *error_type)
{
	struct pool_function *function = call->function;
	struct pool *pool = function->pool;
	struct pool_version *version = call->version;
	struct error err;

	metrics_add(&function->metrics, &call->invocation, status);
	if (meter_write(pool->host->root, &version->function, &call->invocation,
	                status, &err) < 0)
		log_warning(&pool->host->log, "%s", err.text);
	pool->calls--;
	function->calls--;
	call->ended(call, status, error_type);
	pool_release(version);
}

static void entry_rest(struct pool_entry *entry)
{
	entry->item.taken = entry->item.answered = false;
	entry->handed = false;
	entry->item.since = pool_now();
	loop_arm(entry_function(entry)->pool->host->loop, &entry->rest,
	         entry_function(entry)->pool->freeze_ms);
}

static void call_done(struct invocation *invocation,
                      enum invocation_status status, const char *error_type)
{
	struct pool_call *call =
		loop_owner(invocation, struct pool_call, invocation);
	struct pool_entry *entry = call->entry;

	if (entry) {
		entry->call = NULL;
		entry->handed = false;
		entry->item.since = pool_now();
		/* After anything else it goes. */
		entry->item.answered =
			status == INVOCATION_OK || status == INVOCATION_ERROR;
		entry->item.taken = !entry->item.answered;
		if (entry->item.state == SANDBOX_IDLE)
			entry_rest(entry);
	}
	call_end(call, status, error_type);
}

/* What never came to a sandbox. */
static void call_fail(struct pool_call *call, const char *why)
{
	auto_arena struct arena arena = { 0 };
	struct json_writer w = { .buf.arena = &arena, .indent = "" };

	json_open_object(&w, NULL);
	json_put_str(&w, "errorMessage", why);
	json_put_str(&w, "errorType", "Sandbox.Failure");
	json_close_object(&w);
	call->invocation.output(&call->invocation, buf_str(&w.buf),
	                        w.buf.length);
	call_end(call, INVOCATION_FAILED, "Sandbox.Failure");
}

/* ---- a sandbox's life */

/* Not for as long as it could be called: it would never be deleted. */
static int version_use(struct pool_version *version)
{
	struct error err;
	int result = 0;

	if (!version->sandboxes)
		result = version->held =
			function_hold(&version->function, &err);
	if (result < 0)
		return result;
	version->sandboxes++;
	return 0;
}

static void version_leave(struct pool_version *version)
{
	if (--version->sandboxes == 0)
		fd_close(&version->held);
	pool_release(version);
}

static void entry_free(struct pool_entry *entry)
{
	struct stock_item **place = &entry->item.shelf->items;

	while (*place != &entry->item)
		place = &(*place)->next;
	*place = entry->item.next;
	loop_disarm(&entry->rest);
	version_leave(entry->version);
	free(entry);
}

/* The next ones would fail, too: not at once. */
static void count_failure(struct pool_function *function, const char *why)
{
	uint32_t shift = function->failures < 6 ? function->failures : 6;
	uint64_t wait = (uint64_t)BACKOFF_MS << shift;

	function->failures++;
	function->shelf.hold_until =
		pool_now() + (wait < BACKOFF_MS_MAX ? wait : BACKOFF_MS_MAX);
	log_warning(&function->pool->host->log, "%s: %s", function->name, why);
}

static void call_again(struct pool_call *call)
{
	struct pool_function *function = call->function;
	struct pool_version *version = call->version;

	function->pool->calls--;
	function->calls--;
	if (function->current &&
	    pool_call(function->pool, function, call) == STOCK_USE) {
		pool_release(version);
		return;
	}
	function->pool->calls++;
	function->calls++;
	call_fail(call, "there is no sandbox for it");
}

static void entry_gone(struct pool_entry *entry, const char *why)
{
	struct pool_function *function = entry_function(entry);
	struct pool *pool = function->pool;
	struct pool_call *call = entry->call;
	bool handed = entry->handed;
	bool answered = entry->item.answered;

	if (why)
		count_failure(function, why);
	entry_free(entry);
	if (call)
		call->entry = NULL;
	/* It only waited for this one to come free: it waits for another. */
	if (call && !handed && answered)
		call_again(call);
	else if (call && !handed)
		call_fail(call, why ? why : "the sandbox was ended");
	function->came_free = true;
	pool_settle_soon(pool);
}

static void entry_hand(struct pool_entry *entry)
{
	entry->handed = true;
	entry->item.answered = false;
	sandbox_invoke(entry->sandbox, &entry->call->invocation);
}

static void entry_idle(struct pool_entry *entry)
{
	struct pool_function *function = entry_function(entry);

	function->failures = 0;
	function->shelf.hold_until = 0;
	if (!entry->call)
		entry_rest(entry);
	else if (!entry->handed)
		entry_hand(entry);
}

static void entry_changed(struct sandbox *sandbox, void *context)
{
	struct pool_entry *entry = context;
	enum sandbox_state was = entry->item.state;
	const struct error *err;

	entry->sandbox = sandbox;
	if (was != SANDBOX_GONE)
		entry->item.state = sandbox_state(sandbox);
	switch (sandbox_state(sandbox)) {
	case SANDBOX_CREATED:
		entry->item.since = pool_now();
		pool_settle_soon(entry_function(entry)->pool);
		break;
	case SANDBOX_IDLE: entry_idle(entry); break;
	case SANDBOX_GONE:
		err = sandbox_error(sandbox);
		/* One that was at work says it to whom it worked for. */
		entry_gone(entry, was == SANDBOX_GONE || entry->handed || !err
		                          ? NULL
		                  : err->text[0] ? err->text
		                                 : "its runtime ended");
		break;
	case SANDBOX_CREATING:
	case SANDBOX_INIT:
	case SANDBOX_FROZEN:
	case SANDBOX_BUSY: break;
	}
}

void pool_begin(struct stock_item *item)
{
	struct pool_entry *entry = entry_of(item);
	struct pool *pool = entry_function(entry)->pool;
	const struct sandbox_owner owner = { entry_changed, entry };
	struct error err;

	item->queued = false;
	if (sandbox_new(pool->host, &entry->version->function, &owner,
	                &entry->sandbox, &err) < 0)
		entry_gone(entry, err.text);
	/* Known before the creation begins, it is started in one go. */
	else if (entry->call)
		entry_hand(entry);
	else if (item->warm)
		sandbox_start(entry->sandbox);
}

void pool_end_item(struct stock_item *item)
{
	struct pool_entry *entry = entry_of(item);

	if (item->state == SANDBOX_GONE)
		return;
	item->state = SANDBOX_GONE;
	loop_disarm(&entry->rest);
	if (entry->sandbox)
		sandbox_end(entry->sandbox);
	else
		entry_gone(entry, NULL);
}

/* Nothing to do for it: others may want it, else it waits frozen. */
static void entry_rested(struct loop_timer *timer)
{
	struct pool_entry *entry = loop_owner(timer, struct pool_entry, rest);
	struct pool_function *function = entry_function(entry);
	struct pool *pool = function->pool;

	pool->freed(pool, function);
	if (entry->item.taken || entry->item.state != SANDBOX_IDLE)
		return;
	if (stock_is_surplus(&pool->stock, &entry->item)) {
		pool_end_item(&entry->item);
		return;
	}
	sandbox_freeze(entry->sandbox);
	pool_settle_soon(pool);
}

struct pool_entry *pool_create(struct pool_function *function, bool warm)
{
	struct pool_entry *entry = calloc(1, sizeof(*entry));

	if (!entry || version_use(function->current) < 0) {
		free(entry);
		return NULL;
	}
	entry->item = (struct stock_item){
		.next = function->shelf.items,
		.shelf = &function->shelf,
		.state = SANDBOX_CREATING,
		.warm = warm,
		.queued = true,
		.since = pool_now(),
		.memory = function->shelf.memory,
	};
	entry->version = pool_hold(function->current);
	entry->rest.expired = entry_rested;
	function->shelf.items = &entry->item;
	stock_count_new(&function->pool->stock, &function->shelf, pool_now());
	pool_settle_soon(function->pool);
	return entry;
}

/* ---- requests */

static void entry_take(struct pool_entry *entry, struct pool_call *call)
{
	struct pool_function *function = entry_function(entry);
	struct pool *pool = function->pool;

	call->function = function;
	call->version = pool_hold(entry->version);
	call->entry = entry;
	call->invocation.done = call_done;
	entry->call = call;
	entry->item.taken = true;
	entry->item.warm = false;
	pool->calls++;
	function->calls++;
	loop_disarm(&entry->rest);
	/* One that is still busy is handed it when it is idle. */
	if (!entry->item.queued && entry->item.state != SANDBOX_BUSY)
		entry_hand(entry);
	else if (entry->item.queued && stock_may_create(&pool->stock))
		pool_begin(&entry->item);
	pool_settle_soon(pool);
}

bool pool_may_call(struct pool *pool, struct pool_function *function)
{
	enum stock_verdict verdict =
		stock_choose(&pool->stock, &function->shelf, pool_now())
			.verdict;

	return !pool->draining &&
	       (verdict == STOCK_USE || verdict == STOCK_NEW);
}

enum stock_verdict pool_call(struct pool *pool, struct pool_function *function,
                             struct pool_call *call)
{
	struct pool_entry *entry = NULL;

	if (pool->draining)
		return STOCK_AT_HOST;
	function->shelf.last_used = pool_now();
	while (!entry) {
		struct stock_choice choice =
			stock_choose(&pool->stock, &function->shelf,
		                     function->shelf.last_used);

		if (choice.verdict == STOCK_USE) {
			entry = entry_of(choice.item);
		} else if (choice.verdict != STOCK_NEW) {
			function->metrics.throttled++;
			return choice.verdict;
		} else if (choice.item) {
			pool->evicted++;
			pool_end_item(choice.item);
		} else {
			entry = pool_create(function, false);
			if (!entry)
				return STOCK_AT_HOST;
		}
	}
	entry_take(entry, call);
	return STOCK_USE;
}
