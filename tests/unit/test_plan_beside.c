/* SPDX-License-Identifier: Apache-2.0 */
/* Which steps the parent does beside init. */
#include "plan_tree.h"

/* Each step with its number behind a "+", if it has one. */
static const char *marked(void)
{
	struct buf buf = { .arena = &f.arena };
	size_t i;

	ck_assert_msg(plan_rootfs(&f.planner, &f.err) == 0, "%s", f.err.text);
	for (i = 0; i < f.plan.steps_count; i++) {
		const struct plan_step *step = &f.plan.steps[i];
		const char *what = plan_step_detail(step);

		if (step->beside)
			buf_printf(&buf, "%s%s+%u", buf.length ? " " : "", what,
			           step->beside);
	}
	return buf_str(&buf);
}

static void add_dev(void)
{
	f.facts.cpus = 2;
	add_mount("/proc", "proc", "proc", "");
	add_mount("/dev", "tmpfs", "tmpfs", "nosuid mode=755");
	add_mount("/dev/pts", "devpts", "devpts", "newinstance");
	add_mount("/dev/shm", "tmpfs", "shm", "mode=1777");
	add_mount("/dev/mqueue", "mqueue", "mqueue", "");
}

#define DEV                                                             \
	"/dev+1 /dev/pts+2 /dev/shm+3 /dev/null+1 /dev/zero+1 "         \
	"/dev/full+1 /dev/random+1 /dev/urandom+1 /dev/tty+1 /dev/fd+1" \
	" /dev/stdin+1 /dev/stdout+1 /dev/stderr+1 /dev/ptmx+1"

START_TEST(what_knows_no_namespace_is_made_beside)
{
	add_dev();
	ck_assert_str_eq(marked(), DEV);
}

END_TEST

START_TEST(it_takes_a_cpu_that_has_time)
{
	static const struct {
		unsigned int cpus;
		int helped;
		bool marked;
	} rows[] = {
		{ 0, 0, false },
		{ 1, 0, false },
		{ 2, 0, true },
		{ 2, CLONE_NEWNET, false },
		{ 3, CLONE_NEWNET, true },
	};

	add_dev();
	f.facts.cpus = rows[_i].cpus;
	f.plan.ns.helped = rows[_i].helped;
	f.plan.ns.all = f.plan.ns.created = USUAL | rows[_i].helped;
	ck_assert_str_eq(marked(), rows[_i].marked ? DEV : "");
}

END_TEST

START_TEST(what_a_user_namespace_has_it_makes_itself)
{
	add_dev();
	if (_i)
		f.facts.user_namespace = true;
	else
		f.plan.ns.all = f.plan.ns.created = USUAL | CLONE_NEWUSER;
	ck_assert_str_eq(marked(), "");
}

END_TEST

START_TEST(what_looks_at_its_place_is_made_there)
{
	f.facts.cpus = 2;
	add_mount("/copy", "tmpfs", "tmpfs", "tmpcopyup mode=755");
	add_mount("/mode", "tmpfs", "tmpfs", "");
	add_mount("/tmp", "tmpfs", "tmpfs", "mode=1777");
	ck_assert_str_eq(marked(), "/tmp+1");
}

END_TEST

START_TEST(what_is_covered_gets_no_files)
{
	add_dev();
	add_mount("/dev", "tmpfs", "other", "mode=700");
	ck_assert_str_eq(
		marked(),
		"/dev+1 /dev/pts+2 /dev/shm+3 /dev+4 /dev/null+4 /dev/zero+4 "
		"/dev/full+4 /dev/random+4 /dev/urandom+4 /dev/tty+4 /dev/fd+4"
		" /dev/stdin+4 /dev/stdout+4 /dev/stderr+4 /dev/ptmx+4");
}

END_TEST

START_TEST(a_root_mounted_over_it_gets_the_files_from_init)
{
	add_dev();
	add_mount("/", "tmpfs", "root", "mode=755");
	ck_assert_str_eq(marked(), "/dev+1 /dev/pts+2 /dev/shm+3 /+4");
}

END_TEST

START_TEST(there_are_no_more_than_one_message_carries)
{
	size_t i;

	f.facts.cpus = 8;
	for (i = 0; i < PLAN_BESIDE_MAX + 3; i++)
		add_mount(arena_printf(&f.arena, "/t%zu", i), "tmpfs", "tmpfs",
		          "mode=755");
	ck_assert_str_eq(marked(), "/t0+1 /t1+2 /t2+3 /t3+4");
}

END_TEST

static void add_tests(Suite *suite)
{
	TCase *tcase = tcase_create("beside");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, what_knows_no_namespace_is_made_beside);
	tcase_add_loop_test(tcase, it_takes_a_cpu_that_has_time, 0, 5);
	tcase_add_loop_test(tcase, what_a_user_namespace_has_it_makes_itself, 0,
	                    2);
	tcase_add_test(tcase, what_looks_at_its_place_is_made_there);
	tcase_add_test(tcase, what_is_covered_gets_no_files);
	tcase_add_test(tcase, a_root_mounted_over_it_gets_the_files_from_init);
	tcase_add_test(tcase, there_are_no_more_than_one_message_carries);
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	static void (*const cases[])(Suite *) = { add_tests, NULL };

	return run_cases("plan_beside", cases);
}
