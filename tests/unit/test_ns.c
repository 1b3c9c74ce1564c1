/* SPDX-License-Identifier: Apache-2.0 */
/* Entering namespaces for real: each test is a process of its own. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ns/ns.h"
#include "sys/ns.h"
#include "sys/process.h"

static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	printf("skipped: needs root\n");
	return false;
}

static ino_t inode_of(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_ino;
}

static int open_ns(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* A process in new namespaces, which lives until it is killed. */
static pid_t holder(int flags)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (sys_unshare(flags) < 0)
			_exit(1);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const struct plan_namespaces none = { .count = 0 };

/* A121 A122 */
START_TEST(offsets_hold_in_the_caller_itself)
{
	struct plan_namespaces ns = { .time_offsets = "boottime 100000 0\n" };
	struct plan_ns_step step = { PLAN_IN_INIT, PLAN_NS_OFFSETS,
		                     CLONE_NEWTIME, 0 };
	struct error err = { .code = 0 };
	struct timespec before;
	struct timespec after;
	int result;

	if (!is_root() || access("/proc/self/ns/time", F_OK) != 0)
		return;
	clock_gettime(CLOCK_BOOTTIME, &before);
	result = ns_apply(&ns, &step, NULL, &err);
	ck_assert_msg(result == 0, "%s", err.text);
	clock_gettime(CLOCK_BOOTTIME, &after);
	ck_assert_int_ge(after.tv_sec - before.tv_sec, 100000);
	ck_assert_uint_eq(inode_of(getpid(), "time"),
	                  inode_of(getpid(), "time_for_children"));
}

END_TEST

START_TEST(wrong_offsets_are_an_error)
{
	struct plan_namespaces ns = { .time_offsets = "noclock 1 0\n" };
	struct plan_ns_step step = { PLAN_IN_INIT, PLAN_NS_OFFSETS,
		                     CLONE_NEWTIME, 0 };
	struct error err = { .code = 0 };

	if (!is_root() || access("/proc/self/ns/time", F_OK) != 0)
		return;
	ck_assert_int_eq(ns_apply(&ns, &step, NULL, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "time offsets"));
}

END_TEST

/* In the child: wait for the maps, become root, and tell whether it worked. */
static void become_root_and_tell(const struct plan_idmap *map, int ready)
{
	struct plan_namespaces ns = { .idmap = *map };
	struct plan_ns_step step = { PLAN_IN_INIT, PLAN_NS_BECOME_ROOT,
		                     CLONE_NEWUSER, 0 };
	char byte;
	uint64_t effective = 0;
	uint64_t rest;

	if (read(ready, &byte, 1) != 1)
		_exit(10);
	if (ns_apply(&ns, &step, NULL, NULL) < 0)
		_exit(11);
	if (getuid() != map->root_uid || getgid() != map->root_gid)
		_exit(12);
	if (sys_capget(&effective, &rest, &rest) < 0 || effective == 0)
		_exit(13);
	_exit(0);
}

static int run_mapped(const struct plan_idmap *map)
{
	struct error err = { .code = 0 };
	int ready[2];
	int pidfd;
	int status;
	int procfs = ns_open_procfs(&err);
	pid_t pid;

	ck_assert_msg(procfs >= 0, "%s", err.text);
	ck_assert_int_eq(pipe(ready), 0);
	pid = sys_clone(CLONE_NEWUSER, -1, &pidfd);
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become_root_and_tell(map, ready[0]);
	ck_assert_msg(ns_write_idmap(procfs, pid, map, &err) == 0, "%s",
	              err.text);
	ck_assert_int_eq(write(ready[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A119 */
START_TEST(a_mapped_root_keeps_its_power)
{
	struct plan_idmap map = {
		.needed = true,
		.uid_map = "0 100000 65536\n",
		.gid_map = "0 200000 65536\n",
	};

	if (is_root())
		ck_assert_int_eq(run_mapped(&map), 0);
}

END_TEST

/* A119 */
START_TEST(the_first_mapped_id_has_power_where_root_is_not_mapped)
{
	struct plan_idmap map = {
		.needed = true,
		.uid_map = "5 100000 10\n",
		.gid_map = "6 200000 10\n",
		.root_uid = 5,
		.root_gid = 6,
	};

	if (is_root())
		ck_assert_int_eq(run_mapped(&map), 0);
}

END_TEST

START_TEST(a_map_the_kernel_refuses_names_the_file)
{
	struct plan_idmap map = { .needed = true, .uid_map = "0 0 0\n" };
	struct error err = { .code = 0 };
	int procfs = ns_open_procfs(&err);

	ck_assert_int_lt(ns_write_idmap(procfs, getpid(), &map, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "uid_map"));
}

END_TEST

/* Stands for newuidmap: writes what it is given into a file. */
/* A117 C030 */
START_TEST(helpers_get_each_number_as_an_argument)
{
	struct plan_idmap map = {
		.uid_map = "0 1000 1\n1 100000 65536\n",
		.gid_map = "0 1000 1\n",
		.use_helpers = true,
	};
	struct error err = { .code = 0 };
	char dir[] = "/tmp/runf-test-ns-XXXXXX";
	char text[256] = "";
	char path[64];
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	file = fopen("newuidmap", "we");
	fprintf(file, "#!/bin/sh\necho $# $@ > %s/told\n", dir);
	fclose(file);
	ck_assert_int_eq(chmod("newuidmap", 0755), 0);
	ck_assert_int_eq(symlink("/bin/false", "newgidmap"), 0);
	snprintf(path, sizeof(path), "/nowhere:%s", dir);
	setenv("PATH", path, 1);
	ck_assert_int_lt(ns_write_idmap(-1, 77, &map, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "newgidmap: refused"));
	file = fopen("told", "re");
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
	fclose(file);
	ck_assert_str_eq(text, "7 77 0 1000 1 1 100000 65536\n");
	unlink("newgidmap");
	ck_assert_int_lt(ns_write_idmap(-1, 77, &map, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "newgidmap: not found"));
	unlink("newuidmap");
	unlink("told");
	rmdir(dir);
}

END_TEST

START_TEST(the_parent_goes_back_to_where_it_was)
{
	struct ns_saved saved;
	ino_t uts = inode_of(getpid(), "uts");
	ino_t children = inode_of(getpid(), "pid_for_children");
	struct plan_ns_step steps[] = {
		{ PLAN_IN_PARENT, PLAN_NS_JOIN, CLONE_NEWUTS, 0 },
		{ PLAN_IN_PARENT, PLAN_NS_JOIN, CLONE_NEWPID, 1 },
	};
	struct error err = { .code = 0 };
	int fds[2];
	int pidfd;
	pid_t there;
	pid_t inner;

	if (!is_root())
		return;
	there = holder(CLONE_NEWUTS);
	inner = sys_clone(CLONE_NEWPID, -1, &pidfd);
	if (inner == 0) {
		pause();
		_exit(0);
	}
	fds[0] = open_ns(there, "uts");
	fds[1] = open_ns(inner, "pid");
	ck_assert_int_eq(ns_save(CLONE_NEWUTS | CLONE_NEWPID, &saved, &err), 0);
	ck_assert_msg(ns_join_many(steps, 2, fds, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(inode_of(getpid(), "uts"), inode_of(there, "uts"));
	ck_assert_uint_eq(inode_of(getpid(), "pid_for_children"),
	                  inode_of(inner, "pid"));
	ck_assert_msg(ns_restore(&saved, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(inode_of(getpid(), "uts"), uts);
	ck_assert_uint_eq(inode_of(getpid(), "pid_for_children"), children);
	ck_assert_uint_eq(saved.count, 0);
	end_holder(there);
	end_holder(inner);
}

END_TEST

/* A114 */
START_TEST(what_is_refused_is_joined_after_its_user_namespace)
{
	struct plan_ns_step steps[] = {
		{ PLAN_IN_BRIDGE, PLAN_NS_JOIN, CLONE_NEWUTS, 0 },
		{ PLAN_IN_BRIDGE, PLAN_NS_JOIN, CLONE_NEWUSER, 1 },
	};
	struct error err = { .code = 0 };
	int fds[2];
	pid_t there;

	if (!is_root())
		return;
	there = holder(CLONE_NEWUSER | CLONE_NEWUTS);
	fds[0] = open_ns(there, "uts");
	fds[1] = open_ns(there, "user");
	/* No power here, but the owner's over the namespace there. */
	ck_assert_int_eq(sys_capset(0, 0, 0), 0);
	ck_assert_int_eq(sys_setns(fds[0], CLONE_NEWUTS), -EPERM);
	ck_assert_msg(ns_join_many(steps, 2, fds, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(inode_of(getpid(), "uts"), inode_of(there, "uts"));
	ck_assert_uint_eq(inode_of(getpid(), "user"), inode_of(there, "user"));
	end_holder(there);
}

END_TEST

START_TEST(what_stays_refused_is_named)
{
	struct plan_ns_step step = { PLAN_IN_INIT, PLAN_NS_JOIN, CLONE_NEWUTS,
		                     0 };
	struct error err = { .code = 0 };
	int fd = open_ns(getpid(), "uts");

	ck_assert_int_eq(sys_capset(0, 0, 0), 0);
	ck_assert_int_eq(ns_join_many(&step, 1, &fd, &err), -EPERM);
	ck_assert_str_eq(err.text,
	                 "join the uts namespace: Operation not permitted");
}

END_TEST

/* A114 */
START_TEST(the_own_user_namespace_is_not_joined_again)
{
	struct plan_ns_step step = { PLAN_IN_INIT, PLAN_NS_JOIN, CLONE_NEWUSER,
		                     0 };
	int fd = open_ns(getpid(), "user");

	ck_assert_int_eq(sys_setns(fd, CLONE_NEWUSER), -EINVAL);
	ck_assert_int_eq(ns_apply(&none, &step, &fd, NULL), 0);
}

END_TEST

/* A112 */
START_TEST(a_descriptor_of_another_type_is_refused)
{
	struct plan_ns_step step = { PLAN_IN_INIT, PLAN_NS_JOIN, CLONE_NEWUSER,
		                     0 };
	struct error err = { .code = 0 };
	int fd = open_ns(getpid(), "uts");

	ck_assert_int_eq(ns_apply(&none, &step, &fd, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "user namespace"));
}

END_TEST

/* A071 A072 A124 A149 */
START_TEST(a_new_namespace_has_names_sysctls_and_a_loopback)
{
	struct plan_ns_step step = { PLAN_IN_INIT, PLAN_NS_UNSHARE,
		                     CLONE_NEWUTS | CLONE_NEWNET, 0 };
	struct plan_sysctl sysctl = { "kernel.domainname", "kernel/domainname",
		                      "other" };
	struct plan_sysctl escape = { "x", "../version", "x" };
	struct error err = { .code = 0 };
	struct ifreq lo = { .ifr_name = "lo" };
	char name[65];
	int procfs = ns_open_procfs(&err);

	if (!is_root())
		return;
	ck_assert_int_eq(ns_apply(&none, &step, NULL, &err), 0);
	ck_assert_int_eq(ns_set_hostname("inner", &err), 0);
	ck_assert_int_eq(gethostname(name, sizeof(name)), 0);
	ck_assert_str_eq(name, "inner");
	ck_assert_int_eq(ns_set_domainname("domain", &err), 0);
	ck_assert_int_eq(ns_set_sysctl(procfs, &sysctl, &err), 0);
	ck_assert_int_eq(getdomainname(name, sizeof(name)), 0);
	ck_assert_str_eq(name, "other");
	ck_assert_int_lt(ns_set_sysctl(procfs, &escape, &err), 0);
	ck_assert_int_eq(ns_loopback_up(&err), 0);
	ck_assert_int_eq(
		ioctl(socket(AF_UNIX, SOCK_DGRAM, 0), SIOCGIFFLAGS, &lo), 0);
	ck_assert(lo.ifr_flags & IFF_UP);
}

END_TEST

START_TEST(steps_of_the_engine_are_not_applied)
{
	struct plan_ns_step step = { PLAN_IN_PARENT, PLAN_NS_CLONE, 0, 0 };
	struct error err = { .code = 0 };

	ck_assert_int_lt(ns_apply(&none, &step, NULL, &err), 0);
	ck_assert_int_eq(err.kind, ERROR_INTERNAL);
}

END_TEST

static Suite *ns_suite(void)
{
	Suite *suite = suite_create("ns");
	TCase *tests = tcase_create("enter");

	tcase_add_test(tests, offsets_hold_in_the_caller_itself);
	tcase_add_test(tests, wrong_offsets_are_an_error);
	tcase_add_test(tests, a_mapped_root_keeps_its_power);
	tcase_add_test(tests,
	               the_first_mapped_id_has_power_where_root_is_not_mapped);
	tcase_add_test(tests, a_map_the_kernel_refuses_names_the_file);
	tcase_add_test(tests, helpers_get_each_number_as_an_argument);
	tcase_add_test(tests, the_parent_goes_back_to_where_it_was);
	tcase_add_test(tests,
	               what_is_refused_is_joined_after_its_user_namespace);
	tcase_add_test(tests, what_stays_refused_is_named);
	tcase_add_test(tests, the_own_user_namespace_is_not_joined_again);
	tcase_add_test(tests, a_descriptor_of_another_type_is_refused);
	tcase_add_test(tests, a_new_namespace_has_names_sysctls_and_a_loopback);
	tcase_add_test(tests, steps_of_the_engine_are_not_applied);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(ns_suite());
	int failed;

	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
