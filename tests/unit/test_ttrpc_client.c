/* SPDX-License-Identifier: Apache-2.0 */
/* The ttrpc client: connecting late, waiting no longer than it should. */
#include "tests/unit/ttrpc_world.h"

static struct ttrpc_client *client;

/* What the last call came to. */
static int over;
static enum ttrpc_code outcome;
static char words[256];
static char payload_got[64];
static size_t payload_size;

static void done(void *context, enum ttrpc_code code, const char *text,
                 struct ttrpc_bytes payload)
{
	ck_assert_ptr_eq(context, &over);
	over++;
	outcome = code;
	snprintf(words, sizeof(words), "%s", text);
	payload_size = payload.size;
	snprintf(payload_got, sizeof(payload_got), "%.*s", (int)payload.size,
	         payload.data ? (const char *)payload.data : "");
	loop_stop(&loop);
}

static void ask(const char *method, const char *payload, uint64_t timeout_ms)
{
	struct ttrpc_client_call call = {
		.service = "test.Service",
		.method = method,
		.timeout_ms = timeout_ms,
		.payload = bytes_of(payload),
	};

	over = 0;
	ttrpc_client_call(client, &call, done, &over);
	ck_assert_int_eq(over, 0);
}

static void ask_and_wait(const char *method, const char *payload)
{
	ask(method, payload, 1000);
	run_until(&over);
}

static void begin(void)
{
	world_open();
	client = ttrpc_client_open(&loop, server_path);
	ck_assert_ptr_nonnull(client);
}

static void end(void)
{
	ttrpc_client_close(client);
	server_end();
	world_close();
}

START_TEST(calls_go_over_one_connection)
{
	server_begin();
	ask_and_wait("Echo", "one");
	ck_assert_int_eq(outcome, TTRPC_OK);
	ck_assert_str_eq(payload_got, "one");
	ask_and_wait("Echo", "two");
	ck_assert_str_eq(payload_got, "two");
	ck_assert_uint_eq(asked[0].call.connection, asked[1].call.connection);
	ck_assert_uint_eq(asked[1].call.stream, 3);
	ck_assert_int_eq(asked[1].timeout_ns, 1000000000);
}

END_TEST

START_TEST(an_error_of_the_service_is_told)
{
	server_begin();
	ask_and_wait("Fail", "");
	ck_assert_int_eq(outcome, TTRPC_NOT_FOUND);
	ck_assert_str_eq(words, "not here");
	ask_and_wait("Echo", "next");
	ck_assert_int_eq(outcome, TTRPC_OK);
}

END_TEST

START_TEST(who_is_not_there_is_tried_again_by_the_next_call)
{
	ask_and_wait("Echo", "");
	ck_assert_int_eq(outcome, TTRPC_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(words, server_path));
	server_begin();
	ask_and_wait("Echo", "there");
	ck_assert_str_eq(payload_got, "there");
}

END_TEST

START_TEST(a_call_whose_server_goes_is_unavailable)
{
	server_begin();
	ask("Wait", "", 1000);
	turn(3);
	ck_assert_uint_eq(asked_count, 1);
	server_end();
	run_until(&over);
	ck_assert_int_eq(outcome, TTRPC_UNAVAILABLE);
	server_begin();
	ask_and_wait("Echo", "again");
	ck_assert_int_eq(outcome, TTRPC_OK);
	ck_assert_uint_eq(asked[1].call.stream, 1);
}

END_TEST

START_TEST(a_server_that_was_replaced_between_calls_is_no_error)
{
	server_begin();
	ask_and_wait("Echo", "");
	server_end();
	server_begin();
	turn(2);
	ask_and_wait("Echo", "to the new one");
	ck_assert_int_eq(outcome, TTRPC_OK);
}

END_TEST

START_TEST(no_answer_in_time_ends_the_call_and_the_connection)
{
	server_begin();
	ask("Wait", "", 20);
	run_until(&over);
	ck_assert_int_eq(outcome, TTRPC_DEADLINE_EXCEEDED);
	ttrpc_answer(server, asked[0].call, bytes_of("too late"));
	ask_and_wait("Echo", "the next");
	ck_assert_int_eq(outcome, TTRPC_OK);
	ck_assert_str_eq(payload_got, "the next");
	ck_assert_uint_ne(asked[0].call.connection, asked[1].call.connection);
}

END_TEST

START_TEST(large_messages_go_both_ways)
{
	size_t size = FRAME_DATA_MAX - 128;
	char *text = malloc(size + 1);

	memset(text, 'x', size);
	text[size] = '\0';
	server_begin();
	ask_and_wait("Echo", text);
	ck_assert_int_eq(outcome, TTRPC_OK);
	ck_assert_uint_eq(payload_size, size);
	free(text);
}

END_TEST

START_TEST(what_fits_into_no_frame_is_not_sent)
{
	size_t size = FRAME_DATA_MAX;
	char *text = malloc(size + 1);

	memset(text, 'x', size);
	text[size] = '\0';
	server_begin();
	ask_and_wait("Echo", text);
	free(text);
	ck_assert_int_eq(outcome, TTRPC_RESOURCE_EXHAUSTED);
	ask_and_wait("Echo", "small");
	ck_assert_int_eq(outcome, TTRPC_OK);
}

END_TEST

START_TEST(closing_within_a_call_forgets_it)
{
	server_begin();
	ask("Wait", "", 20);
	turn(3);
	ttrpc_client_close(client);
	client = NULL;
	turn(3);
	ck_assert_int_eq(over, 0);
	ck_assert_uint_eq(ended_count, 1);
}

END_TEST

static void done_and_close(void *context, enum ttrpc_code code,
                           const char *text, struct ttrpc_bytes payload)
{
	ttrpc_client_close(client);
	client = NULL;
	done(context, code, text, payload);
}

START_TEST(the_answer_may_close_the_client)
{
	struct ttrpc_client_call call = { .service = "s",
		                          .method = "Echo",
		                          .timeout_ms = 1000,
		                          .payload = bytes_of("end") };

	server_begin();
	over = 0;
	ttrpc_client_call(client, &call, done_and_close, &over);
	run_until(&over);
	ck_assert_str_eq(payload_got, "end");
	turn(2);
}

END_TEST

/* ---- a service that is none: a socket and bytes */
static int accept_raw(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	uint8_t bytes[256];

	ck_assert_int_ge(fd, 0);
	turn(2);
	ck_assert_int_gt(read(fd, bytes, sizeof(bytes)), FRAME_HEADER_SIZE);
	return fd;
}

static void answer_raw(int fd, uint32_t stream, const char *text)
{
	struct envelope *envelope = envelope_answer(stream, bytes_of(text));

	ck_assert_int_eq(write(fd, envelope->bytes, envelope->size),
	                 envelope->size);
	free(envelope);
}

START_TEST(only_the_answer_to_this_call_counts)
{
	int listener =
		sys_listen_unix(SOCK_STREAM, AT_FDCWD, server_path, 0600);
	int fd;

	ask("Echo", "", 1000);
	fd = accept_raw(listener);
	answer_raw(fd, 3, "of another");
	answer_raw(fd, 0, "of nobody");
	turn(3);
	ck_assert_int_eq(over, 0);
	answer_raw(fd, 1, "mine");
	run_until(&over);
	ck_assert_str_eq(payload_got, "mine");
	/* Once more: nobody waits. */
	answer_raw(fd, 1, "again");
	turn(3);
	ck_assert_int_eq(over, 1);
	close(fd);
	close(listener);
}

END_TEST

START_TEST(an_answer_that_is_none_is_unavailable)
{
	int listener =
		sys_listen_unix(SOCK_STREAM, AT_FDCWD, server_path, 0600);
	static const uint8_t frames[][14] = {
		/* A response that cannot be decoded, and an endless one. */
		{ 0, 0, 0, 4, 0, 0, 0, 1, FRAME_RESPONSE, 0, 255, 255, 255,
		  255 },
		{ 127, 0, 0, 0, 0, 0, 0, 1, FRAME_RESPONSE, 0 },
	};
	size_t i;

	for (i = 0; i < 2; i++) {
		int fd;

		ask("Echo", "", 1000);
		fd = accept_raw(listener);
		ck_assert_int_eq(write(fd, frames[i], sizeof(frames[i])),
		                 sizeof(frames[i]));
		run_until(&over);
		ck_assert_int_eq(outcome, TTRPC_UNAVAILABLE);
		close(fd);
	}
	close(listener);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("ttrpc_client");
	TCase *cases = tcase_create("client");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, begin, end);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, calls_go_over_one_connection);
	tcase_add_test(cases, an_error_of_the_service_is_told);
	tcase_add_test(cases, who_is_not_there_is_tried_again_by_the_next_call);
	tcase_add_test(cases, a_call_whose_server_goes_is_unavailable);
	tcase_add_test(cases,
	               a_server_that_was_replaced_between_calls_is_no_error);
	tcase_add_test(cases,
	               no_answer_in_time_ends_the_call_and_the_connection);
	tcase_add_test(cases, large_messages_go_both_ways);
	tcase_add_test(cases, what_fits_into_no_frame_is_not_sent);
	tcase_add_test(cases, closing_within_a_call_forgets_it);
	tcase_add_test(cases, the_answer_may_close_the_client);
	tcase_add_test(cases, only_the_answer_to_this_call_counts);
	tcase_add_test(cases, an_answer_that_is_none_is_unavailable);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
