/* SPDX-License-Identifier: Apache-2.0 */
/* Names and links in archives, and how much of them there may be. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fn/entry.h"

/* CLEAN is NULL where the path is refused. */
static const struct {
	const char *path;
	const char *clean;
} paths[] = {
	{ "a", "a" },         { "a/b", "a/b" },
	{ "./a//b/", "a/b" }, { "./", "" },
	{ "...", "..." },     { "a..", "a.." },
	{ "..a/b", "..a/b" }, { "\xc3\xa4", "\xc3\xa4" },
	{ "..", NULL },       { "../a", NULL },
	{ "a/../b", NULL },   { "a/..", NULL },
	{ "./..", NULL },     { "/a", NULL },
	{ "//a", NULL },      { "", NULL },
	{ "a\nb", NULL },     { "a\033[2J", NULL },
	{ "a\177", NULL },    { NULL, NULL },
};

START_TEST(a_path_stays_below)
{
	char clean[ENTRY_PATH_MAX + 1];
	const char *why = entry_check_path(paths[_i].path, clean);

	if (!paths[_i].clean) {
		ck_assert_ptr_nonnull(why);
		return;
	}
	ck_assert_ptr_null(why);
	ck_assert_str_eq(clean, paths[_i].clean);
}

END_TEST

START_TEST(a_path_is_neither_too_long_nor_too_deep)
{
	char clean[ENTRY_PATH_MAX + 1];
	char path[ENTRY_PATH_MAX + 2];
	size_t i;

	memset(path, 'a', sizeof(path));
	for (i = 200; i < ENTRY_PATH_MAX; i += 200)
		path[i] = '/';
	path[ENTRY_PATH_MAX] = '\0';
	ck_assert_ptr_null(entry_check_path(path, clean));
	ck_assert_str_eq(clean, path);
	path[ENTRY_PATH_MAX] = 'a';
	path[ENTRY_PATH_MAX + 1] = '\0';
	ck_assert_ptr_nonnull(entry_check_path(path, clean));
	path[400] = 'a';
	path[500] = '\0';
	ck_assert_ptr_nonnull(entry_check_path(path, clean));
	for (i = 0; i < ENTRY_DEPTH_MAX; i++)
		memcpy(path + 2 * i, "a/", 3);
	ck_assert_ptr_null(entry_check_path(path, clean));
	memcpy(path + 2 * i, "a", 2);
	ck_assert_ptr_nonnull(entry_check_path(path, clean));
}

END_TEST

static const struct {
	const char *path;
	const char *target;
	bool stays;
} links[] = {
	{ "l", "a", true },
	{ "l", "./a/b", true },
	{ "d/l", "../a", true },
	{ "d/e/l", "../../a/b", true },
	{ "d/e/l", "../..", true },
	{ "l", "..a", true },
	{ "l", "..", false },
	{ "l", "../a", false },
	{ "d/l", "../../a", false },
	{ "d/l", "./.././../a", false },
	{ "l", "/etc/passwd", false },
	{ "l", "", false },
	{ "l", NULL, false },
	/* What s is, another link may decide: then .. leads anywhere. */
	{ "l", "s/..", false },
	{ "d/l", "s/../x", false },
};

START_TEST(a_link_stays_in_the_tree_whatever_else_is_there)
{
	const char *why = entry_check_link(links[_i].path, links[_i].target);

	ck_assert_int_eq(why == NULL, links[_i].stays);
}

END_TEST

START_TEST(sizes_add_up_without_overflow)
{
	uint64_t total = 0;

	ck_assert(entry_count(&total, 10, 10));
	ck_assert(entry_count(&total, 0, 10));
	ck_assert(!entry_count(&total, 1, 10));
	ck_assert(!entry_count(&total, UINT64_MAX, 10));
	ck_assert_uint_eq(total, 10);
	ck_assert(entry_count(&total, UINT64_MAX - 10, UINT64_MAX));
	ck_assert(!entry_count(&total, 1, UINT64_MAX));
	ck_assert_ptr_null(entry_check_mode(0100755));
	ck_assert_ptr_null(entry_check_mode(0041777));
	ck_assert_ptr_nonnull(entry_check_mode(0104755));
	ck_assert_ptr_nonnull(entry_check_mode(0102755));
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("entry");
	TCase *tests = tcase_create("entry");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, a_path_stays_below, 0,
	                    (int)ARRAY_SIZE(paths));
	tcase_add_test(tests, a_path_is_neither_too_long_nor_too_deep);
	tcase_add_loop_test(tests,
	                    a_link_stays_in_the_tree_whatever_else_is_there, 0,
	                    (int)ARRAY_SIZE(links));
	tcase_add_test(tests, sizes_add_up_without_overflow);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
