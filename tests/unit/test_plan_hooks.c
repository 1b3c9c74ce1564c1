/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks get final arguments, environment and deadline. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "plan/decide.h"

static const struct plan *decide(struct arena *arena, enum oci_hook_kind kind,
                                 struct oci_hook *hooks, size_t count)
{
	static struct oci_spec spec;
	struct plan *plan = arena_new(arena, struct plan);
	struct planner p = { .arena = arena, .spec = &spec, .plan = plan };

	memset(&spec, 0, sizeof(spec));
	spec.hooks[kind].items = hooks;
	spec.hooks[kind].count = count;
	ck_assert_int_eq(plan_hooks(&p, NULL), 0);
	return plan;
}

/* A032 A033 */
START_TEST(a_bare_hook_is_called_by_its_path_with_our_environment)
{
	auto_arena struct arena arena = { .chunks = NULL };
	struct oci_hook hook = { .path = "/bin/h" };
	const struct plan *plan = decide(&arena, OCI_HOOK_PRESTART, &hook, 1);
	const struct plan_hook *made =
		&plan->hooks[PLAN_HOOK_PRESTART].items[0];

	ck_assert_uint_eq(plan->hooks[PLAN_HOOK_PRESTART].count, 1);
	ck_assert_str_eq(made->path, "/bin/h");
	ck_assert_str_eq(made->args[0], "/bin/h");
	ck_assert_ptr_null(made->args[1]);
	ck_assert_ptr_null(made->env);
	ck_assert_uint_eq(made->timeout_ms, 0);
}

END_TEST

/* A032 A033 A034 */
START_TEST(what_a_hook_says_is_taken_over)
{
	auto_arena struct arena arena = { .chunks = NULL };
	const char *args[] = { "h", "-x" };
	const char *env[] = { "A=1" };
	struct oci_hook hook = {
		.path = "/bin/h",
		.args = { args, 2 },
		.env_set = true,
		.env = { env, 1 },
		.timeout = { true, 3 },
	};
	const struct plan *plan = decide(&arena, OCI_HOOK_POSTSTOP, &hook, 1);
	const struct plan_hook *made =
		&plan->hooks[PLAN_HOOK_POSTSTOP].items[0];

	ck_assert_str_eq(made->args[0], "h");
	ck_assert_str_eq(made->args[1], "-x");
	ck_assert_ptr_null(made->args[2]);
	ck_assert_str_eq(made->env[0], "A=1");
	ck_assert_ptr_null(made->env[1]);
	ck_assert_uint_eq(made->timeout_ms, 3000);
}

END_TEST

/* A033 */
START_TEST(an_empty_environment_is_not_an_absent_one)
{
	auto_arena struct arena arena = { .chunks = NULL };
	struct oci_hook hook = { .path = "/bin/h", .env_set = true };
	const struct plan *plan = decide(&arena, OCI_HOOK_POSTSTART, &hook, 1);
	char **env = plan->hooks[PLAN_HOOK_POSTSTART].items[0].env;

	ck_assert_ptr_nonnull(env);
	ck_assert_ptr_null(env[0]);
}

END_TEST

START_TEST(an_endless_timeout_does_not_overflow)
{
	auto_arena struct arena arena = { .chunks = NULL };
	struct oci_hook hook = {
		.path = "/bin/h",
		.timeout = { true, INT64_MAX },
	};
	const struct plan *plan = decide(&arena, OCI_HOOK_PRESTART, &hook, 1);

	ck_assert_uint_eq(plan->hooks[PLAN_HOOK_PRESTART].items[0].timeout_ms,
	                  UINT64_C(2147483647000));
}

END_TEST

/* A030 */
START_TEST(hooks_keep_their_order_and_kind)
{
	auto_arena struct arena arena = { .chunks = NULL };
	struct oci_hook hooks[] = { { .path = "/1" }, { .path = "/2" } };
	const struct plan *plan =
		decide(&arena, OCI_HOOK_CREATE_CONTAINER, hooks, 2);
	size_t kind;

	for (kind = 0; kind < PLAN_HOOK_KINDS; kind++)
		ck_assert_uint_eq(plan->hooks[kind].count,
		                  kind == PLAN_HOOK_CREATE_CONTAINER ? 2 : 0);
	ck_assert_str_eq(plan->hooks[PLAN_HOOK_CREATE_CONTAINER].items[1].path,
	                 "/2");
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("plan/hooks");
	TCase *tests = tcase_create("hooks");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests,
	               a_bare_hook_is_called_by_its_path_with_our_environment);
	tcase_add_test(tests, what_a_hook_says_is_taken_over);
	tcase_add_test(tests, an_empty_environment_is_not_an_absent_one);
	tcase_add_test(tests, an_endless_timeout_does_not_overflow);
	tcase_add_test(tests, hooks_keep_their_order_and_kind);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
