/* SPDX-License-Identifier: Apache-2.0 */
/* Text to values for D-Bus. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "plan/variant.h"

static struct arena arena;
static struct error err;

static void teardown(void)
{
	arena_release(&arena);
	arena = (struct arena){ 0 };
}

/* "as 2|a|b": type and tokens, or "" where it is refused. */
static const char *parsed(const char *text)
{
	struct buf buf = { .arena = &arena };
	struct variant value;
	size_t i;

	err = (struct error){ .code = 0 };
	if (variant_parse(&arena, text, &value, &err) < 0) {
		ck_assert_int_eq(err.kind, ERROR_CONFIG);
		ck_assert_str_ne(err.text, "");
		return "";
	}
	buf_add_str(&buf, value.type);
	for (i = 0; i < value.count; i++)
		buf_printf(&buf, "%c%s", i ? '|' : ' ', value.tokens[i]);
	return buf_str(&buf);
}

static const struct {
	const char *text;
	const char *value;
} rows[] = {
	{ "true", "b 1" },
	{ " false ", "b 0" },
	{ "boolean true", "b 1" },
	{ "5", "i 5" },
	{ "-5", "i -5" },
	{ "+5", "i 5" },
	{ "0x10", "i 16" },
	{ "010", "i 8" },
	{ "-2147483648", "i -2147483648" },
	{ "uint64 18446744073709551615", "t 18446744073709551615" },
	{ "int64 -9223372036854775808", "x -9223372036854775808" },
	{ "@t 5", "t 5" },
	{ "byte 255", "y 255" },
	{ "1.5", "d 1.5" },
	{ "1e3", "d 1e3" },
	{ "double 2", "d 2" },
	{ "'text'", "s text" },
	{ "\"a 'b'\"", "s a 'b'" },
	{ "'a\\'\\n\\u00e4\\U0001f600'", "s a'\n\xc3\xa4\xf0\x9f\x98\x80" },
	{ "''", "s " },
	{ "objectpath '/a'", "o /a" },
	{ "['a', 'b']", "as 2|a|b" },
	{ "@as []", "as 0" },
	{ "[1, 2]", "ai 2|1|2" },
	{ "[uint32 1, 2]", "au 2|1|2" },
	{ "[1, uint32 2]", "au 2|1|2" },
	{ "@at [1, 2]", "at 2|1|2" },
	{ "[1, 2.5]", "ad 2|1|2.5" },
	{ "[byte 0x01, 0xff]", "ay 2|1|255" },
	{ "b'ab'", "ay 3|97|98|0" },
	{ "b'\\377'", "ay 2|255|0" },
	{ "[[], [1]]", "aai 2|0|1|1" },
	{ "('a', 1)", "(si) a|1" },
	{ "(1,)", "(i) 1" },
	{ "[('/dev/null', 'rw')]", "a(ss) 1|/dev/null|rw" },
	{ "@a(sv) [('a', <1>)]", "a(sv) 1|a|i|1" },
	{ "<uint16 7>", "v q|7" },
	{ "<<'x'>>", "v v|s|x" },
	{ "{'a': 1, 'b': 2}", "a{si} 2|a|1|b|2" },
	{ "@a{sv} {}", "a{sv} 0" },
	{ "{'k': <@as []>}", "a{sv} 1|k|as|0" },
};

START_TEST(a_text_is_a_type_and_tokens)
{
	const char *value = parsed(rows[_i].text);

	ck_assert_msg(str_equal(value, rows[_i].value),
	              "%s: \"%s\", expected \"%s\" (%s)", rows[_i].text, value,
	              rows[_i].value, err.text);
}

END_TEST

static const char *const wrong[] = {
	"",
	" ",
	"text",
	"inactive-or-failed",
	"'",
	"'\\",
	"'\\u12'",
	"'\\u0000'",
	"'\\ud800'",
	"'\\U00110000'",
	"b'\\000'",
	"[",
	"[1",
	"[1,",
	"[1,]",
	"[1 2]",
	"[]",
	"[[]]",
	"[1, 'a']",
	"['a', uint32 1]",
	"()",
	"(1",
	"(1, 2",
	"{1: 2",
	"{1}",
	"{'a' 1}",
	"<",
	"<1",
	"<[]>",
	"1 2",
	"true false",
	"2147483648",
	"byte 256",
	"byte -1",
	"uint64 -1",
	"uint64 18446744073709551616",
	"int64 9223372036854775808",
	"uint32 1.5",
	"--5",
	"5x",
	"0x",
	"1.5.5",
	"@ 1",
	"@z 1",
	"@a 1",
	"@(i 1",
	"@() 1",
	"@{sv} {}",
	"@a{vs} {}",
	"@i",
	"@i 'a'",
	"@s 5",
	"@as ['a', 5]",
	"@(is) (1,)",
	"@(i) (1, 2)",
	"@as @ai [1]",
	"uint32 uint64 1",
	"handle 1",
	"just 1",
	"nothing",
	"boolean 1",
};

START_TEST(what_is_no_value_is_refused)
{
	const char *value = parsed(wrong[_i]);

	ck_assert_msg(!*value, "\"%s\": \"%s\"", wrong[_i], value);
}

END_TEST

/* D025 */
START_TEST(no_depth_is_too_much)
{
	static char text[100000];

	memset(text, '[', sizeof(text) - 1);
	ck_assert_str_eq(parsed(text), "");
	memset(text, '<', sizeof(text) - 1);
	ck_assert_str_eq(parsed(text), "");
	memset(text + 1, 'a', sizeof(text) - 2);
	*text = '@';
	ck_assert_str_eq(parsed(text), "");
	memset(text + 1, '(', sizeof(text) - 2);
	ck_assert_str_eq(parsed(text), "");
}

END_TEST

/* Whatever is cut off or changed: an answer, and never beyond the text. */
START_TEST(no_text_is_read_beyond_its_end)
{
	char *copy;
	size_t length = strlen(rows[_i].text);
	size_t i;

	for (i = 0; i <= length; i++) {
		copy = strndup(rows[_i].text, i);
		parsed(copy);
		free(copy);
		copy = strdup(rows[_i].text);
		copy[i % (length + 1)] = "([{<'\"\\@a1)"[i % 11];
		copy[length] = '\0';
		parsed(copy);
		free(copy);
	}
}

END_TEST

static const struct {
	const char *text;
	const char *usec; /* NULL: refused */
} seconds[] = {
	{ "30", "30000000" },
	{ "uint64 5", "5000000" },
	{ "1.5", "1500000" },
	{ "0", "0" },
	{ "'infinity'", "18446744073709551615" },
	{ "-1", NULL },
	{ "-1.5", NULL },
	{ "1e30", NULL },
	{ "uint64 18446744073710", NULL },
	{ "'30'", NULL },
	{ "true", NULL },
	{ "[1]", NULL },
};

/* C001 */
START_TEST(seconds_become_microseconds)
{
	struct variant value;
	int result;

	ck_assert_str_ne(parsed(seconds[_i].text), "");
	variant_parse(&arena, seconds[_i].text, &value, NULL);
	result = variant_to_usec(&arena, &value, &value, &err);
	if (!seconds[_i].usec) {
		ck_assert_int_lt(result, 0);
		return;
	}
	ck_assert_int_eq(result, 0);
	ck_assert_str_eq(value.type, "t");
	ck_assert_str_eq(value.tokens[0], seconds[_i].usec);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("variant");
	TCase *tests = tcase_create("text");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, NULL, teardown);
	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, a_text_is_a_type_and_tokens, 0,
	                    (int)ARRAY_SIZE(rows));
	tcase_add_loop_test(tests, what_is_no_value_is_refused, 0,
	                    (int)ARRAY_SIZE(wrong));
	tcase_add_test(tests, no_depth_is_too_much);
	tcase_add_loop_test(tests, no_text_is_read_beyond_its_end, 0,
	                    (int)ARRAY_SIZE(rows));
	tcase_add_loop_test(tests, seconds_become_microseconds, 0,
	                    (int)ARRAY_SIZE(seconds));
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
