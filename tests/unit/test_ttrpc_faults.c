/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without memory or descriptors one connection is lost, not the server. The
 * allocator and some of sys/ are wrapped by the linker.
 */
#include "shim/events.h"
#include "sys/poll.h"
#include "tests/unit/ttrpc_world.h"

/* Which allocation from now on fails: 0 is the next one, -1 none. */
static long failing = -1;
static int accept_fault;
static int control_fault;

static bool is_due(void)
{
	return failing >= 0 && failing-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
int __real_sys_accept(int listener);
int __real_sys_epoll_control(int epoll, int operation, int fd, uint32_t events,
                             void *data);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
int __wrap_sys_accept(int listener);
int __wrap_sys_epoll_control(int epoll, int operation, int fd, uint32_t events,
                             void *data);

void *__wrap_malloc(size_t size)
{
	return is_due() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_due() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
	return is_due() ? NULL : __real_realloc(pointer, size);
}

int __wrap_sys_accept(int listener)
{
	return accept_fault ? accept_fault : __real_sys_accept(listener);
}

int __wrap_sys_epoll_control(int epoll, int operation, int fd, uint32_t events,
                             void *data)
{
	if (control_fault && operation != EPOLL_CTL_DEL)
		return control_fault;
	return __real_sys_epoll_control(epoll, operation, fd, events, data);
}

static struct peer witness;

static void begin(void)
{
	failing = -1;
	accept_fault = control_fault = 0;
	world_open();
	server_begin();
	witness = peer_open();
	turn(2);
}

/* The witness has seen nothing of all that. */
static void end(void)
{
	failing = -1;
	peer_ask(&witness, 1, "Echo", "still served");
	peer_expect(&witness, 1);
	ck_assert_int_eq(witness.code, TTRPC_OK);
	ck_assert_str_eq(witness.payload, "still served");
	peer_close(&witness);
	server_end();
	world_close();
}

/* As turn(), but the NTH allocation fails; what is left of NTH: -1 if it did. */
static long turn_without(long nth, int count)
{
	struct loop_timer timer = { .expired = turn_over };
	long left;

	failing = nth;
	while (count--) {
		loop_arm(&loop, &timer, 0);
		if (loop_run(&loop, NULL) < 0)
			abort();
	}
	loop_disarm(&timer);
	left = failing;
	failing = -1;
	return left;
}

/* The NTH allocation of one conversation fails. 1 if there was one. */
static bool converse_without(long nth)
{
	struct envelope *envelope = request_of(1, "Echo", bytes_of("payload"));
	struct peer peer = peer_open();
	ssize_t result = -EAGAIN;
	bool had_one;
	int turns;

	turn(1);
	peer_write(&peer, envelope->bytes, 20);
	nth = turn_without(nth, 2);
	if (send(peer.fd, envelope->bytes + 20, envelope->size - 20,
	         MSG_NOSIGNAL) < 0)
		ck_assert_int_eq(errno, EPIPE);
	had_one = turn_without(nth, 4) < 0;
	for (turns = 0; turns < 4 && result == -EAGAIN; turns++) {
		turn(1);
		result = peer_read(&peer);
	}
	/* Answered, refused or cut off, but not left waiting. */
	ck_assert(peer.responses == 1 || result == 0 || result == -ECONNRESET);
	if (!had_one)
		ck_assert_int_eq(peer.code, TTRPC_OK);
	peer_close(&peer);
	turn(2);
	free(envelope);
	return had_one;
}

START_TEST(each_allocation_that_fails_costs_one_connection_at_most)
{
	long nth = 0;

	while (converse_without(nth))
		nth++;
	/* The frame, what it says, and the answer. */
	ck_assert_int_ge(nth, 5);
}

END_TEST

START_TEST(a_connection_without_memory_is_closed_and_the_next_is_not)
{
	struct peer peer = peer_open();

	ck_assert_int_eq(turn_without(0, 1), -1);
	peer_expect_end(&peer);
	peer_close(&peer);
	/* Accepting goes on after a while. */
	peer = peer_open();
	peer_ask(&peer, 1, "Echo", "later");
	turn(4);
	ck_assert_uint_eq(asked_count, 0);
	usleep(120000);
	peer_expect(&peer, 1);
	peer_close(&peer);
	turn(4);
}

END_TEST

START_TEST(without_descriptors_who_connects_has_to_wait)
{
	struct peer peer = peer_open();
	int rounds = 0;
	uint64_t end_ns = time_monotonic_ns() + 120000000;
	struct loop_timer timer = { .expired = turn_over };

	accept_fault = -EMFILE;
	peer_ask(&peer, 1, "Echo", "hello");
	turn(4);
	accept_fault = 0;
	/* The listener is ready all the time, but does not keep us busy. */
	while (time_monotonic_ns() < end_ns && asked_count == 0) {
		loop_arm(&loop, &timer, 20);
		ck_assert_int_eq(loop_run(&loop, &err), 0);
		rounds++;
	}
	ck_assert_int_le(rounds, 8);
	peer_expect(&peer, 1);
	peer_close(&peer);
	turn(4);
}

END_TEST

START_TEST(a_server_that_stops_while_it_waits_for_descriptors)
{
	accept_fault = -EMFILE;
	peer_close(&witness);
	witness = peer_open();
	turn(4);
	ck_assert_ptr_nonnull(loop.timers);
	accept_fault = 0;
	ttrpc_server_stop_listening(server);
	ck_assert_ptr_null(loop.timers);
	/* For end(): somebody has to be served. */
	server_end();
	peer_close(&witness);
	server_begin();
	witness = peer_open();
}

END_TEST

START_TEST(a_socket_that_cannot_be_waited_for_is_lost)
{
	struct peer peer = peer_open();
	size_t size = 1 << 20;
	struct envelope *envelope;

	turn(2);
	envelope = request_of(1, "Big",
	                      (struct ttrpc_bytes){ &size, sizeof(size) });
	peer_write(&peer, envelope->bytes, envelope->size);
	free(envelope);
	turn(1);
	/* The rest would be sent when there is room. */
	ck_assert(ttrpc_server_is_sending(server));
	peer_close(&peer);
	turn(4);
	ck_assert(!ttrpc_server_is_sending(server));

	peer = peer_open();
	turn(2);
	envelope = request_of(1, "Big",
	                      (struct ttrpc_bytes){ &size, sizeof(size) });
	peer_write(&peer, envelope->bytes, envelope->size);
	free(envelope);
	control_fault = -ENOMEM;
	turn(1);
	control_fault = 0;
	ck_assert(!ttrpc_server_is_sending(server));
	turn(2);
	ck_assert_uint_eq(ended_count, 2);
	peer_close(&peer);
}

END_TEST

static int over;
static enum ttrpc_code outcome;

static void done(void *context, enum ttrpc_code code, const char *text,
                 struct ttrpc_bytes payload)
{
	(void)context;
	(void)text;
	(void)payload;
	over++;
	outcome = code;
	loop_stop(&loop);
}

START_TEST(a_client_tells_of_each_allocation_that_fails)
{
	struct ttrpc_client *client = ttrpc_client_open(&loop, server_path);
	struct ttrpc_client_call call = { .service = "s",
		                          .method = "Fail",
		                          .timeout_ms = 200 };
	long nth = 0;
	bool had_one = true;

	for (; had_one; nth++) {
		over = 0;
		failing = nth;
		ttrpc_client_call(client, &call, done, NULL);
		had_one = turn_without(failing, 6) < 0;
		run_until(&over);
		ck_assert_int_eq(over, 1);
		ck_assert_int_ne(outcome, TTRPC_OK);
		turn(3);
	}
	ck_assert_int_eq(outcome, TTRPC_NOT_FOUND);
	ck_assert_int_ge(nth, 3);
	ttrpc_client_close(client);
	turn(3);
}

END_TEST

START_TEST(an_event_without_memory_is_lost_and_the_next_is_not)
{
	struct events *events = events_open(&loop, server_path, "space", NULL);

	failing = 0;
	events_publish(events, "/tasks/exit", "type", bytes_of("lost"));
	ck_assert_int_eq(failing, -1);
	events_publish(events, "/tasks/exit", "type", bytes_of("arrives"));
	turn(4);
	ck_assert_uint_eq(asked_count, 1);
	events_close(events);
	turn(3);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("ttrpc_faults");
	TCase *cases = tcase_create("faults");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, begin, end);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases,
	               each_allocation_that_fails_costs_one_connection_at_most);
	tcase_add_test(
		cases,
		a_connection_without_memory_is_closed_and_the_next_is_not);
	tcase_add_test(cases, without_descriptors_who_connects_has_to_wait);
	tcase_add_test(cases,
	               a_server_that_stops_while_it_waits_for_descriptors);
	tcase_add_test(cases, a_socket_that_cannot_be_waited_for_is_lost);
	tcase_add_test(cases, a_client_tells_of_each_allocation_that_fails);
	tcase_add_test(cases,
	               an_event_without_memory_is_lost_and_the_next_is_not);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
