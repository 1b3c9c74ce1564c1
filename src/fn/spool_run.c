/* SPDX-License-Identifier: Apache-2.0 */
/* Asynchronous invocations: an attempt, and what follows from it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "fn/spool_internal.h"
#include "sys/file.h"

#define TEXT_MAX   2048U /* of an error, for the reason */
#define REFUSED_MS 1000U /* if nothing comes free before */

/* One event that is being done. */
struct attempt {
	struct pool_call call;
	struct spool_function *function;
	struct spool_queued item;
	struct spool_event event;
	char *memory; /* of the event's texts */
	size_t text_size;
	char text[TEXT_MAX + 1];
};

static void attempt_free(struct attempt *attempt)
{
	free(attempt->memory);
	free(attempt);
}

static void spool_forget(struct spool *spool, uint64_t size)
{
	spool->events--;
	spool->bytes -= size;
}

static void wake_at(struct spool *spool, uint64_t due_ms)
{
	struct loop *loop = spool->pool->host->loop;
	uint64_t now = spool_now();
	uint64_t wait = due_ms > now ? due_ms - now : 0;

	if (spool->stopped)
		return;
	if (spool->wake.loop &&
	    spool->wake.due_ns <= time_monotonic_ns() + wait * 1000000)
		return;
	loop_arm(loop, &spool->wake, wait);
}

/* It will never be done. */
static void bury(struct spool_function *function,
                 const struct spool_queued *item, uint32_t attempts,
                 const char *reason, const char *text)
{
	const struct log *log = &function->spool->pool->host->log;
	char file[SPOOL_NAME_SIZE];
	int result;

	spool_name_format(&item->name, file);
	result = spool_bury(function->dir, file, item->name.id, reason, text,
	                    attempts);
	spool_forget(function->spool, item->size);
	log_warning(log, "%s: event %s: %s: %.200s", function->name,
	            item->name.id, reason,
	            result < 0 ? "it cannot be moved to dead/" : text);
}

/* ---- the end of an attempt */

static void retry(struct attempt *attempt, bool counts)
{
	struct spool_function *function = attempt->function;
	struct spool *spool = function->spool;
	struct spool_queued item = attempt->item;
	char from[SPOOL_NAME_SIZE + 8] = "new/";
	char to[SPOOL_NAME_SIZE + 8] = "new/";

	spool_name_format(&item.name, from + 4);
	item.name.due_ms = spool_now() +
	                   spool_backoff_ms(spool->retry_ms, item.name.attempt);
	item.name.attempt += counts;
	spool_name_format(&item.name, to + 4);
	/* It stays where it is if this fails: a later start tries it again. */
	if (sys_renameat2(function->dir, from, function->dir, to, 0) < 0 ||
	    spool_queue_add(&function->queue, &item) < 0) {
		spool_forget(spool, item.size);
		return;
	}
	wake_at(spool, item.name.due_ms);
}

static void succeed(struct attempt *attempt)
{
	char path[SPOOL_NAME_SIZE + 8] = "new/";

	spool_name_format(&attempt->item.name, path + 4);
	sys_unlinkat(attempt->function->dir, path, 0);
	spool_forget(attempt->function->spool, attempt->item.size);
}

static void attempt_ended(struct pool_call *call, enum invocation_status status,
                          const char *error_type)
{
	struct attempt *attempt = loop_owner(call, struct attempt, call);
	struct spool_function *function = attempt->function;
	uint32_t retries = call->version->function.retries;

	attempt->text[attempt->text_size] = '\0';
	function->running--;
	if (status == INVOCATION_OK) {
		succeed(attempt);
	} else if (status == INVOCATION_FAILED) {
		/* Nothing of it has run: until it is too old. */
		retry(attempt, false);
	} else if (attempt->item.name.attempt >= retries) {
		bury(function, &attempt->item, attempt->item.name.attempt + 1,
		     "RetriesExhausted",
		     attempt->text_size ? attempt->text : error_type);
	} else {
		retry(attempt, true);
	}
	attempt_free(attempt);
}

static int attempt_output(struct invocation *invocation, const void *bytes,
                          size_t size)
{
	struct attempt *attempt =
		loop_owner(invocation, struct attempt, call.invocation);
	size_t room = TEXT_MAX - attempt->text_size;

	if (size > room)
		size = room;
	memcpy(attempt->text + attempt->text_size, bytes, size);
	attempt->text_size += size;
	return 0;
}

/* ---- its begin */

/* NULL: it could not be read; then it has been dealt with. */
static struct attempt *attempt_new(struct spool_function *function,
                                   const struct spool_queued *item)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	char file[SPOOL_NAME_SIZE];
	struct error err;
	int result = -ENOMEM;

	spool_name_format(&item->name, file);
	if (attempt)
		result = spool_read(function->dir, file, &attempt->event,
		                    &attempt->memory, &err);
	else
		error_system(&err, result, "read the event %s", file);
	if (result == 0)
		return attempt;
	free(attempt);
	/* Somebody else has taken it away. */
	if (result == -ENOENT)
		spool_forget(function->spool, item->size);
	else
		bury(function, item, item->name.attempt, "Unreadable",
		     err.text);
	return NULL;
}

static void attempt_fill(struct attempt *attempt,
                         struct spool_function *function,
                         const struct spool_queued *item)
{
	struct invocation *invocation = &attempt->call.invocation;

	attempt->function = function;
	attempt->item = *item;
	memcpy(invocation->id, attempt->event.id, sizeof(invocation->id));
	invocation->kind = "async";
	invocation->payload = attempt->event.payload;
	invocation->payload_size = attempt->event.payload_size;
	invocation->client_context = attempt->event.client_context;
	invocation->output = attempt_output;
	attempt->call.ended = attempt_ended;
}

/* False: there is no sandbox for it now. */
static bool attempt_begin(struct spool_function *function,
                          const struct spool_queued *item)
{
	struct pool *pool = function->spool->pool;
	struct pool_function *target;
	struct attempt *attempt;
	struct error err;
	int result = pool_find(pool, function->name, &target, &err);

	if (result < 0) {
		bury(function, item, item->name.attempt,
		     result == -ENOENT ? "ResourceNotFoundException"
		                       : "Unreadable",
		     err.text);
		return true;
	}
	if (!pool_may_call(pool, target))
		return false;
	attempt = attempt_new(function, item);
	if (!attempt)
		return true;
	attempt_fill(attempt, function, item);
	if (spool_now() - attempt->event.accepted_ms >
	    (uint64_t)target->current->function.max_age_s * 1000) {
		bury(function, item, item->name.attempt, "EventAgeExceeded",
		     "it is older than max-age allows");
		attempt_free(attempt);
		return true;
	}
	function->running++;
	if (pool_call(pool, target, &attempt->call) == STOCK_USE)
		return true;
	function->running--;
	attempt_free(attempt);
	return false;
}

void spool_run(struct spool_function *function)
{
	struct spool *spool = function->spool;
	struct spool_queue *queue = &function->queue;

	while (!spool->stopped && queue->count) {
		struct spool_queued item;

		if (queue->items[0].name.due_ms > spool_now()) {
			wake_at(spool, queue->items[0].name.due_ms);
			return;
		}
		item = spool_queue_take(queue);
		if (attempt_begin(function, &item))
			continue;
		/* There was room for it a moment ago. */
		spool_queue_add(queue, &item);
		wake_at(spool, spool_now() + REFUSED_MS);
		return;
	}
}
