/* SPDX-License-Identifier: Apache-2.0 */
/* runf-fn feed: lines from standard input, in batches, in order. */
#include "fn/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/opt.h"
#include "base/options.h"
#include "base/time.h"
#include "fn/feed_batch.h"
#include "fn/options.h"
#include "sys/file.h"
#include "sys/poll.h"

#define READ_SIZE   ((size_t)65536)
#define PAUSE_MAX   60000U /* ms */
#define SHOWN       200    /* of what a function says */
#define BATCH_MAX   10000U
#define WINDOW_MAX  300000U
#define RETRIES_MAX 1000U

struct feed_options {
	unsigned int batch;
	struct opt_i64 window;
	struct opt_i64 retries;
	struct opt_i64 retry_ms;
	struct opt_i64 after;
	bool skip_failed;
};

#define OPTIONS struct feed_options

static const struct cli_option options[] = {
	OPTION_NUMBER(0, "batch", OPTIONS, batch, "lines in a batch (10)"),
	OPTION_INTEGER(0, "window", "MS", OPTIONS, window,
	               "how long a batch waits for more lines (1000)"),
	OPTION_INTEGER(0, "retries", "N", OPTIONS, retries,
	               "of a batch that fails (2)"),
	OPTION_INTEGER(0, "retry-after", "MS", OPTIONS, retry_ms,
	               "before the first of them, then twice as long (1000)"),
	OPTION_INTEGER(0, "after", "LINE", OPTIONS, after,
	               "leave out what was committed before"),
	OPTION_SWITCH(0, "skip-failed", OPTIONS, skip_failed,
	              "go on behind a batch that fails"),
	OPTIONS_END,
};

struct feed {
	struct feed_options options;
	struct feed_target *target;
	uint64_t number; /* of the line read last */
	uint64_t committed;
	bool ended;
	/* What has been read and is no batch yet. */
	char *bytes;
	size_t begin;
	size_t end;
	size_t room;
};

/* ---- lines */

static void feed_read(struct feed *feed, int timeout_ms)
{
	ssize_t got;

	if (sys_wait_readable(STDIN_FILENO, timeout_ms) == 0)
		return;
	if (feed->begin) {
		memmove(feed->bytes, feed->bytes + feed->begin,
		        feed->end - feed->begin);
		feed->end -= feed->begin;
		feed->begin = 0;
	}
	if (feed->room - feed->end < READ_SIZE) {
		size_t room = 2 * feed->room + READ_SIZE;
		char *bytes = realloc(feed->bytes, room);

		if (!bytes) {
			fn_warn("no memory for a line of more than %zu bytes",
			        feed->end);
			feed->ended = true;
			return;
		}
		feed->bytes = bytes;
		feed->room = room;
	}
	got = sys_read(STDIN_FILENO, feed->bytes + feed->end, READ_SIZE);
	if (got < 0)
		fn_warn("read standard input: %s", strerror((int)-got));
	if (got <= 0)
		feed->ended = true;
	else
		feed->end += (size_t)got;
}

/* The next line if it is there; it stays until it is used. */
static bool feed_peek(const struct feed *feed, const char **ret_line,
                      size_t *ret_length)
{
	const char *line = feed->bytes + feed->begin;
	size_t size = feed->end - feed->begin;
	const char *end = size ? memchr(line, '\n', size) : NULL;

	if (!end && (!feed->ended || !size))
		return false;
	*ret_line = line;
	*ret_length = end ? (size_t)(end - line) : size;
	return true;
}

static void feed_use(struct feed *feed, size_t length)
{
	feed->number++;
	feed->begin += length;
	if (feed->begin < feed->end)
		feed->begin++;
}

/* Longer than a batch, and its end is not in sight. */
static bool feed_is_stuck(const struct feed *feed)
{
	return feed->end - feed->begin > 2 * BATCH_BYTES_MAX;
}

/* ---- batches */

static uint64_t now_ms(void)
{
	struct timespec now = time_now();

	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t clock_ms(void)
{
	return time_monotonic_ns() / 1000000;
}

/*
 * Lines that are there, until the batch is full; false: the next one cannot be
 * in any batch.
 */
static bool fill(struct feed *feed, struct feed_batch *batch)
{
	const char *line;
	size_t length;

	while (!batch_is_full(batch) && feed_peek(feed, &line, &length)) {
		bool skip = feed->options.after.set &&
		            feed->number < (uint64_t)feed->options.after.value;
		bool empty = strspn(line, " \t\r") >= length;

		if (!skip && !empty)
			switch (batch_add(batch, line, length, feed->number + 1,
			                  now_ms())) {
			case BATCH_TAKEN: break;
			case BATCH_FULL:
				batch->most = batch->count;
				return true;
			case BATCH_NOT_JSON:
			case BATCH_TOO_LONG: return false;
			}
		feed_use(feed, length);
	}
	return !feed_is_stuck(feed);
}

/* Wait for a whole batch, or the end of its window. */
static bool gather(struct feed *feed, struct feed_batch *batch)
{
	uint64_t until = 0;

	for (;;) {
		uint64_t now = clock_ms();
		int wait = -1;

		if (!fill(feed, batch))
			return false;
		if (batch_is_full(batch) || feed->ended)
			return true;
		if (batch->count) {
			if (!until)
				until = now +
				        (uint64_t)feed->options.window.value;
			if (now >= until)
				return true;
			wait = (int)(until - now);
		}
		feed_read(feed, wait);
	}
}

static void pause_ms(uint64_t ms)
{
	struct timespec time = { (time_t)(ms / 1000),
		                 (long)(ms % 1000) * 1000000 };

	nanosleep(&time, NULL);
}

static uint64_t longer(uint64_t pause)
{
	return 2 * pause < PAUSE_MAX ? 2 * pause : PAUSE_MAX;
}

static bool commit(struct feed *feed, uint64_t line)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%" PRIu64 "\n", line);

	feed->committed = line;
	return sys_write_all(STDOUT_FILENO, text, (size_t)length) == 0;
}

/* As a unit, until it is done or has failed too often. */
static enum feed_outcome deliver(struct feed *feed,
                                 const struct feed_batch *batch,
                                 const char **ret_text)
{
	const struct feed_options *o = &feed->options;
	uint64_t pause = o->retry_ms.set ? (uint64_t)o->retry_ms.value : 1000;
	uint64_t left = o->retries.set ? (uint64_t)o->retries.value : 2;
	const char *document = batch_document(batch);

	for (;; pause = longer(pause)) {
		enum feed_outcome outcome = feed_call(
			feed->target, batch->arena, document, ret_text);

		if (outcome == FEED_DONE &&
		    batch_has_failures(batch->arena, *ret_text,
		                       strlen(*ret_text)))
			outcome = FEED_FAILED;
		if (outcome == FEED_DONE || outcome == FEED_GONE)
			return outcome;
		/* Who is refused has not failed. */
		if (outcome == FEED_FAILED && !left--)
			return outcome;
		fn_warn("lines %" PRIu64 "-%" PRIu64 ": %s; again in %" PRIu64
		        " ms: %.*s",
		        batch->first, batch->last,
		        outcome == FEED_BUSY ? "refused" : "failed", pause,
		        SHOWN, *ret_text);
		pause_ms(pause);
	}
}

static int fail(const struct feed *feed, const char *what, struct error *err)
{
	return error_set(err, ERROR_STATE, -ECANCELED,
	                 "%s; the last line that is committed is %" PRIu64
	                 ": go on with --after, or give --skip-failed",
	                 what, feed->committed);
}

/* A line that no batch can take. */
static int bad_line(struct feed *feed, struct error *err)
{
	char what[64];
	const char *line;
	size_t length;

	snprintf(what, sizeof(what),
	         "line %" PRIu64 " is not JSON, or too long", feed->number + 1);
	if (!feed->options.skip_failed || !feed_peek(feed, &line, &length))
		return fail(feed, what, err);
	fn_warn("%s: it is skipped", what);
	feed_use(feed, length);
	return 0;
}

static int do_batch(struct feed *feed, const struct feed_batch *batch,
                    struct error *err)
{
	const char *text = "";
	char what[SHOWN + 64];

	if (!batch->count)
		return 0;
	if (deliver(feed, batch, &text) != FEED_DONE) {
		snprintf(what, sizeof(what),
		         "lines %" PRIu64 "-%" PRIu64 " failed: %.*s",
		         batch->first, batch->last, SHOWN, text);
		if (!feed->options.skip_failed)
			return fail(feed, what, err);
		fn_warn("%s: they are skipped", what);
	}
	if (!commit(feed, batch->last))
		return error_set(err, ERROR_SYSTEM, -EPIPE,
		                 "nobody reads which lines are committed");
	return 0;
}

static int feed_lines(struct feed *feed, struct error *err)
{
	int result = 0;

	while (result == 0 && (!feed->ended || feed->begin < feed->end)) {
		auto_arena struct arena arena = { 0 };
		struct feed_batch batch = { .arena = &arena,
			                    .most = feed->options.batch };
		bool good = gather(feed, &batch);

		result = do_batch(feed, &batch, err);
		if (result == 0 && !good)
			result = bad_line(feed, err);
	}
	return result;
}

/* ---- the command */

static int check_options(struct feed_options *o, struct error *err)
{
	if (!o->batch)
		o->batch = 10;
	if (!o->window.set)
		o->window.value = 1000;
	if (o->batch > BATCH_MAX || o->window.value < 0 ||
	    o->window.value > WINDOW_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--batch is at most %u, --window at most %u",
		                 BATCH_MAX, WINDOW_MAX);
	if (o->retries.value < 0 || o->retries.value > RETRIES_MAX ||
	    o->retry_ms.value < 0 || o->retry_ms.value > PAUSE_MAX ||
	    o->after.value < 0)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--retries is 0 to %u, --retry-after 0 to %u, "
		                 "--after a line's number",
		                 RETRIES_MAX, PAUSE_MAX);
	return 0;
}

static int feed_run(const struct fn_globals *globals, char **args)
{
	struct feed feed = { .ended = false };
	struct cli_words words;
	struct error err;
	int result =
		fn_parse(globals, &fn_feed, args, &feed.options, &words, &err);

	if (result > 0)
		return 0;
	if (result == 0)
		result = check_options(&feed.options, &err);
	if (result == 0)
		result = feed_open(globals, words.items[0], &feed.target, &err);
	if (result < 0)
		return fn_fail(&fn_feed, &err);
	feed.committed = (uint64_t)feed.options.after.value;
	result = feed_lines(&feed, &err);
	feed_close(feed.target);
	free(feed.bytes);
	if (result == 0)
		return 0;
	fn_fail(&fn_feed, &err);
	return result == -ECANCELED ? EXIT_FUNCTION_ERROR : EXIT_RUNF;
}

const struct fn_command fn_feed = {
	.name = "feed",
	.usage = "NAME",
	.summary =
		"call a function with the lines of standard input, in batches",
	.help = "Each line is JSON. What is written is the number of the last "
		"line that is done.",
	.options = options,
	.words_min = 1,
	.words_max = 1,
	.run = feed_run,
};
