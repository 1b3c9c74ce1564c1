/* SPDX-License-Identifier: Apache-2.0 */
/* Standard streams that the payload holds itself: FIFOs and files. */
#include <errno.h>

#include "tests/unit/io_stage.h"

/* The payload has its ends, the shim only what it holds. */
static void hand_over(struct io *io, int ret_fds[3])
{
	int theirs[3];
	int i;

	io_payload_fds(io, theirs);
	for (i = 0; i < 3; i++)
		ret_fds[i] = theirs[i] < 0 ? -1 : dup(theirs[i]);
	io_handed_over(io);
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(nothing_is_asked_for)
{
	size_t before = count_fds();
	struct io_paths paths = { .in = "" };
	struct io *io = open_io(&paths);
	int fds[3];

	io_payload_fds(io, fds);
	ck_assert_int_eq(fds[0], -1);
	ck_assert_int_eq(fds[1], -1);
	ck_assert_int_eq(fds[2], -1);
	io_finish(io, LONG_MS, when_drained, NULL);
	ck_assert_int_eq(drained_calls, 1);
	io_close(io);
	io_close(NULL);
	ck_assert_uint_eq(count_fds(), before);
}

END_TEST

START_TEST(a_payload_holds_the_fifos_itself)
{
	size_t before = count_fds();
	struct io_paths paths = {
		.in = make_fifo("in"),
		.out = make_fifo("out"),
		.err = make_fifo("err"),
	};
	int out = client_reads(paths.out);
	int err = client_reads(paths.err);
	struct io *io = open_io(&paths);
	int in = open(paths.in, O_WRONLY | O_NONBLOCK);
	int fds[3];

	hand_over(io, fds);
	say(in, "typed");
	ck_assert_taken(fds[0], "typed");
	say(fds[1], "said");
	ck_assert_taken(out, "said");
	say(fds[2], "shouted");
	ck_assert_taken(err, "shouted");
	close(in);
	close(out);
	close(err);
	close(fds[0]);
	close(fds[1]);
	close(fds[2]);
	io_close(io);
	ck_assert_uint_eq(count_fds(), before);
}

END_TEST

START_TEST(payloads_wait_when_there_is_nothing)
{
	struct io_paths paths = {
		.in = make_fifo("in"),
		.out = make_fifo("out"),
		.err = make_fifo("err"),
	};
	struct io *io = open_io(&paths);
	int fds[3];
	int i;

	io_payload_fds(io, fds);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(fcntl(fds[i], F_GETFL) & O_NONBLOCK, 0);
		ck_assert_int_eq(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
	}
	ck_assert_int_eq(fcntl(fds[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fcntl(fds[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	io_close(io);
}

END_TEST

START_TEST(a_client_that_goes_and_comes_back_is_not_noticed)
{
	struct io_paths paths = { .out = make_fifo("out") };
	int out = client_reads(paths.out);
	struct io *io = open_io(&paths);
	int fds[3];

	hand_over(io, fds);
	say(fds[1], "one");
	ck_assert_taken(out, "one");
	close(out);
	say(fds[1], "two");
	out = client_reads(paths.out);
	ck_assert_taken(out, "two");
	ck_assert_taken(out, "");
	close(out);
	close(fds[1]);
	io_close(io);
}

END_TEST

/* As /dev/stdout is, again and again. */
START_TEST(a_payload_may_close_its_output_and_open_it_again)
{
	struct io_paths paths = { .out = make_fifo("out") };
	int out = client_reads(paths.out);
	struct io *io = open_io(&paths);
	int fds[3];

	hand_over(io, fds);
	say(fds[1], "one");
	close(fds[1]);
	ck_assert_taken(out, "one");
	ck_assert_taken(out, "");
	fds[1] = open(paths.out, O_WRONLY | O_NONBLOCK);
	ck_assert_int_ge(fds[1], 0);
	say(fds[1], "two");
	close(fds[1]);
	ck_assert_taken(out, "two");
	ck_assert_taken(out, "");
	io_finish(io, LONG_MS, when_drained, NULL);
	ck_assert_at_end(out);
	close(out);
	io_close(io);
}

END_TEST

START_TEST(the_end_of_the_process_is_the_end_of_its_output)
{
	struct io_paths paths = { .out = make_fifo("out") };
	int out = client_reads(paths.out);
	struct io *io = open_io(&paths);
	int fds[3];

	hand_over(io, fds);
	say(fds[1], "last words");
	close(fds[1]);
	io_finish(io, LONG_MS, when_drained, NULL);
	ck_assert_int_eq(drained_calls, 1);
	ck_assert_taken(out, "last words");
	ck_assert_at_end(out);
	close(out);
	io_close(io);
}

END_TEST

START_TEST(words_wait_for_a_client_that_is_away_until_io_goes)
{
	struct io_paths paths = { .out = make_fifo("out") };
	struct io *io = open_io(&paths);
	int fds[3];
	int out;

	hand_over(io, fds);
	say(fds[1], "last words");
	close(fds[1]);
	io_finish(io, LONG_MS, when_drained, NULL);
	out = client_reads(paths.out);
	ck_assert_taken(out, "last words");
	ck_assert_at_end(out);
	close(out);
	io_close(io);
}

END_TEST

START_TEST(a_grandchild_may_go_on_writing)
{
	struct io_paths paths = { .out = make_fifo("out") };
	int out = client_reads(paths.out);
	struct io *io = open_io(&paths);
	int fds[3];

	hand_over(io, fds);
	io_finish(io, LONG_MS, when_drained, NULL);
	ck_assert_int_eq(drained_calls, 1);
	say(fds[1], "still here");
	ck_assert_taken(out, "still here");
	ck_assert_taken(out, "");
	close(fds[1]);
	ck_assert_at_end(out);
	close(out);
	io_close(io);
}

END_TEST

START_TEST(input_ends_when_it_is_closed_and_not_when_a_client_goes)
{
	struct io_paths paths = { .in = make_fifo("in") };
	struct io *io = open_io(&paths);
	int in = open(paths.in, O_WRONLY | O_NONBLOCK);
	int fds[3];

	hand_over(io, fds);
	say(in, "first");
	close(in);
	ck_assert_taken(fds[0], "first");
	ck_assert(!is_readable(fds[0]));
	in = open(paths.in, O_WRONLY | O_NONBLOCK);
	io_close_stdin(io);
	say(in, "second");
	ck_assert_taken(fds[0], "second");
	ck_assert(!is_readable(fds[0]));
	close(in);
	ck_assert_at_end(fds[0]);
	io_close_stdin(io);
	close(fds[0]);
	io_close(io);
}

END_TEST

START_TEST(what_is_handed_over_is_the_owners)
{
	struct io_paths paths = {
		.in = make_fifo("in"),
		.out = make_fifo("out"),
		.err = "/dev/null",
	};
	struct io_owner owner = nobody;
	struct stat stat_in, stat_out, stat_null;
	struct io *io;

	if (geteuid() != 0)
		return;
	owner.uid = 1234;
	owner.gid = 5678;
	io = open_with(&paths, &owner);
	ck_assert_int_eq(ready_result, 0);
	ck_assert_int_eq(stat(paths.in, &stat_in), 0);
	ck_assert_int_eq(stat(paths.out, &stat_out), 0);
	ck_assert_int_eq(stat("/dev/null", &stat_null), 0);
	ck_assert_uint_eq(stat_in.st_uid, 1234);
	ck_assert_uint_eq(stat_out.st_uid, 1234);
	ck_assert_uint_eq(stat_out.st_gid, 5678);
	ck_assert_uint_eq(stat_null.st_uid, 0);
	io_close(io);
}

END_TEST

/* What is in the file NAME. */
static const char *contents(const char *name)
{
	static char text[256];
	int fd = open(at(name), O_RDONLY);
	ssize_t count = read(fd, text, sizeof(text) - 1);

	ck_assert_int_ge(count, 0);
	text[count] = '\0';
	close(fd);
	return text;
}

START_TEST(a_file_gets_both_streams_behind_what_is_there)
{
	char uri[300];
	struct io_paths paths = { .out = uri, .err = uri };
	struct io *io;
	int fds[3];
	int turn;

	snprintf(uri, sizeof(uri), "file://%s/logs/of%%20web/log", dir);
	for (turn = 0; turn < 2; turn++) {
		ready_calls = 0;
		io = open_io(&paths);
		hand_over(io, fds);
		say(fds[1], "out\n");
		say(fds[2], "err\n");
		close(fds[1]);
		close(fds[2]);
		io_finish(io, LONG_MS, when_drained, NULL);
		ck_assert_int_eq(drained_calls, turn + 1);
		io_close(io);
	}
	ck_assert_str_eq(contents("logs/of web/log"), "out\nerr\nout\nerr\n");
}

END_TEST

START_TEST(a_plain_path_may_be_a_file)
{
	char uri[300];
	struct io_paths paths = { .in = at("given"), .out = uri };
	int fd = open(paths.in, O_WRONLY | O_CREAT, 0600);
	struct io *io;
	int fds[3];

	say(fd, "input");
	snprintf(uri, sizeof(uri), "fifo://%s", paths.in);
	io = open_io(&paths);
	hand_over(io, fds);
	ck_assert_taken(fds[0], "input");
	say(fds[1], ", more");
	ck_assert_str_eq(contents("given"), "input, more");
	ck_assert_int_eq(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
	close(fd);
	close(fds[0]);
	close(fds[1]);
	io_close(io);
}

END_TEST

static const struct {
	struct io_paths paths;
	int result;
	enum error_kind kind;
	const char *text; /* a part of it */
} faults[] = {
	{ { .in = "/nowhere/in" }, -ENOENT, ERROR_SYSTEM, "\"/nowhere/in\"" },
	{ { .out = "/nowhere/out" }, -ENOENT, ERROR_SYSTEM, "/nowhere/out" },
	{ { .err = "/nowhere/err" }, -ENOENT, ERROR_SYSTEM, "/nowhere/err" },
	{ { .out = "/tmp" }, -EISDIR, ERROR_SYSTEM, "/tmp" },
	{ { .in = "/tmp" }, -EISDIR, ERROR_SYSTEM, "/tmp" },
	{ { .out = "out" }, -EINVAL, ERROR_USAGE, "no absolute path" },
	{ { .out = "file://log" }, -EINVAL, ERROR_USAGE, "file://log" },
	{ { .out = "file:///a%2" }, -EINVAL, ERROR_USAGE, "/a%2" },
	{ { .out = "file:///a%00b" }, -EINVAL, ERROR_USAGE, "%00" },
	{ { .out = "ftp:///x" }, -EOPNOTSUPP, ERROR_UNSUPPORTED, "scheme" },
	{ { .in = "file:///x" }, -EOPNOTSUPP, ERROR_UNSUPPORTED, "no FIFO" },
	{ { .out = "/dev/null", .err = "binary:///bin/cat" },
	  -EOPNOTSUPP,
	  ERROR_UNSUPPORTED,
	  "logger" },
	{ { .out = "binary:///no/logger" }, -ENOENT, ERROR_SYSTEM, "logger" },
	{ { .in = "/dev/null", .terminal = true },
	  -ENOTSUP,
	  ERROR_SYSTEM,
	  "/dev/null" },
};

START_TEST(what_cannot_be_opened_is_named)
{
	size_t before = count_fds();
	struct io *io = open_with(&faults[_i].paths, &nobody);

	ck_assert_int_eq(ready_result, faults[_i].result);
	ck_assert_int_eq(ready_error.kind, faults[_i].kind);
	ck_assert_msg(strstr(ready_error.text, faults[_i].text),
	              "\"%s\" lacks \"%s\"", ready_error.text, faults[_i].text);
	io_close(io);
	loop_for(20);
	ck_assert_uint_eq(count_fds(), before);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("io");
	TCase *tcase = tcase_create("io");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, stage_open, stage_close);
	tcase_add_test(tcase, nothing_is_asked_for);
	tcase_add_test(tcase, a_payload_holds_the_fifos_itself);
	tcase_add_test(tcase, payloads_wait_when_there_is_nothing);
	tcase_add_test(tcase, a_client_that_goes_and_comes_back_is_not_noticed);
	tcase_add_test(tcase, a_payload_may_close_its_output_and_open_it_again);
	tcase_add_test(tcase, the_end_of_the_process_is_the_end_of_its_output);
	tcase_add_test(tcase,
	               words_wait_for_a_client_that_is_away_until_io_goes);
	tcase_add_test(tcase, a_grandchild_may_go_on_writing);
	tcase_add_test(tcase,
	               input_ends_when_it_is_closed_and_not_when_a_client_goes);
	tcase_add_test(tcase, what_is_handed_over_is_the_owners);
	tcase_add_test(tcase, a_file_gets_both_streams_behind_what_is_there);
	tcase_add_test(tcase, a_plain_path_may_be_a_file);
	tcase_add_loop_test(tcase, what_cannot_be_opened_is_named, 0,
	                    sizeof(faults) / sizeof(faults[0]));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
