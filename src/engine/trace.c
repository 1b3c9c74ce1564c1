/* SPDX-License-Identifier: Apache-2.0 */
/* Where the time of a start goes: spans of the parent and of init. */
#include "engine/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/time.h"
#include "json/json.h"
#include "sys/file.h"
#include "sys/memory.h"

/* Far more than any config has steps; what comes later is left out. */
#define SPANS_MAX 4096

#define DETAIL_SIZE 64

/* Rows of the picture. */
enum trace_row {
	ROW_PARENT = 1,
	ROW_INIT = 2,
};

struct trace_event {
	const char *what;
	char detail[DETAIL_SIZE]; /* cut */
	uint64_t begin;           /* ns, CLOCK_MONOTONIC */
	uint64_t end;
	enum trace_row row;
};

struct trace {
	int fd;
	enum trace_row row; /* of this process: a page of its own */
	uint64_t begin;
	struct trace_shared *shared;
};

struct trace_shared {
	uint32_t count;
	struct trace_event events[SPANS_MAX];
};

/* One trace at a time; the process that writes it is no daemon's thread. */
static struct trace the_trace;

int trace_begin(const char *file, uint64_t began, struct trace **ret_trace,
                struct error *err)
{
	uint64_t now = time_monotonic_ns();
	/* An old one is emptied at the end: that takes its time. */
	auto_close int fd =
		sys_openat(AT_FDCWD, file, O_WRONLY | O_CREAT, 0644);
	void *shared;
	int result;

	if (fd < 0)
		return error_system(err, fd, "open trace file \"%s\"", file);
	result = sys_map_shared(sizeof(struct trace_shared), &shared);
	if (result < 0)
		return error_system(err, result, "make room for a trace");
	the_trace = (struct trace){
		.fd = take_fd(&fd),
		.row = ROW_PARENT,
		.begin = began && began < now ? began : now,
		.shared = shared,
	};
	if (began && began < now) {
		trace_span(&the_trace, "protect the program", NULL, began);
		the_trace.shared->events[0].end = now;
	}
	*ret_trace = &the_trace;
	return 0;
}

uint64_t trace_now(const struct trace *trace)
{
	return trace ? time_monotonic_ns() : 0;
}

void trace_span(struct trace *trace, const char *what, const char *detail,
                uint64_t begin)
{
	struct trace_event *event;
	uint32_t index;

	if (!trace)
		return;
	index = __atomic_fetch_add(&trace->shared->count, 1, __ATOMIC_RELAXED);
	if (index >= SPANS_MAX)
		return;
	event = &trace->shared->events[index];
	event->what = what;
	event->begin = begin;
	event->end = time_monotonic_ns();
	event->row = trace->row;
	if (detail)
		snprintf(event->detail, sizeof(event->detail), "%s", detail);
}

void trace_is_init(struct trace *trace)
{
	/* A copy of the parent's memory: only `shared` is common. */
	if (trace)
		trace->row = ROW_INIT;
}

static void trace_write_row(struct json_writer *w, enum trace_row row,
                            const char *name)
{
	json_open_object(w, NULL);
	json_put_str(w, "name", "thread_name");
	json_put_str(w, "ph", "M");
	json_put_i64(w, "pid", 1);
	json_put_i64(w, "tid", row);
	json_open_object(w, "args");
	json_put_str(w, "name", name);
	json_close_object(w);
	json_close_object(w);
}

/* Microseconds with three places, as the format's times are. */
static void trace_write_time(struct json_writer *w, const char *key,
                             uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%03u",
	         (unsigned long long)(ns / 1000), (unsigned int)(ns % 1000));
	json_put_number(w, key, text);
}

static void trace_write_event(struct json_writer *w, const struct trace *trace,
                              const struct trace_event *event)
{
	json_open_object(w, NULL);
	json_put_str(w, "name", event->what);
	json_put_str(w, "cat", event->row == ROW_INIT ? "init" : "parent");
	json_put_str(w, "ph", "X");
	json_put_i64(w, "pid", 1);
	json_put_i64(w, "tid", event->row);
	trace_write_time(w, "ts", event->begin - trace->begin);
	trace_write_time(w, "dur", event->end - event->begin);
	if (*event->detail) {
		json_open_object(w, "args");
		json_put_str(w, "of", event->detail);
		json_close_object(w);
	}
	json_close_object(w);
}

int trace_end(struct trace *trace, int result, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	struct json_writer w = { .buf.arena = &arena, .indent = "" };
	uint32_t count;
	uint32_t i;
	int written;

	if (!trace)
		return result;
	count = trace->shared->count;
	if (count > SPANS_MAX)
		count = SPANS_MAX;
	json_open_object(&w, NULL);
	json_put_str(&w, "displayTimeUnit", "ns");
	json_open_array(&w, "traceEvents");
	trace_write_row(&w, ROW_PARENT, "runf");
	trace_write_row(&w, ROW_INIT, "init");
	for (i = 0; i < count; i++)
		if (trace->shared->events[i].what)
			trace_write_event(&w, trace, &trace->shared->events[i]);
	json_close_array(&w);
	json_close_object(&w);
	buf_add_char(&w.buf, '\n');
	sys_ftruncate(trace->fd, 0); /* a pipe cannot, and need not */
	written = sys_write_all(trace->fd, w.buf.data, w.buf.length);
	sys_unmap(trace->shared, sizeof(*trace->shared));
	fd_close(&trace->fd);
	if (result >= 0 && written < 0)
		return error_system(err, written, "write the trace");
	return result;
}
