/* SPDX-License-Identifier: Apache-2.0 */
/* Id maps: their texts, who may write them, and whom they must cover. */
#include <check.h>
#include <errno.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

#include "plan/decide.h"

/* One container's worth of input; each test bends what it is about. */
struct input {
	struct arena arena;
	struct oci_id_mapping uids[2];
	struct oci_id_mapping gids[2];
	uint32_t extra[1];
	struct oci_linux config;
	struct oci_process process;
	struct oci_spec spec;
	struct facts facts;
	struct plan_options options;
	struct plan plan;
	struct planner p;
	struct error err;
};

static void input_init(struct input *in)
{
	memset(in, 0, sizeof(*in));
	in->uids[0] = (struct oci_id_mapping){ 0, 100000, 65536 };
	in->gids[0] = (struct oci_id_mapping){ 0, 200000, 65536 };
	in->config.uid_mappings.items = in->uids;
	in->config.uid_mappings.count = 1;
	in->config.gid_mappings.items = in->gids;
	in->config.gid_mappings.count = 1;
	in->spec.linux_ = &in->config;
	in->spec.process = &in->process;
	in->facts.last_cap = 40;
	in->plan.ns.created = CLONE_NEWUSER;
	in->plan.ns.all = CLONE_NEWUSER;
	in->p = (struct planner){
		.arena = &in->arena,
		.spec = &in->spec,
		.facts = &in->facts,
		.options = &in->options,
		.plan = &in->plan,
	};
}

static int decide(struct input *in)
{
	return plan_idmap(&in->p, &in->err);
}

/* A117 */
START_TEST(root_writes_the_maps_itself)
{
	struct input in;

	input_init(&in);
	in.uids[1] = (struct oci_id_mapping){ 70000, 5, 1 };
	in.config.uid_mappings.count = 2;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert(in.plan.ns.idmap.needed);
	ck_assert_str_eq(in.plan.ns.idmap.uid_map,
	                 "0 100000 65536\n70000 5 1\n");
	ck_assert_str_eq(in.plan.ns.idmap.gid_map, "0 200000 65536\n");
	ck_assert(!in.plan.ns.idmap.deny_setgroups);
	ck_assert(!in.plan.ns.idmap.use_helpers);
	arena_release(&in.arena);
}

END_TEST

/* C030 */
START_TEST(a_user_needs_helpers_for_more_than_the_own_id)
{
	struct input in;

	input_init(&in);
	in.facts.uid = 1000;
	in.facts.gid = 1000;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert(in.plan.ns.idmap.use_helpers);
	ck_assert(!in.plan.ns.idmap.deny_setgroups);
	arena_release(&in.arena);
}

END_TEST

/* A118 */
START_TEST(a_user_maps_the_own_id_alone_without_setgroups)
{
	struct input in;

	input_init(&in);
	in.facts.uid = 1000;
	in.facts.gid = 1001;
	in.uids[0] = (struct oci_id_mapping){ 0, 1000, 1 };
	in.gids[0] = (struct oci_id_mapping){ 0, 1001, 1 };
	ck_assert_int_eq(decide(&in), 0);
	ck_assert(!in.plan.ns.idmap.use_helpers);
	ck_assert(in.plan.ns.idmap.deny_setgroups);
	arena_release(&in.arena);
}

END_TEST

START_TEST(another_single_id_still_needs_helpers)
{
	struct input in;

	input_init(&in);
	in.facts.uid = 1000;
	in.facts.gid = 1001;
	in.uids[0] = (struct oci_id_mapping){ 0, 1000, 1 };
	in.gids[0] = (struct oci_id_mapping){ 0, 1000, 1 };
	ck_assert_int_eq(decide(&in), 0);
	ck_assert(in.plan.ns.idmap.use_helpers);
	ck_assert(!in.plan.ns.idmap.deny_setgroups);
	arena_release(&in.arena);
}

END_TEST

/* A048 */
START_TEST(every_id_of_the_process_must_be_mapped)
{
	static const struct {
		uint32_t uid;
		uint32_t gid;
		uint32_t extra;
		const char *text;
	} rows[] = {
		{ 65535, 65535, 65535, NULL },
		{ 65536, 0, 0,
		  "process.user.uid: 65536 is not mapped by "
		  "linux.uidMappings" },
		{ 0, 70000, 0,
		  "process.user.gid: 70000 is not mapped by "
		  "linux.gidMappings" },
		{ 0, 0, 99999,
		  "process.user.additionalGids: 99999 is not mapped by "
		  "linux.gidMappings" },
	};
	struct input in;
	int result;

	input_init(&in);
	in.process.user.uid = rows[_i].uid;
	in.process.user.gid = rows[_i].gid;
	in.extra[0] = rows[_i].extra;
	in.process.user.additional_gids = in.extra;
	in.process.user.additional_gids_count = 1;
	result = decide(&in);
	if (rows[_i].text) {
		ck_assert_int_eq(result, -EINVAL);
		ck_assert_int_eq(in.err.kind, ERROR_CONFIG);
		ck_assert_str_eq(in.err.text, rows[_i].text);
	} else {
		ck_assert_int_eq(result, 0);
	}
	arena_release(&in.arena);
}

END_TEST

START_TEST(an_id_below_the_first_range_is_not_mapped)
{
	struct input in;

	input_init(&in);
	in.uids[0] = (struct oci_id_mapping){ 10, 100, 5 };
	in.process.user.uid = 9;
	ck_assert_int_eq(decide(&in), -EINVAL);
	in.process.user.uid = 15;
	ck_assert_int_eq(decide(&in), -EINVAL);
	in.process.user.uid = 14;
	ck_assert_int_eq(decide(&in), 0);
	arena_release(&in.arena);
}

END_TEST

/* A119 */
START_TEST(without_a_root_init_builds_as_the_first_id)
{
	struct input in;

	input_init(&in);
	in.uids[0] = (struct oci_id_mapping){ 10, 100, 5 };
	in.process.user.uid = 12;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_uint_eq(in.plan.ns.idmap.root_uid, 10);
	ck_assert_uint_eq(in.plan.ns.idmap.root_gid, 0);
	arena_release(&in.arena);
}

END_TEST

/* A116 */
START_TEST(a_joined_user_namespace_keeps_its_own_maps)
{
	struct input in;

	input_init(&in);
	in.plan.ns.created = 0;
	in.process.user.uid = 4000000000;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert(!in.plan.ns.idmap.needed);
	ck_assert_uint_eq(in.plan.warnings_count, 1);
	ck_assert_ptr_nonnull(strstr(in.plan.warnings[0], "ignored"));
	arena_release(&in.arena);
}

END_TEST

/* A116 */
START_TEST(without_maps_the_process_is_the_caller)
{
	struct input in;

	input_init(&in);
	in.config.uid_mappings.count = 0;
	in.config.gid_mappings.count = 0;
	in.process.user.uid = 1000;
	in.process.user.gid = 7;
	in.facts.uid = 500;
	in.facts.gid = 501;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_str_eq(in.plan.ns.idmap.uid_map, "1000 500 1\n");
	ck_assert_str_eq(in.plan.ns.idmap.gid_map, "7 501 1\n");
	ck_assert(in.plan.ns.idmap.deny_setgroups);
	ck_assert(!in.plan.ns.idmap.use_helpers);
	ck_assert_uint_eq(in.plan.ns.idmap.root_uid, 1000);
	arena_release(&in.arena);
}

END_TEST

/* A116 */
START_TEST(a_new_user_namespace_needs_both_maps_or_none)
{
	struct input in;

	input_init(&in);
	in.config.gid_mappings.count = 0;
	ck_assert_int_eq(decide(&in), -EINVAL);
	ck_assert_ptr_nonnull(strstr(in.err.text, "linux.gidMappings"));
	arena_release(&in.arena);
}

END_TEST

START_TEST(without_a_user_namespace_nothing_is_mapped)
{
	struct input in;

	input_init(&in);
	in.plan.ns.created = 0;
	in.plan.ns.all = 0;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert(!in.plan.ns.idmap.needed);
	ck_assert_uint_eq(in.plan.warnings_count, 0);
	arena_release(&in.arena);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("plan/idmap");
	TCase *tests = tcase_create("maps");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, root_writes_the_maps_itself);
	tcase_add_test(tests, a_user_needs_helpers_for_more_than_the_own_id);
	tcase_add_test(tests, a_user_maps_the_own_id_alone_without_setgroups);
	tcase_add_test(tests, another_single_id_still_needs_helpers);
	tcase_add_loop_test(tests, every_id_of_the_process_must_be_mapped, 0,
	                    4);
	tcase_add_test(tests, an_id_below_the_first_range_is_not_mapped);
	tcase_add_test(tests, without_a_root_init_builds_as_the_first_id);
	tcase_add_test(tests, a_joined_user_namespace_keeps_its_own_maps);
	tcase_add_test(tests, without_maps_the_process_is_the_caller);
	tcase_add_test(tests, a_new_user_namespace_needs_both_maps_or_none);
	tcase_add_test(tests, without_a_user_namespace_nothing_is_mapped);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
