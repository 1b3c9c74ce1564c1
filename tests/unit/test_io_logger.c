/* SPDX-License-Identifier: Apache-2.0 */
/* Loggers: shell scripts that read what the payload says. */
#include <errno.h>

#include "tests/unit/io_stage.h"
#include "tests/unit/tty_pair.h"

static int out = -1;
static int errors = -1;

/* The logger is a shell script, in the test's directory as it runs. */
static const char *make_logger(const char *scheme, const char *script)
{
	static char uri[256];
	const char *path = at("logger");
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fprintf(file, "#!/bin/sh\ncd %s\n%s\n", dir, script);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0755), 0);
	snprintf(uri, sizeof(uri), "%s://%s?level=a+b%%26c&empty=&flag", scheme,
	         path);
	return uri;
}

static struct io *start_logger(const char *script)
{
	struct io_paths paths = { .out = make_logger("binary", script) };
	struct io *io = open_io(&paths);
	int fds[3];

	io_payload_fds(io, fds);
	ck_assert_int_eq(fds[0], -1);
	out = dup(fds[1]);
	errors = dup(fds[2]);
	io_handed_over(io);
	return io;
}

static void payload_ends(void)
{
	fd_close(&out);
	fd_close(&errors);
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static const char *contents(const char *name)
{
	static char text[2][1024];
	static int turn;
	int fd = open(at(name), O_RDONLY);
	ssize_t count;

	turn = !turn;
	count = fd < 0 ? 0 : read(fd, text[turn], sizeof(text[turn]) - 1);
	ck_assert_int_ge(count, 0);
	text[turn][count] = '\0';
	if (fd >= 0)
		close(fd);
	return text[turn];
}

static bool trap_is_set(void)
{
	return access(at("trap"), F_OK) == 0;
}

/* The logger whose pid is in the file "pid" has gone, and is collected. */
static bool logger_has_gone(void)
{
	pid_t pid = atoi(contents("pid"));

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return pid > 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

#define READY "exec 5>&-\n"

START_TEST(a_logger_reads_both_streams_to_their_end)
{
	size_t before = count_fds();
	struct io *io = start_logger("printf x >&5; exec 5>&-\n"
	                             "cat <&4 >err & cat <&3 >out; wait");

	say(out, "said");
	say(errors, "shouted");
	payload_ends();
	io_finish(io, LONG_MS, when_drained, NULL);
	loop_until(is_drained);
	ck_assert_str_eq(contents("out"), "said");
	ck_assert_str_eq(contents("err"), "shouted");
	io_close(io);
	ck_assert_uint_eq(count_fds(), before);
}

END_TEST

START_TEST(a_logger_is_told_of_the_container_and_nothing_else)
{
	const char *args;
	const char *env;
	struct io *io;
	sigset_t blocked;
	char ids[64];

	/* Of the shim's signals and descriptors it sees none. */
	sigfillset(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	ck_assert_int_ge(dup2(loop.epoll, 77), 0);
	io = start_logger("printf '%s|' \"$0\" \"$@\" >args\n"
	                  "tr '\\0' '\\n' </proc/$$/environ >env\n"
	                  "grep -E 'Sig(Blk|Ign)' /proc/self/status >signals\n"
	                  "ls /proc/$$/fd | tr '\\n' ' ' >fds\n" READY);
	sigemptyset(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	payload_ends();
	io_finish(io, LONG_MS, when_drained, NULL);
	loop_until(is_drained);
	args = contents("args");
	ck_assert_msg(strstr(args, "/logger|level|a b&c|empty||flag||"), "%s",
	              args);
	env = contents("env");
	ck_assert_str_eq(env,
	                 "CONTAINER_ID=web1\nCONTAINER_NAMESPACE=default\n");
	ck_assert_str_eq(contents("signals"), "SigBlk:\t0000000000000000\n"
	                                      "SigIgn:\t0000000000000000\n");
	/* 10 and the like are the shell's own, for its script. */
	snprintf(ids, sizeof(ids), "%s", contents("fds"));
	ck_assert_msg(strstr(ids, "0 1 ") == ids, "%s", ids);
	ck_assert_ptr_nonnull(strstr(ids, "2 3 4 5 "));
	ck_assert_ptr_null(strstr(ids, "77"));
	close(77);
	io_close(io);
}

END_TEST

START_TEST(a_logger_may_take_its_time_to_get_ready)
{
	struct io_paths paths = {
		.out = make_logger("binary", "sleep 0.2; printf x >&5\n"
		                             "cat <&3 >out"),
	};
	struct io *io = io_open(&loop, &paths, &nobody, when_ready, NULL);

	ck_assert_int_eq(ready_calls, 0);
	loop_for(50);
	ck_assert_int_eq(ready_calls, 0);
	loop_until(is_ready);
	ck_assert_int_eq(ready_result, 0);
	loop_for(600);
	ck_assert_int_eq(ready_calls, 1);
	io_close(io);
}

END_TEST

static const struct {
	const char *scheme;
	const char *script;
	int result;
	const char *text;
} unready[] = {
	{ "binary", "echo $$ >pid; exec sleep 60", -ETIMEDOUT,
	  "within 500 ms" },
	{ "binary-v2", "echo $$ >pid; exec sleep 60", -ETIMEDOUT, "500 ms" },
	{ "binary-v2", "echo $$ >pid; exit 3", -ECHILD, "did not get ready" },
	{ "binary-v2", "echo $$ >pid; exec 5>&-; exec sleep 60", -ECHILD,
	  "ready" },
};

START_TEST(a_logger_that_does_not_get_ready_is_an_error)
{
	size_t before = count_fds();
	struct io_paths paths = {
		.out = make_logger(unready[_i].scheme, unready[_i].script),
	};
	struct io *io = open_with(&paths, &nobody);

	ck_assert_int_eq(ready_result, unready[_i].result);
	ck_assert_msg(strstr(ready_error.text, unready[_i].text), "%s",
	              ready_error.text);
	ck_assert_ptr_nonnull(strstr(ready_error.text, at("logger")));
	io_close(io);
	loop_until(logger_has_gone);
	loop_for(10);
	ck_assert_uint_eq(count_fds(), before);
}

END_TEST

START_TEST(a_logger_that_is_not_executable_is_an_error)
{
	struct io_paths paths = { .out = make_logger("binary", "") };
	struct io *io;

	ck_assert_int_eq(chmod(at("logger"), 0644), 0);
	io = open_with(&paths, &nobody);
	ck_assert_int_eq(ready_result, -EACCES);
	ck_assert_ptr_nonnull(strstr(ready_error.text, "execute logger"));
	io_close(io);
	loop_for(20);
}

END_TEST

START_TEST(a_logger_that_dies_does_not_hang_the_payload)
{
	struct io *io = start_logger("echo $$ >pid\n" READY);
	char text[70000] = { 0 };

	loop_until(logger_has_gone);
	ck_assert_int_eq(write(out, text, sizeof(text)), -1);
	ck_assert_int_eq(errno, EPIPE);
	payload_ends();
	io_finish(io, LONG_MS, when_drained, NULL);
	ck_assert_int_eq(drained_calls, 1);
	io_close(io);
}

END_TEST

START_TEST(a_logger_that_does_not_end_is_waited_for_only_so_long)
{
	struct io *io = start_logger("echo $$ >pid\n" READY "exec sleep 60");

	payload_ends();
	io_finish(io, 100, when_drained, NULL);
	loop_for(50);
	ck_assert_int_eq(drained_calls, 0);
	loop_until(is_drained);
	ck_assert(!logger_has_gone());
	io_close(io);
	loop_until(logger_has_gone);
	loop_for(10);
}

END_TEST

START_TEST(a_logger_that_does_not_listen_to_sigterm_is_killed)
{
	struct io *io = start_logger("trap 'echo heard >heard' TERM\n"
	                             "echo $$ >pid; : >trap\n" READY
	                             "while :; do sleep 0.01; done");

	loop_until(trap_is_set);
	payload_ends();
	io_finish(io, 0, when_drained, NULL);
	io_close(io);
	loop_for(100);
	ck_assert(!logger_has_gone());
	loop_until(logger_has_gone);
	loop_for(10);
	ck_assert_str_eq(contents("heard"), "heard\n");
}

END_TEST

START_TEST(a_grandchild_with_the_pipe_holds_nobody_up)
{
	struct io *io = start_logger(READY "cat <&3 >out; echo done >>out");

	say(out, "said");
	io_finish(io, 100, when_drained, NULL);
	loop_until(is_drained);
	payload_ends();
	io_close(io);
	loop_for(50);
}

END_TEST

START_TEST(a_terminal_may_go_to_a_logger)
{
	struct io_paths paths = {
		.out = make_logger("binary", READY "cat <&4 >err\n"
		                                   "cat <&3 >out"),
		.terminal = true,
	};
	struct io *io = open_io(&paths);
	int master, slave;

	pty_make(&master, &slave);
	ck_assert_int_eq(io_take_terminal(io, master, NULL), 0);
	say(slave, "said");
	close(slave);
	io_finish(io, LONG_MS, when_drained, NULL);
	loop_until(is_drained);
	ck_assert_str_eq(contents("out"), "said");
	io_close(io);
}

END_TEST

/* Its output goes nowhere, but the payload goes on. */
START_TEST(a_terminal_outlives_its_logger)
{
	struct io_paths paths = {
		.out = make_logger("binary", "echo $$ >pid\n" READY),
		.terminal = true,
	};
	struct io *io = open_io(&paths);
	int master, slave;
	char text[1000] = { 0 };
	size_t written = 0;
	int tries = 0;

	pty_make(&master, &slave);
	ck_assert_int_eq(io_take_terminal(io, master, NULL), 0);
	loop_until(logger_has_gone);
	fcntl(slave, F_SETFL, O_NONBLOCK);
	/* Far more than a terminal holds; the kernel may take its time. */
	while (written < 200 * sizeof(text)) {
		ssize_t result = write(slave, text, sizeof(text));

		ck_assert(result > 0 || errno == EAGAIN);
		ck_assert_int_lt(tries++, 5000);
		written += result > 0 ? (size_t)result : 0;
		loop_for(1);
	}
	close(slave);
	io_finish(io, LONG_MS, when_drained, NULL);
	loop_until(is_drained);
	io_close(io);
}

END_TEST

/* A terminal and a logger that reads nothing: its pipe fills. */
START_TEST(a_logger_that_does_not_read_stops_its_terminal)
{
	struct io_paths paths = {
		.out = make_logger("binary",
		                   "echo $$ >pid\n" READY "exec sleep 60"),
		.terminal = true,
	};
	struct io *io = open_io(&paths);
	char text[1000] = { 0 };
	int master, slave;
	int failed = 0;

	pty_make(&master, &slave);
	ck_assert_int_eq(io_take_terminal(io, master, NULL), 0);
	fcntl(slave, F_SETFL, O_NONBLOCK);
	while (failed < 20) {
		failed += write(slave, text, sizeof(text)) < 0;
		loop_for(1);
	}
	io_finish(io, 50, when_drained, NULL);
	loop_until(is_drained);
	close(slave);
	io_close(io);
	loop_until(logger_has_gone);
	loop_for(10);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("io_logger");
	TCase *tcase = tcase_create("logger");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, stage_open, stage_close);
	tcase_add_test(tcase, a_logger_reads_both_streams_to_their_end);
	tcase_add_test(tcase,
	               a_logger_is_told_of_the_container_and_nothing_else);
	tcase_add_test(tcase, a_logger_may_take_its_time_to_get_ready);
	tcase_add_loop_test(tcase, a_logger_that_does_not_get_ready_is_an_error,
	                    0, sizeof(unready) / sizeof(unready[0]));
	tcase_add_test(tcase, a_logger_that_is_not_executable_is_an_error);
	tcase_add_test(tcase, a_logger_that_dies_does_not_hang_the_payload);
	tcase_add_test(tcase,
	               a_logger_that_does_not_end_is_waited_for_only_so_long);
	tcase_add_test(tcase,
	               a_logger_that_does_not_listen_to_sigterm_is_killed);
	tcase_add_test(tcase, a_grandchild_with_the_pipe_holds_nobody_up);
	tcase_add_test(tcase, a_terminal_may_go_to_a_logger);
	tcase_add_test(tcase, a_terminal_outlives_its_logger);
	tcase_add_test(tcase, a_logger_that_does_not_read_stops_its_terminal);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
