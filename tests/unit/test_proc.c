/* SPDX-License-Identifier: Apache-2.0 */
/* Around the process: its program, home, descriptors, limits. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ns/ns.h"
#include "proc/proc.h"
#include "proc_fixture.h"
#include "sys/file.h"

/* ---- the program */

struct program_row {
	const char *name;
	const char *paths; /* each %s is the root */
	const char *found; /* below the root, or NULL */
	const char *text;
};

/* clang-format off */
static const struct program_row program_rows[] = {
	{ "prog", "%s/a:%s/b", "/b/prog", NULL },
	{ "prog", "%s/none:%s/b", "/b/prog", NULL },
	{ "refused", "%s/b:%s/a", "/a/refused", NULL },
	{ "refused", "%s/b:%s/none", NULL,
	  "exec: \"refused\": permission denied" },
	{ "folder", "%s/a:%s/b", NULL,
	  "exec: \"folder\": is a directory: permission denied" },
	{ "nowhere", "%s/a:%s/b", NULL,
	  "exec: \"nowhere\": executable file not found in $PATH" },
	{ "", "%s/a:%s/b", NULL,
	  "exec: \"\": executable file not found in $PATH" },
	{ "/nowhere", "%s/a:%s/b", NULL,
	  "exec: \"/nowhere\": no such file or directory" },
	{ "/", "%s/a:%s/b", NULL,
	  "exec: \"/\": is a directory: permission denied" },
	{ "/etc/passwd", "%s/a:%s/b", NULL,
	  "exec: \"/etc/passwd\": permission denied" },
	{ "/etc/passwd/x", "%s/a:%s/b", NULL,
	  "exec: \"/etc/passwd/x\": not a directory" },
	{ "/dev/null", "%s/a:%s/b", NULL,
	  "exec: \"/dev/null\": permission denied" },
};

/* clang-format on */

/* A046 B120 B121 B122 B123 E033 */
START_TEST(a_program_is_found_as_engines_expect)
{
	const struct program_row *row = &program_rows[_i];
	struct plan_process process = usual();
	struct error err = { .code = 0 };
	char paths[256];
	char found[PATH_MAX];
	int result;

	mkdir(at("/a"), 0755);
	mkdir(at("/b"), 0755);
	mkdir(at("/b/folder"), 0755);
	put("/b/prog", "#!/bin/sh\n", 0755);
	put("/b/refused", "#!/bin/sh\n", 0644);
	put("/a/refused", "#!/bin/sh\n", 0755);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(paths, sizeof(paths), row->paths, root, root);
#pragma GCC diagnostic pop
	process.search_path = paths;
	process.args[0] = strdup(row->name);
	result = proc_find_program(&process, found, &err);
	if (row->found) {
		ck_assert_msg(result == 0, "%s", err.text);
		ck_assert_str_eq(found, at(row->found));
	} else {
		ck_assert_int_lt(result, 0);
		ck_assert_int_eq(err.kind, ERROR_PROGRAM);
		ck_assert_str_eq(err.text, row->text);
	}
}

END_TEST

START_TEST(an_empty_part_of_the_path_is_the_cwd)
{
	struct plan_process process = usual();
	char found[PATH_MAX];

	put("/prog", "#!/bin/sh\n", 0755);
	ck_assert_int_eq(chdir(root), 0);
	process.search_path = "/nowhere::/bin";
	process.args[0] = TEXT("prog");
	ck_assert_int_eq(proc_find_program(&process, found, NULL), 0);
	ck_assert_str_eq(found, "./prog");
}

END_TEST

/* What SCRIPT, executed by proc_exec() with 3, 4 and 77 open, says. */
static const char *execute(struct plan_process *process, const char *script,
                           char *home)
{
	static char said[256];
	char *args[] = { TEXT("sh"), TEXT("-c"), strdup(script), NULL };
	struct error err = { .code = 0 };
	int out[2];
	ssize_t count;
	pid_t pid;

	process->args = args;
	ck_assert_int_eq(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], 1);
		dup2(0, 3);
		dup2(0, 4);
		dup2(0, 77);
		if (proc_close_fds(process, &err) == 0)
			proc_exec(process, "/bin/sh", home, &err);
		dprintf(1, "%s", err.text);
		_exit(1);
	}
	close(out[1]);
	waitpid(pid, NULL, 0);
	count = read(out[0], said, sizeof(said) - 1);
	said[count > 0 ? count : 0] = '\0';
	return said;
}

START_TEST(home_takes_its_slot)
{
	struct plan_process process = usual();
	char *env[] = { TEXT("A=1"), TEXT("HOME="), NULL };

	process.env = env;
	process.home_slot = 1;
	ck_assert_str_eq(execute(&process, "echo $A$HOME", TEXT("HOME=/h")),
	                 "1/h\n");
}

END_TEST

/* B046 B087 */
START_TEST(only_kept_descriptors_reach_the_program)
{
	struct plan_process process = usual();

	process.keep_fds = 1;
	ck_assert_str_eq(execute(&process,
	                         "for i in 0 3 4 77; do "
	                         "[ -e /proc/$$/fd/$i ] && echo $i; done",
	                         NULL),
	                 "0\n3\n");
}

END_TEST

/* B046 */
START_TEST(a_kept_descriptor_must_be_open)
{
	struct plan_process process = usual();

	process.keep_fds = 30;
	ck_assert_ptr_nonnull(strstr(execute(&process, "echo ran", NULL),
	                             "preserve file descriptor"));
}

END_TEST

START_TEST(a_program_that_is_none_says_so)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };

	put("/text", "no magic", 0755);
	process.args[0] = TEXT("text");
	ck_assert_int_eq(proc_exec(&process, at("/text"), NULL, &err),
	                 -ENOEXEC);
	ck_assert_int_eq(err.kind, ERROR_PROGRAM);
	ck_assert_str_eq(err.text, "exec: \"text\": exec format error");
}

END_TEST

/* ---- home */

struct home_row {
	uid_t uid;
	const char *passwd;
	const char *home;
};

/* clang-format off */
static const struct home_row home_rows[] = {
	{ 0, "root:x:0:0:root:/root:/bin/sh\n", "HOME=/root" },
	{ 7, "root:x:0:0::/root:\nu:x:7:7:a,b:/home/u:/bin/sh", "HOME=/home/u" },
	{ 7, "u:x:7:7::/first:\nv:x:7:7::/second:\n", "HOME=/first" },
	{ 8, "root:x:0:0:root:/root:/bin/sh\n", "HOME=/" },
	{ 0, "", "HOME=/" },
	{ 0, "root:x:0:0:root::/bin/sh\n", "HOME=/" },
	{ 0, "root:x:0:0:root:relative:/bin/sh\n", "HOME=/" },
	{ 0, "root:x::0:root:/wrong:\nr:x:0:0::/right:\n", "HOME=/right" },
	{ 1, "a:x:18446744073709551617:0::/wrong:\n", "HOME=/" },
	{ 0, "garbage\n:::::::::\nr:x:0:0::/right", "HOME=/right" },
	{ 0, "r:x:00:0::/zeros:\n", "HOME=/zeros" },
};

/* clang-format on */

/* A045 D051 */
START_TEST(home_is_what_the_containers_passwd_says)
{
	const struct home_row *row = &home_rows[_i];
	struct plan_process process = usual();
	char home[PROC_HOME_SIZE];

	if (!is_root())
		return;
	mkdir(at("/etc"), 0755);
	put("/etc/passwd", row->passwd, 0644);
	enter_root();
	process.home_slot = 0;
	process.uid = row->uid;
	proc_home(&process, home);
	ck_assert_str_eq(home, row->home);
}

END_TEST

/* A045 D051 */
START_TEST(a_line_longer_than_every_buffer_is_survived)
{
	enum {
		SIZE = 100000
	};
	struct plan_process process = usual();
	char home[PROC_HOME_SIZE];
	char *text = malloc(SIZE + 64);

	if (!is_root())
		return;
	strcpy(text, "u:x:7:7::/");
	memset(text + 10, 'x', SIZE);
	strcpy(text + 10 + SIZE, "\nv:x:8:8::/v:\n");
	mkdir(at("/etc"), 0755);
	put("/etc/passwd", text, 0644);
	free(text);
	enter_root();
	process.home_slot = 0;
	process.uid = 8;
	proc_home(&process, home);
	ck_assert_str_eq(home, "HOME=/v");
	process.uid = 7;
	proc_home(&process, home);
	ck_assert_uint_lt(strlen(home), sizeof(home));
}

END_TEST

/* A045 D051 */
START_TEST(a_passwd_that_is_no_file_is_none)
{
	struct plan_process process = usual();
	char home[PROC_HOME_SIZE];

	if (!is_root())
		return;
	mkdir(at("/etc"), 0755);
	ck_assert_int_eq(mkfifo(at("/etc/passwd"), 0644), 0);
	enter_root();
	process.home_slot = 0;
	proc_home(&process, home);
	ck_assert_str_eq(home, "HOME=/");
}

END_TEST

/* A045 */
START_TEST(with_home_in_the_environment_nothing_is_looked_up)
{
	struct plan_process process = usual();
	char home[PROC_HOME_SIZE] = "x";

	proc_home(&process, home);
	ck_assert_str_eq(home, "");
}

END_TEST

/* ---- around */

/* A053 */
START_TEST(limits_are_set_and_named_when_they_cannot_be)
{
	struct plan_rlimit limits[] = {
		{ "RLIMIT_CORE", RLIMIT_CORE, 0, 0 },
		{ "RLIMIT_NOFILE", RLIMIT_NOFILE, 20, 10 },
	};
	struct plan_process process = usual();
	struct error err = { .code = 0 };
	struct rlimit limit;

	process.rlimits = limits;
	process.rlimits_count = 1;
	ck_assert_int_eq(proc_set_rlimits(0, &process, &err), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	ck_assert_uint_eq(limit.rlim_max, 0);
	process.rlimits_count = 2;
	ck_assert_int_eq(proc_set_rlimits(0, &process, &err), -EINVAL);
	ck_assert_ptr_nonnull(
		strstr(err.text, "RLIMIT_NOFILE to 20 (hard 10)"));
}

END_TEST

/* A058 */
START_TEST(the_oom_score_is_written_through_a_proved_procfs)
{
	struct error err = { .code = 0 };
	int procfs = ns_open_procfs(&err);
	char text[16] = "";
	FILE *file;

	ck_assert_msg(procfs >= 0, "%s", err.text);
	ck_assert_msg(proc_set_oom(procfs, 0, 321, &err) == 0, "%s", err.text);
	file = fopen("/proc/self/oom_score_adj", "re");
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
	fclose(file);
	ck_assert_str_eq(text, "321\n");
	ck_assert_int_eq(proc_set_oom(procfs, getpid(), 322, &err), 0);
	ck_assert_int_eq(proc_set_oom(procfs, 0, 5000, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "oomScoreAdj"));
}

END_TEST

/* B085 D027 */
START_TEST(stdio_is_given_away_but_never_a_device)
{
	struct plan_process process = { .uid = NOBODY, .gid = NOBODY };
	struct stat null;
	struct stat before;
	struct stat st;
	int fds[2];

	if (!is_root())
		return;
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(stat("/dev/null", &before), 0);
	dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 0);
	dup2(fds[1], 1);
	ck_assert_int_eq(proc_own_stdio(&process, NULL), 0);
	ck_assert_int_eq(fstat(fds[1], &st), 0);
	ck_assert_uint_eq(st.st_uid, NOBODY);
	ck_assert_uint_eq(st.st_gid, NOBODY);
	ck_assert_int_eq(stat("/dev/null", &null), 0);
	ck_assert_uint_eq(null.st_uid, before.st_uid);
}

END_TEST

/* B124 */
START_TEST(a_label_that_cannot_be_written_names_the_file)
{
	struct plan_process process = usual();
	struct error err = { .code = 0 };
	int procfs = ns_open_procfs(&err);

	process.selinux = "no:such:label:s0";
	ck_assert_int_lt(proc_set_lsm(procfs, &process, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "`/proc/self/attr/exec`"));
	process.selinux = NULL;
	process.apparmor = "no-such-profile";
	ck_assert_int_lt(proc_set_lsm(procfs, &process, &err), 0);
	process.apparmor = NULL;
	ck_assert_int_eq(proc_set_lsm(procfs, &process, &err), 0);
}

END_TEST

/* A procfs of files: what a kernel with the module would be told. */
static int make_attr(const char *name, const char *const *names)
{
	char dir[sizeof(root) + 16];
	int fd;

	snprintf(dir, sizeof(dir), "%s/%s", root, name);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(mkdirat(fd, "self", 0700), 0);
	ck_assert_int_eq(mkdirat(fd, "self/attr", 0700), 0);
	ck_assert_int_eq(mkdirat(fd, "self/attr/apparmor", 0700), 0);
	for (; *names; names++)
		close(openat(fd, *names, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	return fd;
}

static void check_attr(int procfs, const char *name, const char *expected)
{
	char text[64] = "";

	ck_assert_int_ge(sys_read_file(procfs, name, text, sizeof(text)), 0);
	ck_assert_str_eq(text, expected);
}

/* A059 */
START_TEST(a_profile_is_told_to_its_own_file_and_no_other)
{
	static const char *const both[] = { "self/attr/apparmor/exec",
		                            "self/attr/exec", NULL };
	struct plan_process process = usual();
	struct error err = { .code = 0 };
	int procfs = make_attr("both", both);
	int other = make_attr("other", both + 1);

	process.apparmor = "docker-default";
	ck_assert_int_eq(proc_set_lsm(procfs, &process, &err), 0);
	check_attr(procfs, both[0], "exec docker-default");
	check_attr(procfs, both[1], "");
	ck_assert_int_eq(proc_set_lsm(other, &process, &err), -ENOENT);
	ck_assert_ptr_nonnull(
		strstr(err.text, "`/proc/self/attr/apparmor/exec`"));
	check_attr(other, both[1], "");
}

END_TEST

/* A060 C033 */
START_TEST(a_label_is_told_for_the_program_and_for_keys)
{
	static const char *const names[] = { "self/attr/exec",
		                             "self/attr/keycreate", NULL };
	struct plan_process process = usual();
	int procfs = make_attr("selinux", names);

	process.selinux = "a:b:c:s0";
	ck_assert_int_eq(proc_label_keys(procfs, &process, NULL), 0);
	check_attr(procfs, names[1], "a:b:c:s0");
	check_attr(procfs, names[0], "");
	ck_assert_int_eq(proc_set_lsm(procfs, &process, NULL), 0);
	check_attr(procfs, names[0], "a:b:c:s0");
}

END_TEST

static Suite *proc_suite(void)
{
	Suite *suite = suite_create("proc");
	TCase *tests = tcase_create("proc");

	tcase_add_checked_fixture(tests, make_root, NULL);
	tcase_add_loop_test(tests, a_program_is_found_as_engines_expect, 0,
	                    (int)ARRAY_SIZE(program_rows));
	tcase_add_test(tests, an_empty_part_of_the_path_is_the_cwd);
	tcase_add_test(tests, home_takes_its_slot);
	tcase_add_test(tests, only_kept_descriptors_reach_the_program);
	tcase_add_test(tests, a_kept_descriptor_must_be_open);
	tcase_add_test(tests, a_program_that_is_none_says_so);
	tcase_add_loop_test(tests, home_is_what_the_containers_passwd_says, 0,
	                    (int)ARRAY_SIZE(home_rows));
	tcase_add_test(tests, a_line_longer_than_every_buffer_is_survived);
	tcase_add_test(tests, a_passwd_that_is_no_file_is_none);
	tcase_add_test(tests,
	               with_home_in_the_environment_nothing_is_looked_up);
	tcase_add_test(tests, limits_are_set_and_named_when_they_cannot_be);
	tcase_add_test(tests, the_oom_score_is_written_through_a_proved_procfs);
	tcase_add_test(tests, stdio_is_given_away_but_never_a_device);
	tcase_add_test(tests, a_label_that_cannot_be_written_names_the_file);
	tcase_add_test(tests, a_profile_is_told_to_its_own_file_and_no_other);
	tcase_add_test(tests, a_label_is_told_for_the_program_and_for_keys);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(proc_suite());
	int failed;

	make_base();
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	remove_base();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
