/* SPDX-License-Identifier: Apache-2.0 */
/* What serve and feed read and write: requests, frames, batches. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fn/base64.h"
#include "fn/crc32.h"
#include "fn/eventstream.h"
#include "fn/feed_batch.h"
#include "fn/lambda_route.h"
#include "fn/metrics.h"

static struct arena arena;

static void end(void)
{
	arena_release(&arena);
}

START_TEST(the_crc_is_that_of_zip)
{
	ck_assert_uint_eq(crc32_add(0, "123456789", 9), 0xcbf43926U);
	ck_assert_uint_eq(crc32_add(crc32_add(0, "1234", 4), "56789", 5),
	                  0xcbf43926U);
	ck_assert_uint_eq(crc32_add(0, NULL, 0), 0);
}

END_TEST

/* RFC 4648 section 10. */
static const struct {
	const char *plain;
	const char *coded;
} codes[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xff\xfe\xfd", "//79" },
};

START_TEST(base64_goes_both_ways)
{
	size_t size;

	ck_assert_str_eq(base64_encode(&arena, codes[_i].plain,
	                               strlen(codes[_i].plain)),
	                 codes[_i].coded);
	ck_assert_str_eq(base64_decode(&arena, codes[_i].coded, &size),
	                 codes[_i].plain);
	ck_assert_uint_eq(size, strlen(codes[_i].plain));
}

END_TEST

static const char *const no_codes[] = { "Z", "Zg=",  "Zg==Zg==", "Z*==",
	                                "=", "====", "Zm9v\n" };

START_TEST(what_is_not_base64_is_refused)
{
	size_t size = 7;

	ck_assert_ptr_null(base64_decode(&arena, no_codes[_i], &size));
	ck_assert_uint_eq(size, 7);
}

END_TEST

static uint32_t get_u32(const uint8_t *place)
{
	return (uint32_t)place[0] << 24 | (uint32_t)place[1] << 16 |
	       (uint32_t)place[2] << 8 | place[3];
}

START_TEST(a_frame_says_its_lengths_and_sums)
{
	uint8_t head[EVENTSTREAM_HEAD_MAX + 5];
	uint8_t tail[EVENTSTREAM_TAIL];
	size_t size = eventstream_frame(EVENTSTREAM_PAYLOAD_CHUNK, "hello", 5,
	                                head, tail);

	ck_assert_uint_le(size, EVENTSTREAM_HEAD_MAX);
	ck_assert_uint_eq(get_u32(head), size + 5 + 4);
	ck_assert_uint_eq(get_u32(head + 4), size - 12);
	ck_assert_uint_eq(get_u32(head + 8), crc32_add(0, head, 8));
	ck_assert_int_eq(memcmp(head + 12,
	                        "\x0d:message-type\x07\0\x05"
	                        "event\x0b:event-type\x07\0\x0c"
	                        "PayloadChunk",
	                        14 + 3 + 5 + 12 + 3 + 12),
	                 0);
	memcpy(head + size, "hello", 5);
	ck_assert_uint_eq(get_u32(tail), crc32_add(0, head, size + 5));
}

END_TEST

#define ARN "arn:aws:lambda:eu-west-1:123456789012:function:"

static const struct {
	const char *method;
	const char *path;
	enum lambda_route route;
	const char *name;
	const char *qualifier;
} routes[] = {
	{ "POST", "/2015-03-31/functions/f/invocations", LAMBDA_INVOKE, "f",
	  "" },
	{ "POST", "/2015-03-31/functions/f:$LATEST/invocations", LAMBDA_INVOKE,
	  "f", "$LATEST" },
	{ "POST", "/2015-03-31/functions/" ARN "f/invocations", LAMBDA_INVOKE,
	  "f", "" },
	{ "POST", "/2015-03-31/functions/" ARN "f:v1/invocations",
	  LAMBDA_INVOKE, "f", "v1" },
	{ "POST", "/2015-03-31/functions/123456789012:function:f/invocations",
	  LAMBDA_INVOKE, "f", "" },
	{ "POST", "/2015-03-31/functions/../invocations", LAMBDA_INVOKE, "",
	  "" },
	{ "POST", "/2015-03-31/functions//invocations", LAMBDA_INVOKE, "", "" },
	{ "POST", "/2021-11-15/functions/f/response-streaming-invocations",
	  LAMBDA_STREAM, "f", "" },
	{ "GET", "/metrics", LAMBDA_METRICS, "", "" },
	{ "GET", "/healthz", LAMBDA_HEALTH, "", "" },
	{ "POST", "/metrics", LAMBDA_METHOD, "", "" },
	{ "GET", "/2015-03-31/functions/f/invocations", LAMBDA_METHOD, "f",
	  "" },
	{ "GET", "/2015-03-31/functions/f", LAMBDA_UNKNOWN, "", "" },
	{ "POST", "/2015-03-31/functions/f/invocations/", LAMBDA_UNKNOWN, "",
	  "" },
	{ "GET", "", LAMBDA_UNKNOWN, "", "" },
};

START_TEST(paths_are_what_they_are_for)
{
	struct lambda_target target = { .name = "" };

	ck_assert_int_eq(lambda_parse(routes[_i].method, routes[_i].path,
	                              &target),
	                 routes[_i].route);
	ck_assert_str_eq(target.name, routes[_i].name);
	ck_assert_str_eq(target.qualifier, routes[_i].qualifier);
}

END_TEST

START_TEST(names_that_are_too_long_are_none)
{
	struct lambda_target target;
	char path[512];

	snprintf(path, sizeof(path), "/2015-03-31/functions/%065d/invocations",
	         1);
	lambda_parse("POST", path, &target);
	ck_assert_str_eq(target.name, "");
	snprintf(path, sizeof(path), "/2015-03-31/functions/%064d/invocations",
	         1);
	lambda_parse("POST", path, &target);
	ck_assert_uint_eq(strlen(target.name), 64);
	snprintf(path, sizeof(path),
	         "/2015-03-31/functions/f:%0129d/invocations", 1);
	lambda_parse("POST", path, &target);
	ck_assert_str_eq(target.name, "");
}

END_TEST

START_TEST(types_and_qualifiers_are_checked)
{
	ck_assert_int_eq(lambda_parse_type(NULL), LAMBDA_SYNC);
	ck_assert_int_eq(lambda_parse_type("RequestResponse"), LAMBDA_SYNC);
	ck_assert_int_eq(lambda_parse_type("Event"), LAMBDA_EVENT);
	ck_assert_int_eq(lambda_parse_type("DryRun"), LAMBDA_DRY_RUN);
	ck_assert_int_eq(lambda_parse_type("event"), LAMBDA_NO_TYPE);
	ck_assert(lambda_qualifies("", "0123456789"));
	ck_assert(lambda_qualifies("$LATEST", "0123456789"));
	ck_assert(lambda_qualifies("01234567", "0123456789"));
	ck_assert(!lambda_qualifies("0123456", "0123456789"));
	ck_assert(!lambda_qualifies("01234568", "0123456789"));
	ck_assert(!lambda_qualifies("01234567890", "0123456789"));
}

END_TEST

/* ---- batches */

static enum batch_verdict add(struct feed_batch *batch, const char *line,
                              uint64_t number)
{
	return batch_add(batch, line, strlen(line), number, 1000);
}

START_TEST(a_batch_is_a_document_of_its_lines)
{
	struct feed_batch batch = { .arena = &arena, .most = 2 };

	ck_assert_int_eq(add(&batch, "{\"a\":1}", 7), BATCH_TAKEN);
	ck_assert(!batch_is_full(&batch));
	ck_assert_int_eq(add(&batch, "\"\\u0000\"", 9), BATCH_TAKEN);
	ck_assert(batch_is_full(&batch));
	ck_assert_int_eq(add(&batch, "3", 10), BATCH_FULL);
	ck_assert_uint_eq(batch.first, 7);
	ck_assert_uint_eq(batch.last, 9);
	ck_assert_str_eq(batch_document(&batch),
	                 "{\"Records\":["
	                 "{\"messageId\":\"7\",\"body\":\"{\\\"a\\\":1}\","
	                 "\"eventSource\":\"runf:feed\","
	                 "\"attributes\":{\"SentTimestamp\":\"1000\"}},"
	                 "{\"messageId\":\"9\",\"body\":\"\\\"\\\\u0000\\\"\","
	                 "\"eventSource\":\"runf:feed\","
	                 "\"attributes\":{\"SentTimestamp\":\"1000\"}}]}");
}

END_TEST

START_TEST(what_is_not_json_is_in_no_batch)
{
	struct feed_batch batch = { .arena = &arena, .most = 9 };

	ck_assert_int_eq(add(&batch, "{", 1), BATCH_NOT_JSON);
	ck_assert_int_eq(add(&batch, "1 2", 1), BATCH_NOT_JSON);
	ck_assert_int_eq(add(&batch, "// 1", 1), BATCH_NOT_JSON);
	ck_assert_int_eq(batch_add(&batch, "1\0", 2, 1, 0), BATCH_NOT_JSON);
	ck_assert_uint_eq(batch.count, 0);
}

END_TEST

START_TEST(a_batch_is_bounded_in_bytes)
{
	struct feed_batch batch = { .arena = &arena, .most = 9 };
	size_t size = BATCH_BYTES_MAX / 2;
	char *line = arena_alloc(&arena, BATCH_BYTES_MAX + 2);

	memset(line, '1', BATCH_BYTES_MAX + 1);
	ck_assert_int_eq(batch_add(&batch, line, BATCH_BYTES_MAX, 1, 0),
	                 BATCH_TOO_LONG);
	ck_assert_int_eq(batch_add(&batch, line, size, 1, 0), BATCH_TAKEN);
	ck_assert_int_eq(batch_add(&batch, line, size, 2, 0), BATCH_FULL);
	ck_assert_uint_eq(batch.last, 1);
	ck_assert_uint_le(strlen(batch_document(&batch)), BATCH_BYTES_MAX);
}

END_TEST

static bool failures(const char *response)
{
	return batch_has_failures(&arena, response, strlen(response));
}

START_TEST(items_that_failed_are_seen)
{
	ck_assert(failures("{\"batchItemFailures\":"
	                   "[{\"itemIdentifier\":\"7\"}]}"));
	ck_assert(!failures("{\"batchItemFailures\":[]}"));
	ck_assert(!failures("{}"));
	ck_assert(!failures("[]"));
	ck_assert(!failures("nothing"));
	ck_assert(!failures(""));
}

END_TEST

/* ---- metrics */

START_TEST(buckets_add_up)
{
	struct invocation invocation = { .cost = { .start = START_FROZEN,
		                                   .duration_us = 400 } };
	struct metrics metrics = { .throttled = 3 };
	struct metrics_row row = { .function = "f", .metrics = &metrics };
	struct buf buf = { .arena = &arena };

	invocation.cost.cpu_user_us = UINT64_MAX;
	invocation.cost.cpu_system_us = 1500000;
	invocation.cost.max_memory_bytes = UINT64_MAX;
	metrics_add(&metrics, &invocation, INVOCATION_OK);
	invocation.cost.duration_us = 500000000;
	metrics_add(&metrics, &invocation, INVOCATION_TIMEOUT);
	metrics_write(&buf, &row, 1);
#define HAS(line) ck_assert_ptr_nonnull(strstr(buf_str(&buf), line "\n"))
	HAS("runf_fn_invocations_total{function=\"f\",status=\"ok\","
	    "start=\"frozen\"} 1");
	HAS("runf_fn_invocations_total{function=\"f\",status=\"timeout\","
	    "start=\"frozen\"} 1");
	HAS("runf_fn_duration_seconds_bucket{function=\"f\",le=\"0.00025\"} 0");
	HAS("runf_fn_duration_seconds_bucket{function=\"f\",le=\"0.0005\"} 1");
	HAS("runf_fn_duration_seconds_bucket{function=\"f\",le=\"100\"} 1");
	HAS("runf_fn_duration_seconds_bucket{function=\"f\",le=\"+Inf\"} 2");
	HAS("runf_fn_duration_seconds_count{function=\"f\"} 2");
	HAS("runf_fn_duration_seconds_sum{function=\"f\"} 500.000400");
	HAS("runf_fn_cpu_seconds_total{function=\"f\"} 3.000000");
	HAS("runf_fn_memory_peak_bytes{function=\"f\"} 0");
	HAS("runf_fn_throttled_total{function=\"f\"} 3");
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("fn_wire");
	TCase *cases = tcase_create("wire");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, NULL, end);
	tcase_add_test(cases, the_crc_is_that_of_zip);
	tcase_add_loop_test(cases, base64_goes_both_ways, 0, ARRAY_SIZE(codes));
	tcase_add_loop_test(cases, what_is_not_base64_is_refused, 0,
	                    ARRAY_SIZE(no_codes));
	tcase_add_test(cases, a_frame_says_its_lengths_and_sums);
	tcase_add_loop_test(cases, paths_are_what_they_are_for, 0,
	                    ARRAY_SIZE(routes));
	tcase_add_test(cases, names_that_are_too_long_are_none);
	tcase_add_test(cases, types_and_qualifiers_are_checked);
	tcase_add_test(cases, a_batch_is_a_document_of_its_lines);
	tcase_add_test(cases, what_is_not_json_is_in_no_batch);
	tcase_add_test(cases, a_batch_is_bounded_in_bytes);
	tcase_add_test(cases, items_that_failed_are_seen);
	tcase_add_test(cases, buckets_add_up);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
