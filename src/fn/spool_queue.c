/* SPDX-License-Identifier: Apache-2.0 */
/* The events of one function by the time when they are due. Pure. */
#include "fn/spool_queue.h"

#include <errno.h>
#include <stdlib.h>

static void swap(struct spool_queued *a, struct spool_queued *b)
{
	struct spool_queued c = *a;

	*a = *b;
	*b = c;
}

static bool is_before(const struct spool_queued *a,
                      const struct spool_queued *b)
{
	return a->name.due_ms < b->name.due_ms;
}

int spool_queue_add(struct spool_queue *queue, const struct spool_queued *item)
{
	size_t room = queue->room ? 2 * queue->room : 16;
	struct spool_queued *items = queue->items;
	size_t i = queue->count;

	if (i == queue->room) {
		items = reallocarray(items, room, sizeof(*items));
		if (!items)
			return -ENOMEM;
		queue->items = items;
		queue->room = room;
	}
	items[i] = *item;
	queue->count++;
	while (i && is_before(&items[i], &items[(i - 1) / 2])) {
		swap(&items[i], &items[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	return 0;
}

struct spool_queued spool_queue_take(struct spool_queue *queue)
{
	struct spool_queued *items = queue->items;
	struct spool_queued first = items[0];
	size_t count = --queue->count;
	size_t i = 0;

	items[0] = items[count];
	while (2 * i + 1 < count) {
		size_t child = 2 * i + 1;

		if (child + 1 < count &&
		    is_before(&items[child + 1], &items[child]))
			child++;
		if (!is_before(&items[child], &items[i]))
			break;
		swap(&items[child], &items[i]);
		i = child;
	}
	return first;
}

void spool_queue_release(struct spool_queue *queue)
{
	free(queue->items);
	*queue = (struct spool_queue){ .count = 0 };
}

uint64_t spool_backoff_ms(uint64_t retry_ms, uint32_t attempt)
{
	return retry_ms << (attempt < 10 ? attempt : 10);
}
