/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP in the loop: what a client sends, and what a service sees of it. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "fn/http.h"
#include "sys/socket.h"

static struct loop loop;
static struct http *http;
static struct http_port port;
static struct http_request *parked;
static char dir[] = "/tmp/fn_http.XXXXXX";
static char seen[4096]; /* what the service was told */
static size_t body_bytes;
static int body_result;
static int client;
static char got[1 << 16];
static size_t got_size;

/* ---- a service that notes what it sees, and answers by path */

static void note(const char *text)
{
	strncat(seen, text, sizeof(seen) - strlen(seen) - 1);
}

static void begin(struct http_request *request)
{
	note(http_request_method(request));
	note(http_request_path(request));
	note(" ");
	if (str_equal(http_request_path(request), "/early"))
		http_answer(request, 413, NULL, "early", 5);
}

static int body(struct http_request *request, const void *bytes, size_t size)
{
	(void)request;
	(void)bytes;
	body_bytes += size;
	return body_result;
}

static void complete(struct http_request *request)
{
	static const struct http_header headers[] = { { "X-A", "b" },
		                                      { NULL, NULL } };
	const char *trailer = http_request_header(request, "X-Late");

	note("complete ");
	if (trailer)
		note(trailer);
	if (str_equal(http_request_path(request), "/park"))
		parked = request;
	else if (str_equal(http_request_path(request), "/stream"))
		http_answer_stream(parked = request, 200, headers);
	else
		http_answer(request, 200, headers, "fine", 4);
}

static void gone(struct http_request *request)
{
	note("gone ");
	if (parked == request)
		parked = NULL;
}

static const struct http_service service = { begin, body, complete, gone };

/* ---- a client in the same loop */

static void stop(struct loop_timer *timer)
{
	(void)timer;
	loop_stop(&loop);
}

/* Let the server work, and take what comes. */
static void settle(void)
{
	struct loop_timer timer = { .expired = stop };
	struct error err;
	ssize_t size;
	int rounds;

	for (rounds = 0; rounds < 3; rounds++) {
		loop.stopped = false;
		loop_arm(&loop, &timer, 10);
		ck_assert_int_eq(loop_run(&loop, &err), 0);
		loop_disarm(&timer);
		while ((size = recv(client, got + got_size,
		                    sizeof(got) - 1 - got_size, MSG_DONTWAIT)) >
		       0)
			got_size += (size_t)size;
	}
	got[got_size] = '\0';
}

static void ask(const char *text)
{
	ck_assert_int_eq(send(client, text, strlen(text), MSG_NOSIGNAL),
	                 (int)strlen(text));
	settle();
}

static void setup(void)
{
	struct error err;
	int listener, at;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	at = open(dir, O_PATH | O_DIRECTORY);
	listener = sys_listen_unix(SOCK_STREAM, at, "s", 0600);
	ck_assert_int_eq(loop_open(&loop, &err), 0);
	ck_assert_int_eq(http_open(&loop, &http, &err), 0);
	port = (struct http_port){ .service = &service, .connections_max = 3 };
	ck_assert_int_eq(http_port_open(http, &port, listener, &err), 0);
	client = sys_connect_unix_at(SOCK_STREAM, at, "s");
	ck_assert_int_ge(client, 0);
	close(at);
}

static void teardown(void)
{
	char path[64];

	http_port_close(&port);
	http_close(http);
	loop_close(&loop);
	close(client);
	snprintf(path, sizeof(path), "%s/s", dir);
	unlink(path);
	rmdir(dir);
}

START_TEST(one_connection_serves_many_requests)
{
	ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_str_eq(seen, "GET/a complete gone ");
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 200"));
	ck_assert_ptr_nonnull(strstr(got, "X-A: b"));
	got_size = 0;
	ask("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
	ck_assert_uint_eq(body_bytes, 3);
	ck_assert_ptr_nonnull(strstr(got, "fine"));
	ck_assert_uint_eq(port.connections_count, 1);
}

END_TEST

START_TEST(trailers_are_known_when_all_is_there)
{
	ask("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	    "Trailer: X-Late\r\n\r\n3\r\nabc\r\n");
	ck_assert_uint_eq(body_bytes, 3);
	ck_assert_str_eq(seen, "POST/c ");
	ask("0\r\nX-Late: error\r\n\r\n");
	ck_assert_str_eq(seen, "POST/c complete errorgone ");
}

END_TEST

START_TEST(what_is_refused_early_is_read_to_its_end)
{
	ask("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
	ck_assert_uint_eq(got_size, 0);
	ask("def");
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 413"));
	ck_assert_uint_eq(body_bytes, 0);
	got_size = 0;
	/* Who waits to be asked for the body is told at once. */
	ask("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n"
	    "Expect: 100-continue\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 413"));
}

END_TEST

START_TEST(a_parked_request_is_answered_later)
{
	ask("GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_uint_eq(got_size, 0);
	ck_assert_ptr_nonnull(parked);
	http_answer(parked, 200, NULL, "late", 4);
	settle();
	ck_assert_ptr_nonnull(strstr(got, "late"));
	ck_assert_ptr_null(parked);
}

END_TEST

START_TEST(pieces_arrive_as_they_are_sent)
{
	ask("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(got, "chunked"));
	ck_assert_int_eq(http_send(parked, "one", 3), 0);
	settle();
	ck_assert_ptr_nonnull(strstr(got, "one"));
	ck_assert_int_eq(http_send(parked, "two", 3), 0);
	settle();
	ck_assert_ptr_nonnull(strstr(got, "two"));
	ck_assert_ptr_null(strstr(got, "\r\n0\r\n"));
	http_finish(parked, false);
	settle();
	ck_assert_ptr_nonnull(strstr(got, "\r\n0\r\n\r\n"));
}

END_TEST

START_TEST(a_failed_stream_has_no_end)
{
	ask("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	http_send(parked, "one", 3);
	http_finish(parked, true);
	settle();
	ck_assert_ptr_nonnull(strstr(got, "one"));
	ck_assert_ptr_null(strstr(got, "\r\n0\r\n\r\n"));
	ck_assert_int_eq(recv(client, got, 1, MSG_DONTWAIT), 0);
}

END_TEST

START_TEST(who_takes_nothing_is_not_waited_for)
{
	char *bytes = calloc(1, 1 << 20);
	int i, result = 0;

	ask("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	for (i = 0; i < 64 && result == 0; i++)
		result = http_send(parked, bytes, 1 << 20);
	ck_assert_int_eq(result, -ENOBUFS);
	free(bytes);
}

END_TEST

static const char *const malformed[] = {
	"\r\n\r\n\1\2\3 \r\n\r\n",
	"GET\r\n\r\n",
	"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
	("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "zz\r\n"),
};

START_TEST(a_malformed_request_ends_its_connection_alone)
{
	ask(malformed[_i]);
	ck_assert_ptr_null(strstr(seen, "complete"));
	ck_assert_ptr_null(strstr(got, "200"));
	ck_assert_uint_eq(port.connections_count, 0);
}

END_TEST

START_TEST(a_service_can_refuse_a_body)
{
	body_result = -EMSGSIZE;
	ask("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
	ck_assert_str_eq(seen, "POST/x gone ");
	ck_assert_uint_eq(got_size, 0);
}

END_TEST

START_TEST(more_connections_than_allowed_wait)
{
	char path[64];
	int more[5], i;

	snprintf(path, sizeof(path), "%s/s", dir);
	for (i = 0; i < 5; i++)
		more[i] = sys_connect_unix(SOCK_STREAM, path);
	settle();
	ck_assert_uint_eq(port.connections_count, 3);
	for (i = 0; i < 5; i++)
		close(more[i]);
	settle();
	ck_assert_uint_eq(port.connections_count, 1);
}

END_TEST

/* Nothing is told any more, be it parked, streaming or half read. */
static const char *const unfinished[] = {
	"GET /park HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na",
	"GET /x HT",
};

START_TEST(a_closed_port_cuts_its_connections)
{
	char before[sizeof(seen)];

	ask(unfinished[_i]);
	strcpy(before, seen);
	http_port_close(&port);
	settle();
	ck_assert_str_eq(seen, before);
	ck_assert_int_eq(recv(client, got, 1, MSG_DONTWAIT), 0);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("fn_http");
	TCase *tests = tcase_create("fn_http");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, one_connection_serves_many_requests);
	tcase_add_test(tests, trailers_are_known_when_all_is_there);
	tcase_add_test(tests, what_is_refused_early_is_read_to_its_end);
	tcase_add_test(tests, a_parked_request_is_answered_later);
	tcase_add_test(tests, pieces_arrive_as_they_are_sent);
	tcase_add_test(tests, a_failed_stream_has_no_end);
	tcase_add_test(tests, who_takes_nothing_is_not_waited_for);
	tcase_add_loop_test(tests,
	                    a_malformed_request_ends_its_connection_alone, 0,
	                    (int)ARRAY_SIZE(malformed));
	tcase_add_test(tests, a_service_can_refuse_a_body);
	tcase_add_test(tests, more_connections_than_allowed_wait);
	tcase_add_loop_test(tests, a_closed_port_cuts_its_connections, 0,
	                    (int)ARRAY_SIZE(unfinished));
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
