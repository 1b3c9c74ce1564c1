/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp as it is planned: rules, actions, flags and the key. */
#include <check.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "oci/oci.h"
#include "plan/decide.h"

static struct arena arena;
static struct error err;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	arena_release(&arena);
}

/* The plan for a config whose linux.seccomp is PROFILE. */
static int try_plan(const char *profile, bool no_new_privs,
                    struct plan_seccomp *ret_plan)
{
	struct oci_faults faults = { .arena = &arena };
	const struct oci_spec *spec = NULL;
	const char *text = arena_printf(&arena,
	                                "{\"ociVersion\":\"1.0.2\","
	                                "\"root\":{\"path\":\"rootfs\"},"
	                                "\"linux\":{\"seccomp\":%s}}",
	                                profile);

	if (oci_read_spec(&arena, text, strlen(text), "config.json", &faults,
	                  &spec, &err) < 0)
		ck_abort_msg("%s", err.text);
	return plan_seccomp(&arena, &spec->linux_->seccomp, no_new_privs,
	                    ret_plan, &err);
}

static struct plan_seccomp plan_of(const char *profile)
{
	struct plan_seccomp plan = { 0 };

	if (try_plan(profile, true, &plan) < 0)
		ck_abort_msg("%s", err.text);
	return plan;
}

#define DENY "\"defaultAction\":\"SCMP_ACT_ERRNO\""

static struct plan_seccomp plan_of_rule(const char *rule)
{
	return plan_of(
		arena_printf(&arena, "{" DENY ",\"syscalls\":[{%s}]}", rule));
}

/* A193 */
START_TEST(an_absent_or_empty_profile_needs_no_filter)
{
	struct oci_seccomp absent = { .default_action = OCI_SECCOMP_UNSET };
	struct plan_seccomp plan;

	ck_assert(!plan_of("{}").needed);
	ck_assert_int_eq(plan_seccomp(&arena, &absent, true, &plan, &err), 0);
	ck_assert(!plan.needed);
	ck_assert(!plan.early);
}

END_TEST

/* A208 */
START_TEST(a_filter_loads_early_only_without_no_new_privs)
{
	struct plan_seccomp plan;

	ck_assert_int_eq(try_plan("{" DENY "}", true, &plan), 0);
	ck_assert(plan.needed);
	ck_assert(!plan.early);
	ck_assert_int_eq(try_plan("{" DENY "}", false, &plan), 0);
	ck_assert(plan.early);
}

END_TEST

static const struct {
	const char *action;
	const char *number; /* of errnoRet, or NULL */
	uint32_t value;
} action_rows[] = {
	{ "SCMP_ACT_ALLOW", NULL, SCMP_ACT_ALLOW },
	{ "SCMP_ACT_KILL", NULL, SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_THREAD", NULL, SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", NULL, SCMP_ACT_KILL_PROCESS },
	{ "SCMP_ACT_TRAP", NULL, SCMP_ACT_TRAP },
	{ "SCMP_ACT_LOG", NULL, SCMP_ACT_LOG },
	{ "SCMP_ACT_ERRNO", NULL, SCMP_ACT_ERRNO(EPERM) },
	{ "SCMP_ACT_ERRNO", "38", SCMP_ACT_ERRNO(ENOSYS) },
	{ "SCMP_ACT_ERRNO", "0", SCMP_ACT_ERRNO(0) },
	{ "SCMP_ACT_TRACE", NULL, SCMP_ACT_TRACE(EPERM) },
	{ "SCMP_ACT_TRACE", "65535", SCMP_ACT_TRACE(65535) },
};

/* A194 A195 */
START_TEST(actions_have_the_value_of_the_kernel_and_their_number)
{
	const char *action = action_rows[_i].action;
	const char *number = action_rows[_i].number;
	struct plan_seccomp plan = plan_of(arena_printf(
		&arena, "{\"defaultAction\":\"%s\"%s%s}", action,
		number ? ",\"defaultErrnoRet\":" : "", number ? number : ""));

	ck_assert_uint_eq(plan.default_action, action_rows[_i].value);
	plan = plan_of(arena_printf(
		&arena,
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
		"{\"names\":[\"read\"],\"action\":\"%s\"%s%s}]}",
		action, number ? ",\"errnoRet\":" : "", number ? number : ""));
	ck_assert_uint_eq(plan.rules_count, 1);
	ck_assert_uint_eq(plan.rules[0].action, action_rows[_i].value);
}

END_TEST

START_TEST(every_name_becomes_a_rule_in_order)
{
	struct plan_seccomp plan = plan_of(
		"{" DENY ",\"syscalls\":["
		"{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"open\"],\"action\":\"SCMP_ACT_LOG\"}]}");

	ck_assert_uint_eq(plan.rules_count, 3);
	ck_assert_str_eq(plan.rules[0].name, "read");
	ck_assert_str_eq(plan.rules[1].name, "write");
	ck_assert_str_eq(plan.rules[2].name, "open");
	ck_assert_uint_eq(plan.rules[1].action, SCMP_ACT_ALLOW);
	ck_assert_uint_eq(plan.rules[2].action, SCMP_ACT_LOG);
	ck_assert_uint_eq(plan.rules[0].args_count, 0);
}

END_TEST

#define ARG(index, value, two, op)                                      \
	"{\"index\":" #index ",\"value\":" #value ",\"valueTwo\":" #two \
	",\"op\":\"SCMP_CMP_" #op "\"}"

START_TEST(comparisons_of_different_arguments_stay_together)
{
	struct plan_seccomp plan = plan_of_rule(
		"\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"args\":[" ARG(0, 16, 7, EQ) "," ARG(5, 9, 0, NE) "]");
	const struct plan_seccomp_arg *args = plan.rules[0].args;

	ck_assert_uint_eq(plan.rules_count, 1);
	ck_assert_uint_eq(plan.rules[0].args_count, 2);
	ck_assert_uint_eq(args[0].index, 0);
	ck_assert_uint_eq(args[0].op, SCMP_CMP_EQ);
	ck_assert_uint_eq(args[0].a, 16);
	/* valueTwo means something for MASKED_EQ only. */
	ck_assert_uint_eq(args[0].b, 0);
	ck_assert_uint_eq(args[1].index, 5);
	ck_assert_uint_eq(args[1].op, SCMP_CMP_NE);
}

END_TEST

/* A199 */
START_TEST(comparisons_of_one_argument_become_rules_of_their_own)
{
	struct plan_seccomp plan = plan_of_rule(
		"\"names\":[\"a\",\"b\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"args\":[" ARG(1, 3, 0, GT) "," ARG(2, 4, 0, EQ) "," ARG(
			1, 5, 0, LT) "]");
	size_t i;

	ck_assert_uint_eq(plan.rules_count, 6);
	for (i = 0; i < 6; i++) {
		ck_assert_str_eq(plan.rules[i].name, i < 3 ? "a" : "b");
		ck_assert_uint_eq(plan.rules[i].args_count, 1);
		ck_assert_uint_eq(plan.rules[i].args[0].a, 3 + i % 3);
	}
}

END_TEST

/* A199 */
START_TEST(masked_eq_has_the_mask_first_and_the_datum_second)
{
	struct plan_seccomp plan = plan_of_rule(
		"\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"args\":[" ARG(0, 2114060288, 512, MASKED_EQ) "]");

	ck_assert_uint_eq(plan.rules[0].args[0].a, 2114060288);
	ck_assert_uint_eq(plan.rules[0].args[0].b, 512);
}

END_TEST

START_TEST(a_rule_that_is_the_default_still_says_its_name)
{
	struct plan_seccomp plan = plan_of_rule(
		"\"names\":[\"openat2\"],\"action\":\"SCMP_ACT_ERRNO\"");

	ck_assert_uint_eq(plan.rules_count, 1);
	ck_assert_uint_eq(plan.rules[0].action, plan.default_action);
}

END_TEST

/* A196 D063 */
START_TEST(architectures_are_tokens_each_once)
{
	struct plan_seccomp plan =
		plan_of("{" DENY ",\"architectures\":[\"SCMP_ARCH_X86_64\","
	                "\"SCMP_ARCH_X32\",\"SCMP_ARCH_X86_64\"]}");

	ck_assert_uint_eq(plan.archs_count, 2);
	ck_assert_uint_eq(plan.archs[0], SCMP_ARCH_X86_64);
	ck_assert_uint_eq(plan.archs[1], SCMP_ARCH_X32);
	ck_assert_uint_eq(
		plan_of("{" DENY ",\"architectures\":null}").archs_count, 0);
}

END_TEST

static const struct {
	const char *member;
	uint32_t flags;
	bool flags_default;
} flag_rows[] = {
	{ "", SECCOMP_FILTER_FLAG_SPEC_ALLOW, true },
	{ ",\"flags\":[]", 0, false },
	{ ",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]", SECCOMP_FILTER_FLAG_LOG,
	  false },
	{ ",\"flags\":[\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]",
	  SECCOMP_FILTER_FLAG_SPEC_ALLOW, false },
	{ ",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\","
	  "\"SECCOMP_FILTER_FLAG_LOG\"]",
	  SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG, false },
};

/* A197 */
START_TEST(flags_are_exact_and_spec_allow_where_nothing_is_said)
{
	struct plan_seccomp plan = plan_of(
		arena_printf(&arena, "{" DENY "%s}", flag_rows[_i].member));

	ck_assert_uint_eq(plan.flags, flag_rows[_i].flags);
	ck_assert(plan.flags_default == flag_rows[_i].flags_default);
}

END_TEST

#define NOTIFY(members)                                                  \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/s\"," \
	"\"listenerMetadata\":\"m\"," members                            \
	"\"syscalls\":[{\"names\":[\"mount\"],"                          \
	"\"action\":\"SCMP_ACT_NOTIFY\"}]}"

/* A204, A207: one thread more, which TSYNC would hold too. */
START_TEST(what_notifies_has_a_listener_and_no_tsync)
{
	struct plan_seccomp plan =
		plan_of(NOTIFY("\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\","
	                       "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],"));

	ck_assert(plan.notify);
	ck_assert_str_eq(plan.listener, "/s");
	ck_assert_str_eq(plan.metadata, "m");
	ck_assert_uint_eq(plan.flags,
	                  SECCOMP_FILTER_FLAG_NEW_LISTENER | 1U << 5);
	ck_assert_uint_eq(plan.rules[0].action, SCMP_ACT_NOTIFY);
	plan = plan_of(NOTIFY());
	ck_assert_uint_eq(plan.flags, SECCOMP_FILTER_FLAG_NEW_LISTENER |
	                                      SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	plan = plan_of("{\"defaultAction\":\"SCMP_ACT_NOTIFY\","
	               "\"listenerPath\":\"/s\"}");
	ck_assert(plan.notify);
}

END_TEST

START_TEST(a_listener_is_nothing_where_nothing_notifies)
{
	struct plan_seccomp plan =
		plan_of("{" DENY ",\"listenerPath\":\"/s\"}");

	ck_assert(!plan.notify);
	ck_assert_uint_eq(plan.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

END_TEST

START_TEST(wait_killable_recv_without_notify_is_refused)
{
	struct plan_seccomp plan;

	ck_assert_int_eq(try_plan("{" DENY ",\"flags\":[\"SECCOMP_FILTER_FLAG_"
	                          "WAIT_KILLABLE_RECV\"]}",
	                          true, &plan),
	                 -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "WAIT_KILLABLE_RECV"));
}

END_TEST

#define KEY_RULE(name, args)                          \
	"{" DENY ",\"syscalls\":[{\"names\":[\"" name \
	"\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" args "]}]}"

/* No two of them mean the same. */
static const char *const different[] = {
	"{" DENY "}",
	"{" DENY ",\"defaultErrnoRet\":2}",
	"{" DENY ",\"flags\":[]}",
	"{" DENY ",\"flags\":[\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]}",
	"{" DENY ",\"architectures\":[\"SCMP_ARCH_X86\"]}",
	"{" DENY ",\"architectures\":[\"SCMP_ARCH_ARM\"]}",
	KEY_RULE("read", ""),
	KEY_RULE("readv", ""),
	KEY_RULE("read\",\"v", ""),
	KEY_RULE("read", ARG(0, 1, 0, EQ)),
	KEY_RULE("read", ARG(1, 1, 0, EQ)),
	KEY_RULE("read", ARG(0, 2, 0, EQ)),
	KEY_RULE("read", ARG(0, 1, 0, NE)),
	KEY_RULE("read", ARG(0, 1, 0, MASKED_EQ)),
	KEY_RULE("read", ARG(0, 1, 1, MASKED_EQ)),
	KEY_RULE("read", ARG(0, 1, 0, EQ) "," ARG(1, 1, 0, EQ)),
};

static bool keys_equal(const struct plan_seccomp *a,
                       const struct plan_seccomp *b)
{
	return a->key_length == b->key_length &&
	       memcmp(a->key, b->key, a->key_length) == 0;
}

/* E006 */
START_TEST(different_profiles_have_different_keys)
{
	struct plan_seccomp one = plan_of(different[_i]);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(different); i++) {
		struct plan_seccomp other = plan_of(different[i]);

		ck_assert_msg(keys_equal(&one, &other) == (i == (size_t)_i),
		              "%s | %s", different[_i], different[i]);
	}
}

END_TEST

START_TEST(what_means_the_same_has_the_same_key)
{
	struct plan_seccomp one = plan_of(KEY_RULE("read", ARG(0, 1, 5, EQ)));
	struct plan_seccomp other = plan_of(
		"{\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\","
		"\"args\":[" ARG(
			0, 1, 0,
			EQ) "],"
			    "\"names\":[\"read\"]}],\"defaultErrnoRet\":1," DENY
			    "}");

	ck_assert(keys_equal(&one, &other));
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("plan_seccomp");
	TCase *tcase = tcase_create("plan");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_absent_or_empty_profile_needs_no_filter);
	tcase_add_test(tcase, a_filter_loads_early_only_without_no_new_privs);
	tcase_add_loop_test(
		tcase, actions_have_the_value_of_the_kernel_and_their_number, 0,
		ARRAY_SIZE(action_rows));
	tcase_add_test(tcase, every_name_becomes_a_rule_in_order);
	tcase_add_test(tcase, comparisons_of_different_arguments_stay_together);
	tcase_add_test(tcase,
	               comparisons_of_one_argument_become_rules_of_their_own);
	tcase_add_test(tcase,
	               masked_eq_has_the_mask_first_and_the_datum_second);
	tcase_add_test(tcase, a_rule_that_is_the_default_still_says_its_name);
	tcase_add_test(tcase, architectures_are_tokens_each_once);
	tcase_add_loop_test(
		tcase, flags_are_exact_and_spec_allow_where_nothing_is_said, 0,
		ARRAY_SIZE(flag_rows));
	tcase_add_test(tcase, what_notifies_has_a_listener_and_no_tsync);
	tcase_add_test(tcase, a_listener_is_nothing_where_nothing_notifies);
	tcase_add_test(tcase, wait_killable_recv_without_notify_is_refused);
	tcase_add_loop_test(tcase, different_profiles_have_different_keys, 0,
	                    ARRAY_SIZE(different));
	tcase_add_test(tcase, what_means_the_same_has_the_same_key);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
