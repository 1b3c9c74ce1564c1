/* SPDX-License-Identifier: Apache-2.0 */
/* The sandboxes of all functions that are served. */
#include "fn/pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/time.h"
#include "fn/pool_internal.h"
#include "sys/file.h"

#define TICK_MS  1000U
#define LATER_MS 10U /* what is made ahead does not delay who waits */

uint64_t pool_now(void)
{
	return time_monotonic_ns() / 1000000;
}

struct pool_function *pool_function_of(struct stock_shelf *shelf)
{
	return loop_owner(shelf, struct pool_function, shelf);
}

struct pool_version *pool_hold(struct pool_version *version)
{
	version->holders++;
	return version;
}

void pool_release(struct pool_version *version)
{
	if (!version || --version->holders)
		return;
	arena_release(&version->arena);
	free(version);
}

/* ---- which functions there are */

/* The current version as the link has it: 64 digits; false without one. */
static bool read_version(const char *root, const char *name,
                         char version[PATH_MAX])
{
	char path[PATH_MAX];
	char target[PATH_MAX];
	const char *base;

	if (snprintf(path, sizeof(path), "%s/functions/%s/current", root,
	             name) >= (int)sizeof(path) ||
	    sys_readlinkat(AT_FDCWD, path, target, sizeof(target)) < 0)
		return false;
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	memcpy(version, base, strlen(base) + 1);
	return true;
}

static struct pool_function *find_known(struct pool *pool, const char *name)
{
	struct stock_shelf *shelf;

	for (shelf = pool->stock.shelves; shelf; shelf = shelf->next)
		if (str_equal(pool_function_of(shelf)->name, name))
			return pool_function_of(shelf);
	return NULL;
}

static void set_version(struct pool_function *function,
                        struct pool_version *version)
{
	struct stock_shelf *shelf = &function->shelf;
	struct stock_item *item;

	pool_release(function->current);
	function->current = version;
	for (item = shelf->items; item; item = item->next)
		item->outdated = true;
	shelf->hold_until = 0;
	function->failures = 0;
	shelf->provisioned = version ? version->function.provisioned : 0;
	if (version) {
		shelf->concurrency = version->function.concurrency;
		shelf->memory = (uint64_t)version->function.memory_mb << 20;
	}
	pool_settle_soon(function->pool);
}

static struct pool_function *add_function(struct pool *pool, const char *name)
{
	struct pool_function *function = calloc(1, sizeof(*function));

	if (function)
		function->name = strdup(name);
	if (!function || !function->name) {
		free(function);
		return NULL;
	}
	function->pool = pool;
	function->shelf.next = pool->stock.shelves;
	pool->stock.shelves = &function->shelf;
	return function;
}

static int load_version(struct pool *pool, const char *name,
                        struct pool_version **ret_version, struct error *err)
{
	struct pool_version *version = calloc(1, sizeof(*version));
	int result;

	if (!version)
		return error_system(err, -ENOMEM, "load function %s", name);
	version->holders = 1;
	version->held = -1;
	result = function_load(&version->arena, pool->host->root, name,
	                       &version->function, err);
	if (result < 0)
		pool_release(version);
	else
		*ret_version = version;
	return result;
}

int pool_find(struct pool *pool, const char *name,
              struct pool_function **ret_function, struct error *err)
{
	struct pool_function *function = find_known(pool, name);
	struct pool_version *version = NULL;
	char text[PATH_MAX];
	int result;

	if (!function_name_is_valid(name) ||
	    !read_version(pool->host->root, name, text)) {
		if (function && function->current)
			set_version(function, NULL);
		return error_set(err, ERROR_NOT_FOUND, -ENOENT,
		                 "function \"%.64s\" is not deployed", name);
	}
	if (function && function->current &&
	    str_equal(function->current->function.version, text)) {
		*ret_function = function;
		return 0;
	}
	result = load_version(pool, name, &version, err);
	if (result < 0)
		return result;
	if (!function)
		function = add_function(pool, name);
	if (!function) {
		pool_release(version);
		return error_system(err, -ENOMEM, "load function %s", name);
	}
	set_version(function, version);
	*ret_function = function;
	return 0;
}

/* One that was deleted, and of which nothing is left. */
static void forget_deleted(struct pool *pool)
{
	struct stock_shelf **place = &pool->stock.shelves;

	while (*place) {
		struct pool_function *function = pool_function_of(*place);

		if (function->current || function->shelf.items ||
		    function->calls) {
			place = &(*place)->next;
			continue;
		}
		*place = function->shelf.next;
		free(function->name);
		free(function);
	}
}

static void look_at(struct pool *pool, const char *name)
{
	struct pool_function *function;
	struct error err;

	if (pool_find(pool, name, &function, &err) < 0 &&
	    err.kind != ERROR_NOT_FOUND)
		log_warning(&pool->host->log, "%s", err.text);
}

/* New versions, and functions that want sandboxes before anybody calls. */
static void look_around(struct pool *pool)
{
	auto_arena struct arena arena = { 0 };
	const char *path =
		arena_printf(&arena, "%s/functions", pool->host->root);
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (function_name_is_valid(entry->d_name))
			look_at(pool, entry->d_name);
	if (dir)
		closedir(dir);
}

/* Deleted ones are not met in the folder any more. */
static void look_for_deleted(struct pool *pool)
{
	struct stock_shelf *shelf;
	char text[PATH_MAX];

	for (shelf = pool->stock.shelves; shelf; shelf = shelf->next) {
		struct pool_function *function = pool_function_of(shelf);

		if (function->current &&
		    !read_version(pool->host->root, function->name, text))
			set_version(function, NULL);
	}
	forget_deleted(pool);
}

/* ---- what is due */

/* Made at once it would take the CPU from the one that it is to replace. */
static bool is_time(struct pool_function *function, uint64_t now)
{
	struct pool *pool = function->pool;

	if (!function->short_since)
		function->short_since = now;
	if (now - function->short_since >= LATER_MS)
		return true;
	if (!pool->later.loop)
		loop_arm(pool->host->loop, &pool->later, LATER_MS);
	return false;
}

static void create_missing(struct pool *pool, struct stock_shelf *shelf)
{
	struct pool_function *function = pool_function_of(shelf);
	uint64_t now = pool_now();
	char what;

	while (function->current &&
	       (what = stock_missing(&pool->stock, shelf, now))) {
		if (what == 'c' && !is_time(function, now))
			return;
		if (pool_create(function, what == 'w') == NULL)
			return;
	}
	function->short_since = 0;
}

static void tell_freed(struct pool_function *function)
{
	if (!function->came_free)
		return;
	function->came_free = false;
	function->pool->freed(function->pool, function);
}

static void settle(struct loop_timer *timer)
{
	struct pool *pool = loop_owner(timer, struct pool, soon);
	struct stock_shelf *shelf;
	struct stock_item *item;

	while ((item = stock_expired(&pool->stock, pool_now()))) {
		pool->evicted++;
		pool_end_item(item);
	}
	for (shelf = pool->stock.shelves; shelf; shelf = shelf->next)
		tell_freed(pool_function_of(shelf));
	while (stock_may_create(&pool->stock) &&
	       (item = stock_queued(&pool->stock)))
		pool_begin(item);
	for (shelf = pool->stock.shelves; shelf && !pool->draining;
	     shelf = shelf->next)
		create_missing(pool, shelf);
	if (pool->draining && pool_is_empty(pool))
		pool->drained(pool);
}

void pool_settle_soon(struct pool *pool)
{
	if (!pool->soon.loop)
		loop_arm(pool->host->loop, &pool->soon, 0);
}

bool pool_is_empty(const struct pool *pool)
{
	const struct stock_shelf *shelf;

	for (shelf = pool->stock.shelves; shelf; shelf = shelf->next)
		if (shelf->items)
			return false;
	return true;
}

static void is_later(struct loop_timer *timer)
{
	pool_settle_soon(loop_owner(timer, struct pool, later));
}

static void ticked(struct loop_timer *timer)
{
	struct pool *pool = loop_owner(timer, struct pool, tick);

	loop_arm(pool->host->loop, &pool->tick, TICK_MS);
	if (!pool->draining) {
		look_around(pool);
		look_for_deleted(pool);
	}
	pool_settle_soon(pool);
}

int pool_open(struct pool *pool, struct error *err)
{
	(void)err;
	pool->tick.expired = ticked;
	pool->soon.expired = settle;
	pool->later.expired = is_later;
	loop_arm(pool->host->loop, &pool->tick, 0);
	return 0;
}

void pool_drain(struct pool *pool, bool now)
{
	struct stock_shelf *shelf;
	struct stock_item *item, *next;

	pool->draining = true;
	for (shelf = pool->stock.shelves; shelf; shelf = shelf->next)
		for (item = shelf->items; item; item = next) {
			next = item->next;
			item->outdated = true;
			if (now)
				pool_end_item(item);
		}
	pool_settle_soon(pool);
}
