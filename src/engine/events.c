/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses, once or again and again, and its memory deaths. */
#include <errno.h>
#include <limits.h>

#include "base/fd.h"
#include "base/time.h"
#include "cgroup/cgroup.h"
#include "cgroup/stats.h"
#include "engine/later.h"
#include "engine/oom.h"
#include "engine/stats.h"
#include "json/json.h"
#include "sys/file.h"
#include "sys/poll.h"

int events_find(struct engine *engine, struct arena *arena, const char *id,
                struct found *ret_found, struct error *err)
{
	int result =
		later_find(engine, arena, id, STORE_UNLOCKED, ret_found, err);

	if (result == 0)
		result = lifecycle_check(VERB_EVENTS, ret_found->status, id,
		                         err);
	if (result == 0 && ret_found->cgroup.mode == PLAN_CGROUP_DISABLED)
		result = error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                   "container \"%s\" has no cgroup to ask", id);
	return result;
}

int engine_read_stats(struct engine *engine, struct arena *arena,
                      const char *id, struct runf_stats *ret_stats,
                      struct error *err)
{
	auto_found struct found found = FOUND_NONE;
	int result = events_find(engine, arena, id, &found, err);

	if (result == 0)
		result =
			cgroup_read_stats(&found.cgroup, arena, ret_stats, err);
	return result;
}

struct watch {
	struct engine *engine;
	const char *id;
	const struct runf_events_options *options;
	struct found *found;
	struct runf_oom *oom;
	uint64_t oom_count;
	bool look_again; /* for a death that was told, not counted */
};

static int events_emit(const struct runf_events_options *options,
                       const char *json, struct error *err)
{
	int result = options->event(options->context, json);

	if (result < 0)
		error_system(err, result, "print an event");
	return result;
}

/* The record is read anew: an update may have joined more hierarchies. */
static int events_tell_stats(struct engine *engine, const char *id,
                             const struct runf_events_options *options,
                             struct error *err)
{
	auto_arena struct arena arena = { 0 };
	struct runf_stats stats;
	int result = engine_read_stats(engine, &arena, id, &stats, err);

	if (result < 0)
		return result;
	return events_emit(options, stats_write(&arena, id, &stats), err);
}

static int events_tell_oom(struct watch *watch, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	struct json_writer w = { .buf.arena = &arena, .indent = "" };
	uint64_t count = watch->oom_count;

	/* A cgroup that is gone has said all. */
	watch->look_again = engine_oom_read(watch->oom, &count) == 1;
	if (count <= watch->oom_count)
		return 0;
	watch->oom_count = count;
	json_open_object(&w, NULL);
	json_put_str(&w, "type", "oom");
	json_put_str(&w, "id", watch->id);
	json_close_object(&w);
	return events_emit(watch->options, buf_str(&w.buf), err);
}

/* Rounded up: not to look at the clock until it is time. */
static int events_patience_ms(const struct watch *watch, uint64_t until_ns)
{
	uint64_t now = time_monotonic_ns();
	uint64_t left_ms = now < until_ns ? (until_ns - now) / 1000000 + 1 : 0;

	if (watch->look_again && left_ms > RUNF_OOM_PAUSE_MS)
		return RUNF_OOM_PAUSE_MS;
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

/*
 * Until the container ends or the time for statistics has come. Returns 1 at
 * the end, -ETIMEDOUT, which is the time, or what the listener said.
 */
static int events_wait(struct watch *watch, uint64_t until_ns,
                       struct error *err)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = watch->found->pidfd, .events = POLLIN },
			{ .fd = engine_oom_fd(watch->oom), .events = POLLIN },
		};
		int result = sys_poll(fds, ARRAY_SIZE(fds),
		                      events_patience_ms(watch, until_ns));

		if (result < 0)
			return error_system(err, result, "wait for events");
		result = events_tell_oom(watch, err);
		if (result != 0)
			return result;
		if (fds[0].revents)
			return 1;
		if (time_monotonic_ns() >= until_ns)
			return -ETIMEDOUT;
	}
}

static int events_follow(struct watch *watch, struct error *err)
{
	uint64_t interval_ns = (uint64_t)watch->options->interval_ms * 1000000;
	uint64_t next = time_monotonic_ns();
	int result;

	do {
		result = events_tell_stats(watch->engine, watch->id,
		                           watch->options, err);
		/* It may have ended at this very moment. */
		if (result < 0 &&
		    sys_wait_readable(watch->found->pidfd, 0) == 1)
			return events_tell_oom(watch, err);
		if (result != 0)
			return result;
		next += interval_ns;
		result = events_wait(watch, next, err);
	} while (result == -ETIMEDOUT);
	return result == 1 ? 0 : result;
}

int engine_events(struct engine *engine, const char *id,
                  const struct runf_events_options *options, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_found struct found found = FOUND_NONE;
	struct watch watch = {
		.engine = engine, .id = id, .options = options, .found = &found
	};
	int result;

	if (options->once)
		return events_tell_stats(engine, id, options, err);
	if (options->interval_ms == 0)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "the interval between events must not be 0");
	result = events_find(engine, &arena, id, &found, err);
	if (result == 0)
		result = oom_watch(&found.cgroup, &watch.oom, err);
	if (result < 0)
		return result;
	engine_oom_read(watch.oom, &watch.oom_count);
	result = events_follow(&watch, err);
	engine_oom_close(watch.oom);
	return result;
}
