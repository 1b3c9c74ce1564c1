/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what is read, what is refused and where, what is written. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "json/json.h"
#include "json/utf8.h"

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

static const struct json_value *parse(const char *text)
{
	const struct json_value *root = NULL;
	struct error err = { 0 };

	ck_assert_msg(json_parse(&arena, text, strlen(text), "t", &root,
	                         &err) == 0,
	              "%s: %s", text, err.text);
	return root;
}

static const char *rewrite(const char *text, const char *indent)
{
	struct json_writer w = { .buf.arena = &arena, .indent = indent };

	json_put_value(&w, NULL, parse(text));
	ck_assert_uint_eq(w.depth, 0);
	return buf_str(&w.buf);
}

/* Compact documents that must come out as they went in. */
static const char *const stable[] = {
	"null",
	"true",
	"-12.5e3",
	"\"a/b\"",
	"[]",
	"{}",
	"[[],{},[{}]]",
	"{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\"}}",
	"{\"a\":1,\"a\":2}",
	"\"\\b\\f\\n\\r\\t\\\"\\\\\\u0001\\u001f\"",
	"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
	"[18446744073709551616,1e400]",
};

START_TEST(a_document_is_written_as_it_was_read)
{
	ck_assert_str_eq(rewrite(stable[_i], ""), stable[_i]);
}

END_TEST

struct text_row {
	const char *text;
	const char *expected;
};

static const struct text_row escapes[] = {
	{ "\"\\/\"", "\"/\"" },
	{ "\"\\u00e4\"", "\"\xc3\xa4\"" },
	{ "\"\\ud83d\\uDE00\"", "\"\xf0\x9f\x98\x80\"" },
	{ "\"\\\\ud83d\"", "\"\\\\ud83d\"" },
	{ "\"\\udbff\\udfff\"", "\"\xf4\x8f\xbf\xbf\"" },
	{ "\"\\ue000\\ud7ff\"", "\"\xee\x80\x80\xed\x9f\xbf\"" },
	{ "[\"x\\\\\",\"\\u0041\"]", "[\"x\\\\\",\"A\"]" },
	{ "{\"\\u006bey\\\"\":0}", "{\"key\\\"\":0}" },
	{ "\"\\\"\\\\\\\"\\u0042\"", "\"\\\"\\\\\\\"B\"" },
};

START_TEST(escapes_are_decoded)
{
	ck_assert_str_eq(rewrite(escapes[_i].text, ""), escapes[_i].expected);
}

END_TEST

struct fault_row {
	const char *text;
	unsigned int line;
	const char *message;
};

static const struct fault_row refused[] = {
	{ "", 1, "" },
	{ "  \n ", 1, "" },
	{ "{", 1, "premature EOF" },
	{ "{\n\"a\": [1,\n2\n", 3, "premature EOF" },
	{ "[1,\n2,\n]", 3, "" },
	{ "[1] 2", 1, "trailing garbage" },
	{ "{}\n\n{}", 3, "trailing garbage" },
	{ "\xef\xbb\xbf{}", 1, "byte order mark" },
	{ "{ // c\n}", 1, "" },
	{ "\n/* c */ 1", 2, "" },
	{ "{\"a\" 1}", 1, "colon" },
	{ "{\n1: 2}", 2, "object key" },
	{ "'a'", 1, "" },
	{ "nul", 1, "" },
	{ "[NaN]", 1, "" },
	{ "[-]", 1, "" },
	{ "[1.]", 1, "" },
	{ "[1e]", 1, "" },
	{ "\"a\nb\"", 1, "invalid character" },
	{ "[1,\n\"a\\u0000b\"]", 2, "\\u0000" },
	{ "{\"a\\u0000\": 1}", 1, "\\u0000" },
	{ "\"\\ud800\"", 1, "half of a pair" },
	{ "\"\\ud800x\"", 1, "half of a pair" },
	{ "\"\\ud800\\n\"", 1, "half of a pair" },
	{ "\"\\ud800\\ud800\"", 1, "half of a pair" },
	{ "\"\\udc00\"", 1, "half of a pair" },
	{ "\"\\ud900\"", 1, "half of a pair" },
	{ "\"\\ud800\\ue000\"", 1, "half of a pair" },
	{ "\"\\ud800\\ndc00\"", 1, "half of a pair" },
	{ "\"\\ud800xudc00\"", 1, "half of a pair" },
	{ "\"\\ud800\\\"\"", 1, "half of a pair" },
	{ "\"\\ud800\\\\\\\"x\\\\\"", 1, "half of a pair" },
	{ "[\"\\\\\",\"\\ud800\"]", 1, "half of a pair" },
	{ "\"\\x\"", 1, "" },
	{ "\"\\u12g4\"", 1, "" },
	{ "\n\n\"\xc0\xaf\"", 3, "UTF-8" },
	{ "\"\xed\xa0\x80\"", 1, "UTF-8" },
	{ "\"\xe2\x82\"", 1, "UTF-8" },
	{ "\"\xf4\x90\x80\x80\"", 1, "UTF-8" },
	{ "\"\x80\"", 1, "UTF-8" },
	{ "{\"\xff\": 1}", 1, "UTF-8" },
};

/* C058 */
START_TEST(a_faulty_document_is_refused_with_its_line)
{
	const struct fault_row *row = &refused[_i];
	const struct json_value *root = NULL;
	struct error err = { 0 };
	char start[16];

	ck_assert_int_eq(json_parse(&arena, row->text, strlen(row->text), "doc",
	                            &root, &err),
	                 -EINVAL);
	ck_assert_ptr_null(root);
	ck_assert_int_eq(err.kind, ERROR_CONFIG);
	snprintf(start, sizeof(start), "doc:%u: ", row->line);
	ck_assert_msg(str_after(err.text, start) != NULL, "%s: %s", row->text,
	              err.text);
	ck_assert_msg(strstr(err.text, row->message) != NULL, "%s: %s",
	              row->text, err.text);
	ck_assert_int_ne(err.text[strlen(err.text) - 1], '\n');
}

END_TEST

/* A097 */
START_TEST(a_nul_byte_is_refused)
{
	static const char text[] = "[1]\0";
	const struct json_value *root;
	struct json_fault fault;

	ck_assert_int_eq(json_scan(&arena, text, sizeof(text) - 1, &root,
	                           &fault),
	                 -EINVAL);
	ck_assert_int_eq(json_scan(&arena, NULL, 0, &root, &fault), -EINVAL);
}

END_TEST

/* OPEN, DEPTH times, then CLOSE as often. */
static const char *nest(char open, char close, size_t depth)
{
	char *text = arena_alloc(&arena, 2 * depth + 1);

	memset(text, open, depth);
	memset(text + depth, close, depth);
	return text;
}

/* D040 */
START_TEST(depth_is_limited)
{
	const struct json_value *root;
	struct json_fault fault;
	const char *text = nest('[', ']', JSON_MAX_DEPTH);

	ck_assert_int_eq(json_scan(&arena, text, strlen(text), &root, &fault),
	                 0);
	text = nest('[', ']', JSON_MAX_DEPTH + 1);
	ck_assert_int_eq(json_scan(&arena, text, strlen(text), &root, &fault),
	                 -EINVAL);
	ck_assert_str_eq(fault.text, "nested too deeply");
}

END_TEST

/* D040 */
START_TEST(size_and_count_are_limited)
{
	const struct json_value *root;
	struct json_fault fault;
	size_t length = 2 * JSON_MAX_VALUES + 3;
	char *text = arena_alloc(&arena, length);

	for (size_t i = 0; i < length; i++)
		text[i] = i % 2 ? '0' : ',';
	text[0] = '[';
	text[length - 1] = ']';
	ck_assert_int_eq(json_scan(&arena, text, length, &root, &fault),
	                 -EINVAL);
	ck_assert_str_eq(fault.text, "too many values");
	ck_assert_int_eq(json_scan(&arena, text, JSON_MAX_BYTES + 1, &root,
	                           &fault),
	                 -EINVAL);
	ck_assert_str_eq(fault.text, "the document is too large");
}

END_TEST

/* Quadratic time in the number of backslashes would not end here. */
START_TEST(long_escapes_take_linear_time)
{
	const struct json_value *root = NULL;
	struct json_fault fault;
	size_t length = 8 * 1024 * 1024;
	char *text = arena_alloc(&arena, length);

	memset(text, '\\', length);
	text[0] = '"';
	text[length - 1] = '"';
	ck_assert_int_eq(json_scan(&arena, text, length, &root, &fault), 0);
	ck_assert_uint_eq(root->length, length / 2 - 1);
}

END_TEST

START_TEST(values_know_where_they_stand)
{
	const char *text = "{\"a\": \"x\\n\",\n \"b\": [1, true,\n{}]}";
	const struct json_value *root = parse(text);
	const struct json_value *b = json_get(root, "b");

	ck_assert_uint_eq(root->offset, 0);
	ck_assert_uint_eq(root->length, 2);
	ck_assert_uint_eq(json_line(text, json_get(root, "a")->offset), 1);
	ck_assert_int_eq(text[b->offset], '[');
	ck_assert_int_eq(text[b->first->offset], '1');
	ck_assert_int_eq(text[b->first->next->offset], 't');
	ck_assert_int_eq(text[b->first->next->next->offset], '{');
	ck_assert_uint_eq(json_line(text, b->first->next->next->offset), 3);
}

END_TEST

/* C058 */
START_TEST(the_last_of_two_members_counts)
{
	const struct json_value *root = parse("{\"a\":1,\"b\":2,\"a\":3}");

	ck_assert_str_eq(json_get(root, "a")->text, "3");
	ck_assert_str_eq(json_get(root, "b")->text, "2");
	ck_assert_ptr_null(json_get(root, "c"));
	ck_assert_ptr_null(json_get(parse("[1]"), "a"));
	ck_assert_ptr_null(json_get(NULL, "a"));
}

END_TEST

/* A number's text, what it is unsigned and signed; codes where it is not. */
struct number_row {
	const char *text;
	int u64_result;
	uint64_t u64;
	int i64_result;
	int64_t i64;
};

/* clang-format off */
static const struct number_row numbers[] = {
	{ "0", 0, 0, 0, 0 },
	{ "-0", 0, 0, 0, 0 },
	{ "7", 0, 7, 0, 7 },
	{ "-7", -ERANGE, 0, 0, -7 },
	{ "1e3", 0, 1000, 0, 1000 },
	{ "1E+3", 0, 1000, 0, 1000 },
	{ "5.0", 0, 5, 0, 5 },
	{ "5.000", 0, 5, 0, 5 },
	{ "1.25e2", 0, 125, 0, 125 },
	{ "100e-2", 0, 1, 0, 1 },
	{ "-1.5e1", -ERANGE, 0, 0, -15 },
	{ "1020304050", 0, 1020304050, 0, 1020304050 },
	{ "1.5", -EINVAL, 0, -EINVAL, 0 },
	{ "1e-1", -EINVAL, 0, -EINVAL, 0 },
	{ "15e-1", -EINVAL, 0, -EINVAL, 0 },
	{ "0e99999999999999999999", 0, 0, 0, 0 },
	{ "0.000", 0, 0, 0, 0 },
	{ "1e99999999999999999999", -ERANGE, 0, -ERANGE, 0 },
	{ "1e-99999999999999999999", -EINVAL, 0, -EINVAL, 0 },
	{ "9223372036854775807", 0, INT64_MAX, 0, INT64_MAX },
	{ "9223372036854775808", 0, UINT64_C(1) << 63, -ERANGE, 0 },
	{ "-9223372036854775808", -ERANGE, 0, 0, INT64_MIN },
	{ "-9223372036854775809", -ERANGE, 0, -ERANGE, 0 },
	{ "18446744073709551615", 0, UINT64_MAX, -ERANGE, 0 },
	{ "1.8446744073709551615e19", 0, UINT64_MAX, -ERANGE, 0 },
	{ "18446744073709551616", -ERANGE, 0, -ERANGE, 0 },
	{ "184467440737095516150", -ERANGE, 0, -ERANGE, 0 },
	{ "1e20", -ERANGE, 0, -ERANGE, 0 },
	{ "100000000000000000000000000000000e-30", 0, 100, 0, 100 },
};

/* clang-format on */

/* C058 */
START_TEST(numbers_are_exact_or_refused)
{
	const struct number_row *row = &numbers[_i];
	const struct json_value *number = parse(row->text);
	uint64_t u64 = 0;
	int64_t i64 = 0;

	ck_assert_int_eq(json_to_u64(number, &u64), row->u64_result);
	ck_assert_uint_eq(u64, row->u64);
	ck_assert_int_eq(json_to_i64(number, &i64), row->i64_result);
	ck_assert_int_eq(i64, row->i64);
}

END_TEST

START_TEST(what_is_not_a_number_is_no_integer)
{
	uint64_t u64;
	int64_t i64;

	ck_assert_int_eq(json_to_u64(parse("\"1\""), &u64), -EINVAL);
	ck_assert_int_eq(json_to_i64(parse("null"), &i64), -EINVAL);
}

END_TEST

START_TEST(the_writer_puts_commas_and_lines_where_they_belong)
{
	struct json_writer w = { .buf.arena = &arena, .indent = "  " };

	json_open_object(&w, NULL);
	json_put_str(&w, "s", "a/\"b\"");
	json_put_i64(&w, "i", INT64_MIN);
	json_open_array(&w, "l");
	json_put_u64(&w, NULL, UINT64_MAX);
	json_put_bool(&w, NULL, true);
	json_put_str(&w, NULL, NULL);
	json_close_array(&w);
	json_open_object(&w, "o");
	json_close_object(&w);
	json_put_bool(&w, "f", false);
	json_close_object(&w);
	ck_assert_str_eq(buf_str(&w.buf),
	                 "{\n  \"s\": \"a/\\\"b\\\"\",\n"
	                 "  \"i\": -9223372036854775808,\n"
	                 "  \"l\": [\n    18446744073709551615,\n"
	                 "    true,\n    null\n  ],\n  \"o\": {},\n"
	                 "  \"f\": false\n}");
}

END_TEST

START_TEST(bytes_that_are_not_utf8_are_replaced)
{
	struct json_writer w = { .buf.arena = &arena, .indent = "" };

	json_put_str(&w, NULL, "a\xff\xc3\xa4\xe2\x82");
	ck_assert_str_eq(buf_str(&w.buf),
	                 "\"a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\"");
}

END_TEST

START_TEST(quoted_text_is_cut_between_characters)
{
	char text[256] = "";

	for (size_t i = 0; i < 60; i++)
		memcpy(text + 1 + 2 * i, "\xc3\xa4", 3);
	text[0] = 'x';
	ck_assert_str_eq(json_quote(&arena, "a\n"), "\"a\\n\"");
	ck_assert(str_has_suffix(json_quote(&arena, text), "\xc3\xa4\"..."));
	ck_assert_uint_lt(strlen(json_quote(&arena, text)), 110);
}

END_TEST

START_TEST(utf8_is_strict)
{
	ck_assert(utf8_is_valid("", 0));
	ck_assert(utf8_is_valid("\0", 1));
	ck_assert(utf8_is_valid("\xf4\x8f\xbf\xbf", 4));
	ck_assert(utf8_is_valid("\xee\x80\x80", 3));
	ck_assert(!utf8_is_valid("\xe0\x9f\xbf", 3));
	ck_assert(!utf8_is_valid("\xf0\x8f\xbf\xbf", 4));
	ck_assert(!utf8_is_valid("\xc1\x81", 2));
	ck_assert(!utf8_is_valid("\xf5\x80\x80\x80", 4));
	ck_assert(!utf8_is_valid("\xe1\x80\x7f", 3));
}

END_TEST

#define ADD_LOOP(tcase, test, rows) \
	tcase_add_loop_test(tcase, test, 0, (int)ARRAY_SIZE(rows))

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("text");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, release);
	ADD_LOOP(tcase, a_document_is_written_as_it_was_read, stable);
	ADD_LOOP(tcase, escapes_are_decoded, escapes);
	ADD_LOOP(tcase, a_faulty_document_is_refused_with_its_line, refused);
	tcase_add_test(tcase, a_nul_byte_is_refused);
	tcase_add_test(tcase, depth_is_limited);
	tcase_add_test(tcase, size_and_count_are_limited);
	tcase_add_test(tcase, long_escapes_take_linear_time);
	tcase_add_test(tcase, values_know_where_they_stand);
	tcase_add_test(tcase, the_last_of_two_members_counts);
	ADD_LOOP(tcase, numbers_are_exact_or_refused, numbers);
	tcase_add_test(tcase, what_is_not_a_number_is_no_integer);
	tcase_add_test(tcase,
	               the_writer_puts_commas_and_lines_where_they_belong);
	tcase_add_test(tcase, bytes_that_are_not_utf8_are_replaced);
	tcase_add_test(tcase, quoted_text_is_cut_between_characters);
	tcase_add_test(tcase, utf8_is_strict);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
