/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: the relay through real ptys. */
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
#include "tty/relay.h"

/* No test takes a tenth of this; a hang fails instead of hanging. */
#define PATIENCE_MS 10000

/* What the runner below gets, and what the test keeps of it. */
struct stage {
	const char *script; /* what sh runs as the process */
	bool terminal;
	bool foreign; /* have another child while waiting */
	int in;
	int out;
};

static void process_become(const struct stage *stage, int slave)
{
	struct error err;

	sys_reset_signals();
	setsid();
	if (stage->terminal && tty_become_controlling(slave, &err) < 0)
		_exit(99);
	execl("/bin/sh", "sh", "-c", stage->script, (char *)NULL);
	_exit(98);
}

/* The part of runf: start the process, stay with it, exit like it. */
static void runner_run(const struct stage *stage)
{
	struct tty_session session = {
		.master = -1,
		.in = stage->in,
		.out = stage->out,
		.reap = stage->foreign,
	};
	struct error err;
	sigset_t all;
	int slave = -1;
	int status;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	session.signals = sys_signalfd(&all);
	if (stage->foreign && fork() == 0)
		_exit(0);
	if (stage->terminal)
		pty_make(&session.master, &slave);
	session.pid = fork();
	if (session.pid == 0)
		process_become(stage, slave);
	if (slave >= 0)
		close(slave);
	session.pidfd = sys_pidfd_open(session.pid);
	if (tty_wait(&session, &status, &err) < 0)
		_exit(97);
	if (stage->foreign &&
	    (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD))
		_exit(96);
	_exit(status);
}

static pid_t runner_start(const struct stage *stage)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		runner_run(stage);
	}
	return pid;
}

/* The runner's exit status; its processor time if RET_MS. */
static int runner_end(pid_t pid, long *ret_ms)
{
	struct rusage used;
	int status;

	ck_assert_int_eq(wait4(pid, &status, 0, &used), pid);
	ck_assert(WIFEXITED(status));
	if (ret_ms)
		*ret_ms =
			(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
			(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
	return WEXITSTATUS(status);
}

/* Read FD until TEXT was seen, or to the end if TEXT is NULL. */
static size_t expect_text(int fd, const char *text, char *seen, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	seen[0] = '\0';
	while (!text || !strstr(seen, text)) {
		ssize_t count;

		ck_assert_msg(poll(&ready, 1, PATIENCE_MS) > 0,
		              "waited for '%s', saw '%s'", text ? text : "end",
		              seen);
		count = read(fd, seen + used, size - 1 - used);
		if (count <= 0)
			break;
		used += (size_t)count;
		seen[used] = '\0';
	}
	if (text)
		ck_assert_msg(strstr(seen, text) != NULL, "no '%s' in '%s'",
		              text, seen);
	return used;
}

static void type_text(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
}

/* B093 */
START_TEST(what_is_typed_arrives_and_the_answer_comes_back)
{
	struct stage stage = {
		.script = "echo ready; read x; echo got:$x; exit 7",
		.terminal = true,
	};
	struct termios before;
	struct termios during;
	struct termios after;
	char seen[4096];
	int host;
	int shown;
	pid_t pid;

	pty_make(&host, &shown);
	stage.in = stage.out = shown;
	ck_assert_int_eq(tcgetattr(shown, &before), 0);
	pid = runner_start(&stage);
	expect_text(host, "ready", seen, sizeof(seen));
	ck_assert_int_eq(tcgetattr(shown, &during), 0);
	ck_assert_int_eq(during.c_lflag & (ICANON | ECHO | ISIG), 0);
	/* A shell shares this description: it must not see EAGAIN. */
	ck_assert_int_eq(fcntl(shown, F_GETFL) & O_NONBLOCK, 0);
	type_text(host, "hello\r");
	expect_text(host, "got:hello", seen, sizeof(seen));
	ck_assert_int_eq(runner_end(pid, NULL), 7);
	ck_assert_int_eq(tcgetattr(shown, &after), 0);
	ck_assert_uint_eq(before.c_iflag, after.c_iflag);
	ck_assert_uint_eq(before.c_oflag, after.c_oflag);
	ck_assert_uint_eq(before.c_lflag, after.c_lflag);
}

END_TEST

/* B093 D049 */
START_TEST(short_output_is_never_lost)
{
	struct stage stage = {
		.script = "printf 0123456789",
		.terminal = true,
		.in = -1,
	};
	char seen[4096];
	int pipes[2];
	int i;

	for (i = 0; i < 100; i++) {
		pid_t pid;

		ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
		stage.out = pipes[1];
		pid = runner_start(&stage);
		close(pipes[1]);
		expect_text(pipes[0], NULL, seen, sizeof(seen));
		ck_assert_str_eq(seen, "0123456789");
		ck_assert_int_eq(runner_end(pid, NULL), 0);
		close(pipes[0]);
	}
}

END_TEST

/* B093 */
START_TEST(output_is_drained_after_the_process_ended)
{
	struct stage stage = {
		.script = "stty raw; head -c 150000 /dev/zero | tr '\\0' x",
		.terminal = true,
		.in = -1,
	};
	static char seen[200000];
	int pipes[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	stage.out = pipes[1];
	pid = runner_start(&stage);
	close(pipes[1]);
	/* The pipe holds 64 KiB, the terminal some; then all waits for us. */
	usleep(200000);
	ck_assert_uint_eq(expect_text(pipes[0], NULL, seen, sizeof(seen)),
	                  150000);
	ck_assert_int_eq(runner_end(pid, NULL), 0);
}

END_TEST

/* B092 B093 D049 */
START_TEST(a_full_pipe_stops_neither_signals_nor_the_end)
{
	struct stage stage = {
		.script = "trap 'exit 9' TERM; yes & echo $$ >&9; wait",
		.terminal = true,
		.in = -1,
	};
	char seen[64];
	long ms;
	int ready[2];
	int pipes[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(ready, 0), 0);
	ck_assert_int_eq(dup2(ready[1], 9), 9);
	stage.out = pipes[1];
	pid = runner_start(&stage);
	close(pipes[1]);
	expect_text(ready[0], "\n", seen, sizeof(seen));
	usleep(300000); /* full by now */
	kill(pid, SIGTERM);
	usleep(200000);
	/* The process has gone; only its output waits, until we refuse it. */
	ck_assert_int_eq(kill((pid_t)atoi(seen), 0), 0); /* not collected */
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGTERM);
	ck_assert_int_eq(runner_end(pid, &ms), 9);
	ck_assert_int_lt(ms, 150);
}

END_TEST

/* B093 D049 */
START_TEST(a_reader_that_is_gone_stops_nothing)
{
	struct stage stage = {
		.script = "head -c 300000 /dev/zero; exit 5",
		.terminal = true,
		.in = -1,
	};
	int pipes[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	stage.out = pipes[1];
	close(pipes[0]);
	pid = runner_start(&stage);
	close(pipes[1]);
	ck_assert_int_eq(runner_end(pid, NULL), 5);
}

END_TEST

/* B093 */
START_TEST(a_program_that_does_not_read_stops_nothing)
{
	struct stage stage = {
		.script = "stty raw; echo ready; sleep 0.5; exit 4",
		.terminal = true,
	};
	char bytes[4096];
	char seen[4096];
	int in[2];
	int out[2];
	long ms;
	pid_t pid;

	memset(bytes, 'x', sizeof(bytes));
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(in[1], F_SETFL, O_NONBLOCK), 0);
	stage.in = in[0];
	stage.out = out[1];
	pid = runner_start(&stage);
	close(out[1]);
	expect_text(out[0], "ready", seen, sizeof(seen));
	while (write(in[1], bytes, sizeof(bytes)) > 0)
		usleep(1000);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(runner_end(pid, &ms), 4);
	ck_assert_int_lt(ms, 150);
}

END_TEST

/* B093 */
START_TEST(a_terminal_that_nobody_has_open_does_not_spin)
{
	struct stage stage = {
		.script = "exec </dev/null >/dev/null 2>&1; sleep 0.5; exit 3",
		.terminal = true,
		.in = -1,
	};
	int pipes[2];
	long ms;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	stage.out = pipes[1];
	ck_assert_int_eq(runner_end(runner_start(&stage), &ms), 3);
	ck_assert_int_lt(ms, 150);
}

END_TEST

/* B092 */
START_TEST(a_change_of_size_reaches_the_process)
{
	struct stage stage = {
		.script = "stty size; read x; stty size",
		.terminal = true,
	};
	char seen[4096];
	int host;
	int shown;
	pid_t pid;

	pty_make(&host, &shown);
	stage.in = stage.out = shown;
	ck_assert_int_eq(sys_tty_set_size(host, 33, 101), 0);
	pid = runner_start(&stage);
	expect_text(host, "33 101", seen, sizeof(seen));
	ck_assert_int_eq(sys_tty_set_size(host, 44, 120), 0);
	kill(pid, SIGWINCH); /* as the terminal sends to its own session */
	usleep(100000);
	type_text(host, "\r");
	expect_text(host, "44 120", seen, sizeof(seen));
	ck_assert_int_eq(runner_end(pid, NULL), 0);
}

END_TEST

START_TEST(the_end_of_input_is_typed_as_end_of_file)
{
	static const char *const texts[] = { "", "line\n", "half a line" };
	struct stage stage = { .script = "cat >/dev/null; echo over",
		               .terminal = true };
	char seen[4096];
	int in[2];
	int out[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	stage.in = in[0];
	stage.out = out[1];
	type_text(in[1], texts[_i]);
	close(in[1]);
	pid = runner_start(&stage);
	close(out[1]);
	expect_text(out[0], "over", seen, sizeof(seen));
	ck_assert_int_eq(runner_end(pid, NULL), 0);
}

END_TEST

START_TEST(the_end_of_input_reaches_every_reader)
{
	/* One in raw mode, as a shell's prompt, then one that reads lines. */
	struct stage stage = {
		.script = "stty -icanon min 1; echo prompt;"
			  "dd bs=1 count=1 2>/dev/null | od -An -tx1;"
			  "stty icanon; echo lines; cat; echo over",
		.terminal = true,
	};
	char seen[4096];
	int out[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	stage.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	stage.out = out[1];
	pid = runner_start(&stage);
	close(out[1]);
	expect_text(out[0], "over", seen, sizeof(seen));
	ck_assert_int_eq(runner_end(pid, NULL), 0);
}

END_TEST

/* B092 */
START_TEST(without_a_terminal_signals_are_forwarded)
{
	static const int signals[] = { SIGTERM, SIGUSR1, SIGWINCH, SIGHUP };
	struct stage stage = { .in = -1, .out = -1 };
	char script[256];
	char seen[64];
	int ready[2];
	pid_t pid;

	snprintf(script, sizeof(script),
	         "trap 'exit 21' %d; echo go >&9; while :; do sleep 0.02; done",
	         signals[_i]);
	stage.script = script;
	ck_assert_int_eq(pipe2(ready, 0), 0);
	ck_assert_int_eq(dup2(ready[1], 9), 9);
	pid = runner_start(&stage);
	expect_text(ready[0], "go", seen, sizeof(seen));
	kill(pid, SIGURG);
	kill(pid, SIGPIPE);
	kill(pid, signals[_i]);
	ck_assert_int_eq(runner_end(pid, NULL), 21);
}

END_TEST

/* B092 B114 */
START_TEST(a_process_that_was_killed_yields_128_and_the_signal)
{
	struct stage stage = { .script = "kill -9 $$", .in = -1, .out = -1 };

	ck_assert_int_eq(runner_end(runner_start(&stage), NULL), 137);
}

END_TEST

/* B092 */
START_TEST(foreign_children_are_collected)
{
	struct stage stage = {
		.script = "sleep 0.1; exit 6",
		.foreign = true,
		.in = -1,
		.out = -1,
	};

	ck_assert_int_eq(runner_end(runner_start(&stage), NULL), 6);
}

END_TEST

static void add_relay(TCase *tcase)
{
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_is_typed_arrives_and_the_answer_comes_back);
	tcase_add_test(tcase, short_output_is_never_lost);
	tcase_add_test(tcase, output_is_drained_after_the_process_ended);
	tcase_add_test(tcase, a_full_pipe_stops_neither_signals_nor_the_end);
	tcase_add_test(tcase, a_reader_that_is_gone_stops_nothing);
	tcase_add_test(tcase, a_program_that_does_not_read_stops_nothing);
	tcase_add_test(tcase, a_terminal_that_nobody_has_open_does_not_spin);
	tcase_add_test(tcase, a_change_of_size_reaches_the_process);
	tcase_add_loop_test(tcase, the_end_of_input_is_typed_as_end_of_file, 0,
	                    3);
	tcase_add_test(tcase, the_end_of_input_reaches_every_reader);
	tcase_add_loop_test(tcase, without_a_terminal_signals_are_forwarded, 0,
	                    4);
	tcase_add_test(tcase,
	               a_process_that_was_killed_yields_128_and_the_signal);
	tcase_add_test(tcase, foreign_children_are_collected);
}

int main(void)
{
	Suite *suite = suite_create("tty");
	TCase *relay = tcase_create("relay");
	SRunner *runner;
	int failed;

	add_relay(relay);
	suite_add_tcase(suite, relay);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
