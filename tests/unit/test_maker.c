/* SPDX-License-Identifier: Apache-2.0 */
/* The process that makes namespaces for init: what it tells, how it ends. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/maker.h"
#include "engine/sync.h"
#include "sys/process.h"
#include "sys/socket.h"

static int ends[2];
static struct maker maker;
static struct error err;
static struct sync_message message;
static int fds[SYNC_FDS_MAX];

static void set_up(void)
{
	ck_assert_int_eq(sys_socketpair(SOCK_SEQPACKET, ends), 0);
	maker = MAKER_NONE;
	memset(&err, 0, sizeof(err));
	memset(fds, 0xff, sizeof(fds)); /* each -1 */
}

static void tear_down(void)
{
	size_t i;

	maker_end(&maker);
	for (i = 0; i < SYNC_FDS_MAX; i++)
		fd_close(&fds[i]);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void make(int flags)
{
	ck_assert_int_eq(maker_start(flags, ends[0], &maker, &err), 0);
	ck_assert_int_eq(sync_receive(ends[1], &message, fds), 1);
	ck_assert_int_eq(message.type, SYNC_NAMESPACES);
}

static ino_t inode_of(const char *path, int fd)
{
	struct stat found;

	ck_assert_int_eq(path ? stat(path, &found) : fstat(fd, &found), 0);
	return found.st_ino;
}

START_TEST(it_sends_the_network_and_then_ipc)
{
	if (geteuid() != 0) {
		printf("skipped: needs root\n");
		return;
	}
	make(CLONE_NEWIPC | CLONE_NEWNET);
	ck_assert_int_eq(message.value, 0);
	ck_assert_int_ge(fds[1], 0);
	ck_assert_int_eq(fds[2], -1);
	ck_assert(inode_of(NULL, fds[0]) != inode_of("/proc/self/ns/net", -1));
	ck_assert(inode_of(NULL, fds[1]) != inode_of("/proc/self/ns/ipc", -1));
	/* Each is of the type it is taken for. */
	ck_assert_int_eq(setns(fds[0], CLONE_NEWNET), 0);
	ck_assert_int_eq(setns(fds[1], CLONE_NEWIPC), 0);
	ck_assert_int_eq(maker_collect(&maker, &err), 0);
	ck_assert_int_eq(maker.pid, 0);
}

END_TEST

START_TEST(it_tells_why_it_could_not)
{
	/* No flag of unshare(2). */
	make(CLONE_PARENT);
	ck_assert_int_eq(message.value, -EINVAL);
	ck_assert_int_eq(fds[0], -1);
	/* That was all there is to say: the rest is init's. */
	ck_assert_int_eq(maker_collect(&maker, &err), 0);
}

END_TEST

START_TEST(its_death_is_noticed)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	maker = (struct maker){ .pid = pid, .pidfd = sys_pidfd_open(pid) };
	kill(pid, SIGKILL);
	ck_assert_int_eq(maker_collect(&maker, &err), -EPIPE);
	ck_assert_ptr_nonnull(strstr(err.text, "killed by signal 9"));
}

END_TEST

START_TEST(nobody_is_waited_for_where_there_is_none)
{
	ck_assert_int_eq(maker_collect(&maker, &err), 0);
}

END_TEST

START_TEST(it_is_ended_and_collected)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	maker = (struct maker){ .pid = pid, .pidfd = sys_pidfd_open(pid) };
	maker_end(&maker);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("maker");
	TCase *tcase = tcase_create("maker");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, it_sends_the_network_and_then_ipc);
	tcase_add_test(tcase, it_tells_why_it_could_not);
	tcase_add_test(tcase, its_death_is_noticed);
	tcase_add_test(tcase, nobody_is_waited_for_where_there_is_none);
	tcase_add_test(tcase, it_is_ended_and_collected);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
