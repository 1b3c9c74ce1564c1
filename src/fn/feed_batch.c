/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of JSON as the batches that a function is called with. Pure. */
#include "fn/feed_batch.h"

#include "base/str.h"
#include "json/json.h"

bool batch_is_full(const struct feed_batch *batch)
{
	return batch->count >= batch->most;
}

static const char *write_record(struct feed_batch *batch, const char *line,
                                uint64_t number, uint64_t now)
{
	struct arena *arena = batch->arena;
	struct json_writer w = { .buf.arena = arena, .indent = "" };

	json_open_object(&w, NULL);
	json_put_str(&w, "messageId",
	             arena_printf(arena, "%llu", (unsigned long long)number));
	json_put_str(&w, "body", line);
	json_put_str(&w, "eventSource", "runf:feed");
	json_open_object(&w, "attributes");
	json_put_str(&w, "SentTimestamp",
	             arena_printf(arena, "%llu", (unsigned long long)now));
	json_close_object(&w);
	json_close_object(&w);
	return buf_str(&w.buf);
}

enum batch_verdict batch_add(struct feed_batch *batch, const char *line,
                             size_t length, uint64_t number, uint64_t now)
{
	const char *record;
	size_t size;

	if (batch_is_full(batch))
		return BATCH_FULL;
	if (length > BATCH_BYTES_MAX)
		return BATCH_TOO_LONG;
	/* A text with a NUL is no JSON either. */
	if (memchr(line, '\0', length) || !json_is_valid(line, length))
		return BATCH_NOT_JSON;
	record = write_record(batch, arena_strndup(batch->arena, line, length),
	                      number, now);
	size = strlen(record) + 1;
	if (batch->text.length + size + 64 > BATCH_BYTES_MAX)
		return batch->count ? BATCH_FULL : BATCH_TOO_LONG;
	batch->text.arena = batch->arena;
	if (batch->count)
		buf_add_char(&batch->text, ',');
	else
		batch->first = number;
	buf_add(&batch->text, record, size - 1);
	batch->last = number;
	batch->count++;
	return BATCH_TAKEN;
}

const char *batch_document(const struct feed_batch *batch)
{
	return arena_printf(batch->arena, "{\"Records\":[%s]}",
	                    buf_str(&batch->text));
}

bool batch_has_failures(struct arena *arena, const char *response,
                        size_t length)
{
	const struct json_value *root, *failures;
	struct json_fault fault;

	if (json_scan(arena, response, length, &root, &fault) < 0 ||
	    root->type != JSON_OBJECT)
		return false;
	failures = json_get(root, "batchItemFailures");
	return failures && failures->type == JSON_ARRAY && failures->length;
}
