/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks run: their input, their environment, their end. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/time.h"
#include "hook/hook.h"

/* A writable string, as argv and env want it. */
#define TEXT(text) ((char[]){ text })

static char out_path[64];

/* Run SCRIPT with $1 = a file for its answer. */
static int run(const char *script, const char *state, uint64_t timeout_ms,
               const char *cwd, struct error *err)
{
	char *env[] = { TEXT("PATH=/usr/bin:/bin"), TEXT("MARK=yes"), NULL };
	char *args[] = { TEXT("hook"), TEXT("-c"), strdup(script),
		         TEXT("hook"), out_path,   NULL };
	struct plan_hook hook = { .path = "/bin/sh",
		                  .args = args,
		                  .env = env,
		                  .timeout_ms = timeout_ms };
	int result = hook_run(&hook, state, cwd, err);

	free(args[2]);
	return result;
}

static const char *answer(void)
{
	static char text[256];
	int fd = open(out_path, O_RDONLY | O_CLOEXEC);
	ssize_t count = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[count > 0 ? count : 0] = '\0';
	return text;
}

static int count_fds(void)
{
	int count = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void make_out(void)
{
	int fd;

	strcpy(out_path, "/tmp/runf-test-hook-XXXXXX");
	fd = mkstemp(out_path);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void remove_out(void)
{
	unlink(out_path);
}

/* A029 */
START_TEST(the_state_is_on_standard_input)
{
	struct error err = { .code = 0 };

	ck_assert_msg(run("cat > \"$1\"", "{\"id\":\"c\"}", 0, NULL, &err) == 0,
	              "%s", err.text);
	ck_assert_str_eq(answer(), "{\"id\":\"c\"}");
}

END_TEST

START_TEST(a_state_larger_than_a_pipe_arrives_whole)
{
	enum {
		SIZE = 1 << 20
	};
	struct error err = { .code = 0 };
	char *state = malloc(SIZE + 1);

	memset(state, 'x', SIZE);
	state[SIZE] = '\0';
	ck_assert_msg(run("wc -c > \"$1\"", state, 0, NULL, &err) == 0, "%s",
	              err.text);
	ck_assert_int_eq(atoi(answer()), SIZE);
	free(state);
}

END_TEST

/* A035 */
START_TEST(a_hook_need_not_read_its_input)
{
	enum {
		SIZE = 1 << 20
	};
	struct error err = { .code = 0 };
	char *state = malloc(SIZE + 1);

	memset(state, 'x', SIZE);
	state[SIZE] = '\0';
	ck_assert_msg(run("exec 0<&-; exit 0", state, 0, NULL, &err) == 0, "%s",
	              err.text);
	free(state);
}

END_TEST

/* A036 */
START_TEST(a_failing_hook_names_its_status_and_last_words)
{
	struct error err = { .code = 0 };

	ck_assert_int_lt(run("echo one; echo 'no network' >&2; exit 3", "{}", 0,
	                     NULL, &err),
	                 0);
	ck_assert_int_eq(err.kind, ERROR_HOOK);
	ck_assert_str_eq(
		err.text,
		"hook failed with exit code 3: \"/bin/sh\": one no network");
}

END_TEST

START_TEST(of_many_words_the_last_are_kept)
{
	struct error err = { .code = 0 };

	ck_assert_int_lt(run("i=0; while [ $i -lt 30000 ]; do echo line $i; "
	                     "i=$((i+1)); done; echo the end; exit 1",
	                     "{}", 0, NULL, &err),
	                 0);
	ck_assert_ptr_nonnull(strstr(err.text, "line 29999 the end"));
	ck_assert_uint_lt(strlen(err.text), 400);
}

END_TEST

/* A036 */
START_TEST(a_killed_hook_names_the_signal)
{
	struct error err = { .code = 0 };

	ck_assert_int_lt(run("kill -TERM $$", "{}", 0, NULL, &err), 0);
	ck_assert_str_eq(err.text, "hook \"/bin/sh\": killed by signal 15");
}

END_TEST

/* A034 */
START_TEST(a_hook_past_its_timeout_is_killed_and_reaped)
{
	struct error err = { .code = 0 };
	uint64_t before = time_monotonic_ns();

	ck_assert_int_lt(run("echo $$ > \"$1\"; exec sleep 60", "{}", 200, NULL,
	                     &err),
	                 0);
	ck_assert_uint_lt(time_monotonic_ns() - before, UINT64_C(10000000000));
	ck_assert_int_eq(err.kind, ERROR_HOOK);
	ck_assert_ptr_nonnull(strstr(err.text, "timeout of 200 ms"));
	ck_assert_int_ne(kill(atoi(answer()), 0), 0);
}

END_TEST

START_TEST(a_hook_that_cannot_be_executed_says_why)
{
	char *args[] = { TEXT("x"), NULL };
	struct plan_hook hook = { .path = "/nowhere/x", .args = args };
	struct error err = { .code = 0 };

	ck_assert_int_lt(hook_run(&hook, "{}", NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/x"));
	ck_assert_ptr_nonnull(strstr(err.text, "No such file or directory"));
}

END_TEST

/* A033 */
START_TEST(the_environment_is_the_hooks_own)
{
	struct error err = { .code = 0 };

	setenv("LEAK", "1", 1);
	ck_assert_int_eq(run("echo $MARK$LEAK > \"$1\"", "{}", 0, NULL, &err),
	                 0);
	ck_assert_str_eq(answer(), "yes\n");
}

END_TEST

/* A033 */
START_TEST(without_an_environment_a_hook_inherits_ours)
{
	char *args[] = { TEXT("hook"), TEXT("-c"), TEXT("test \"$LEAK\" = 1"),
		         NULL };
	struct plan_hook hook = { .path = "/bin/sh", .args = args };
	struct error err = { .code = 0 };

	setenv("LEAK", "1", 1);
	ck_assert_int_eq(hook_run(&hook, "{}", NULL, &err), 0);
}

END_TEST

/* A035 */
START_TEST(a_hook_starts_in_the_directory_given)
{
	struct error err = { .code = 0 };

	ck_assert_int_eq(run("pwd > \"$1\"", "{}", 0, "/usr", &err), 0);
	ck_assert_str_eq(answer(), "/usr\n");
}

END_TEST

/* A035 */
START_TEST(no_descriptor_of_ours_reaches_a_hook)
{
	struct error err = { .code = 0 };
	int leak = fcntl(0, F_DUPFD, 100);

	ck_assert_int_ge(leak, 100);
	ck_assert_msg(run("set -- \"$1\" /proc/$$/fd/*; echo $# > \"$1\"", "{}",
	                  0, NULL, &err) == 0,
	              "%s", err.text);
	close(leak);
	/* $1, then 0, 1, 2 and, while it globs, perhaps the directory */
	ck_assert_int_le(atoi(answer()), 5);
}

END_TEST

START_TEST(no_descriptor_is_left_behind)
{
	struct error err = { .code = 0 };
	int before = count_fds();

	run("exit 0", "{}", 0, NULL, &err);
	run("exit 1", "{}", 0, NULL, &err);
	run("sleep 60", "{}", 50, NULL, &err);
	ck_assert_int_eq(count_fds(), before);
}

END_TEST

START_TEST(a_hook_works_where_our_stdio_is_closed)
{
	struct error err = { .code = 0 };
	int keep = fcntl(2, F_DUPFD_CLOEXEC, 50);
	int result;

	close(0);
	close(1);
	close(2);
	result = run("cat > \"$1\"", "{}", 0, NULL, &err);
	dup2(keep, 0);
	dup2(keep, 1);
	dup2(keep, 2);
	ck_assert_int_eq(result, 0);
	ck_assert_str_eq(answer(), "{}");
}

END_TEST

START_TEST(a_daemon_that_a_hook_leaves_is_not_waited_for)
{
	struct error err = { .code = 0 };
	uint64_t before = time_monotonic_ns();

	ck_assert_int_eq(run("sleep 5 & exit 0", "{}", 0, NULL, &err), 0);
	ck_assert_uint_lt(time_monotonic_ns() - before, UINT64_C(4000000000));
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("hook");
	TCase *tests = tcase_create("run");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, make_out, remove_out);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, the_state_is_on_standard_input);
	tcase_add_test(tests, a_state_larger_than_a_pipe_arrives_whole);
	tcase_add_test(tests, a_hook_need_not_read_its_input);
	tcase_add_test(tests, a_failing_hook_names_its_status_and_last_words);
	tcase_add_test(tests, of_many_words_the_last_are_kept);
	tcase_add_test(tests, a_killed_hook_names_the_signal);
	tcase_add_test(tests, a_hook_past_its_timeout_is_killed_and_reaped);
	tcase_add_test(tests, a_hook_that_cannot_be_executed_says_why);
	tcase_add_test(tests, the_environment_is_the_hooks_own);
	tcase_add_test(tests, without_an_environment_a_hook_inherits_ours);
	tcase_add_test(tests, a_hook_starts_in_the_directory_given);
	tcase_add_test(tests, no_descriptor_of_ours_reaches_a_hook);
	tcase_add_test(tests, no_descriptor_is_left_behind);
	tcase_add_test(tests, a_hook_works_where_our_stdio_is_closed);
	tcase_add_test(tests, a_daemon_that_a_hook_leaves_is_not_waited_for);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
