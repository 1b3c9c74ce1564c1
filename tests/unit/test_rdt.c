/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of resctrl, in a directory that behaves as its root. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "rdt/rdt.h"

static char root[64];
static struct error err;

/* ---- a kernel that fills what is made, and empties what is removed */

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
}

static void put_at(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	put_file(path, text);
}

static const char *text_at(const char *name)
{
	static char text[512];
	char path[256];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	ck_assert_int_ge(length, 0);
	text[length] = '\0';
	return text;
}

static bool is_there(const char *name)
{
	char path[256];
	struct stat stat_;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return stat(path, &stat_) == 0;
}

int __real_sys_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_sys_mkdirat(int dir, const char *path, mode_t mode);
int __real_sys_unlinkat(int dir, const char *path, int flags);
int __wrap_sys_unlinkat(int dir, const char *path, int flags);

int __real_sys_write_beneath(int dir, const char *path, const char *text);
int __wrap_sys_write_beneath(int dir, const char *path, const char *text);

/* All that was written to files that are there. */
static char writes[512];

int __wrap_sys_write_beneath(int dir, const char *path, const char *text)
{
	size_t length = strlen(writes);
	int result = -EINVAL;

	if (!strstr(text, "refused"))
		result = __real_sys_write_beneath(dir, path, text);
	if (result == 0)
		snprintf(writes + length, sizeof(writes) - length, "%s", text);
	return result;
}

int __wrap_sys_mkdirat(int dir, const char *path, mode_t mode)
{
	int result = __real_sys_mkdirat(dir, path, mode);
	char made[256];
	int length;

	if (result < 0)
		return result;
	length =
		snprintf(made, sizeof(made), "/proc/self/fd/%d/%s/", dir, path);
	snprintf(made + length, sizeof(made) - (size_t)length, "tasks");
	put_file(made, "");
	snprintf(made + length, sizeof(made) - (size_t)length, "schemata");
	put_file(made, "L3:0=fff;1=fff\nMB:0=100\n");
	snprintf(made + length, sizeof(made) - (size_t)length, "mon_groups");
	ck_assert_int_eq(mkdir(made, 0755), 0);
	return 0;
}

int __wrap_sys_unlinkat(int dir, const char *path, int flags)
{
	static const char *const files[] = { "tasks", "schemata" };
	char inside[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(inside, sizeof(inside), "%s/%s", path, files[i]);
		unlinkat(dir, inside, 0);
	}
	snprintf(inside, sizeof(inside), "%s/mon_groups", path);
	unlinkat(dir, inside, AT_REMOVEDIR);
	return __real_sys_unlinkat(dir, path, flags);
}

static void set_up(void)
{
	snprintf(root, sizeof(root), "/tmp/runf-rdt-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	put_at("schemata", "    L3:0=fff;1=fff\n    MB:0=100\n");
	put_at("tasks", "");
}

static void tear_down(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	ck_assert_int_eq(system(command), 0);
}

/* ---- the facts */

/* A183 A184 */
START_TEST(a_class_is_made_filled_entered_and_removed)
{
	const char *lines[] = { "L3:0=f;1=f0\n" };
	struct plan_rdt plan = {
		.root = root,
		.group = "c1",
		.lines = lines,
		.lines_count = 1,
	};

	ck_assert_int_eq(rdt_create(&plan, &plan.made, &err), 0);
	ck_assert(plan.made);
	ck_assert_ptr_nonnull(strstr(text_at("c1/schemata"), lines[0]));
	ck_assert_int_eq(rdt_join(&plan, 4711, &err), 0);
	ck_assert_str_eq(text_at("c1/tasks"), "4711");
	/* Its own class goes, also if a dead process is still in it. */
	ck_assert_int_eq(rdt_remove(&plan, &err), 0);
	ck_assert(!is_there("c1"));
	ck_assert_int_eq(rdt_remove(&plan, &err), 0);
}

END_TEST

/* A187 */
START_TEST(a_class_that_was_there_is_entered_and_stays)
{
	struct plan_rdt plan = {
		.root = root, .group = "c1", .must_exist = true, .shared = true
	};
	bool made = true;

	ck_assert_int_eq(rdt_create(&plan, &made, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "class \"c1\" does not exist"));
	ck_assert(!is_there("c1"));
	ck_assert_int_eq(__wrap_sys_mkdirat(open(root, O_RDONLY | O_CLOEXEC),
	                                    "c1", 0755),
	                 0);
	ck_assert_int_eq(rdt_create(&plan, &plan.made, &err), 0);
	ck_assert(!plan.made);
	ck_assert_int_eq(rdt_join(&plan, 5, &err), 0);
	ck_assert_str_eq(text_at("c1/tasks"), "5");
	ck_assert_int_eq(rdt_remove(&plan, &err), 0);
	ck_assert(is_there("c1"));
}

END_TEST

/* A187 */
START_TEST(a_shared_class_stays_while_somebody_is_in_it)
{
	struct plan_rdt plan = { .root = root, .group = "c1", .shared = true };

	ck_assert_int_eq(rdt_create(&plan, &plan.made, &err), 0);
	ck_assert(plan.made);
	put_at("c1/tasks", "1\n");
	ck_assert_int_eq(rdt_remove(&plan, &err), 0);
	ck_assert(is_there("c1"));
	put_at("c1/tasks", "");
	ck_assert_int_eq(rdt_remove(&plan, &err), 0);
	ck_assert(!is_there("c1"));
}

END_TEST

/* What is wanted of a class that is there, and whether it has it. */
static const struct {
	const char *line;
	bool same;
} compare_rows[] = {
	{ "L3:0=ff;1=c0\n", true },
	{ "L3:1=c0\n", true },
	{ "L3:1=00C0\n", true },
	{ "L3:0=fff\n", false },
	{ "L3:0=f\n", false },
	{ "L3:2=ff\n", false },
	{ "L3:0=ff;1=c0;2=1\n", false },
	{ "MB:0=50\n", true },
	{ "MB:0=500\n", false },
	{ "L2:0=ff\n", false },
	{ "L3\n", false },
	{ "L3:0\n", false },
	{ "L3:\n", true },
};

/* A184 */
START_TEST(a_class_that_is_there_must_be_as_wanted)
{
	const char *lines[] = { compare_rows[_i].line };
	struct plan_rdt plan = {
		.root = root,
		.group = "",
		.shared = true,
		.lines = lines,
		.lines_count = 1,
	};
	int result;

	put_at("schemata", "    L3:0=ff;1=c0\n    MB:0=50\n");
	result = rdt_create(&plan, &plan.made, &err);
	ck_assert_int_eq(result, compare_rows[_i].same ? 0 : -EEXIST);
	if (result < 0)
		ck_assert_ptr_nonnull(
			strstr(err.text, "but not with \"L")
				?: strstr(err.text, "but not with \"M"));
	ck_assert(!plan.made);
	ck_assert_str_eq(text_at("schemata"),
	                 "    L3:0=ff;1=c0\n    MB:0=50\n");
}

END_TEST

/* A186 */
START_TEST(a_monitoring_group_is_made_entered_and_removed)
{
	struct plan_rdt plan = {
		.root = root, .group = "c1", .monitor = "m", .shared = true
	};

	ck_assert_int_eq(rdt_create(&plan, &plan.made, &err), 0);
	ck_assert_int_eq(rdt_join(&plan, 7, &err), 0);
	ck_assert_str_eq(text_at("c1/tasks"), "7");
	ck_assert_str_eq(text_at("c1/mon_groups/m/tasks"), "7");
	ck_assert_int_eq(rdt_remove(&plan, &err), 0);
	ck_assert(!is_there("c1/mon_groups/m"));
	/* Whoever is in the class keeps it. */
	ck_assert(is_there("c1"));
}

END_TEST

/* A005 A186 */
START_TEST(what_fails_leaves_no_class)
{
	char path[128];
	struct plan_rdt plan = { .root = root,
		                 .group = "c1",
		                 .monitor = "a/b" };

	ck_assert_int_lt(rdt_create(&plan, &plan.made, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "enableMonitoring"));
	ck_assert(!is_there("c1"));
	/* A188 */
	snprintf(path, sizeof(path), "%s/none", root);
	plan.root = path;
	ck_assert_int_lt(rdt_create(&plan, &plan.made, &err), 0);
	ck_assert_int_eq(err.kind, ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "no resctrl is mounted"));
}

END_TEST

/* The plan that writes these lines to the class of their own name. */
static struct plan_rdt update_of(const char **lines, size_t count)
{
	return (struct plan_rdt){
		.root = root,
		.group = "c1",
		.lines = lines,
		.lines_count = count,
	};
}

/* B065 */
START_TEST(an_update_changes_a_class_and_back)
{
	const char *lines[] = { "L3:0=1\n", "MB:0=50\n" };
	struct plan_rdt plan = update_of(lines, 2);
	struct plan_rdt before = { .lines_count = 0 };
	struct arena arena = { 0 };

	ck_assert_int_eq(rdt_update(&plan, &arena, &before, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "read class \"c1\""));
	ck_assert_int_eq(rdt_create(&plan, &plan.made, &err), 0);
	put_at("c1/schemata", "    L3:0=fff;1=fff\n    MB:0=100\n");
	writes[0] = '\0';
	ck_assert_int_eq(rdt_update(&plan, &arena, &before, &err), 0);
	ck_assert_str_eq(writes, "L3:0=1\nMB:0=50\n");
	writes[0] = '\0';
	put_at("c1/schemata", "");
	ck_assert_int_eq(rdt_update(&before, &arena, &plan, &err), 0);
	ck_assert_str_eq(writes, "L3:0=fff;1=fff\nMB:0=100\n");
	arena_release(&arena);
}

END_TEST

/* A005 B065 */
START_TEST(an_update_that_the_kernel_refuses_is_undone)
{
	const char *lines[] = { "L3:0=1\n", "MB:0=refused\n" };
	struct plan_rdt plan = update_of(lines, 2);
	struct plan_rdt before = { .lines_count = 0 };
	struct arena arena = { 0 };

	ck_assert_int_eq(__wrap_sys_mkdirat(open(root, O_RDONLY | O_CLOEXEC),
	                                    "c1", 0755),
	                 0);
	writes[0] = '\0';
	ck_assert_int_eq(rdt_update(&plan, &arena, &before, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "write \"MB:0=refused\""));
	ck_assert_str_eq(writes, "L3:0=1\nL3:0=fff;1=fff\nMB:0=100\n");
	ck_assert_uint_eq(before.lines_count, 0);
	arena_release(&arena);
}

END_TEST

/* A188 */
START_TEST(nothing_is_done_where_none_is_asked_for)
{
	struct plan_rdt plan = { 0 };

	ck_assert_int_eq(rdt_create(&plan, &plan.made, &err), 0);
	ck_assert_int_eq(rdt_join(&plan, 1, &err), 0);
	ck_assert_int_eq(rdt_remove(&plan, &err), 0);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("rdt");
	TCase *tcase = tcase_create("rdt");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_class_is_made_filled_entered_and_removed);
	tcase_add_test(tcase, a_class_that_was_there_is_entered_and_stays);
	tcase_add_test(tcase, a_shared_class_stays_while_somebody_is_in_it);
	tcase_add_loop_test(tcase, a_class_that_is_there_must_be_as_wanted, 0,
	                    ARRAY_SIZE(compare_rows));
	tcase_add_test(tcase, a_monitoring_group_is_made_entered_and_removed);
	tcase_add_test(tcase, what_fails_leaves_no_class);
	tcase_add_test(tcase, an_update_changes_a_class_and_back);
	tcase_add_test(tcase, an_update_that_the_kernel_refuses_is_undone);
	tcase_add_test(tcase, nothing_is_done_where_none_is_asked_for);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
