/* SPDX-License-Identifier: Apache-2.0 */
/* The ttrpc server: what peers send, rightly and wrongly, and what comes. */
#include "tests/unit/ttrpc_world.h"

static struct peer peer;

static void begin(void)
{
	world_open();
	server_begin();
	peer = peer_open();
}

static void end(void)
{
	peer_close(&peer);
	server_end();
	/* Closing the server leaves no timer and no memory behind. */
	world_close();
}

static void write_header(struct peer *to, uint32_t size, uint32_t stream,
                         uint8_t type, uint8_t flags)
{
	struct frame_header header = { size, stream, type, flags };
	uint8_t bytes[FRAME_HEADER_SIZE];

	frame_encode(&header, bytes);
	peer_write(to, bytes, sizeof(bytes));
}

static void expect_code(int responses, uint32_t stream, enum ttrpc_code code)
{
	peer_expect(&peer, responses);
	ck_assert_uint_eq(peer.stream, stream);
	ck_assert_int_eq(peer.code, code);
	ck_assert_int_eq(peer.type, FRAME_RESPONSE);
}

START_TEST(a_call_is_answered_on_its_stream)
{
	peer_ask(&peer, 1, "Echo", "hello");
	expect_code(1, 1, TTRPC_OK);
	ck_assert_str_eq(peer.payload, "hello");
	ck_assert_str_eq(asked[0].service, "test.Service");
	ck_assert_str_eq(asked[0].method, "Echo");
	ck_assert_int_eq(asked[0].timeout_ns, 7000000);
	peer_ask(&peer, 3, "Echo", "");
	expect_code(2, 3, TTRPC_OK);
	ck_assert_uint_eq(peer.size, 0);
	ck_assert(!ttrpc_server_is_sending(server));
}

END_TEST

START_TEST(an_error_has_its_code_and_text)
{
	peer_ask(&peer, 1, "Fail", "");
	expect_code(1, 1, TTRPC_NOT_FOUND);
	ck_assert_str_eq(peer.text, "not here");
}

END_TEST

START_TEST(answers_may_come_in_any_order)
{
	peer_ask(&peer, 1, "Wait", "");
	peer_ask(&peer, 3, "Wait", "");
	peer_ask(&peer, 5, "Echo", "now");
	expect_code(1, 5, TTRPC_OK);
	ttrpc_answer(server, asked[1].call, bytes_of("second"));
	expect_code(2, 3, TTRPC_OK);
	ttrpc_answer(server, asked[0].call, bytes_of("first"));
	expect_code(3, 1, TTRPC_OK);
	ck_assert_str_eq(peer.payload, "first");
}

END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
	struct envelope *envelope = request_of(1, "Echo", bytes_of("slowly"));
	size_t i;

	for (i = 0; i < envelope->size; i++) {
		ck_assert_uint_eq(asked_count, 0);
		peer_write(&peer, envelope->bytes + i, 1);
		turn(2);
	}
	free(envelope);
	expect_code(1, 1, TTRPC_OK);
	ck_assert_str_eq(peer.payload, "slowly");
}

END_TEST

START_TEST(several_requests_may_come_in_one_read)
{
	uint8_t bytes[4096];
	size_t size = 0;
	uint32_t stream;

	for (stream = 1; stream < 40; stream += 2) {
		struct envelope *envelope =
			request_of(stream, "Echo", bytes_of("x"));

		memcpy(bytes + size, envelope->bytes, envelope->size);
		size += envelope->size;
		free(envelope);
	}
	/* And a part of one more. */
	memset(bytes + size, 0, 5);
	peer_write(&peer, bytes, size + 5);
	turn(2);
	expect_code(20, 39, TTRPC_OK);
}

END_TEST

START_TEST(the_largest_message_comes_and_goes)
{
	struct ttrpc_bytes large = { .size = FRAME_DATA_MAX - 64 };
	struct envelope *envelope;
	void *data = calloc(1, large.size);

	large.data = data;
	envelope = request_of(1, "Echo", large);
	peer_write(&peer, envelope->bytes, envelope->size);
	free(envelope);
	free(data);
	expect_code(1, 1, TTRPC_OK);
	ck_assert_uint_eq(peer.size, large.size);
	ck_assert(!ttrpc_server_is_sending(server));
}

END_TEST

START_TEST(an_answer_that_is_too_large_becomes_an_error)
{
	size_t size = FRAME_DATA_MAX;
	struct envelope *envelope = request_of(
		1, "Big", (struct ttrpc_bytes){ &size, sizeof(size) });

	peer_write(&peer, envelope->bytes, envelope->size);
	free(envelope);
	expect_code(1, 1, TTRPC_RESOURCE_EXHAUSTED);
}

END_TEST

START_TEST(an_oversized_request_is_refused_and_skipped)
{
	static const uint8_t zeros[1 << 16];
	size_t left = FRAME_DATA_MAX + 1;

	write_header(&peer, (uint32_t)left, 1, FRAME_REQUEST, 0);
	/* Refused by its header alone. */
	expect_code(1, 1, TTRPC_RESOURCE_EXHAUSTED);
	while (left) {
		size_t part = left < sizeof(zeros) ? left : sizeof(zeros);

		peer_write(&peer, zeros, part);
		left -= part;
	}
	peer_ask(&peer, 3, "Echo", "behind it");
	expect_code(2, 3, TTRPC_OK);
	ck_assert_str_eq(peer.payload, "behind it");
}

END_TEST

START_TEST(even_and_reused_stream_ids_are_refused)
{
	peer_ask(&peer, 2, "Echo", "");
	expect_code(1, 2, TTRPC_INVALID_ARGUMENT);
	peer_ask(&peer, 0, "Echo", "");
	expect_code(2, 0, TTRPC_INVALID_ARGUMENT);
	peer_ask(&peer, 5, "Echo", "");
	expect_code(3, 5, TTRPC_OK);
	peer_ask(&peer, 5, "Echo", "");
	expect_code(4, 5, TTRPC_INVALID_ARGUMENT);
	peer_ask(&peer, 3, "Echo", "");
	expect_code(5, 3, TTRPC_INVALID_ARGUMENT);
	ck_assert_uint_eq(asked_count, 1);
}

END_TEST

START_TEST(streams_and_their_data_are_refused)
{
	struct envelope *envelope = request_of(1, "Echo", bytes_of(""));

	envelope->bytes[9] = FRAME_REMOTE_OPEN;
	peer_write(&peer, envelope->bytes, envelope->size);
	free(envelope);
	expect_code(1, 1, TTRPC_UNIMPLEMENTED);
	write_header(&peer, 0, 1, FRAME_DATA, FRAME_NO_DATA);
	expect_code(2, 1, TTRPC_INVALID_ARGUMENT);
	ck_assert_uint_eq(asked_count, 0);
}

END_TEST

START_TEST(unknown_types_and_responses_are_ignored)
{
	write_header(&peer, 3, 1, 9, 0);
	peer_write(&peer, "abc", 3);
	write_header(&peer, 0, 1, FRAME_RESPONSE, 0);
	write_header(&peer, 0, 1, 0, 255);
	peer_ask(&peer, 1, "Echo", "still here");
	expect_code(1, 1, TTRPC_OK);
}

END_TEST

START_TEST(what_is_no_request_is_refused)
{
	write_header(&peer, 4, 1, FRAME_REQUEST, 0);
	peer_write(&peer, "\xff\xff\xff\xff", 4);
	expect_code(1, 1, TTRPC_INVALID_ARGUMENT);
	/* An empty one is one, to nobody. */
	write_header(&peer, 0, 3, FRAME_REQUEST, 0);
	turn(2);
	ck_assert_uint_eq(asked_count, 1);
	ck_assert_str_eq(asked[0].service, "");
}

END_TEST

/* Two million fields of two bytes: each would be a struct of its own. */
START_TEST(a_request_that_unpacks_to_too_much_is_refused)
{
	size_t size = FRAME_DATA_MAX;
	uint8_t *bytes = malloc(size);
	size_t i;

	for (i = 0; i < size; i += 2) {
		bytes[i] = 5 << 3 | 2;
		bytes[i + 1] = 0;
	}
	write_header(&peer, (uint32_t)size, 1, FRAME_REQUEST, 0);
	peer_write(&peer, bytes, size);
	free(bytes);
	expect_code(1, 1, TTRPC_INVALID_ARGUMENT);
	ck_assert_uint_eq(asked_count, 0);
}

END_TEST

START_TEST(who_speaks_another_protocol_loses_the_connection)
{
	struct peer other = peer_open();

	peer_write(&other, "GET / HTTP/1.1\r\n\r\n", 18);
	peer_expect_end(&other);
	ck_assert_uint_eq(ended_count, 1);
	ck_assert_uint_eq(ended[0], 2);
	peer_close(&other);
	peer_ask(&peer, 1, "Echo", "untouched");
	expect_code(1, 1, TTRPC_OK);
}

END_TEST

START_TEST(a_connection_that_ends_within_a_frame_is_forgotten)
{
	struct peer other = peer_open();
	struct envelope *envelope = request_of(1, "Echo", bytes_of("half"));

	peer_write(&other, envelope->bytes, envelope->size / 2);
	turn(2);
	peer_close(&other);
	turn(4);
	free(envelope);
	ck_assert_uint_eq(ended_count, 1);
	ck_assert_uint_eq(asked_count, 0);
}

END_TEST

START_TEST(an_answer_to_nobody_is_dropped)
{
	struct peer other = peer_open();
	struct peer third;

	peer_ask(&other, 1, "Wait", "");
	turn(4);
	peer_close(&other);
	turn(4);
	ck_assert_uint_eq(ended_count, 1);
	ck_assert_uint_eq(ended[0], asked[0].call.connection);
	/* Whoever comes next is not taken for the one who asked. */
	third = peer_open();
	turn(2);
	ttrpc_answer(server, asked[0].call, bytes_of("too late"));
	ttrpc_answer_error(server, asked[0].call, TTRPC_INTERNAL, "too late");
	turn(4);
	ck_assert_int_eq(peer_read(&third), -EAGAIN);
	ck_assert_int_eq(third.responses, 0);
	peer_close(&third);
}

END_TEST

START_TEST(an_answer_while_the_peer_is_going_does_no_harm)
{
	struct peer other = peer_open();

	peer_ask(&other, 1, "Wait", "");
	turn(4);
	peer_close(&other);
	/* The server has not noticed yet. */
	ttrpc_answer(server, asked[0].call, bytes_of("too late"));
	turn(4);
	ck_assert_uint_eq(ended_count, 1);
	ck_assert(!ttrpc_server_is_sending(server));
}

END_TEST

START_TEST(requests_before_the_end_are_served)
{
	struct peer other = peer_open();

	peer_ask(&other, 1, "Echo", "");
	peer_ask(&other, 3, "Echo", "");
	peer_ask(&other, 5, "Wait", "");
	peer_close(&other);
	turn(6);
	ck_assert_uint_eq(asked_count, 3);
	ck_assert_uint_eq(ended_count, 1);
}

END_TEST

START_TEST(a_half_closed_connection_is_answered_to_the_last)
{
	peer_ask(&peer, 1, "Wait", "");
	peer_ask(&peer, 3, "Wait", "");
	ck_assert_int_eq(shutdown(peer.fd, SHUT_WR), 0);
	turn(6);
	ck_assert_uint_eq(ended_count, 0);
	ttrpc_answer(server, asked[0].call, bytes_of("one"));
	expect_code(1, 1, TTRPC_OK);
	ck_assert_uint_eq(ended_count, 0);
	ttrpc_answer(server, asked[1].call, bytes_of("two"));
	expect_code(2, 3, TTRPC_OK);
	/* Nothing is left to be said. */
	peer_expect_end(&peer);
	ck_assert_uint_eq(ended_count, 1);
}

END_TEST

START_TEST(who_never_reads_loses_the_connection_alone)
{
	struct peer deaf = peer_open();
	size_t size = 1 << 20;
	uint32_t stream = 1;

	while (ended_count == 0) {
		struct envelope *envelope =
			request_of(stream, "Big",
		                   (struct ttrpc_bytes){ &size, sizeof(size) });

		if (send(deaf.fd, envelope->bytes, envelope->size,
		         MSG_NOSIGNAL) < 0)
			ck_assert_int_eq(errno, EPIPE);
		free(envelope);
		turn(2);
		/* The kernel holds less than a MiB, the server 8. */
		ck_assert_int_lt(stream, 2 * 10);
		stream += 2;
	}
	ck_assert_uint_eq(ended[0], 2);
	ck_assert(!ttrpc_server_is_sending(server));
	peer_close(&deaf);
	peer_ask(&peer, 1, "Echo", "served");
	expect_code(1, 1, TTRPC_OK);
}

END_TEST

START_TEST(who_reads_late_gets_everything)
{
	size_t size = 1 << 20;
	uint32_t stream;

	for (stream = 1; stream < 10; stream += 2) {
		struct envelope *envelope =
			request_of(stream, "Big",
		                   (struct ttrpc_bytes){ &size, sizeof(size) });

		peer_write(&peer, envelope->bytes, envelope->size);
		free(envelope);
		turn(4);
	}
	ck_assert(ttrpc_server_is_sending(server));
	expect_code(5, 9, TTRPC_OK);
	ck_assert_uint_eq(peer.size, size);
	ck_assert(!ttrpc_server_is_sending(server));
}

END_TEST

START_TEST(who_sends_much_does_not_starve_the_others)
{
	struct envelope *envelope = request_of(1, "Wait", bytes_of(""));
	struct peer flood = peer_open();
	uint8_t bytes[1 << 15];
	size_t size = 0;

	/* Ids that are refused. */
	envelope->bytes[7] = 2;
	for (; size + envelope->size < sizeof(bytes); size += envelope->size)
		memcpy(bytes + size, envelope->bytes, envelope->size);
	turn(2);
	ck_assert_int_eq(send(flood.fd, bytes, size, MSG_NOSIGNAL), size);
	peer_ask(&peer, 1, "Echo", "me too");
	turn(1);
	peer_read(&peer);
	peer_read(&flood);
	ck_assert_int_eq(peer.responses, 1);
	/* Of the flood one part was taken meanwhile. */
	ck_assert_int_gt(flood.responses, 0);
	ck_assert_uint_le((size_t)flood.responses * envelope->size, size / 3);
	free(envelope);
	peer_close(&flood);
	turn(2);
}

END_TEST

START_TEST(many_connections_have_ids_of_their_own)
{
	enum {
		COUNT = 40
	};
	struct peer peers[COUNT];
	int i, j;

	for (i = 0; i < COUNT; i++) {
		peers[i] = peer_open();
		peer_ask(&peers[i], 1, "Wait", "");
	}
	turn(8);
	ck_assert_uint_eq(asked_count, COUNT);
	for (i = 0; i < COUNT; i++)
		for (j = 0; j < i; j++)
			ck_assert_uint_ne(asked[i].call.connection,
			                  asked[j].call.connection);
	for (i = COUNT; i-- > 0;)
		ttrpc_answer(server, asked[i].call, bytes_of("bye"));
	for (i = 0; i < COUNT; i++) {
		peer_expect(&peers[i], 1);
		peer_close(&peers[i]);
	}
	turn(8);
	ck_assert_uint_eq(ended_count, COUNT);
}

END_TEST

START_TEST(without_its_listener_the_server_goes_on)
{
	turn(2);
	ttrpc_server_stop_listening(server);
	ck_assert_int_eq(sys_connect_unix(SOCK_STREAM, server_path),
	                 -ECONNREFUSED);
	peer_ask(&peer, 1, "Echo", "yes");
	expect_code(1, 1, TTRPC_OK);
	ttrpc_server_stop_listening(server);
}

END_TEST

START_TEST(the_server_may_be_closed_by_what_it_serves)
{
	peer_ask(&peer, 1, "Close", "");
	peer_ask(&peer, 3, "Echo", "");
	turn(4);
	ck_assert_ptr_null(server);
	ck_assert_uint_eq(asked_count, 1);
	peer_expect_end(&peer);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("ttrpc");
	TCase *cases = tcase_create("server");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, begin, end);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, a_call_is_answered_on_its_stream);
	tcase_add_test(cases, an_error_has_its_code_and_text);
	tcase_add_test(cases, answers_may_come_in_any_order);
	tcase_add_test(cases, a_request_may_come_byte_by_byte);
	tcase_add_test(cases, several_requests_may_come_in_one_read);
	tcase_add_test(cases, the_largest_message_comes_and_goes);
	tcase_add_test(cases, an_answer_that_is_too_large_becomes_an_error);
	tcase_add_test(cases, an_oversized_request_is_refused_and_skipped);
	tcase_add_test(cases, even_and_reused_stream_ids_are_refused);
	tcase_add_test(cases, streams_and_their_data_are_refused);
	tcase_add_test(cases, unknown_types_and_responses_are_ignored);
	tcase_add_test(cases, what_is_no_request_is_refused);
	tcase_add_test(cases, a_request_that_unpacks_to_too_much_is_refused);
	tcase_add_test(cases, who_speaks_another_protocol_loses_the_connection);
	tcase_add_test(cases,
	               a_connection_that_ends_within_a_frame_is_forgotten);
	tcase_add_test(cases, an_answer_to_nobody_is_dropped);
	tcase_add_test(cases, an_answer_while_the_peer_is_going_does_no_harm);
	tcase_add_test(cases, requests_before_the_end_are_served);
	tcase_add_test(cases, a_half_closed_connection_is_answered_to_the_last);
	tcase_add_test(cases, who_never_reads_loses_the_connection_alone);
	tcase_add_test(cases, who_reads_late_gets_everything);
	tcase_add_test(cases, who_sends_much_does_not_starve_the_others);
	tcase_add_test(cases, many_connections_have_ids_of_their_own);
	tcase_add_test(cases, without_its_listener_the_server_goes_on);
	tcase_add_test(cases, the_server_may_be_closed_by_what_it_serves);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
