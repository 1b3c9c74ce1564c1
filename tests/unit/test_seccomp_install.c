/* SPDX-License-Identifier: Apache-2.0 */
/* A finished filter: how it is loaded, and how far it runs. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seccomp/seccomp.h"
#include "sys/process.h"

/* Allows everything. */
static const struct sock_filter filter[] = {
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static struct seccomp_program program_with(uint32_t flags, bool by_default)
{
	return (struct seccomp_program){
		.needed = true,
		.filter = filter,
		.length = 1,
		.flags = flags,
		.flags_default = by_default,
	};
}

/* The "Seccomp:" of /proc: 0 none, 2 a filter. */
static int seccomp_mode(void)
{
	char text[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	const char *line;

	if (read(fd, text, sizeof(text) - 1) < 0)
		return -1;
	close(fd);
	line = strstr(text, "\nSeccomp:\t");
	return line ? atoi(line + strlen("\nSeccomp:\t")) : -1;
}

/* What a child gets from seccomp_install(); on success, its mode. */
static int install_in_child(const struct seccomp_program *program,
                            bool no_new_privs)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int result = no_new_privs ? sys_set_no_new_privs()
		                          : sys_capset(0, 0, 0);

		if (result == 0)
			result = seccomp_install(program, NULL, NULL);
		_exit(result == 0 ? 200 + seccomp_mode() : -result);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	status = WEXITSTATUS(status);
	return status >= 200 ? status - 200 : -status;
}

START_TEST(a_process_below_a_filter_says_so)
{
	struct seccomp_program program = program_with(0, false);

	ck_assert_int_eq(install_in_child(&program, true), 2);
}

END_TEST

START_TEST(no_filter_is_loaded_where_none_is_needed)
{
	struct seccomp_program program = { 0 };

	ck_assert_int_eq(install_in_child(&program, true), 0);
}

END_TEST

/* A197 */
START_TEST(every_known_flag_is_taken)
{
	static const uint32_t flags[] = {
		SECCOMP_FILTER_FLAG_TSYNC,
		SECCOMP_FILTER_FLAG_LOG,
		SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	};
	struct seccomp_program program = program_with(flags[_i], false);

	ck_assert_int_eq(install_in_child(&program, true), 2);
}

END_TEST

/* A197 */
START_TEST(a_flag_the_kernel_lacks_is_dropped_if_nobody_asked_for_it)
{
	struct seccomp_program program = program_with(1U << 30, true);

	ck_assert_int_eq(install_in_child(&program, true), 2);
}

END_TEST

/* A197 */
START_TEST(a_flag_the_kernel_lacks_is_an_error_if_it_was_asked_for)
{
	struct seccomp_program program = program_with(1U << 30, false);
	struct error err;

	ck_assert_int_eq(install_in_child(&program, true), -EINVAL);
	ck_assert_int_eq(seccomp_install(&program, NULL, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "0x40000000"));
}

END_TEST

/* A208 */
START_TEST(loading_needs_no_new_privs_or_a_capability)
{
	struct seccomp_program program = program_with(0, false);

	ck_assert_int_eq(install_in_child(&program, false), -EACCES);
}

END_TEST

/* How many instructions a call takes, and to which end it comes. */
static unsigned int steps(const struct seccomp_program *program, int nr,
                          uint32_t *ret_action)
{
	struct seccomp_data data = { .nr = nr, .arch = SCMP_ARCH_X86_64 };
	unsigned int count = 0;
	size_t at = 0;
	uint32_t a = 0;

	for (;;) {
		const struct sock_filter *i = &program->filter[at++];
		bool taken = false;

		count++;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)&data + i->k, sizeof(a));
			continue;
		case BPF_RET | BPF_K: *ret_action = i->k; return count;
		case BPF_JMP | BPF_JA: at += i->k; continue;
		case BPF_JMP | BPF_JEQ | BPF_K: taken = a == i->k; break;
		case BPF_JMP | BPF_JGT | BPF_K: taken = a > i->k; break;
		case BPF_JMP | BPF_JGE | BPF_K: taken = a >= i->k; break;
		default: ck_abort_msg("instruction %#x", i->code);
		}
		at += taken ? i->jt : i->jf;
	}
}

#ifdef __x86_64__
/* A203 E008 */
START_TEST(a_large_filter_is_searched_not_read)
{
	enum {
		CALLS = 300
	};
	auto_arena struct arena arena = { 0 };
	struct plan_seccomp_rule rules[CALLS];
	struct plan_seccomp plan = {
		.needed = true,
		.default_action = SCMP_ACT_ERRNO(EPERM),
		.rules = rules,
		.key = "",
	};
	struct seccomp_program program = { 0 };
	uint32_t action = 0;
	struct error err;
	int nr;

	for (nr = 0; nr < CALLS; nr++) {
		char *name =
			seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, nr);

		rules[plan.rules_count++] = (struct plan_seccomp_rule){
			.name = arena_strdup(&arena, name),
			.action = SCMP_ACT_ALLOW,
		};
		free(name);
	}
	ck_assert_msg(seccomp_prepare(&arena, &plan, -1, NULL, &program,
	                              &err) == 0,
	              "%s", err.text);
	for (nr = 0; nr < CALLS; nr++) {
		ck_assert_uint_le(steps(&program, nr, &action), 40);
		ck_assert_uint_eq(action, SECCOMP_RET_ALLOW);
	}
}

END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("seccomp_install");
	TCase *tcase = tcase_create("install");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_process_below_a_filter_says_so);
	tcase_add_test(tcase, no_filter_is_loaded_where_none_is_needed);
	tcase_add_loop_test(tcase, every_known_flag_is_taken, 0, 3);
	tcase_add_test(
		tcase,
		a_flag_the_kernel_lacks_is_dropped_if_nobody_asked_for_it);
	tcase_add_test(tcase,
	               a_flag_the_kernel_lacks_is_an_error_if_it_was_asked_for);
	tcase_add_test(tcase, loading_needs_no_new_privs_or_a_capability);
#ifdef __x86_64__
	tcase_add_test(tcase, a_large_filter_is_searched_not_read);
#endif
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
