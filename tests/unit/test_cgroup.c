/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroups are made, entered, frozen, emptied and removed. */
#include "cgroup_host.h"

/* ---- making and removing */

/* A015 A154 */
START_TEST(what_is_made_is_removed)
{
	if (!use_host(_i))
		return;
	config.cgroups_path = arena_printf(&arena, "%s/deep/below", path);
	create();
	ck_assert(exists("/deep/below"));
	ck_assert_int_eq(WEXITSTATUS(run(body_exit)), 0);
	ck_assert_msg(cgroup_remove(&plan.cgroup, &err) == 0, "%s", err.text);
	ck_assert(!exists("/deep/below"));
	ck_assert_int_eq(cgroup_remove(&plan.cgroup, &err), 0);
	cgroup_undo(&cgroup, NULL);
	ck_assert(!exists(""));
}

END_TEST

/* A005 */
START_TEST(a_failed_create_leaves_nothing)
{
	if (!use_host(_i))
		return;
	config.cgroups_path = arena_printf(&arena, "%s/deep/below", path);
	ck_assert_int_eq(decide(), 0);
	*arena_push(&arena, plan.cgroup.writes, plan.cgroup.writes_count) =
		(struct plan_cgroup_write){ .file = "cgroup.nonesuch",
		                            .value = "1",
		                            .what = "test" };
	ck_assert_int_lt(cgroup_create(&plan.cgroup, &cgroup, &err), 0);
	ck_assert_msg(strstr(err.text, "has no file cgroup.nonesuch") != NULL,
	              "%s", err.text);
	ck_assert(!exists(""));
}

END_TEST

/* A015 */
START_TEST(an_empty_cgroup_is_taken_and_kept)
{
	struct cgroup first;
	struct inside inside;

	if (!use_host(_i))
		return;
	create();
	ck_assert_uint_eq(cgroup.made[0], 1);
	first = cgroup;
	create();
	ck_assert_uint_eq(cgroup.made[0], 0);
	inside = start(body_sleep);
	cgroup_undo(&cgroup, NULL);
	ck_assert(exists(""));
	finish(&inside);
	ck_assert(WIFSIGNALED(inside.status));
	plan.cgroup.dirs[0].keep = true;
	ck_assert_int_eq(cgroup_remove(&plan.cgroup, &err), 0);
	ck_assert(exists(""));
	cgroup = first;
}

END_TEST

/* A155 */
START_TEST(a_cgroup_in_use_is_refused)
{
	struct cgroup second = CGROUP_NONE;
	struct inside inside;

	if (!use_host(_i))
		return;
	create();
	inside = start(body_sleep);
	ck_assert_int_lt(cgroup_create(&plan.cgroup, &second, &err), 0);
	ck_assert_int_eq(err.kind, ERROR_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.text, "has processes"));
	ck_assert_int_eq(kill(inside.pid, 0), 0);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGKILL, &err), 0);
	finish(&inside);
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, true, &err), 0);
	ck_assert_int_lt(cgroup_create(&plan.cgroup, &second, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "is frozen"));
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, false, &err), 0);
	ck_assert(exists(""));
}

END_TEST

/* A hundred levels, each with a sibling, and a process at the bottom. */
START_TEST(removing_reaches_every_depth)
{
	struct inside inside;
	int dir;
	int depth;

	if (!use_host(_i))
		return;
	create();
	inside = start(body_sleep);
	dir = dup(cgroup.dirs[0]);
	for (depth = 0; depth < 100; depth++) {
		int below;

		ck_assert_int_eq(mkdirat(dir, "a", 0755), 0);
		ck_assert_int_eq(mkdirat(dir, "b", 0755), 0);
		below = openat(dir, "a", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = below;
	}
	ck_assert_int_eq(sys_write_file(dir, "cgroup.procs",
	                                arena_printf(&arena, "%d", inside.pid)),
	                 0);
	close(dir);
	ck_assert_uint_eq(count_pids(), 1);
	ck_assert_msg(cgroup_remove(&plan.cgroup, &err) == 0, "%s", err.text);
	finish(&inside);
	ck_assert(WIFSIGNALED(inside.status));
	ck_assert(!exists(""));
}

END_TEST

/* B132 */
START_TEST(removing_takes_frozen_processes_along)
{
	struct inside inside;

	if (!use_host(_i))
		return;
	create();
	inside = start(body_family);
	await_pids(3);
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, true, &err), 0);
	ck_assert_msg(cgroup_remove(&plan.cgroup, &err) == 0, "%s", err.text);
	finish(&inside);
	ck_assert(!exists(""));
}

END_TEST

/* C031 */
START_TEST(without_permission_an_optional_cgroup_is_none)
{
	pid_t pid;
	int status;

	if (!use_host(_i))
		return;
	ck_assert_int_eq(decide(), 0);
	plan.cgroup.optional = true;
	pid = fork();
	if (pid == 0) {
		bool none;

		if (setresgid(65534, 65534, 65534) < 0 ||
		    setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		none = cgroup_create(&plan.cgroup, &cgroup, &err) == 0 &&
		       cgroup.count == 0 && cgroup.leaf == -1 &&
		       cgroup_apply_devices(&cgroup, &err) == 0 &&
		       cgroup_join(&cgroup, 1, true, &err) == 0;
		plan.cgroup.optional = false;
		_exit(none && cgroup_create(&plan.cgroup, &cgroup, &err) ==
		                              -EACCES
		              ? 0
		              : 2);
	}
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}

END_TEST

/* A156 */
START_TEST(the_leaf_can_be_given_away)
{
	struct stat stat;

	if (!use_host(_i) || !facts.cgroup.v2_mount)
		return;
	ck_assert_int_eq(decide(), 0);
	plan.cgroup.owner = (struct opt_u32){ true, 12345 };
	ck_assert_int_eq(cgroup_create(&plan.cgroup, &cgroup, &err), 0);
	ck_assert_int_eq(sys_fstat(cgroup.leaf, &stat), 0);
	ck_assert_uint_eq(stat.st_uid, 12345);
	ck_assert_int_eq(sys_fstatat(cgroup.leaf, "cgroup.procs", &stat, 0), 0);
	ck_assert_uint_eq(stat.st_uid, 12345);
	ck_assert_int_eq(sys_fstatat(cgroup.leaf, "cgroup.freeze", &stat, 0),
	                 0);
	ck_assert_uint_eq(stat.st_uid, 0);
}

END_TEST

/* ---- processes */

static int body_count(void)
{
	while (++*counter)
		;
	return 0;
}

/* C034 */
START_TEST(frozen_processes_stand_still)
{
	struct inside inside;
	unsigned long before;
	bool frozen = true;

	if (!use_host(_i))
		return;
	share_counter();
	create();
	inside = start(body_count);
	nap(20);
	ck_assert_int_eq(cgroup_is_frozen(&plan.cgroup, &frozen, &err), 0);
	ck_assert(!frozen);
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, true, &err), 0);
	ck_assert_int_eq(cgroup_is_frozen(&plan.cgroup, &frozen, &err), 0);
	ck_assert(frozen);
	before = *counter;
	nap(50);
	ck_assert_uint_eq(*counter, before);
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, false, &err), 0);
	nap(50);
	ck_assert_uint_ne(*counter, before);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGKILL, &err), 0);
	finish(&inside);
}

END_TEST

/* D056 */
START_TEST(a_cgroup_that_is_gone_is_empty_and_not_frozen)
{
	int32_t *pids;
	size_t count = 7;
	uint64_t killed = 7;
	bool frozen = true;

	if (!use_host(_i))
		return;
	ck_assert_int_eq(decide(), 0);
	ck_assert_int_eq(cgroup_is_frozen(&plan.cgroup, &frozen, &err), 0);
	ck_assert(!frozen);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGTERM, &err), 0);
	ck_assert_int_eq(cgroup_pids(&plan.cgroup, &arena, &pids, &count, &err),
	                 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(cgroup_oom_count(&plan.cgroup, &killed), 0);
	ck_assert_uint_eq(killed, 0);
	ck_assert_int_lt(cgroup_freeze(&plan.cgroup, true, &err), 0);
}

END_TEST

/* C035 */
START_TEST(a_signal_reaches_all)
{
	static const int signals[] = { SIGKILL, SIGTERM };
	struct inside inside;
	size_t i;

	if (!use_host(_i))
		return;
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		create();
		inside = start(body_family);
		await_pids(3);
		ck_assert_msg(cgroup_kill(&plan.cgroup, signals[i], &err) == 0,
		              "%s", err.text);
		finish(&inside);
		ck_assert(WIFSIGNALED(inside.status));
		ck_assert_int_eq(WTERMSIG(inside.status), signals[i]);
		await_pids(0);
		/* Linux 6.18 kills what is cloned into a cgroup once killed. */
		cgroup_undo(&cgroup, NULL);
	}
}

END_TEST

static int body_many(void)
{
	int i;

	for (i = 0; i < 199; i++)
		if (fork() == 0)
			break;
	while (pause() < 0)
		;
	return 0;
}

/* C035 */
START_TEST(many_processes_are_signalled_in_batches)
{
	struct inside inside;

	if (!use_host(_i))
		return;
	create();
	inside = start(body_many);
	await_pids(200);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGTERM, &err), 0);
	finish(&inside);
	await_pids(0);
}

END_TEST

/* B055 D020 */
START_TEST(a_sub_cgroup_is_below_the_leaf)
{
	static const char *const bad[] = { "..", "a/..", "../x", "/..",
		                           "a/../.." };
	struct cgroup opened = CGROUP_NONE;
	size_t i;

	if (!use_host(_i))
		return;
	create();
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_lt(
			cgroup_open(&plan.cgroup, bad[i], &opened, &err), 0);
	ck_assert_int_eq(mkdirat(cgroup.dirs[0], "a", 0755), 0);
	/* B055: without a v2 tree in each hierarchy, or in the one named. */
	if (cgroup.leaf < 0) {
		const char *name = plan.cgroup.dirs[0].controllers;

		ck_assert_int_lt(cgroup_open(&plan.cgroup, "nosuch:a", &opened,
		                             &err),
		                 0);
		ck_assert_int_eq(
			cgroup_open(&plan.cgroup,
		                    arena_printf(&arena, "%.*s:a",
		                                 (int)strcspn(name, ","), name),
		                    &opened, &err),
			0);
		ck_assert_int_eq(faccessat(opened.dirs[0], "../a", F_OK, 0), 0);
		cgroup_close(&opened);
		ck_assert_int_eq(unlinkat(cgroup.dirs[0], "a", AT_REMOVEDIR),
		                 0);
		return;
	}
	ck_assert_int_lt(cgroup_open(&plan.cgroup, "b", &opened, &err), 0);
	ck_assert_int_eq(cgroup_open(&plan.cgroup, "/a", &opened, &err), 0);
	ck_assert(opened.leaf_is_sub);
	cgroup_close(&cgroup);
	cgroup = opened;
	run(body_exit);
}

END_TEST

/* C039 */
START_TEST(a_process_is_found_where_it_moved)
{
	struct inside inside;
	int fd = -1;
	int above;

	if (!use_host(_i) || !facts.cgroup.v2_mount)
		return;
	create();
	inside = start(body_sleep);
	ck_assert_int_eq(mkdirat(cgroup.leaf, "moved", 0755), 0);
	ck_assert_int_eq(sys_write_file(cgroup.leaf, "moved/cgroup.procs",
	                                arena_printf(&arena, "%d", inside.pid)),
	                 0);
	ck_assert_msg(cgroup_open_of_pid(&plan.cgroup, inside.pid, &fd, &err) ==
	                      0,
	              "%s", err.text);
	ck_assert_int_eq(sys_write_file(fd, "../cgroup.procs",
	                                arena_printf(&arena, "%d", inside.pid)),
	                 0);
	close(fd);
	above = openat(cgroup.leaf, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(sys_write_file(above, "cgroup.procs",
	                                arena_printf(&arena, "%d", inside.pid)),
	                 0);
	close(above);
	ck_assert_int_lt(
		cgroup_open_of_pid(&plan.cgroup, inside.pid, &fd, &err), 0);
	kill(inside.pid, SIGKILL);
	finish(&inside);
}

END_TEST

static void add_directories(Suite *suite)
{
	TCase *tests = add_case(suite, "directories");

	ADD(tests, what_is_made_is_removed);
	ADD(tests, a_failed_create_leaves_nothing);
	ADD(tests, an_empty_cgroup_is_taken_and_kept);
	ADD(tests, a_cgroup_in_use_is_refused);
	ADD(tests, removing_reaches_every_depth);
	ADD(tests, removing_takes_frozen_processes_along);
	ADD(tests, without_permission_an_optional_cgroup_is_none);
	ADD(tests, the_leaf_can_be_given_away);
}

static void add_processes(Suite *suite)
{
	TCase *tests = add_case(suite, "processes");

	ADD(tests, frozen_processes_stand_still);
	ADD(tests, a_cgroup_that_is_gone_is_empty_and_not_frozen);
	ADD(tests, a_signal_reaches_all);
	ADD(tests, many_processes_are_signalled_in_batches);
	ADD(tests, a_sub_cgroup_is_below_the_leaf);
	ADD(tests, a_process_is_found_where_it_moved);
}

int main(void)
{
	Suite *suite = suite_create("cgroup");

	add_directories(suite);
	add_processes(suite);
	return run_suite(suite);
}
