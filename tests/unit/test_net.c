/* SPDX-License-Identifier: Apache-2.0 */
/* The helper for network devices, when it is not what it should be. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/net.h"
#include "sys/poll.h"

static char folder[] = "/tmp/runf-net-XXXXXX";
static char path[64];
static struct error err;
static bool late;

int __real_sys_wait_readable(int fd, int timeout_ms);
int __wrap_sys_wait_readable(int fd, int timeout_ms);

/* Nobody waits for that long in a test. */
int __wrap_sys_wait_readable(int fd, int timeout_ms)
{
	ck_assert_int_gt(timeout_ms, 0);
	return late ? 0 : __real_sys_wait_readable(fd, timeout_ms);
}

static void make_helper(const char *text)
{
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/netdev", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	setenv("RUNF_LIBEXEC", folder, 1);
}

static void remove_helper(void)
{
	unlink(path);
	rmdir(folder);
}

static int try_move(void)
{
	char *args[] = { path, (char[]){ "eth0" }, (char[]){ "eth0" }, NULL };
	struct plan_net net = { .args = args };
	struct net_helper helper = NET_HELPER_NONE;
	int result = net_move(&net, STDERR_FILENO, &helper, &err);

	/* Nothing is left to wait for. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	return result;
}

START_TEST(a_helper_that_says_nothing_is_not_waited_for)
{
	make_helper("#!/bin/sh\nexec sleep 1000\n");
	late = true;
	ck_assert_int_eq(try_move(), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(err.text, "listen to the helper"));
	remove_helper();
}

END_TEST

START_TEST(what_a_helper_says_is_the_error)
{
	make_helper("#!/bin/sh\nprintf 'no such thing' >&0\n");
	ck_assert_int_lt(try_move(), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "linux.netDevices: no such"));
	remove_helper();
}

END_TEST

START_TEST(a_helper_that_ends_without_a_word_may_lack_its_library)
{
	make_helper("#!/bin/sh\n");
	ck_assert_int_lt(try_move(), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "libmnl0"));
	remove_helper();
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("net");
	TCase *tcase = tcase_create("helper");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_helper_that_says_nothing_is_not_waited_for);
	tcase_add_test(tcase, what_a_helper_says_is_the_error);
	tcase_add_test(tcase,
	               a_helper_that_ends_without_a_word_may_lack_its_library);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
