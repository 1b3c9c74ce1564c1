/* SPDX-License-Identifier: Apache-2.0 */
/* System call filters as the kernel runs them. */
#include <check.h>
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "seccomp/internal.h"
#include "sys/process.h"

#define DENIED   SCMP_ACT_ERRNO(EPERM)
#define NAMES(n) (n), ARRAY_SIZE(n)

static struct arena arena;
static struct error err;

static void teardown(void)
{
	arena_release(&arena);
}

/* ---- filters */

static struct plan_seccomp plan_of(uint32_t action,
                                   struct plan_seccomp_rule *rules,
                                   size_t count)
{
	return (struct plan_seccomp){
		.needed = true,
		.default_action = action,
		.rules = rules,
		.rules_count = count,
		.key = "",
	};
}

static struct seccomp_program compile(const struct plan_seccomp *plan)
{
	struct seccomp_program program = { 0 };

	if (seccomp_prepare(&arena, plan, -1, NULL, &program, &err) < 0)
		ck_abort_msg("%s", err.text);
	return program;
}

/* A system call by number: its result, or -errno. */
static long call(long nr, unsigned long a, unsigned long b)
{
	long result = syscall(nr, a, b, 0, 0, 0, 0);

	return result < 0 ? -errno : result;
}

struct trial {
	long (*call)(long nr, unsigned long a, unsigned long b);
	long nr;
	unsigned long a;
	unsigned long b;
};

/* What the call returns below the filter, or 1000 plus a deadly signal. */
static long attempt_trial(const struct seccomp_program *program,
                          struct trial trial)
{
	int pipe_fds[2];
	long result = 0;
	int status;
	pid_t pid;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	pid = fork();
	if (pid == 0) {
		if (sys_set_no_new_privs() < 0 ||
		    seccomp_install(program, NULL, &err) < 0)
			_exit(99);
		result = trial.call(trial.nr, trial.a, trial.b);
		if (write(pipe_fds[1], &result, sizeof(result)) < 0)
			_exit(98);
		/* Not libc's: a sanitizer's part of it would be denied. */
		syscall(SYS_exit_group, 0);
	}
	close(pipe_fds[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		result = 1000 + WTERMSIG(status);
	else if (read(pipe_fds[0], &result, sizeof(result)) <= 0)
		ck_abort_msg("child said %d", WEXITSTATUS(status));
	close(pipe_fds[0]);
	return result;
}

static long attempt_with(const struct seccomp_program *program, long nr,
                         unsigned long a, unsigned long b)
{
	return attempt_trial(program, (struct trial){ call, nr, a, b });
}

static long attempt(const struct seccomp_program *program, long nr)
{
	return attempt_with(program, nr, 0, 0);
}

/* Rules that any child of attempt() needs in order to answer. */
#define ANSWER                                                 \
	{ .name = "write", .action = SCMP_ACT_ALLOW },         \
	{                                                      \
		.name = "exit_group", .action = SCMP_ACT_ALLOW \
	}

/* A195 */
START_TEST(a_denied_call_has_its_errno)
{
	struct plan_seccomp_rule rules[] = {
		{ .name = "getppid", .action = SCMP_ACT_ERRNO(77) },
		{ .name = "getuid", .action = SCMP_ACT_ERRNO(4094) },
		{ .name = "getgid", .action = SCMP_ACT_ERRNO(0) },
	};
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, NAMES(rules));
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, SYS_getppid), -77);
	ck_assert_int_eq(attempt(&program, SYS_getuid), -4094);
	ck_assert_int_eq(attempt(&program, SYS_getgid), 0);
}

END_TEST

START_TEST(an_allowed_call_works_where_others_are_denied)
{
	struct plan_seccomp_rule rules[] = {
		ANSWER,
		{ .name = "getppid", .action = SCMP_ACT_ALLOW },
	};
	struct plan_seccomp plan = plan_of(DENIED, NAMES(rules));
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, SYS_getppid), getpid());
	ck_assert_int_eq(attempt(&program, SYS_getpid), -EPERM);
}

END_TEST

/* close() of numbers that nothing has: EBADF says that it was let through. */
static const struct {
	uint32_t op;
	uint64_t a;
	uint64_t b;
	bool denied[3]; /* 4004, 4005, 4006 */
} operator_rows[] = {
	{ SCMP_CMP_NE, 4005, 0, { true, false, true } },
	{ SCMP_CMP_LT, 4005, 0, { true, false, false } },
	{ SCMP_CMP_LE, 4005, 0, { true, true, false } },
	{ SCMP_CMP_EQ, 4005, 0, { false, true, false } },
	{ SCMP_CMP_GE, 4005, 0, { false, true, true } },
	{ SCMP_CMP_GT, 4005, 0, { false, false, true } },
	{ SCMP_CMP_MASKED_EQ, 1, 1, { false, true, false } },
	{ SCMP_CMP_MASKED_EQ, 3, 2, { false, false, true } },
	/* All 64 bits count. */
	{ SCMP_CMP_EQ, 0x100000fa5, 0, { false, false, false } },
	{ SCMP_CMP_LT, 0x100000000, 0, { true, true, true } },
};

/* A200 */
START_TEST(every_operator_compares_as_it_says)
{
	struct plan_seccomp_arg arg = { 0, operator_rows[_i].op,
		                        operator_rows[_i].a,
		                        operator_rows[_i].b };
	struct plan_seccomp_rule rule = { "close", SCMP_ACT_ERRNO(77), &arg,
		                          1 };
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, &rule, 1);
	struct seccomp_program program = compile(&plan);
	unsigned long i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(attempt_with(&program, SYS_close, 4004 + i, 0),
		                 operator_rows[_i].denied[i] ? -77 : -EBADF);
}

END_TEST

/* A199 */
START_TEST(comparisons_of_one_rule_must_all_hold)
{
	struct plan_seccomp_arg args[] = {
		{ 0, SCMP_CMP_EQ, 4005, 0 },
		{ 1, SCMP_CMP_EQ, 9, 0 },
	};
	struct plan_seccomp_rule rule = { "dup2", SCMP_ACT_ERRNO(77), args, 2 };
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, &rule, 1);
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt_with(&program, SYS_dup2, 4005, 9), -77);
	ck_assert_int_eq(attempt_with(&program, SYS_dup2, 4005, 8), -EBADF);
	ck_assert_int_eq(attempt_with(&program, SYS_dup2, 4006, 9), -EBADF);
}

END_TEST

START_TEST(of_several_rules_for_a_call_one_is_enough)
{
	struct plan_seccomp_arg args[] = {
		{ 0, SCMP_CMP_EQ, 4004, 0 },
		{ 0, SCMP_CMP_EQ, 4006, 0 },
	};
	struct plan_seccomp_rule rules[] = {
		{ "close", SCMP_ACT_ERRNO(77), &args[0], 1 },
		{ "close", SCMP_ACT_ERRNO(77), &args[1], 1 },
	};
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, NAMES(rules));
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt_with(&program, SYS_close, 4004, 0), -77);
	ck_assert_int_eq(attempt_with(&program, SYS_close, 4005, 0), -EBADF);
	ck_assert_int_eq(attempt_with(&program, SYS_close, 4006, 0), -77);
}

END_TEST

/* A198 A201 D063 */
START_TEST(what_changes_nothing_is_skipped)
{
	struct plan_seccomp_rule rules[] = {
		{ .name = "no_such_call", .action = SCMP_ACT_ERRNO(77) },
		{ .name = "getuid", .action = SCMP_ACT_ALLOW },
		{ .name = "socketcall", .action = SCMP_ACT_ERRNO(77) },
		{ .name = "getppid", .action = SCMP_ACT_ERRNO(77) },
		{ .name = "getppid", .action = SCMP_ACT_ERRNO(77) },
	};
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, NAMES(rules));
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, SYS_getppid), -77);
}

END_TEST

START_TEST(a_contradiction_is_an_error_that_names_the_call)
{
	struct plan_seccomp_arg arg = { 0, SCMP_CMP_EQ, 1, 0 };
	struct plan_seccomp_rule rules[] = {
		{ "close", SCMP_ACT_ERRNO(77), &arg, 1 },
		{ "close", SCMP_ACT_ERRNO(78), &arg, 1 },
	};
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, NAMES(rules));
	struct seccomp_program program;

	ck_assert_int_eq(seccomp_prepare(&arena, &plan, -1, NULL, &program,
	                                 &err),
	                 -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.text, "close"));
}

END_TEST

/* A196 */
START_TEST(an_architecture_that_nobody_knows_is_an_error)
{
	uint32_t arch = 0x1234;
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, NULL, 0);
	struct seccomp_program program;

	plan.archs = &arch;
	plan.archs_count = 1;
	ck_assert_int_lt(
		seccomp_prepare(&arena, &plan, -1, NULL, &program, &err), 0);
	ck_assert_int_eq(err.kind, ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "0x1234"));
}

END_TEST

START_TEST(a_profile_that_the_kernel_cannot_take_is_an_error)
{
	enum {
		COUNT = 3000
	};
	struct plan_seccomp_arg *args =
		arena_new_array(&arena, struct plan_seccomp_arg, COUNT);
	struct plan_seccomp_rule *rules =
		arena_new_array(&arena, struct plan_seccomp_rule, COUNT);
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, rules, COUNT);
	struct seccomp_program program;
	size_t i;

	for (i = 0; i < COUNT; i++) {
		args[i] = (struct plan_seccomp_arg){ 0, SCMP_CMP_EQ,
			                             i << 32 | i, 0 };
		rules[i] =
			(struct plan_seccomp_rule){ "close", SCMP_ACT_ERRNO(77),
			                            &args[i], 1 };
	}
	ck_assert_int_eq(seccomp_prepare(&arena, &plan, -1, NULL, &program,
	                                 &err),
	                 -E2BIG);
	ck_assert_int_eq(err.kind, ERROR_CONFIG);
}

END_TEST

/* A194 */
START_TEST(killing_actions_kill_by_sigsys)
{
	static const uint32_t actions[] = { SCMP_ACT_KILL_PROCESS,
		                            SCMP_ACT_KILL_THREAD,
		                            SCMP_ACT_TRAP };
	struct plan_seccomp_rule rule = { .name = "getppid",
		                          .action = actions[_i] };
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, &rule, 1);
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, SYS_getppid), 1000 + SIGSYS);
}

END_TEST

/* A194 */
START_TEST(log_lets_through)
{
	struct plan_seccomp_rule rule = { .name = "getppid",
		                          .action = SCMP_ACT_LOG };
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, &rule, 1);
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, SYS_getppid), getpid());
}

END_TEST

/* ---- the ENOSYS stub */

/* A202 E027 */
START_TEST(calls_newer_than_the_profile_return_enosys)
{
	struct plan_seccomp_rule rules[] = {
		ANSWER,
		{ .name = "openat", .action = SCMP_ACT_ALLOW },
	};
	struct plan_seccomp plan = plan_of(DENIED, NAMES(rules));
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, SYS_getppid), -EPERM);
	ck_assert_int_eq(attempt_with(&program, SYS_openat, -1UL, 0), -EFAULT);
	ck_assert_int_eq(attempt(&program, SYS_openat + 1), -ENOSYS);
	ck_assert_int_eq(attempt(&program, 10000), -ENOSYS);
}

END_TEST

/* A202 */
START_TEST(a_name_counts_as_known_when_its_rule_changes_nothing)
{
	struct plan_seccomp_rule rules[] = {
		ANSWER,
		{ .name = "openat2", .action = DENIED },
	};
	struct plan_seccomp plan = plan_of(DENIED, NAMES(rules));
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, 437), -EPERM);
	ck_assert_int_eq(attempt(&program, 438), -ENOSYS);
}

END_TEST

static const uint32_t no_stub_actions[] = {
	SCMP_ACT_ERRNO(ENOSYS), SCMP_ACT_KILL_PROCESS, SCMP_ACT_TRAP,
	SCMP_ACT_LOG,           SCMP_ACT_ALLOW,
};

/* A202 */
START_TEST(other_default_actions_answer_for_new_calls_themselves)
{
	struct plan_seccomp_rule rules[] = { { .name = "read",
		                               .action = DENIED } };
	struct plan_seccomp plan = plan_of(no_stub_actions[_i], NAMES(rules));
	struct seccomp_archs archs = { { SCMP_ARCH_X86_64 }, 1 };
	struct sock_filter stub[SECCOMP_STUB_MAX];

	ck_assert_uint_eq(seccomp_stub(&plan, &archs, stub), 0);
	plan.default_action = DENIED;
	ck_assert_uint_eq(seccomp_stub(&plan, &archs, stub),
	                  SECCOMP_STUB_BLOCK);
}

END_TEST

START_TEST(a_profile_without_names_calls_nothing_new)
{
	struct plan_seccomp_rule rules[] = { { .name = "no_such_call",
		                               .action = SCMP_ACT_ALLOW } };
	struct plan_seccomp plan = plan_of(DENIED, NAMES(rules));
	struct seccomp_archs archs = { { SCMP_ARCH_X86_64 }, 1 };
	struct sock_filter stub[SECCOMP_STUB_MAX];

	ck_assert_uint_eq(seccomp_stub(&plan, &archs, stub), 0);
}

END_TEST

/* ---- architectures */

#ifdef __x86_64__

#	define X32_BIT 0x40000000

static const uint32_t x86_archs[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86,
	                              SCMP_ARCH_X32 };

/* The way into the kernel that 32-bit programs have. */
static long call_32(long nr, unsigned long a, unsigned long b)
{
	long result;

	__asm__ volatile("int $0x80"
	                 : "=a"(result)
	                 : "a"(nr), "b"(a), "c"(b)
	                 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static long attempt_32(const struct seccomp_program *program, long nr,
                       unsigned long a)
{
	return attempt_trial(program, (struct trial){ call_32, nr, a, 0 });
}

static bool have_32(void)
{
	struct seccomp_program none = { 0 };

	return attempt_32(&none, 20, 0) < 1000;
}

static struct plan_seccomp plan_for_archs(struct plan_seccomp_rule *rules,
                                          size_t count)
{
	struct plan_seccomp plan = plan_of(DENIED, rules, count);

	plan.archs = arena_new_array(&arena, uint32_t, 3);
	memcpy(plan.archs, x86_archs, sizeof(x86_archs));
	plan.archs_count = 3;
	return plan;
}

/* A196 */
START_TEST(an_architecture_outside_the_profile_is_deadly)
{
	struct plan_seccomp plan = plan_of(SCMP_ACT_ALLOW, NULL, 0);
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, X32_BIT | 39), 1000 + SIGSYS);
	if (have_32())
		ck_assert_int_eq(attempt_32(&program, 20, 0), 1000 + SIGSYS);
}

END_TEST

/* A196 */
START_TEST(a_rule_holds_for_every_architecture)
{
	struct plan_seccomp_rule rules[] = {
		ANSWER,
		{ .name = "getppid", .action = SCMP_ACT_ERRNO(77) },
	};
	struct plan_seccomp plan = plan_for_archs(NAMES(rules));
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, SYS_getppid), -77);
	ck_assert_int_eq(attempt(&program, X32_BIT | SYS_getppid), -77);
	if (have_32())
		ck_assert_int_eq(attempt_32(&program, 64, 0), -77);
}

END_TEST

/* A202 */
START_TEST(newer_is_told_by_the_numbers_of_each_architecture)
{
	struct plan_seccomp_rule rules[] = {
		ANSWER,
		{ .name = "inotify_init", .action = SCMP_ACT_ALLOW },
	};
	struct plan_seccomp plan = plan_for_archs(NAMES(rules));
	struct seccomp_program program = compile(&plan);

	/* 253 on x86-64 and x32, 291 on x86 */
	ck_assert_int_eq(attempt(&program, 252), -EPERM);
	ck_assert_int_eq(attempt(&program, 254), -ENOSYS);
	ck_assert_int_eq(attempt(&program, X32_BIT | 252), -EPERM);
	ck_assert_int_eq(attempt(&program, X32_BIT | 254), -ENOSYS);
	if (!have_32())
		return;
	ck_assert_int_eq(attempt_32(&program, 290, 0), -EPERM);
	ck_assert_int_eq(attempt_32(&program, 292, 0), -ENOSYS);
}

END_TEST

START_TEST(numbers_given_out_of_turn_are_neither_new_nor_old)
{
	struct plan_seccomp_rule rules[] = {
		ANSWER,
		{ .name = "readv", .action = SCMP_ACT_ALLOW }, /* x32: 515 */
	};
	struct plan_seccomp plan = plan_for_archs(NAMES(rules));
	struct seccomp_program program = compile(&plan);

	ck_assert_int_eq(attempt(&program, X32_BIT | 300), -ENOSYS);
	ck_assert_int_eq(attempt(&program, X32_BIT | 520), -EPERM);
	ck_assert_int_eq(attempt(&program, X32_BIT | 548), -ENOSYS);
}

END_TEST

/* A202 D063 */
START_TEST(a_call_that_was_multiplexed_once_has_a_number_too)
{
	struct plan_seccomp_rule rules[] = {
		ANSWER,
		{ .name = "socket", .action = SCMP_ACT_ALLOW }, /* x86: 359 */
	};
	struct plan_seccomp plan = plan_for_archs(NAMES(rules));
	struct seccomp_program program = compile(&plan);

	if (!have_32())
		return;
	ck_assert_int_eq(attempt_32(&program, 359, 9999), -EAFNOSUPPORT);
	ck_assert_int_eq(attempt_32(&program, 358, 0), -EPERM);
	ck_assert_int_eq(attempt_32(&program, 360, 0), -ENOSYS);
}

END_TEST

#endif

static TCase *seccomp_cases(void)
{
	TCase *tcase = tcase_create("filter");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_denied_call_has_its_errno);
	tcase_add_test(tcase, an_allowed_call_works_where_others_are_denied);
	tcase_add_loop_test(tcase, every_operator_compares_as_it_says, 0,
	                    ARRAY_SIZE(operator_rows));
	tcase_add_test(tcase, comparisons_of_one_rule_must_all_hold);
	tcase_add_test(tcase, of_several_rules_for_a_call_one_is_enough);
	tcase_add_test(tcase, what_changes_nothing_is_skipped);
	tcase_add_test(tcase, a_contradiction_is_an_error_that_names_the_call);
	tcase_add_test(tcase, an_architecture_that_nobody_knows_is_an_error);
	tcase_add_test(tcase,
	               a_profile_that_the_kernel_cannot_take_is_an_error);
	tcase_add_loop_test(tcase, killing_actions_kill_by_sigsys, 0, 3);
	tcase_add_test(tcase, log_lets_through);
	tcase_add_test(tcase, calls_newer_than_the_profile_return_enosys);
	tcase_add_test(tcase,
	               a_name_counts_as_known_when_its_rule_changes_nothing);
	tcase_add_loop_test(
		tcase, other_default_actions_answer_for_new_calls_themselves, 0,
		ARRAY_SIZE(no_stub_actions));
	tcase_add_test(tcase, a_profile_without_names_calls_nothing_new);
#ifdef __x86_64__
	tcase_add_test(tcase, an_architecture_outside_the_profile_is_deadly);
	tcase_add_test(tcase, a_rule_holds_for_every_architecture);
	tcase_add_test(tcase,
	               newer_is_told_by_the_numbers_of_each_architecture);
	tcase_add_test(tcase,
	               numbers_given_out_of_turn_are_neither_new_nor_old);
	tcase_add_test(tcase,
	               a_call_that_was_multiplexed_once_has_a_number_too);
#endif
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("seccomp");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, seccomp_cases());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
