/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials and cwd: each test is a process of its own (CK_FORK). */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/str.h"
#include "ns/ns.h"
#include "proc/proc.h"
#include "proc_fixture.h"
#include "sys/process.h"

/* ---- credentials */

static uint64_t status(const char *key)
{
	char line[256];
	uint64_t value = UINT64_MAX;
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file)) {
		const char *rest = str_after(line, key);

		if (rest)
			value = strtoull(rest + 1, NULL, 16);
	}
	if (file)
		fclose(file);
	return value;
}

/* Check makes each test a group leader, which setsid() refuses. */
static int prepare(const struct plan_process *process, struct error *err)
{
	ck_assert_int_eq(setpgid(0, getpgid(getppid())), 0);
	return proc_prepare(process, err);
}

struct caps_row {
	uid_t uid;
	struct plan_caps caps;
};

/* clang-format off */
static const struct caps_row caps_rows[] = {
	{ 0, { .last = 40 } },
	{ NOBODY, { .last = 40 } },
	{ 0, { .bounding = CAP(CAP_KILL) | CAP(CAP_CHOWN),
	       .permitted = CAP(CAP_KILL), .effective = CAP(CAP_KILL),
	       .last = 40 } },
	{ NOBODY, { .bounding = CAP(CAP_KILL), .permitted = CAP(CAP_KILL),
	            .effective = CAP(CAP_KILL), .last = 40 } },
	{ NOBODY, { .bounding = CAP(CAP_KILL), .permitted = CAP(CAP_KILL),
	            .inheritable = CAP(CAP_KILL), .ambient = CAP(CAP_KILL),
	            .last = 40 } },
	/* outside of the bounding set, and inheritable all the same */
	{ NOBODY, { .inheritable = CAP(CAP_KILL), .last = 40 } },
};

/* clang-format on */

/* A054 A055 B090 D033 */
START_TEST(all_five_sets_are_what_was_planned)
{
	const struct caps_row *row = &caps_rows[_i];
	struct plan_process process = usual();
	struct error err = { .code = 0 };

	if (!is_root())
		return;
	process.caps = row->caps;
	process.uid = row->uid;
	process.gid = row->uid;
	ck_assert_msg(prepare(&process, &err) == 0, "%s", err.text);
	ck_assert_msg(proc_become(&process, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(status("CapBnd:"), row->caps.bounding);
	ck_assert_uint_eq(status("CapPrm:"), row->caps.permitted);
	ck_assert_uint_eq(status("CapEff:"), row->caps.effective);
	ck_assert_uint_eq(status("CapInh:"), row->caps.inheritable);
	ck_assert_uint_eq(status("CapAmb:"), row->caps.ambient);
	ck_assert_uint_eq(getuid(), row->uid);
	ck_assert_uint_eq(getegid(), row->uid);
	ck_assert_int_eq(getsid(0), getpid());
}

END_TEST

/* A054 */
START_TEST(what_runf_lacks_is_left_out)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };

	if (!is_root())
		return;
	ck_assert_int_eq(
		sys_capset(CAP(CAP_KILL) | CAP(CAP_SETUID) | CAP(CAP_SETGID),
	                   CAP(CAP_KILL) | CAP(CAP_SETUID) | CAP(CAP_SETGID),
	                   0),
		0);
	process.caps.permitted = CAP(CAP_KILL) | CAP(CAP_CHOWN);
	process.caps.effective = process.caps.permitted;
	ck_assert_msg(proc_become(&process, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(status("CapPrm:"), CAP(CAP_KILL));
	ck_assert_uint_eq(status("CapEff:"), CAP(CAP_KILL));
}

END_TEST

START_TEST(without_power_an_already_empty_bounding_set_is_fine)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };
	int cap;

	if (!is_root())
		return;
	for (cap = 0; sys_in_bounding(cap) >= 0; cap++)
		ck_assert_int_eq(sys_drop_bounding(cap), 0);
	ck_assert_int_eq(sys_capset(0, 0, 0), 0);
	ck_assert_msg(prepare(&process, &err) == 0, "%s", err.text);
}

END_TEST

/* A055 */
START_TEST(a_bounding_set_that_stays_is_an_error)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };

	ck_assert_int_eq(sys_capset(0, 0, 0), 0);
	if (sys_in_bounding(CAP_CHOWN) != 1)
		return;
	ck_assert_int_eq(prepare(&process, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "bounding"));
}

END_TEST

/* A050 D034 */
START_TEST(groups_are_set_cleared_or_kept)
{
	uint32_t groups[] = { 5, 6 };
	gid_t have[8] = { 0 };
	struct plan_process process = usual();

	if (!is_root())
		return;
	ck_assert_int_eq(setgroups(1, (gid_t[]){ 42 }), 0);
	process.keep_groups = true;
	process.caps.permitted = CAP(CAP_SETGID) | CAP(CAP_SETUID);
	process.caps.effective = process.caps.permitted;
	ck_assert_int_eq(proc_become(&process, NULL), 0);
	ck_assert_int_eq(getgroups(8, have), 1);
	ck_assert_uint_eq(have[0], 42);
	process.keep_groups = false;
	process.groups = groups;
	process.groups_count = 2;
	ck_assert_int_eq(proc_become(&process, NULL), 0);
	ck_assert_int_eq(getgroups(8, have), 2);
	ck_assert_uint_eq(have[1], 6);
	process.groups_count = 0;
	ck_assert_int_eq(proc_become(&process, NULL), 0);
	ck_assert_int_eq(getgroups(8, have), 0);
}

END_TEST

/* A050 */
START_TEST(where_setgroups_is_forbidden_only_wishes_for_groups_fail)
{
	uint32_t groups[] = { 5 };
	struct plan_process process = usual();
	struct plan_idmap map = {
		.uid_map = "0 0 1\n",
		.gid_map = "0 0 1\n",
		.deny_setgroups = true,
	};
	struct error err = { .code = 0 };

	if (!is_root())
		return;
	ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
	ck_assert_msg(ns_write_idmap(ns_open_procfs(&err), getpid(), &map,
	                             &err) == 0,
	              "%s", err.text);
	process.groups = groups;
	process.groups_count = 1;
	ck_assert_int_eq(proc_become(&process, &err), -EPERM);
	process.groups_count = 0;
	ck_assert_msg(proc_become(&process, &err) == 0, "%s", err.text);
}

END_TEST

START_TEST(without_power_groups_that_cannot_be_dropped_are_an_error)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };

	ck_assert_int_eq(sys_capset(0, 0, 0), 0);
	ck_assert_int_eq(proc_become(&process, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "groups"));
}

END_TEST

/* A049 */
START_TEST(the_umask_is_set)
{
	struct plan_process process = usual();

	if (!is_root())
		return;
	process.umask = 0027;
	ck_assert_int_eq(proc_become(&process, NULL), 0);
	ck_assert_uint_eq(umask(0), 0027);
}

END_TEST

/* ---- working directory */

/* A043 */
START_TEST(a_missing_cwd_is_made_for_everybody)
{
	struct plan_process process = usual();
	struct stat st;
	char cwd[PATH_MAX];
	struct error err = { .code = 0 };

	if (!is_root())
		return;
	mkdir(at("/there"), 0755);
	umask(0077);
	enter_root();
	process.cwd = "/there/is/../is/none/";
	process.uid = NOBODY;
	process.umask = 0077;
	ck_assert_msg(proc_become(&process, &err) == 0, "%s", err.text);
	ck_assert_str_eq(getcwd(cwd, sizeof(cwd)), "/there/is/none");
	ck_assert_int_eq(stat("/there/is/none", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_uint_eq(st.st_uid, 0);
}

END_TEST

START_TEST(a_cwd_that_is_a_file_is_an_error)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };

	put("/file", "", 0644);
	process.cwd = at("/file");
	ck_assert_int_eq(proc_become(&process, &err), -ENOTDIR);
	ck_assert_ptr_nonnull(strstr(err.text, "process.cwd"));
}

END_TEST

/* A043 */
START_TEST(a_cwd_for_the_user_only_is_entered_as_the_user)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };
	char cwd[PATH_MAX];

	if (!is_root())
		return;
	mkdir(at("/own"), 0700);
	ck_assert_int_eq(chown(at("/own"), NOBODY, NOBODY), 0);
	enter_root();
	/* A root without power over files, as in a user namespace. */
	ck_assert_int_eq(sys_capset(CAP(CAP_SETUID) | CAP(CAP_SETGID),
	                            CAP(CAP_SETUID) | CAP(CAP_SETGID), 0),
	                 0);
	process.cwd = "/own";
	process.uid = NOBODY;
	process.gid = NOBODY;
	ck_assert_msg(proc_become(&process, &err) == 0, "%s", err.text);
	ck_assert_str_eq(getcwd(cwd, sizeof(cwd)), "/own");
}

END_TEST

/* The root with a procfs, and a descriptor of a directory of the host. */
static int enter_root_with_proc(void)
{
	int host = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	mkdir(at("/proc"), 0755);
	ck_assert_int_eq(mount("proc", at("/proc"), "proc", 0, NULL), 0);
	enter_root();
	return host;
}

/* D012 */
START_TEST(a_cwd_on_the_host_is_refused)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };
	char cwd[64];

	if (!is_root())
		return;
	snprintf(cwd, sizeof(cwd), "/proc/self/fd/%d", enter_root_with_proc());
	process.cwd = cwd;
	ck_assert_int_lt(proc_become(&process, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "outside"));
}

END_TEST

/* D013 */
START_TEST(no_directory_is_made_on_the_host)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };
	char cwd[64];

	if (!is_root())
		return;
	snprintf(cwd, sizeof(cwd), "/proc/self/fd/%d/runf-test-none",
	         enter_root_with_proc());
	process.cwd = cwd;
	ck_assert_int_eq(proc_become(&process, &err), -ELOOP);
	ck_assert_int_ne(access(cwd, F_OK), 0);
}

END_TEST

static Suite *become_suite(void)
{
	Suite *suite = suite_create("proc/become");
	TCase *tests = tcase_create("proc/become");

	tcase_add_checked_fixture(tests, make_root, NULL);
	tcase_add_loop_test(tests, all_five_sets_are_what_was_planned, 0,
	                    (int)ARRAY_SIZE(caps_rows));
	tcase_add_test(tests, what_runf_lacks_is_left_out);
	tcase_add_test(tests,
	               without_power_an_already_empty_bounding_set_is_fine);
	tcase_add_test(tests, a_bounding_set_that_stays_is_an_error);
	tcase_add_test(tests, groups_are_set_cleared_or_kept);
	tcase_add_test(
		tests,
		where_setgroups_is_forbidden_only_wishes_for_groups_fail);
	tcase_add_test(
		tests,
		without_power_groups_that_cannot_be_dropped_are_an_error);
	tcase_add_test(tests, the_umask_is_set);
	tcase_add_test(tests, a_missing_cwd_is_made_for_everybody);
	tcase_add_test(tests, a_cwd_that_is_a_file_is_an_error);
	tcase_add_test(tests, a_cwd_for_the_user_only_is_entered_as_the_user);
	tcase_add_test(tests, a_cwd_on_the_host_is_refused);
	tcase_add_test(tests, no_directory_is_made_on_the_host);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(become_suite());
	int failed;

	make_base();
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	remove_base();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
