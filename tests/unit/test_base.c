/* SPDX-License-Identifier: Apache-2.0 */
/* base/: memory, strings, paths, errors, dates. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"

START_TEST(arena_memory_is_zeroed_and_grows_without_moving_the_old)
{
	auto_arena struct arena arena = { 0 };
	char *first = arena_alloc(&arena, 100);
	size_t i;

	memset(first, 'x', 100);
	for (i = 1; i < 200; i++) {
		char *next = arena_alloc(&arena, i * 100);
		size_t j;

		for (j = 0; j < i * 100; j++)
			ck_assert_int_eq(next[j], 0);
		memset(next, 'y', i * 100);
	}
	for (i = 0; i < 100; i++)
		ck_assert_int_eq(first[i], 'x');
}

END_TEST

START_TEST(push_keeps_every_element)
{
	auto_arena struct arena arena = { 0 };
	size_t *numbers = NULL;
	size_t count = 0;
	size_t i;

	for (i = 0; i < 1000; i++)
		*arena_push(&arena, numbers, count) = i;
	ck_assert_uint_eq(count, 1000);
	for (i = 0; i < 1000; i++)
		ck_assert_uint_eq(numbers[i], i);
}

END_TEST

START_TEST(buffer_grows_and_always_ends)
{
	auto_arena struct arena arena = { 0 };
	struct buf buf = { .arena = &arena };
	int i;

	ck_assert_str_eq(buf_str(&buf), "");
	for (i = 0; i < 500; i++)
		buf_printf(&buf, "%d,", i % 10);
	ck_assert_uint_eq(buf.length, 1000);
	ck_assert_uint_eq(strlen(buf_str(&buf)), 1000);
	ck_assert_int_eq(strncmp(buf_str(&buf), "0,1,2,3,", 8), 0);
}

END_TEST

static const struct {
	const char *path;
	const char *clean;
} paths[] = {
	{ "/", "/" },
	{ "", "/" },
	{ "a", "/a" },
	{ "/a/b", "/a/b" },
	{ "//a//b//", "/a/b" },
	{ "/a/./b/.", "/a/b" },
	{ "/a/../b", "/b" },
	{ "/../../a", "/a" },
	{ "/a/b/../..", "/" },
	{ "/a/...", "/a/..." },
	{ "/..a/b..", "/..a/b.." },
};

START_TEST(paths_are_cleaned)
{
	auto_arena struct arena arena = { 0 };

	ck_assert_str_eq(path_clean(&arena, paths[_i].path), paths[_i].clean);
}

END_TEST

START_TEST(within_is_by_component)
{
	ck_assert(path_is_within("/a/b", "/a"));
	ck_assert(path_is_within("/a", "/a"));
	ck_assert(path_is_within("/a", "/"));
	ck_assert(!path_is_within("/ab", "/a"));
	ck_assert(path_has_dotdot("a/../b"));
	ck_assert(path_has_dotdot(".."));
	ck_assert(!path_has_dotdot("a/..b/c.."));
}

END_TEST

static const struct {
	const char *text;
	int result;
	uint64_t value;
} numbers[] = {
	{ "0", 0, 0 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "1x", -EINVAL, 0 },
	{ "007", 0, 7 },
};

START_TEST(numbers_are_read_whole_or_not_at_all)
{
	uint64_t value = 99;
	int result = str_to_u64(numbers[_i].text, 10, &value);

	ck_assert_int_eq(result, numbers[_i].result);
	ck_assert_uint_eq(value, result == 0 ? numbers[_i].value : 99);
}

END_TEST

START_TEST(narrow_and_signed_numbers_know_their_range)
{
	uint32_t narrow = 0;
	int64_t sign = 0;

	ck_assert_int_eq(str_to_u32("4294967296", 10, &narrow), -ERANGE);
	ck_assert_int_eq(str_to_u32("4294967295", 10, &narrow), 0);
	ck_assert_uint_eq(narrow, UINT32_MAX);
	ck_assert_int_eq(str_to_i64("-5", 10, &sign), 0);
	ck_assert_int_eq(sign, -5);
	ck_assert_int_eq(str_to_i64("--5", 10, &sign), -EINVAL);
	ck_assert_int_eq(str_to_i64("9223372036854775808", 10, &sign), -ERANGE);
}

END_TEST

static const struct {
	const char *list;
	const char *ranges; /* "!" where it ends in a fault */
} list_rows[] = {
	{ "", "" },
	{ "0", "0-0 " },
	{ "0-3,7", "0-3 7-7 " },
	{ "7,0-3", "7-7 0-3 " },
	{ "4294967295", "4294967295-4294967295 " },
	{ "4294967296", "!" },
	{ "99999999999999999999", "!" },
	{ "3-1", "!" },
	{ "1,", "!" },
	{ ",1", "!" },
	{ "1,,2", "1-1 !" },
	{ "1-", "!" },
	{ "-1", "!" },
	{ "1-2-3", "!" },
	{ "1 ", "!" },
	{ "a", "!" },
};

START_TEST(lists_of_numbers_are_read_range_by_range)
{
	const char *list = list_rows[_i].list;
	char text[128] = "";
	uint32_t first;
	uint32_t last;
	int result;

	while ((result = str_next_range(&list, &first, &last)) > 0)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		         "%u-%u ", first, last);
	if (result < 0)
		strcat(text, "!");
	ck_assert_str_eq(text, list_rows[_i].ranges);
}

END_TEST

START_TEST(errors_tell_the_way_and_are_cut_not_overrun)
{
	struct error err;
	char long_text[2000];

	ck_assert_int_eq(error_system(&err, -EPERM, "fsmount"), -EPERM);
	ck_assert_int_eq(error_wrap(&err, "mount %s", "/proc"), -EPERM);
	ck_assert_str_eq(err.text,
	                 "mount /proc: fsmount: Operation not permitted");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	error_set(&err, ERROR_CONFIG, -EINVAL, "%s", long_text);
	error_wrap(&err, "%s", "why");
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_int_eq(strncmp(err.text, "why: xxx", 8), 0);
	/* Nobody asked for the text. */
	ck_assert_int_eq(error_set(NULL, ERROR_CONFIG, -EINVAL, "x"), -EINVAL);
}

END_TEST

START_TEST(descriptors_are_taken_or_closed)
{
	int fd = dup(0);
	int taken = take_fd(&fd);

	ck_assert_int_eq(fd, -1);
	ck_assert_int_ge(taken, 0);
	fd_close(&taken);
	ck_assert_int_eq(taken, -1);
}

END_TEST

/* Every day of four centuries, against libc. */
START_TEST(dates_are_those_of_the_calendar)
{
	int64_t day;

	for (day = 0; day < 146097; day++) {
		struct timespec time = { .tv_sec = day * 86400 + 86399,
			                 .tv_nsec = 7 };
		char text[TIME_TEXT_SIZE];
		char expected[TIME_TEXT_SIZE];
		struct tm utc;

		gmtime_r(&time.tv_sec, &utc);
		strftime(expected, sizeof(expected),
		         "%Y-%m-%dT%H:%M:%S.000000007Z", &utc);
		time_text(&time, text);
		ck_assert_str_eq(text, expected);
	}
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *tcase = tcase_create("base");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase,
	               arena_memory_is_zeroed_and_grows_without_moving_the_old);
	tcase_add_test(tcase, push_keeps_every_element);
	tcase_add_test(tcase, buffer_grows_and_always_ends);
	tcase_add_loop_test(tcase, paths_are_cleaned, 0,
	                    sizeof(paths) / sizeof(paths[0]));
	tcase_add_test(tcase, within_is_by_component);
	tcase_add_loop_test(tcase, numbers_are_read_whole_or_not_at_all, 0,
	                    sizeof(numbers) / sizeof(numbers[0]));
	tcase_add_test(tcase, narrow_and_signed_numbers_know_their_range);
	tcase_add_loop_test(tcase, lists_of_numbers_are_read_range_by_range, 0,
	                    ARRAY_SIZE(list_rows));
	tcase_add_test(tcase, errors_tell_the_way_and_are_cut_not_overrun);
	tcase_add_test(tcase, descriptors_are_taken_or_closed);
	tcase_add_test(tcase, dates_are_those_of_the_calendar);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
