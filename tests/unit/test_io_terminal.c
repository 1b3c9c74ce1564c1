/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals, whose bytes are copied. */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <termios.h>

#include "tests/unit/io_stage.h"
#include "tests/unit/tty_pair.h"

static int slave = -1;
static int out = -1;
static int in = -1;

/* A terminal whose client holds IN and OUT. */
static struct io *open_terminal(void)
{
	struct io_paths paths = {
		.in = make_fifo("in"),
		.out = make_fifo("out"),
		.terminal = true,
	};
	struct termios settings;
	struct io *io;
	int fds[3];
	int master;

	out = client_reads(paths.out);
	io = open_io(&paths);
	in = open(paths.in, O_WRONLY | O_NONBLOCK);
	io_payload_fds(io, fds);
	ck_assert_int_eq(fds[0] + fds[1] + fds[2], -3);
	pty_make(&master, &slave);
	ck_assert_int_eq(tcgetattr(slave, &settings), 0);
	cfmakeraw(&settings);
	ck_assert_int_eq(tcsetattr(slave, TCSANOW, &settings), 0);
	ck_assert_int_eq(io_take_terminal(io, master, NULL), 0);
	return io;
}

static void close_all(struct io *io)
{
	fd_close(&slave);
	fd_close(&in);
	fd_close(&out);
	io_close(io);
}

static bool slave_has_input(void)
{
	return is_readable(slave);
}

static bool out_has_something(void)
{
	return is_readable(out);
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void expect_out(const char *text)
{
	loop_until(out_has_something);
	ck_assert_taken(out, text);
}

START_TEST(a_terminal_is_copied_both_ways)
{
	size_t before = count_fds();
	struct io *io = open_terminal();

	say(in, "typed");
	loop_until(slave_has_input);
	ck_assert_taken(slave, "typed");
	say(slave, "said");
	expect_out("said");
	close_all(io);
	ck_assert_uint_eq(count_fds(), before);
}

END_TEST

START_TEST(a_terminal_ends_with_its_process)
{
	struct io *io = open_terminal();

	say(slave, "last words");
	fd_close(&slave);
	io_finish(io, LONG_MS, when_drained, NULL);
	loop_until(is_drained);
	ck_assert_taken(out, "last words");
	ck_assert_at_end(out);
	ck_assert_int_eq(io_resize(io, 1, 1, NULL), 0);
	close_all(io);
	ck_assert_int_eq(drained_calls, 1);
}

END_TEST

static long cpu_ms(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
	       (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

/* As an init that opens its console for each line. */
START_TEST(a_terminal_that_nobody_has_open_may_be_opened_again)
{
	struct io *io = open_terminal();
	const char *name = ttyname(slave);
	long before;
	int turn;

	ck_assert_ptr_nonnull(name);
	for (turn = 0; turn < 3; turn++) {
		say(slave, "a line");
		fd_close(&slave);
		expect_out("a line");
		before = cpu_ms();
		loop_for(200);
		ck_assert_int_lt(cpu_ms() - before, 20);
		ck_assert_taken(out, "");
		slave = open(name, O_RDWR | O_NOCTTY);
		ck_assert_int_ge(slave, 0);
	}
	say(in, "typed");
	loop_until(slave_has_input);
	say(slave, "end");
	fd_close(&slave);
	io_finish(io, LONG_MS, when_drained, NULL);
	loop_until(is_drained);
	ck_assert_taken(out, "end");
	ck_assert_at_end(out);
	close_all(io);
}

END_TEST

/* Write until it would have to wait; the bytes count up. */
static size_t fill(int fd, size_t limit)
{
	char piece[1024];
	size_t done = 0;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (done < limit) {
		ssize_t count;
		size_t i;

		for (i = 0; i < sizeof(piece); i++)
			piece[i] = (char)('a' + (done + i) % 26);
		count = write(fd, piece, sizeof(piece));
		if (count < 0)
			loop_for(5);
		count = count < 0 ? write(fd, piece, sizeof(piece)) : count;
		if (count < 0)
			return done;
		done += (size_t)count;
		loop_for(1);
	}
	return done;
}

/* How many bytes come, each as fill() wrote it. */
static size_t drain(int fd, size_t expected)
{
	uint64_t end = time_monotonic_ns() + PATIENCE_MS * UINT64_C(1000000);
	size_t done = 0;

	while (done < expected && time_monotonic_ns() < end) {
		char piece[4096];
		ssize_t count = read(fd, piece, sizeof(piece));
		ssize_t i;

		for (i = 0; i < count; i++, done++)
			ck_assert_int_eq(piece[i], 'a' + (int)(done % 26));
		loop_for(1);
	}
	return done;
}

START_TEST(a_client_that_does_not_read_stops_the_payload_and_nothing_else)
{
	struct io *io = open_terminal();
	size_t written = fill(slave, 1 << 20);
	long before = cpu_ms();

	/* A FIFO, a terminal's buffers and one piece: no more. */
	ck_assert_uint_ge(written, 64 * 1024);
	ck_assert_uint_lt(written, 256 * 1024);
	loop_for(200);
	ck_assert_int_lt(cpu_ms() - before, 20);
	say(in, "typed");
	loop_until(slave_has_input);
	ck_assert_uint_eq(drain(out, written), written);
	close_all(io);
}

END_TEST

START_TEST(what_waits_for_a_slow_client_arrives_after_the_end)
{
	struct io *io = open_terminal();
	size_t written = fill(slave, 1 << 20);

	fd_close(&slave);
	io_finish(io, LONG_MS, when_drained, NULL);
	loop_for(50);
	ck_assert_int_eq(drained_calls, 0);
	ck_assert_uint_eq(drain(out, written), written);
	loop_until(is_drained);
	ck_assert_at_end(out);
	close_all(io);
}

END_TEST

START_TEST(a_payload_that_does_not_read_stops_the_client)
{
	struct io *io = open_terminal();
	size_t written = fill(in, 1 << 20);
	long before = cpu_ms();

	ck_assert_uint_ge(written, 64 * 1024);
	ck_assert_uint_lt(written, 256 * 1024);
	loop_for(200);
	ck_assert_int_lt(cpu_ms() - before, 20);
	say(slave, "said");
	expect_out("said");
	fcntl(slave, F_SETFL, O_NONBLOCK);
	ck_assert_uint_eq(drain(slave, written), written);
	close_all(io);
}

END_TEST

START_TEST(both_may_be_full_when_the_end_comes)
{
	struct io *io = open_terminal();
	size_t written = fill(slave, 1 << 20);
	long before;

	fill(in, 1 << 20);
	fd_close(&slave);
	before = cpu_ms();
	loop_for(200);
	ck_assert_int_lt(cpu_ms() - before, 20);
	io_finish(io, LONG_MS, when_drained, NULL);
	ck_assert_uint_eq(drain(out, written), written);
	loop_until(is_drained);
	close_all(io);
}

END_TEST

START_TEST(a_grandchild_with_the_terminal_holds_nobody_up)
{
	struct io *io = open_terminal();

	io_finish(io, 100, when_drained, NULL);
	loop_for(30);
	ck_assert_int_eq(drained_calls, 0);
	say(slave, "meanwhile");
	expect_out("meanwhile");
	loop_until(is_drained);
	ck_assert_at_end(out);
	ck_assert_int_eq(io_resize(io, 1, 1, NULL), 0);
	close_all(io);
	ck_assert_int_eq(drained_calls, 1);
}

END_TEST

START_TEST(clients_of_a_terminal_come_and_go)
{
	struct io *io = open_terminal();

	fd_close(&out);
	fd_close(&in);
	loop_for(20);
	say(slave, "unheard");
	loop_for(20);
	out = client_reads(at("out"));
	expect_out("unheard");
	in = open(at("in"), O_WRONLY | O_NONBLOCK);
	ck_assert_int_ge(in, 0);
	say(in, "again");
	loop_until(slave_has_input);
	ck_assert_taken(slave, "again");
	close_all(io);
}

END_TEST

START_TEST(input_of_a_terminal_ends_when_it_is_closed)
{
	struct io *io = open_terminal();

	io_close_stdin(io);
	say(in, "typed");
	loop_until(slave_has_input);
	ck_assert_taken(slave, "typed");
	fd_close(&in);
	loop_for(20);
	/* Nobody reads it any more. */
	ck_assert_int_eq(open(at("in"), O_WRONLY | O_NONBLOCK), -1);
	ck_assert_int_eq(errno, ENXIO);
	say(slave, "said");
	expect_out("said");
	close_all(io);
}

END_TEST

START_TEST(a_terminal_is_resized)
{
	struct io *io = open_terminal();
	struct winsize size;

	ck_assert_int_eq(io_resize(io, 132, 43, NULL), 0);
	ck_assert_int_eq(ioctl(slave, TIOCGWINSZ, &size), 0);
	ck_assert_uint_eq(size.ws_col, 132);
	ck_assert_uint_eq(size.ws_row, 43);
	close_all(io);
}

END_TEST

START_TEST(a_terminal_may_be_shown_to_nobody_or_in_a_file)
{
	char uri[128];
	struct io_paths paths = { .out = uri, .terminal = true };
	struct io *io;
	char text[64];
	int master;
	int log;

	snprintf(uri, sizeof(uri), "%s", _i ? "" : "file://");
	if (!_i)
		snprintf(uri, sizeof(uri), "file://%s/log", dir);
	io = open_io(&paths);
	pty_make(&master, &slave);
	ck_assert_int_eq(io_take_terminal(io, master, NULL), 0);
	say(slave, "said");
	fd_close(&slave);
	io_finish(io, LONG_MS, when_drained, NULL);
	loop_until(is_drained);
	io_close(io);
	if (_i)
		return;
	log = open(at("log"), O_RDONLY);
	ck_assert_int_eq(read(log, text, sizeof(text)), 4);
	ck_assert_mem_eq(text, "said", 4);
	close(log);
}

END_TEST

START_TEST(a_terminal_that_was_never_made_is_at_its_end)
{
	struct io_paths paths = {
		.in = make_fifo("in"),
		.out = make_fifo("out"),
		.terminal = true,
	};
	struct io *io;

	out = client_reads(paths.out);
	io = open_io(&paths);
	io_finish(io, LONG_MS, when_drained, NULL);
	ck_assert_int_eq(drained_calls, 1);
	ck_assert_at_end(out);
	fd_close(&out);
	io_close(io);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("io_terminal");
	TCase *tcase = tcase_create("terminal");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, stage_open, stage_close);
	tcase_add_test(tcase, a_terminal_is_copied_both_ways);
	tcase_add_test(tcase, a_terminal_ends_with_its_process);
	tcase_add_test(tcase,
	               a_terminal_that_nobody_has_open_may_be_opened_again);
	tcase_add_test(
		tcase,
		a_client_that_does_not_read_stops_the_payload_and_nothing_else);
	tcase_add_test(tcase,
	               what_waits_for_a_slow_client_arrives_after_the_end);
	tcase_add_test(tcase, a_payload_that_does_not_read_stops_the_client);
	tcase_add_test(tcase, both_may_be_full_when_the_end_comes);
	tcase_add_test(tcase, a_grandchild_with_the_terminal_holds_nobody_up);
	tcase_add_test(tcase, clients_of_a_terminal_come_and_go);
	tcase_add_test(tcase, input_of_a_terminal_ends_when_it_is_closed);
	tcase_add_test(tcase, a_terminal_is_resized);
	tcase_add_loop_test(
		tcase, a_terminal_may_be_shown_to_nobody_or_in_a_file, 0, 2);
	tcase_add_test(tcase, a_terminal_that_was_never_made_is_at_its_end);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
