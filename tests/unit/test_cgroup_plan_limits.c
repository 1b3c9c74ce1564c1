/* SPDX-License-Identifier: Apache-2.0 */
/* Which values follow from memory and cpu, for v2 and for v1. */
#include "cgroup_plan.h"

static const struct {
	int64_t limit; /* 0: unset */
	int64_t swap;
	const char *v2;
	const char *v1;
} swaps[] = {
	{ 100, 0, ":memory.max=100", "memory:memory.limit_in_bytes=100" },
	{ -1, 0, "?:memory.max=max | ?:memory.swap.max=max", "" },
	{ 100, -1, ":memory.max=100 | ?:memory.swap.max=max",
	  "memory:memory.limit_in_bytes=100 | "
	  "memory?:memory.memsw.limit_in_bytes=-1" },
	{ 0, -1, "?:memory.swap.max=max", "" },
	{ -1, 300, "?:memory.max=max | :memory.swap.max=300",
	  "memory?:memory.limit_in_bytes=-1 | "
	  "memory:memory.memsw.limit_in_bytes=300" },
	{ 100, 100, ":memory.max=100 | ?:memory.swap.max=0",
	  "memory:memory.limit_in_bytes=100 | "
	  "memory:memory.memsw.limit_in_bytes=100" },
	{ 100, 150, ":memory.max=100 | :memory.swap.max=50",
	  "memory:memory.limit_in_bytes=100 | "
	  "memory:memory.memsw.limit_in_bytes=150" },
	{ 0, 0, "?:memory.swap.max=0", "" },
	{ 0, 100, NULL, NULL },
	{ 100, 99, NULL, NULL },
};

/* A162 D057 */
START_TEST(swap_is_counted_apart_in_v2_and_together_in_v1)
{
	struct oci_memory *memory = &in.config.resources.memory;

	if (swaps[_i].limit)
		memory->limit = some(swaps[_i].limit);
	memory->swap = some(swaps[_i].swap);
	if (swaps[_i].v2) {
		ck_assert_str_eq(decided(&v2), swaps[_i].v2);
		ck_assert_str_eq(decided(&hybrid), swaps[_i].v1);
	} else {
		assert_refused(&v2, ERROR_CONFIG, "memory.swap");
		assert_refused(&hybrid, ERROR_CONFIG, "memory.swap");
	}
}

END_TEST

START_TEST(unlimited_without_a_word_about_swap_includes_it)
{
	in.config.resources.memory.limit = some(-1);
	ck_assert_str_eq(decided(&v2),
	                 "?:memory.max=max | ?:memory.swap.max=max");
}

END_TEST

/* A161 */
START_TEST(reservations_are_soft_limits)
{
	in.config.resources.memory.reservation = some(5);
	ck_assert_str_eq(decided(&v2), ":memory.low=5");
	ck_assert_str_eq(decided(&v1), "memory:memory.soft_limit_in_bytes=5");
	in.config.resources.memory.reservation = some(-1);
	ck_assert_str_eq(decided(&v2), ":memory.low=max");
}

END_TEST

/* A163 A164 A165 A166 */
START_TEST(what_v2_has_not_is_a_warning)
{
	struct oci_memory *memory = &in.config.resources.memory;

	memory->swappiness = (struct opt_u64){ true, 10 };
	memory->kernel = some(1);
	memory->kernel_tcp = some(1);
	memory->disable_oom_killer = (struct opt_bool){ true, true };
	memory->use_hierarchy = (struct opt_bool){ true, false };
	ck_assert_str_eq(decided(&v2), "");
	ck_assert_uint_eq(in.plan.warnings_count, 5);
	ck_assert_str_eq(decided(&v1), "memory:memory.swappiness=10 | "
	                               "memory:memory.oom_control=1");
	ck_assert_uint_eq(in.plan.warnings_count, 3);
}

END_TEST

/* A165 */
START_TEST(an_oom_killer_that_stays_is_no_warning)
{
	in.config.resources.memory.disable_oom_killer =
		(struct opt_bool){ true, false };
	ck_assert_str_eq(decided(&v2), "");
	ck_assert_str_eq(decided(&v1), "");
	ck_assert_uint_eq(in.plan.warnings_count, 0);
}

END_TEST

/* ---- cpu */

static const struct {
	uint64_t shares;
	const char *weight;
} weights[] = {
	{ 1, "1" },        { 2, "1" },          { 100, "17" },
	{ 256, "35" },     { 512, "59" },       { 1024, "100" },
	{ 2048, "174" },   { 4096, "303" },     { 10240, "639" },
	{ 26214, "1394" }, { 262144, "10000" }, { 1000000, "10000" },
};

/* A168 */
START_TEST(shares_become_weights)
{
	in.config.resources.cpu.shares = some_u(weights[_i].shares);
	ck_assert_str_eq(decided(&v2), arena_printf(&in.arena, ":cpu.weight=%s",
	                                            weights[_i].weight));
}

END_TEST

START_TEST(weights_never_fall)
{
	unsigned long before = 0;
	uint64_t shares;

	for (shares = 2; shares <= 262144; shares = shares * 9 / 8 + 1) {
		unsigned long weight;

		in.config.resources.cpu.shares = some_u(shares);
		weight = strtoul(strchr(decided(&v2), '=') + 1, NULL, 10);
		ck_assert_uint_ge(weight, before);
		before = weight;
	}
}

END_TEST

/* A168 */
START_TEST(no_shares_at_all_are_no_shares_given)
{
	in.config.resources.cpu.shares = some_u(0);
	ck_assert_str_eq(decided(&v2), "");
	ck_assert_str_eq(decided(&hybrid), "");
}

END_TEST

#define UNSET INT64_MIN

static const struct {
	int64_t quota;
	int64_t period;
	const char *created;
	const char *updated;
	const char *created_v1;
} quotas[] = {
	{ 50000, UNSET, ":cpu.max=50000 100000", ":cpu.max=50000",
	  "cpu:cpu.cfs_quota_us=50000" },
	{ 50000, 20000, ":cpu.max=50000 20000", ":cpu.max=50000 20000",
	  "cpu:cpu.cfs_period_us=20000 | cpu:cpu.cfs_quota_us=50000" },
	{ UNSET, 20000, ":cpu.max=max 20000", ":cpu.max=_ 20000",
	  "cpu:cpu.cfs_period_us=20000" },
	{ -1, UNSET, "?:cpu.max=max 100000", "?:cpu.max=max", "" },
	{ 0, UNSET, "?:cpu.max=max 100000", "?:cpu.max=max", "" },
	{ -1, 20000, ":cpu.max=max 20000", ":cpu.max=max 20000",
	  "cpu:cpu.cfs_period_us=20000 | cpu?:cpu.cfs_quota_us=-1" },
	{ UNSET, 0, "", "", "" },
};

/* A169 D058 */
START_TEST(quota_and_period_are_one_file_in_v2)
{
	struct oci_cpu *cpu = &in.config.resources.cpu;

	if (quotas[_i].quota != UNSET)
		cpu->quota = some(quotas[_i].quota);
	if (quotas[_i].period != UNSET)
		cpu->period = some_u((uint64_t)quotas[_i].period);
	ck_assert_str_eq(decided(&v2), quotas[_i].created);
	ck_assert_str_eq(updated(&v2), quotas[_i].updated);
	ck_assert_str_eq(decided(&hybrid), quotas[_i].created_v1);
}

END_TEST

/* A173 */
START_TEST(an_idle_cgroup_has_no_weight)
{
	in.config.resources.cpu.shares = some_u(1024);
	in.config.resources.cpu.idle = some(1);
	ck_assert_str_eq(decided(&v2), ":cpu.idle=1");
	ck_assert_str_eq(decided(&hybrid), "cpu:cpu.idle=1");
	in.config.resources.cpu.idle = some(0);
	ck_assert_str_eq(decided(&v2), "?:cpu.idle=0 | :cpu.weight=100");
}

END_TEST

/* A170 D058 */
START_TEST(the_burst_follows_the_quota)
{
	in.config.resources.cpu.quota = some(50000);
	in.config.resources.cpu.burst = some_u(1000);
	ck_assert_str_eq(decided(&v2),
	                 ":cpu.max=50000 100000 | :cpu.max.burst=1000");
	ck_assert_str_eq(decided(&hybrid), "cpu:cpu.cfs_quota_us=50000 | "
	                                   "cpu:cpu.cfs_burst_us=1000");
}

END_TEST

/* A171 */
START_TEST(real_time_needs_v1)
{
	in.config.resources.cpu.realtime_period = some_u(1000000);
	in.config.resources.cpu.realtime_runtime = some(5000);
	assert_refused(&v2, ERROR_UNSUPPORTED, "realtimeRuntime");
	ck_assert_str_eq(decided(&v1), "cpu:cpu.rt_period_us=1000000 | "
	                               "cpu:cpu.rt_runtime_us=5000");
	in.config.resources.cpu.realtime_period = some_u(0);
	in.config.resources.cpu.realtime_runtime = some(0);
	ck_assert_str_eq(decided(&v2), "");
}

END_TEST

/* A172 */
START_TEST(cpusets_are_the_cpuset_controllers)
{
	in.config.resources.cpu.cpus = "0-1";
	in.config.resources.cpu.mems = "0";
	ck_assert_str_eq(decided(&v2), ":cpuset.cpus=0-1 | :cpuset.mems=0");
	ck_assert_str_eq(in.plan.cgroup.enable, "cpuset");
	ck_assert_str_eq(decided(&hybrid),
	                 "cpuset:cpuset.cpus=0-1 | cpuset:cpuset.mems=0");
}

END_TEST

static void add_limits(Suite *suite)
{
	TCase *tests = add_case(suite, "limits");

	tcase_add_loop_test(tests,
	                    swap_is_counted_apart_in_v2_and_together_in_v1, 0,
	                    ARRAY_SIZE(swaps));
	tcase_add_test(tests, unlimited_without_a_word_about_swap_includes_it);
	tcase_add_test(tests, reservations_are_soft_limits);
	tcase_add_test(tests, what_v2_has_not_is_a_warning);
	tcase_add_test(tests, an_oom_killer_that_stays_is_no_warning);
	tcase_add_loop_test(tests, shares_become_weights, 0,
	                    ARRAY_SIZE(weights));
	tcase_add_test(tests, weights_never_fall);
	tcase_add_test(tests, no_shares_at_all_are_no_shares_given);
	tcase_add_loop_test(tests, quota_and_period_are_one_file_in_v2, 0,
	                    ARRAY_SIZE(quotas));
	tcase_add_test(tests, an_idle_cgroup_has_no_weight);
	tcase_add_test(tests, the_burst_follows_the_quota);
	tcase_add_test(tests, real_time_needs_v1);
	tcase_add_test(tests, cpusets_are_the_cpuset_controllers);
}

int main(void)
{
	Suite *suite = suite_create("plan/cgroup limits");

	add_limits(suite);
	return run_suite(suite);
}
