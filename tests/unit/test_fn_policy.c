/* SPDX-License-Identifier: Apache-2.0 */
/* What a function may have: limits, the share of the CPU, environment. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fn/policy.h"

static struct arena arena;
static struct error err;

static void teardown(void)
{
	arena_release(&arena);
	arena = (struct arena){ 0 };
}

static const struct {
	uint32_t memory_mb;
	uint64_t period_us;
	uint64_t quota_us;
} shares[] = {
	{ 1769, 100000, 100000 },  { 128, 100000, 7235 },
	{ 256, 100000, 14471 },    { 3538, 100000, 200000 },
	{ 10240, 100000, 578858 }, { 1769, 20000, 20000 },
	{ 128, 1000, 1000 }, /* the kernel's least */
};

START_TEST(the_share_of_the_cpu_follows_memory)
{
	ck_assert_uint_eq(function_cpu_quota_us(shares[_i].memory_mb,
	                                        shares[_i].period_us),
	                  shares[_i].quota_us);
}

END_TEST

static const struct {
	const char *name;
	int64_t min;
	int64_t max;
	uint32_t fallback;
	const char *message; /* of the value below the least */
} limits[POLICY_LIMITS] = {
	{ "memory", 128, 10240, 128,
	  "memory 127 is out of range: from 128 to 10240 MB" },
	{ "timeout", 1, 900, 3, "timeout 0 is out of range: from 1 to 900 s" },
	{ "init-timeout", 1, 900, 10,
	  "init-timeout 0 is out of range: from 1 to 900 s" },
	{ "tmp", 1, 10240, 512, "tmp 0 is out of range: from 1 to 10240 MB" },
	{ "concurrency", 1, 10000, 1000,
	  "concurrency 0 is out of range: from 1 to 10000" },
	{ "provisioned", 0, 10000, 0,
	  "provisioned -1 is out of range: from 0 to 10000" },
	{ "retries", 0, 10, 2, "retries -1 is out of range: from 0 to 10" },
	{ "max-age", 60, 21600, 21600,
	  "max-age 59 is out of range: from 60 to 21600 s" },
	{ "pids", 16, 32768, 1024,
	  "pids 15 is out of range: from 16 to 32768" },
};

START_TEST(every_limit_has_its_range)
{
	const struct policy_limit *limit = &policy_limits[_i];
	struct function function = { .name = "f" };
	uint32_t *place = policy_place(limit, &function);

	ck_assert_str_eq(limit->name, limits[_i].name);
	policy_set_defaults(&function);
	ck_assert_uint_eq(*place, limits[_i].fallback);
	ck_assert_int_eq(
		policy_set_limit(limit, limits[_i].min, &function, &err), 0);
	ck_assert_uint_eq(*place, limits[_i].min);
	ck_assert_int_eq(
		policy_set_limit(limit, limits[_i].max, &function, &err), 0);
	ck_assert_uint_eq(*place, limits[_i].max);
	ck_assert_int_eq(policy_set_limit(limit, limits[_i].max + 1, &function,
	                                  &err),
	                 -EINVAL);
	ck_assert_int_eq(policy_set_limit(limit, INT64_MAX, &function, &err),
	                 -EINVAL);
	ck_assert_int_eq(policy_set_limit(limit, limits[_i].min - 1, &function,
	                                  &err),
	                 -EINVAL);
	ck_assert_str_eq(err.text, limits[_i].message);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	ck_assert_uint_eq(*place, limits[_i].max);
}

END_TEST

START_TEST(limits_fit_each_other)
{
	struct function function = { .name = "f" };

	policy_set_defaults(&function);
	ck_assert_int_eq(policy_check(&function, &err), 0);
	ck_assert_uint_eq(function.cpu_quota_us, 7235);
	ck_assert_uint_eq(function.cpu_period_us, 100000);
	function.concurrency = 5;
	function.provisioned = 5;
	ck_assert_int_eq(policy_check(&function, &err), 0);
	function.provisioned = 6;
	ck_assert_int_eq(policy_check(&function, &err), -EINVAL);
	ck_assert_str_eq(err.text, "provisioned 6 is more than concurrency 5");
	function.provisioned = 0;
	function.handler = "a b";
	ck_assert_int_eq(policy_check(&function, &err), -EINVAL);
	function.handler = arena_printf(&arena, "%0128d", 1);
	ck_assert_int_eq(policy_check(&function, &err), 0);
	function.handler = arena_printf(&arena, "%0129d", 1);
	ck_assert_int_eq(policy_check(&function, &err), -EINVAL);
}

END_TEST

/* The value of NAME; NULL if it is not there. Twice is a mistake. */
static const char *value_of(const char **env, const char *name)
{
	const char *found = NULL;
	size_t length = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, length) == 0 && (*env)[length] == '=') {
			ck_assert_ptr_null(found);
			found = *env + length + 1;
		}
	return found;
}

static const char *const reserved[] = {
	"AWS_LAMBDA_RUNTIME_API",
	"_HANDLER",
	"AWS_EXECUTION_ENV",
	"LAMBDA_TASK_ROOT",
	"LAMBDA_RUNTIME_DIR",
	"AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_REGION",
	"AWS_DEFAULT_REGION",
	"TZ",
};

START_TEST(the_platform_wins_over_everybody)
{
	const char *name = reserved[_i];
	const char *const mine[] = { arena_printf(&arena, "%s=mine", name),
		                     NULL };
	struct function function = { .name = "hello", .handler = "a.b" };
	const char **env = policy_environment(&arena, &function, mine, mine);

	ck_assert(policy_is_reserved(name, strlen(name)));
	ck_assert(!policy_is_reserved(name, strlen(name) - 1));
	ck_assert_ptr_nonnull(value_of(env, name));
	ck_assert_str_ne(value_of(env, name), "mine");
}

END_TEST

START_TEST(the_user_wins_over_the_image_and_that_over_defaults)
{
	static const char *const base[] = { "PATH=/image", "A=1", "HOME=/i",
		                            "broken", NULL };
	static const char *const given[] = { "A=2", "A=3", "B=", "HOME=/u",
		                             NULL };
	struct function function = { .name = "hello",
		                     .handler = "a.b",
		                     .memory_mb = 300 };
	const char **env = policy_environment(&arena, &function, base, given);

	ck_assert_str_eq(value_of(env, "PATH"), "/image");
	ck_assert_str_eq(value_of(env, "A"), "3");
	ck_assert_str_eq(value_of(env, "B"), "");
	ck_assert_str_eq(value_of(env, "HOME"), "/u");
	ck_assert_str_eq(value_of(env, "LANG"), "C.UTF-8");
	ck_assert_ptr_null(value_of(env, "broken"));
	ck_assert_str_eq(value_of(env, "AWS_LAMBDA_RUNTIME_API"),
	                 "127.0.0.1:9001");
	ck_assert_str_eq(value_of(env, "_HANDLER"), "a.b");
	ck_assert_str_eq(value_of(env, "AWS_LAMBDA_FUNCTION_NAME"), "hello");
	ck_assert_str_eq(value_of(env, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
	                 "300");
	ck_assert_str_eq(value_of(env, "AWS_LAMBDA_LOG_GROUP_NAME"),
	                 "/aws/lambda/hello");
	ck_assert_str_eq(value_of(env, "LAMBDA_TASK_ROOT"), "/var/task");
	ck_assert_str_eq(value_of(env, "TZ"), ":UTC");
}

END_TEST

START_TEST(names_are_what_they_may_be)
{
	static const char *const bad[] = { "",    "a b", "a/b",     "..",
		                           "a.b", "a\n", "\xc3\xa4" };
	char longest[66];
	size_t i;

	memset(longest, 'a', 65);
	longest[65] = '\0';
	ck_assert(!function_name_is_valid(longest));
	longest[64] = '\0';
	ck_assert(function_name_is_valid(longest));
	ck_assert(function_name_is_valid("A-z_09"));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert(!function_name_is_valid(bad[i]));
	ck_assert_int_eq(policy_check_variable("A_1=x=y", &err), 0);
	ck_assert_int_eq(policy_check_variable("_a=", &err), 0);
	ck_assert_int_eq(policy_check_variable("A", &err), -EINVAL);
	ck_assert_int_eq(policy_check_variable("=x", &err), -EINVAL);
	ck_assert_int_eq(policy_check_variable("1A=x", &err), -EINVAL);
	ck_assert_int_eq(policy_check_variable("A-B=x", &err), -EINVAL);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tests = tcase_create("policy");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, NULL, teardown);
	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, the_share_of_the_cpu_follows_memory, 0,
	                    (int)ARRAY_SIZE(shares));
	tcase_add_loop_test(tests, every_limit_has_its_range, 0, POLICY_LIMITS);
	tcase_add_test(tests, limits_fit_each_other);
	tcase_add_loop_test(tests, the_platform_wins_over_everybody, 0,
	                    (int)ARRAY_SIZE(reserved));
	tcase_add_test(tests,
	               the_user_wins_over_the_image_and_that_over_defaults);
	tcase_add_test(tests, names_are_what_they_may_be);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
