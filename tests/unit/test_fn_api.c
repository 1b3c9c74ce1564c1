/* SPDX-License-Identifier: Apache-2.0 */
/* The Runtime API's states, and the lines about an invocation. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fn/invocation.h"
#include "fn/runtime_api.h"

#define ID    "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
#define OTHER "8476a536-e9f4-11e8-9739-2dfe598c3fce"

/* ---- what a request asks for */

static const struct {
	const char *method;
	const char *path;
	unsigned int refused;
	enum api_call call;
	const char *id;
} requests[] = {
	{ "GET", "/2018-06-01/runtime/invocation/next", 0, API_NEXT, "" },
	{ "POST", "/2018-06-01/runtime/invocation/x/response", 0, API_RESPONSE,
	  "x" },
	{ "POST", "/2018-06-01/runtime/invocation/" ID "/error", 0, API_ERROR,
	  ID },
	{ "POST", "/2018-06-01/runtime/invocation//error", 0, API_ERROR, "" },
	{ "POST", "/2018-06-01/runtime/init/error", 0, API_INIT_ERROR, "" },
	{ "POST", "/2018-06-01/runtime/invocation/next", 405, 0, NULL },
	{ "GET", "/2018-06-01/runtime/init/error", 405, 0, NULL },
	{ "GET", "/2018-06-01/runtime/invocation/x/response", 405, 0, NULL },
	{ "GET", "/2018-06-01/runtime/invocation/next/", 404, 0, NULL },
	{ "POST", "/2018-06-01/runtime/invocation/x/y/response", 404, 0, NULL },
	{ "POST", "/2018-06-01/runtime/invocation/x", 404, 0, NULL },
	{ "GET", "/2018-06-01/extension/register", 404, 0, NULL },
	{ "GET", "/2015-03-31/runtime/invocation/next", 404, 0, NULL },
	{ "GET", "", 404, 0, NULL },
};

START_TEST(a_path_is_a_call_or_refused)
{
	enum api_call call = API_NEXT;
	const char *id;
	size_t length;
	struct api_refusal refusal = api_parse(
		requests[_i].method, requests[_i].path, &call, &id, &length);

	ck_assert_uint_eq(refusal.status, requests[_i].refused);
	if (refusal.status)
		return;
	ck_assert_uint_eq(call, requests[_i].call);
	ck_assert_uint_eq(length, strlen(requests[_i].id));
	ck_assert(memcmp(id, requests[_i].id, length) == 0);
}

END_TEST

/* ---- what may follow what */

static const struct {
	enum api_state state;
	enum api_call call;
	const char *id;
	unsigned int refused;
	enum api_state then;
} moves[] = {
	{ API_INIT, API_NEXT, "", 0, API_PARKED },
	{ API_INIT, API_INIT_ERROR, "", 0, API_INIT },
	{ API_INIT, API_RESPONSE, ID, 403, API_INIT },
	{ API_INIT, API_ERROR, ID, 403, API_INIT },
	/* Its client gave up waiting, and waits anew. */
	{ API_PARKED, API_NEXT, "", 0, API_PARKED },
	{ API_PARKED, API_RESPONSE, ID, 403, API_PARKED },
	{ API_PARKED, API_INIT_ERROR, "", 403, API_PARKED },
	{ API_RUNNING, API_RESPONSE, ID, 0, API_ANSWERING },
	{ API_RUNNING, API_ERROR, ID, 0, API_ANSWERING },
	{ API_RUNNING, API_RESPONSE, OTHER, 400, API_RUNNING },
	{ API_RUNNING, API_ERROR, "", 400, API_RUNNING },
	{ API_RUNNING, API_NEXT, "", 403, API_RUNNING },
	{ API_RUNNING, API_INIT_ERROR, "", 403, API_RUNNING },
	{ API_ANSWERING, API_RESPONSE, ID, 403, API_ANSWERING },
	{ API_ANSWERING, API_NEXT, "", 403, API_ANSWERING },
	{ API_ANSWERED, API_NEXT, "", 0, API_PARKED },
	{ API_ANSWERED, API_RESPONSE, ID, 403, API_ANSWERED },
	{ API_ANSWERED, API_ERROR, OTHER, 400, API_ANSWERED },
};

START_TEST(only_what_follows_is_allowed_and_all_else_spoils)
{
	struct api api = { .state = moves[_i].state, .id = ID };
	struct api_refusal refusal = api_begin(
		&api, moves[_i].call, moves[_i].id, strlen(moves[_i].id));

	ck_assert_uint_eq(refusal.status, moves[_i].refused);
	ck_assert_uint_eq(api.state, moves[_i].then);
	ck_assert(api.spoiled == (moves[_i].refused != 0));
}

END_TEST

START_TEST(a_broken_answer_may_be_sent_again)
{
	struct api api = { .state = API_PARKED };

	api_dispatch(&api, ID);
	ck_assert_uint_eq(api.state, API_RUNNING);
	ck_assert_uint_eq(api_begin(&api, API_RESPONSE, ID, 36).status, 0);
	api_break(&api);
	ck_assert_uint_eq(api_begin(&api, API_RESPONSE, ID, 36).status, 0);
	api_finish(&api);
	ck_assert_uint_eq(api.state, API_ANSWERED);
	ck_assert(!api.spoiled);
}

END_TEST

/* ---- invocations */

START_TEST(ids_are_random_uuids)
{
	char a[INVOCATION_ID_SIZE], b[INVOCATION_ID_SIZE];

	invocation_make_id(a);
	invocation_make_id(b);
	ck_assert_uint_eq(strlen(a), 36);
	ck_assert_str_ne(a, b);
	ck_assert_int_eq(a[14], '4');
	ck_assert_ptr_nonnull(strchr("89ab", a[19]));
}

END_TEST

static const struct {
	uint64_t init_us, duration_us, billed_ms;
} bills[] = {
	{ 0, 0, 0 },
	{ 0, 1, 1 },
	{ 0, 1000, 1 },
	{ 0, 1001, 2 },
	{ 999, 1, 1 },
	{ 35000, 700, 36 },
	{ UINT64_MAX, 5000, 5 },
};

START_TEST(every_begun_millisecond_is_billed)
{
	struct invocation_cost cost = {
		.init_us = bills[_i].init_us,
		.duration_us = bills[_i].duration_us,
	};

	ck_assert_uint_eq(invocation_billed_ms(&cost), bills[_i].billed_ms);
}

END_TEST

START_TEST(the_report_says_what_is_known)
{
	struct arena arena = { 0 };
	const struct function function = { .memory_mb = 128,
		                           .version = "0123456789abcdef" };
	struct invocation invocation = {
		.id = ID,
		.cost = { .init_us = 12340,
		          .duration_us = 5678,
		          .max_memory_bytes = 1024 * 1024 + 1 },
	};

	ck_assert_str_eq(invocation_start_line(&arena, &invocation, &function),
	                 "START RequestId: " ID " Version: 0123456789ab\n");
	ck_assert_str_eq(invocation_end_lines(&arena, &invocation, &function,
	                                      INVOCATION_OK),
	                 "END RequestId: " ID "\nREPORT RequestId: " ID
	                 "\tDuration: 5.67 ms\tBilled Duration: 19 ms"
	                 "\tMemory Size: 128 MB\tMax Memory Used: 2 MB"
	                 "\tInit Duration: 12.34 ms\n");
	invocation.cost.init_us = 0;
	invocation.cost.max_memory_bytes = UINT64_MAX;
	ck_assert_str_eq(invocation_end_lines(&arena, &invocation, &function,
	                                      INVOCATION_TIMEOUT),
	                 "END RequestId: " ID "\nREPORT RequestId: " ID
	                 "\tDuration: 5.67 ms\tBilled Duration: 6 ms"
	                 "\tMemory Size: 128 MB\tStatus: timeout\n");
	arena_release(&arena);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("fn_api");
	TCase *tests = tcase_create("fn_api");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, a_path_is_a_call_or_refused, 0,
	                    (int)ARRAY_SIZE(requests));
	tcase_add_loop_test(tests,
	                    only_what_follows_is_allowed_and_all_else_spoils, 0,
	                    (int)ARRAY_SIZE(moves));
	tcase_add_test(tests, a_broken_answer_may_be_sent_again);
	tcase_add_test(tests, ids_are_random_uuids);
	tcase_add_loop_test(tests, every_begun_millisecond_is_billed, 0,
	                    (int)ARRAY_SIZE(bills));
	tcase_add_test(tests, the_report_says_what_is_known);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
