/* SPDX-License-Identifier: Apache-2.0 */
/* How cgroups are mounted, read from lines of mountinfo and from the host. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/mountinfo.h"
#include "probe/probe.h"

#define PLAIN  "22 27 0:21 / /proc rw,relatime - proc proc rw"
#define MEMORY "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
#define CPU \
	"33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 master:1 - cgroup none rw,cpu,cpuacct"
#define NAMED \
	"40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd"
#define V2 \
	"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate"
#define V2_ELSEWHERE "39 31 0:38 / /mnt/v2 rw - cgroup2 cgroup2 rw"
#define ESCAPED      "39 31 0:38 / /mnt/a\\040b\\134 rw - cgroup2 cgroup2 rw"
#define NESTED \
	"50 49 0:32 / /run/ct/sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"

static struct arena arena;
static struct facts_cgroup facts;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
	memset(&facts, 0, sizeof(facts));
}

static void teardown(void)
{
	arena_release(&arena);
}

static void read_line(const char *line)
{
	probe_mountinfo_line(&arena, arena_strdup(&arena, line), &facts);
}

START_TEST(hierarchies_have_their_controllers)
{
	read_line(PLAIN);
	read_line(MEMORY);
	read_line(CPU);
	read_line(V2);
	ck_assert_uint_eq(facts.v1_count, 2);
	ck_assert_str_eq(facts.v1[0].controllers, "memory");
	ck_assert_str_eq(facts.v1[0].mount, "/sys/fs/cgroup/memory");
	ck_assert_str_eq(facts.v1[1].controllers, "cpu,cpuacct");
	ck_assert_str_eq(facts.v1[1].mount, "/sys/fs/cgroup/cpu,cpuacct");
	ck_assert_str_eq(facts.v2_mount, "/sys/fs/cgroup/unified");
}

END_TEST

START_TEST(a_hierarchy_with_a_name_controls_nothing)
{
	read_line(NAMED);
	ck_assert_uint_eq(facts.v1_count, 0);
}

END_TEST

START_TEST(the_usual_place_wins)
{
	read_line(V2_ELSEWHERE);
	ck_assert_str_eq(facts.v2_mount, "/mnt/v2");
	read_line(V2);
	read_line(V2_ELSEWHERE);
	ck_assert_str_eq(facts.v2_mount, "/sys/fs/cgroup/unified");
	read_line(NESTED);
	read_line(MEMORY);
	ck_assert_uint_eq(facts.v1_count, 1);
	ck_assert_str_eq(facts.v1[0].mount, "/sys/fs/cgroup/memory");
}

END_TEST

START_TEST(escaped_characters_come_back)
{
	read_line(ESCAPED);
	ck_assert_str_eq(facts.v2_mount, "/mnt/a b\\");
}

END_TEST

static const char *const broken[] = {
	"",
	" - cgroup2",
	" - cgroup2 x",
	"1 2 3 - cgroup2 cgroup2 rw",
	"1 2 3 4 5 - cgroup",
	"1 2 3 4 5\\04 - cgroup cgroup",
};

START_TEST(broken_lines_tell_nothing)
{
	read_line(broken[_i]);
	ck_assert_uint_eq(facts.v1_count, 0);
	ck_assert_ptr_null(facts.v2_mount);
}

END_TEST

START_TEST(the_facts_of_this_host_are_consistent)
{
	struct error err;

	ck_assert_int_eq(probe_cgroup(&arena, &facts, &err), 0);
	ck_assert_int_eq(facts.v2_mount != NULL,
	                 facts.mode == FACTS_CGROUP_V2 ||
	                         facts.mode == FACTS_CGROUP_HYBRID);
	ck_assert_int_eq(facts.v1_count > 0,
	                 facts.mode == FACTS_CGROUP_V1 ||
	                         facts.mode == FACTS_CGROUP_HYBRID);
	if (facts.mode == FACTS_CGROUP_HYBRID)
		ck_assert_ptr_nonnull(facts.v2_controllers);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("probe/cgroup");
	TCase *tests = tcase_create("mountinfo");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, hierarchies_have_their_controllers);
	tcase_add_test(tests, a_hierarchy_with_a_name_controls_nothing);
	tcase_add_test(tests, the_usual_place_wins);
	tcase_add_test(tests, escaped_characters_come_back);
	tcase_add_loop_test(tests, broken_lines_tell_nothing, 0,
	                    ARRAY_SIZE(broken));
	tcase_add_test(tests, the_facts_of_this_host_are_consistent);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
