/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: who is called, in which order, and who is not. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/time.h"
#include "loop/loop.h"

static struct loop loop;
static struct error err;

static void open_loop(void)
{
	ck_assert_int_eq(loop_open(&loop, &err), 0);
}

static void close_loop(void)
{
	loop_close(&loop);
}

/* A source that counts its calls, and what it does to others then. */
struct probe {
	struct loop_source source;
	int calls;
	uint32_t events;
	struct probe *removes;
	bool stops;
};

static void probe_ready(struct loop_source *source, uint32_t events)
{
	struct probe *probe = loop_owner(source, struct probe, source);

	probe->calls++;
	probe->events = events;
	if (probe->removes)
		loop_remove(&probe->removes->source);
	if (probe->stops)
		loop_stop(&loop);
}

/* An eventfd that can always be read. */
static void probe_add(struct probe *probe)
{
	probe->source.fd = eventfd(1, EFD_CLOEXEC);
	ck_assert_int_ge(probe->source.fd, 0);
	probe->source.events = EPOLLIN;
	probe->source.ready = probe_ready;
	ck_assert_int_eq(loop_add(&loop, &probe->source), 0);
}

static void probe_drop(struct probe *probe)
{
	loop_remove(&probe->source);
	close(probe->source.fd);
}

struct clock {
	struct loop_timer timer;
	int calls;
	int order;
	int again;
	uint64_t at_ns;
	bool stops;
};

static int next_order;

static void clock_expired(struct loop_timer *timer)
{
	struct clock *clock = loop_owner(timer, struct clock, timer);

	clock->calls++;
	clock->order = ++next_order;
	clock->at_ns = time_monotonic_ns();
	if (clock->again-- > 0)
		loop_arm(&loop, timer, 0);
	if (clock->stops)
		loop_stop(&loop);
}

#define CLOCK                                  \
	{                                      \
		.timer.expired = clock_expired \
	}

/* Run for MS milliseconds. */
static void run_for(uint64_t ms)
{
	struct clock end = CLOCK;

	end.stops = true;
	loop_arm(&loop, &end.timer, ms);
	ck_assert_int_eq(loop_run(&loop, &err), 0);
}

START_TEST(what_is_removed_in_the_same_round_is_not_called)
{
	struct probe a = { .calls = 0 };
	struct probe b = { .calls = 0 };

	/* Whoever comes first takes the other away. */
	a.removes = &b;
	b.removes = &a;
	probe_add(&a);
	probe_add(&b);
	run_for(5);
	ck_assert(!a.calls || !b.calls);
	ck_assert_int_ge(a.calls + b.calls, 1);
	ck_assert((a.source.loop == NULL) == (a.calls == 0));
	probe_drop(&a);
	probe_drop(&b);
}

END_TEST

START_TEST(a_source_may_remove_itself)
{
	struct probe a = { .calls = 0 };

	a.removes = &a;
	probe_add(&a);
	run_for(5);
	ck_assert_int_eq(a.calls, 1);
	ck_assert_ptr_null(a.source.loop);
	/* And is added again. */
	ck_assert_int_eq(loop_add(&loop, &a.source), 0);
	run_for(5);
	ck_assert_int_eq(a.calls, 2);
	probe_drop(&a);
}

END_TEST

START_TEST(only_what_is_waited_for_is_told)
{
	struct probe a = { .stops = true };

	probe_add(&a);
	ck_assert_int_eq(loop_change(&a.source, 0), 0);
	run_for(5);
	ck_assert_int_eq(a.calls, 0);
	ck_assert_int_eq(loop_change(&a.source, EPOLLOUT), 0);
	ck_assert_int_eq(loop_run(&loop, &err), 0);
	ck_assert_uint_eq(a.events, EPOLLOUT);
	probe_drop(&a);
}

END_TEST

START_TEST(more_sources_than_fit_in_a_round_are_all_called)
{
	enum {
		COUNT = 3 * LOOP_READY_MAX
	};
	static struct probe probes[COUNT];
	size_t i;

	for (i = 0; i < COUNT; i++)
		probe_add(&probes[i]);
	run_for(20);
	for (i = 0; i < COUNT; i++) {
		ck_assert_int_gt(probes[i].calls, 0);
		probe_drop(&probes[i]);
	}
}

END_TEST

START_TEST(what_cannot_be_polled_is_refused)
{
	char path[] = "/tmp/runf-test-loop-XXXXXX";
	struct loop_source source = { .fd = mkstemp(path), .events = EPOLLIN };

	ck_assert_int_ge(source.fd, 0);
	unlink(path);
	ck_assert_int_eq(loop_add(&loop, &source), -EPERM);
	ck_assert_ptr_null(source.loop);
	loop_remove(&source);
	close(source.fd);
}

END_TEST

START_TEST(timers_expire_in_order_and_never_early)
{
	struct clock a = CLOCK, b = CLOCK, c = CLOCK, d = CLOCK;
	uint64_t begin = time_monotonic_ns();

	next_order = 0;
	loop_arm(&loop, &c.timer, 30);
	loop_arm(&loop, &a.timer, 0);
	loop_arm(&loop, &b.timer, 10);
	loop_arm(&loop, &d.timer, UINT64_MAX);
	run_for(40);
	ck_assert_int_eq(a.order, 1);
	ck_assert_int_eq(b.order, 2);
	ck_assert_int_eq(c.order, 3);
	ck_assert_uint_ge(b.at_ns - begin, 10000000);
	ck_assert_uint_ge(c.at_ns - begin, 30000000);
	ck_assert_int_eq(d.calls, 0);
	ck_assert_ptr_nonnull(d.timer.loop);
	loop_disarm(&d.timer);
	ck_assert_ptr_null(loop.timers);
}

END_TEST

START_TEST(a_timer_armed_again_counts_from_then_on)
{
	struct clock a = CLOCK, b = CLOCK;

	next_order = 0;
	loop_arm(&loop, &a.timer, 1);
	loop_arm(&loop, &b.timer, 5);
	loop_arm(&loop, &a.timer, 10);
	run_for(20);
	ck_assert_int_eq(a.calls, 1);
	ck_assert_int_eq(b.order, 1);
	ck_assert_int_eq(a.order, 2);
}

END_TEST

START_TEST(a_disarmed_timer_does_not_expire)
{
	struct clock a = CLOCK, b = CLOCK, c = CLOCK;

	loop_arm(&loop, &a.timer, 1);
	loop_arm(&loop, &b.timer, 2);
	loop_arm(&loop, &c.timer, 3);
	loop_disarm(&b.timer);
	loop_disarm(&b.timer);
	run_for(10);
	ck_assert_int_eq(a.calls, 1);
	ck_assert_int_eq(b.calls, 0);
	ck_assert_int_eq(c.calls, 1);
}

END_TEST

START_TEST(a_timer_that_arms_itself_lets_sources_have_their_turn)
{
	struct clock a = CLOCK;
	struct probe b = { .stops = true };

	a.again = 1 << 30;
	loop_arm(&loop, &a.timer, 0);
	probe_add(&b);
	ck_assert_int_eq(loop_run(&loop, &err), 0);
	ck_assert_int_eq(b.calls, 1);
	loop_disarm(&a.timer);
	probe_drop(&b);
}

END_TEST

START_TEST(stop_ends_the_round_and_the_loop_can_run_again)
{
	struct probe a = { .stops = true };
	struct probe b = { .stops = true };

	probe_add(&a);
	probe_add(&b);
	ck_assert_int_eq(loop_run(&loop, &err), 0);
	ck_assert_int_eq(a.calls + b.calls, 1);
	ck_assert_int_eq(loop_run(&loop, &err), 0);
	ck_assert_int_eq(a.calls + b.calls, 2);
	/* Stopped before it runs: not one round. */
	loop_stop(&loop);
	ck_assert_int_eq(loop_run(&loop, &err), 0);
	ck_assert_int_eq(a.calls + b.calls, 2);
	probe_drop(&a);
	probe_drop(&b);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("loop");
	TCase *cases = tcase_create("loop");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, open_loop, close_loop);
	tcase_add_test(cases, what_is_removed_in_the_same_round_is_not_called);
	tcase_add_test(cases, a_source_may_remove_itself);
	tcase_add_test(cases, only_what_is_waited_for_is_told);
	tcase_add_test(cases, more_sources_than_fit_in_a_round_are_all_called);
	tcase_add_test(cases, what_cannot_be_polled_is_refused);
	tcase_add_test(cases, timers_expire_in_order_and_never_early);
	tcase_add_test(cases, a_timer_armed_again_counts_from_then_on);
	tcase_add_test(cases, a_disarmed_timer_does_not_expire);
	tcase_add_test(cases,
	               a_timer_that_arms_itself_lets_sources_have_their_turn);
	tcase_add_test(cases, stop_ends_the_round_and_the_loop_can_run_again);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
