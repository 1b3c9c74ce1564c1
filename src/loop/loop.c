/* SPDX-License-Identifier: Apache-2.0 */
/* One thread that waits for descriptors and for points in time. */
#include "loop/loop.h"

#include <errno.h>
#include <limits.h>

#include "base/fd.h"
#include "base/time.h"
#include "sys/poll.h"

#define NS_PER_MS 1000000U

int loop_open(struct loop *loop, struct error *err)
{
	int epoll = sys_epoll_create();

	if (epoll < 0)
		return error_system(err, epoll, "make an epoll instance");
	*loop = (struct loop){ .epoll = epoll };
	return 0;
}

void loop_close(struct loop *loop)
{
	fd_close(&loop->epoll);
}

int loop_add(struct loop *loop, struct loop_source *source)
{
	int result = sys_epoll_control(loop->epoll, EPOLL_CTL_ADD, source->fd,
	                               source->events, source);

	if (result == 0)
		source->loop = loop;
	return result;
}

int loop_change(struct loop_source *source, uint32_t events)
{
	int result;

	if (source->events == events)
		return 0;
	result = sys_epoll_control(source->loop->epoll, EPOLL_CTL_MOD,
	                           source->fd, events, source);
	if (result == 0)
		source->events = events;
	return result;
}

void loop_remove(struct loop_source *source)
{
	struct loop *loop = source->loop;
	size_t i;

	if (!loop)
		return;
	/*
	 * Not left to close(): a worker that was forked may hold the same file,
	 * and then epoll would go on telling of it.
	 */
	sys_epoll_control(loop->epoll, EPOLL_CTL_DEL, source->fd, 0, NULL);
	for (i = 0; i < loop->ready_count; i++)
		if (loop->ready[i] == source)
			loop->ready[i] = NULL;
	source->loop = NULL;
}

void loop_arm(struct loop *loop, struct loop_timer *timer, uint64_t ms)
{
	uint64_t now = time_monotonic_ns();
	struct loop_timer **place = &loop->timers;

	loop_disarm(timer);
	timer->loop = loop;
	timer->due_ns = ms < (UINT64_MAX - now) / NS_PER_MS
	                        ? now + ms * NS_PER_MS
	                        : UINT64_MAX;
	while (*place && (*place)->due_ns <= timer->due_ns)
		place = &(*place)->next;
	timer->next = *place;
	*place = timer;
}

void loop_disarm(struct loop_timer *timer)
{
	struct loop_timer **place;

	if (!timer->loop)
		return;
	place = &timer->loop->timers;
	while (*place != timer)
		place = &(*place)->next;
	*place = timer->next;
	timer->loop = NULL;
	timer->next = NULL;
}

/* Until the first timer is due, never too short; -1 if there is none. */
static int loop_timeout_ms(const struct loop *loop)
{
	uint64_t now, ms;

	if (!loop->timers)
		return -1;
	now = time_monotonic_ns();
	if (loop->timers->due_ns <= now)
		return 0;
	ms = (loop->timers->due_ns - now - 1) / NS_PER_MS + 1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void loop_call_sources(struct loop *loop,
                              const struct epoll_event *events, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		loop->ready[i] = events[i].data.ptr;
	loop->ready_count = count;
	for (i = 0; i < count && !loop->stopped; i++) {
		struct loop_source *source = loop->ready[i];
		uint32_t wanted;

		if (!source)
			continue;
		/* An earlier callback may have changed what it waits for. */
		wanted = source->events | EPOLLERR | EPOLLHUP;
		if (events[i].events & wanted)
			source->ready(source, events[i].events & wanted);
	}
	loop->ready_count = 0;
}

/* Those that are due now; what is armed meanwhile waits for the next round. */
static void loop_call_timers(struct loop *loop)
{
	uint64_t now = loop->timers ? time_monotonic_ns() : 0;

	while (!loop->stopped && loop->timers && loop->timers->due_ns <= now) {
		struct loop_timer *timer = loop->timers;

		loop_disarm(timer);
		timer->expired(timer);
	}
}

int loop_run(struct loop *loop, struct error *err)
{
	struct epoll_event events[LOOP_READY_MAX];

	while (!loop->stopped) {
		int count = sys_epoll_wait(loop->epoll, events, LOOP_READY_MAX,
		                           loop_timeout_ms(loop));

		if (count < 0 && count != -EINTR)
			return error_system(err, count, "wait for events");
		if (count > 0)
			loop_call_sources(loop, events, (size_t)count);
		loop_call_timers(loop);
	}
	loop->stopped = false;
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
