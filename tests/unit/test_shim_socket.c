/* SPDX-License-Identifier: Apache-2.0 */
/* Where a shim is found, and who may take the place. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "shim/socket.h"
#include "sys/socket.h"

static char dir[64];
static char path[96];
static struct error err;

static void begin(void)
{
	snprintf(dir, sizeof(dir), "/tmp/runf-socket-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
}

static void end(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static bool is_there(void)
{
	struct stat found;

	return lstat(path, &found) == 0;
}

static int claim(int expected)
{
	int listener = -1;
	int result = socket_claim(path, &listener, &err);

	ck_assert_int_eq(result, expected);
	return listener;
}

START_TEST(names)
{
	struct arena arena = { 0 };
	char group[200];

	memset(group, 'g', sizeof(group) - 1);
	group[sizeof(group) - 1] = '\0';
	ck_assert_str_eq(socket_path(&arena, "/s", "/a", "ns", "id.1_x-y") + 11,
	                 "@ns@id.1_x-y");
	/* Neither do parts run into one another, */
	ck_assert_str_ne(socket_path(&arena, "/s", "/a", "n-s", "g"),
	                 socket_path(&arena, "/s", "/a", "n", "s-g"));
	ck_assert_str_ne(socket_path(&arena, "/s", "/a", "n@s", "g"),
	                 socket_path(&arena, "/s", "/a", "n", "s@g"));
	/* nor need they quotes or leave the directory, */
	ck_assert_uint_eq(
		strspn(socket_path(&arena, "/s", "/a", "ns", "a\"b") + 3,
	               "0123456789abcdef"),
		32);
	ck_assert_ptr_null(strchr(
		socket_path(&arena, "/s", "/a", "ns", "../../x") + 3, '/'));
	/* nor is there one that no address holds. */
	ck_assert_uint_lt(strlen(socket_path(&arena, "/s", "/a", "ns", group)),
	                  107);
	/* Of two daemons neither finds the other's. */
	ck_assert_str_ne(socket_path(&arena, "/s", "/a", "ns", "g"),
	                 socket_path(&arena, "/s", "/b", "ns", "g"));
	arena_release(&arena);
}

END_TEST

START_TEST(stale)
{
	int listener;

	begin();
	close(claim(0));
	listener = claim(0);
	claim(1);
	socket_remove_stale(path);
	ck_assert(is_there());
	close(listener);
	socket_remove_stale(path);
	ck_assert(!is_there());
	end();
}

END_TEST

/* Whoever serves there answers nobody: that is no reason to wait with him. */
START_TEST(busy)
{
	int listener, fds[4096];
	size_t count = 0;

	begin();
	listener = claim(0);
	do {
		fds[count] =
			sys_connect_unix(SOCK_STREAM | SOCK_NONBLOCK, path);
	} while (fds[count] >= 0 && ++count < 4096);
	ck_assert_uint_lt(count, 4096);
	claim(1);
	while (count)
		close(fds[--count]);
	close(listener);
	end();
}

END_TEST

/* A shim that ends of itself waits for those who were sent to it. */
START_TEST(promised)
{
	int listener;

	begin();
	listener = claim(0);
	usleep(20000); /* the kernel's clock of files is coarse */
	claim(1);
	ck_assert(!socket_retire(path, 60));
	ck_assert(is_there());
	sleep(2);
	ck_assert(socket_retire(path, 0));
	ck_assert(!is_there());
	close(listener);
	listener = claim(0);
	ck_assert(socket_retire(path, 60));
	ck_assert(!is_there());
	/* Also of what somebody else took away. */
	ck_assert(socket_retire(path, 60));
	close(listener);
	end();
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_socket");
	TCase *tests = tcase_create("socket");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, names);
	tcase_add_test(tests, stale);
	tcase_add_test(tests, busy);
	tcase_add_test(tests, promised);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
