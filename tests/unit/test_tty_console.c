/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: how a console is opened and handed over. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/tty.h"
#include "tests/unit/tty_pair.h"
#include "tty/console.h"

/* A042 B083 D016 */
START_TEST(a_console_is_opened_below_the_given_root)
{
	struct tty_console want = { .rows = 20, .columns = 70 };
	auto_close int master = -1;
	auto_close int slave = -1;
	struct stat found;
	struct error err;
	char name[TTY_NAME_SIZE];
	uint16_t rows;
	uint16_t columns;

	want.uid = getuid() ? getuid() : 1234;
	want.root = open("/", O_PATH | O_CLOEXEC);
	ck_assert_msg(tty_open_console(&want, &master, &slave, &err) == 0, "%s",
	              err.text);
	ck_assert_int_eq(sys_tty_get_size(slave, &rows, &columns), 0);
	ck_assert_int_eq(rows, 20);
	ck_assert_int_eq(columns, 70);
	ck_assert_int_eq(fstat(slave, &found), 0);
	ck_assert_uint_eq(found.st_uid, want.uid);
	ck_assert_int_eq(tty_name(master, name, &err), 0);
	ck_assert_str_eq(name, ttyname(slave));
	close(want.root);
}

END_TEST

/* D016 */
START_TEST(a_directory_that_is_no_devpts_is_refused)
{
	/* A link out of the root must not lead to the host's devpts. */
	static const char *const make[] = {
		"mkdir -p %s/dev/pts && touch %s/dev/pts/ptmx",
		"mkdir -p %s/dev && ln -s ../../../../../../dev/pts %s/dev/pts",
		"mkdir -p %s/dev && ln -s /dev/pts %s/dev/pts",
	};
	struct tty_console want = { .uid = 0 };
	char dir[] = "/tmp/runf-tty.XXXXXX";
	char command[256];
	struct error err = { .text = "" };
	int master = -5;
	int slave = -5;

	ck_assert_ptr_nonnull(mkdtemp(dir));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command, sizeof(command), make[_i], dir, dir);
#pragma GCC diagnostic pop
	ck_assert_int_eq(system(command), 0);
	want.root = open(dir, O_PATH | O_CLOEXEC);
	ck_assert_int_lt(tty_open_console(&want, &master, &slave, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "/dev/pts"));
	ck_assert_int_eq(master, -5);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
	close(want.root);
}

END_TEST

/* B081 D039 */
START_TEST(a_console_socket_gets_one_descriptor_with_its_name)
{
	char dir[] = "/tmp/runf-tty.XXXXXX";
	char path[200];
	char text[64] = "";
	struct error err;
	size_t count = 2;
	int fds[2] = { -1, -1 };
	int listening;
	int accepted;
	int client;
	int master;
	int slave;
	int at;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	/* Longer than sun_path. */
	snprintf(path, sizeof(path), "%s/%0150d", dir, 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	at = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	listening = sys_listen_unix(SOCK_STREAM, at, "s", 0600);
	ck_assert_int_ge(listening, 0);
	strcat(path, "/s");
	ck_assert_int_eq(tty_connect_console(path, 0, &client, &err), 0);
	accepted = accept(listening, NULL, NULL);
	pty_make(&master, &slave);
	ck_assert_int_eq(tty_send_console(client, master, &err), 0);
	close(client);
	ck_assert_int_gt(
		sys_receive_fds(accepted, text, sizeof(text), fds, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(text, ttyname(slave));
	ck_assert_int_eq(sys_pty_number(fds[0]), sys_pty_number(master));
	ck_assert_int_eq(read(accepted, text, 1), 0);
	snprintf(text, sizeof(text), "rm -r %s", dir);
	ck_assert_int_eq(system(text), 0);
}

END_TEST

START_TEST(a_console_socket_that_is_missing_is_named)
{
	struct error err;
	int fd = -5;

	ck_assert_int_eq(tty_connect_console("/nowhere/s", 0, &fd, &err),
	                 -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "'/nowhere/s'"));
	ck_assert_int_eq(fd, -5);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("tty/console");
	TCase *console = tcase_create("console");
	SRunner *runner;
	int failed;

	tcase_add_test(console, a_console_is_opened_below_the_given_root);
	tcase_add_loop_test(console, a_directory_that_is_no_devpts_is_refused,
	                    0, 3);
	tcase_add_test(console,
	               a_console_socket_gets_one_descriptor_with_its_name);
	tcase_add_test(console, a_console_socket_that_is_missing_is_named);
	suite_add_tcase(suite, console);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
