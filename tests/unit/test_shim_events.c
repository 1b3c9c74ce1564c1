/* SPDX-License-Identifier: Apache-2.0 */
/* Events reach containerd in order, however often it refuses or goes. */
#include <forward.pb-c.h>

#include "shim/events.h"
#include "tests/unit/ttrpc_world.h"

static struct events *events;
static int drained;
static char logged[4096];

static void log_keep(void *context, enum log_level level, const char *text)
{
	size_t used = strlen(logged);

	(void)context;
	if (level == LOG_LEVEL_ERROR)
		snprintf(logged + used, sizeof(logged) - used, "%s\n", text);
}

static const struct log log_kept = { .level = LOG_LEVEL_DEBUG,
	                             .emit = log_keep };

static void begin(void)
{
	world_open();
	drained = 0;
	logged[0] = '\0';
	events = events_open(&loop, server_path, "space", &log_kept);
	ck_assert_ptr_nonnull(events);
}

static void end(void)
{
	events_close(events);
	server_end();
	world_close();
}

static void publish(const char *message)
{
	events_publish(events, "/tasks/exit", "containerd.events.TaskExit",
	               bytes_of(message));
}

static void on_drained(void *context)
{
	ck_assert_ptr_eq(context, &drained);
	drained++;
	loop_stop(&loop);
}

/* The message of the NTH call of the service, which is a whole envelope. */
static const char *message_of(size_t nth)
{
	static char text[64];
	struct asked *one = &asked[nth % CALLS_MAX];
	Forward__Request *request;
	const Forward__Envelope *envelope;

	ck_assert_uint_lt(nth, asked_count);
	ck_assert_str_eq(one->service,
	                 "containerd.services.events.ttrpc.v1.Events");
	ck_assert_str_eq(one->method, "Forward");
	request = forward__request__unpack(NULL, one->size, one->payload);
	ck_assert_ptr_nonnull(request);
	envelope = request->envelope;
	ck_assert_str_eq(envelope->space, "space");
	ck_assert_str_eq(envelope->topic, "/tasks/exit");
	ck_assert_str_eq(envelope->event->type_url,
	                 "containerd.events.TaskExit");
	ck_assert_int_gt(envelope->time->seconds, 1500000000);
	snprintf(text, sizeof(text), "%.*s", (int)envelope->event->value.len,
	         (const char *)envelope->event->value.data);
	forward__request__free_unpacked(request, NULL);
	return text;
}

/* Wait for the COUNTth call of the service. */
static void expect_calls(size_t count)
{
	struct loop_timer timer = { .expired = turn_over };
	int tries;

	for (tries = 0; asked_count < count && tries < 3000; tries++) {
		loop_arm(&loop, &timer, 1);
		ck_assert_int_eq(loop_run(&loop, &err), 0);
	}
	loop_disarm(&timer);
	ck_assert_uint_eq(asked_count, count);
}

static void answer(size_t nth)
{
	ttrpc_answer(server, asked[nth % CALLS_MAX].call,
	             (struct ttrpc_bytes){ 0 });
}

static void refuse(size_t nth)
{
	ttrpc_answer_error(server, asked[nth % CALLS_MAX].call, TTRPC_UNKNOWN,
	                   "not now");
}

START_TEST(one_is_under_way_at_a_time_and_the_order_holds)
{
	server_begin();
	publish("a");
	publish("b");
	publish("c");
	turn(10);
	ck_assert_uint_eq(asked_count, 1);
	ck_assert_str_eq(message_of(0), "a");
	answer(0);
	turn(10);
	ck_assert_uint_eq(asked_count, 2);
	ck_assert_str_eq(message_of(1), "b");
	answer(1);
	turn(10);
	ck_assert_str_eq(message_of(2), "c");
	answer(2);
	turn(10);
	ck_assert_uint_eq(asked_count, 3);
	ck_assert_str_eq(logged, "");
}

END_TEST

START_TEST(a_refused_event_is_repeated_before_the_next)
{
	server_begin();
	publish("a");
	publish("b");
	expect_calls(1);
	refuse(0);
	turn(10);
	/* Not at once. */
	ck_assert_uint_eq(asked_count, 1);
	expect_calls(2);
	ck_assert_str_eq(message_of(1), "a");
	refuse(1);
	expect_calls(3);
	ck_assert_str_eq(message_of(2), "a");
	answer(2);
	expect_calls(4);
	ck_assert_str_eq(message_of(3), "b");
	answer(3);
	turn(10);
	ck_assert_str_eq(logged, "");
}

END_TEST

START_TEST(an_event_refused_five_times_is_dropped_and_logged)
{
	size_t i;

	server_begin();
	publish("a");
	publish("b");
	for (i = 0; i < 5; i++) {
		expect_calls(i + 1);
		ck_assert_str_eq(message_of(i), "a");
		refuse(i);
	}
	expect_calls(6);
	ck_assert_str_eq(message_of(5), "b");
	ck_assert_ptr_nonnull(strstr(logged, "/tasks/exit is dropped"));
	ck_assert_ptr_nonnull(strstr(logged, "not now"));
}

END_TEST

START_TEST(events_wait_for_a_service_that_is_not_there_yet)
{
	publish("a");
	publish("b");
	turn(20);
	server_begin();
	expect_calls(1);
	ck_assert_str_eq(message_of(0), "a");
	answer(0);
	expect_calls(2);
	ck_assert_str_eq(message_of(1), "b");
	ck_assert_str_eq(logged, "");
}

END_TEST

START_TEST(a_restart_of_the_service_loses_nothing)
{
	server_begin();
	publish("a");
	publish("b");
	expect_calls(1);
	/* It has heard of it, but nobody knows. */
	server_end();
	turn(4);
	publish("c");
	server_begin();
	expect_calls(2);
	ck_assert_str_eq(message_of(1), "a");
	answer(1);
	expect_calls(3);
	ck_assert_str_eq(message_of(2), "b");
	answer(2);
	expect_calls(4);
	ck_assert_str_eq(message_of(3), "c");
	ck_assert_str_eq(logged, "");
}

END_TEST

START_TEST(of_a_full_queue_the_oldest_are_lost_and_counted)
{
	enum {
		BOUND = 2048,
		LOST = 3
	};

	char text[16];
	int i;

	server_begin();
	/* One is under way, and is not touched. */
	for (i = 0; i < 1 + BOUND + LOST; i++) {
		snprintf(text, sizeof(text), "%d", i);
		publish(text);
	}
	expect_calls(1);
	ck_assert_str_eq(message_of(0), "0");
	for (i = 0; i < BOUND; i++) {
		answer((size_t)i);
		turn(4);
		snprintf(text, sizeof(text), "%d", 1 + LOST + i);
		ck_assert_str_eq(message_of((size_t)i + 1), text);
	}
	answer(BOUND);
	turn(4);
	ck_assert_uint_eq(asked_count, 1 + BOUND);
	ck_assert_str_eq(logged, "3 events were lost\n");
}

END_TEST

START_TEST(drained_is_said_when_the_last_has_arrived)
{
	server_begin();
	publish("a");
	publish("b");
	events_drain(events, 5000, on_drained, &drained);
	expect_calls(1);
	ck_assert_int_eq(drained, 0);
	answer(0);
	expect_calls(2);
	answer(1);
	run_until(&drained);
	ck_assert_int_eq(drained, 1);
	ck_assert_str_eq(logged, "");
}

END_TEST

START_TEST(drained_is_said_in_time_though_nobody_listens)
{
	uint64_t begin_ns = time_monotonic_ns();

	publish("a");
	publish("b");
	events_drain(events, 30, on_drained, &drained);
	run_until(&drained);
	ck_assert_uint_ge(time_monotonic_ns() - begin_ns, 30000000);
	ck_assert_str_eq(logged, "2 events were lost\n");
}

END_TEST

START_TEST(without_events_all_is_drained)
{
	events_drain(events, 5000, on_drained, &drained);
	ck_assert_int_eq(drained, 0);
	run_until(&drained);
}

END_TEST

static void close_drained(void *context)
{
	events_close(events);
	events = NULL;
	on_drained(context);
}

START_TEST(who_is_drained_may_be_closed)
{
	server_begin();
	publish("a");
	events_drain(events, 5000, close_drained, &drained);
	expect_calls(1);
	answer(0);
	run_until(&drained);
}

END_TEST

START_TEST(without_an_address_nobody_is_told)
{
	struct events *silent = events_open(&loop, "", "space", NULL);

	events_publish(silent, "/tasks/exit", "type", bytes_of("a"));
	ck_assert_ptr_null(loop.timers);
	events_drain(silent, 5000, on_drained, &drained);
	run_until(&drained);
	events_close(silent);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_events");
	TCase *cases = tcase_create("events");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, begin, end);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, one_is_under_way_at_a_time_and_the_order_holds);
	tcase_add_test(cases, a_refused_event_is_repeated_before_the_next);
	tcase_add_test(cases,
	               an_event_refused_five_times_is_dropped_and_logged);
	tcase_add_test(cases, events_wait_for_a_service_that_is_not_there_yet);
	tcase_add_test(cases, a_restart_of_the_service_loses_nothing);
	tcase_add_test(cases, of_a_full_queue_the_oldest_are_lost_and_counted);
	tcase_add_test(cases, drained_is_said_when_the_last_has_arrived);
	tcase_add_test(cases, drained_is_said_in_time_though_nobody_listens);
	tcase_add_test(cases, without_events_all_is_drained);
	tcase_add_test(cases, who_is_drained_may_be_closed);
	tcase_add_test(cases, without_an_address_nobody_is_told);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
