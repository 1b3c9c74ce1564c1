/* SPDX-License-Identifier: Apache-2.0 */
/* Which cgroups and values follow from resources, on each kind of host. */
#include <check.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "plan/decide.h"

static struct facts_cgroup_v1 hierarchies[] = {
	{ "cpu", "/cg/cpu" },         { "cpuacct", "/cg/cpuacct" },
	{ "cpuset", "/cg/cpuset" },   { "memory", "/cg/memory" },
	{ "devices", "/cg/devices" }, { "freezer", "/cg/freezer" },
	{ "pids", "/cg/pids" },
};

static struct facts_cgroup_v1 few_hierarchies[] = {
	{ "cpu,cpuacct", "/cg/cpu" },
};

static const struct facts v2 = {
	.cgroup = { FACTS_CGROUP_V2, "/cg", NULL, NULL, 0 },
};
static const struct facts hybrid = {
	.cgroup = { FACTS_CGROUP_HYBRID, "/cg/unified", "hugetlb", hierarchies,
	            ARRAY_SIZE(hierarchies) },
};
static const struct facts hybrid_few = {
	.cgroup = { FACTS_CGROUP_HYBRID, "/cg/unified", "memory pids",
	            few_hierarchies, ARRAY_SIZE(few_hierarchies) },
};
static const struct facts v1 = {
	.cgroup = { FACTS_CGROUP_V1, NULL, NULL, hierarchies,
	            ARRAY_SIZE(hierarchies) },
};
static const struct facts v1_few = {
	.cgroup = { FACTS_CGROUP_V1, NULL, NULL, few_hierarchies,
	            ARRAY_SIZE(few_hierarchies) },
};
static const struct facts none = { .cgroup = { .mode = FACTS_CGROUP_NONE } };
static const struct facts rootless = {
	.uid = 1000,
	.cgroup = { FACTS_CGROUP_V2, "/cg", NULL, NULL, 0 },
};

/* What a test gives, and what came of it. */
struct input {
	struct arena arena;
	struct oci_linux config;
	struct oci_spec spec;
	struct plan_options options;
	struct plan plan;
	struct error err;
};

static struct input in;

static void setup(void)
{
	memset(&in, 0, sizeof(in));
	in.spec.linux_ = &in.config;
	in.options.id = "web";
	in.config.resources.set = true;
}

static void teardown(void)
{
	arena_release(&in.arena);
}

static int decide(const struct facts *facts)
{
	struct planner p = { &in.arena, &in.spec, facts, &in.options,
		             &in.plan };

	memset(&in.plan, 0, sizeof(in.plan));
	return plan_cgroup(&p, &in.err);
}

/* "memory.max=1 " for each write; '?' for those that may be missing. */
static const char *text_of(const struct plan_cgroup *plan)
{
	struct buf buf = { .arena = &in.arena };
	size_t i;

	buf_add_str(&buf, "");
	for (i = 0; i < plan->writes_count; i++) {
		const struct plan_cgroup_write *write = &plan->writes[i];

		ck_assert_uint_lt(write->dir, plan->dirs_count);
		buf_printf(&buf, "%s%s%s:%s=%s%s", i ? " | " : "",
		           plan->dirs[write->dir].controllers,
		           write->if_present ? "?" : "", write->file,
		           write->keep_first_word ? "_ " : "", write->value);
	}
	return buf_str(&buf);
}

static const char *decided(const struct facts *facts)
{
	ck_assert_msg(decide(facts) == 0, "%s", in.err.text);
	return text_of(&in.plan.cgroup);
}

static void assert_refused(const struct facts *facts, enum error_kind kind,
                           const char *words)
{
	ck_assert_int_lt(decide(facts), 0);
	ck_assert_int_eq(in.err.kind, kind);
	ck_assert_msg(strstr(in.err.text, words) != NULL, "%s", in.err.text);
}

static struct opt_i64 some(int64_t value)
{
	return (struct opt_i64){ true, value };
}

static struct opt_u64 some_u(uint64_t value)
{
	return (struct opt_u64){ true, value };
}

/* ---- where */

static const struct {
	const char *given;
	const char *path;
} paths[] = {
	{ NULL, "/web" },
	{ "", "/web" },
	{ "/a/b", "/a/b" },
	{ "a/b", "/a/b" },
	{ "/a//./b/", "/a/b" },
	{ "../../x", "/x" },
	{ "/a/../../../x", "/x" },
	{ "system.slice:runf:web", "/system.slice:runf:web" },
};

START_TEST(paths_are_clean_and_cannot_escape)
{
	in.config.cgroups_path = paths[_i].given;
	decided(&v2);
	ck_assert_str_eq(in.plan.cgroup.path, paths[_i].path);
	ck_assert_str_eq(in.plan.cgroup.dirs[0].path, paths[_i].path);
}

END_TEST

START_TEST(the_root_is_no_place_for_a_container)
{
	in.config.cgroups_path = "/a/..";
	assert_refused(&v2, ERROR_CONFIG, "root of the cgroup tree");
}

END_TEST

START_TEST(a_v2_host_needs_one_directory)
{
	in.config.resources.memory.limit = some(1 << 20);
	decided(&v2);
	ck_assert_int_eq(in.plan.cgroup.mode, PLAN_CGROUP_V2);
	ck_assert_uint_eq(in.plan.cgroup.dirs_count, 1);
	ck_assert_str_eq(in.plan.cgroup.dirs[0].mount, "/cg");
	ck_assert_str_eq(in.plan.cgroup.dirs[0].controllers, "");
}

END_TEST

START_TEST(a_hybrid_host_without_limits_is_like_v2)
{
	in.config.resources.pids.limit = some(-1);
	in.config.resources.cpu.quota = some(-1);
	ck_assert_str_eq(decided(&hybrid), "");
	ck_assert_int_eq(in.plan.cgroup.mode, PLAN_CGROUP_V2);
	ck_assert_uint_eq(in.plan.cgroup.dirs_count, 1);
	ck_assert_str_eq(in.plan.cgroup.dirs[0].mount, "/cg/unified");
}

END_TEST

START_TEST(a_hybrid_host_joins_only_what_limits)
{
	in.config.resources.memory.limit = some(4096);
	in.config.resources.pids.limit = some(0);
	ck_assert_str_eq(decided(&hybrid),
	                 "memory:memory.limit_in_bytes=4096 | pids:pids.max=0");
	ck_assert_int_eq(in.plan.cgroup.mode, PLAN_CGROUP_V1);
	ck_assert_uint_eq(in.plan.cgroup.dirs_count, 3);
	ck_assert_str_eq(in.plan.cgroup.dirs[0].controllers, "");
	ck_assert_str_eq(in.plan.cgroup.dirs[1].mount, "/cg/memory");
	ck_assert_str_eq(in.plan.cgroup.dirs[2].mount, "/cg/pids");
}

END_TEST

START_TEST(a_controller_is_limited_where_it_is)
{
	in.config.resources.memory.limit = some(4096);
	in.config.resources.cpu.shares = some_u(1024);
	ck_assert_str_eq(decided(&hybrid_few),
	                 ":memory.max=4096 | cpu,cpuacct:cpu.shares=1024");
	ck_assert_str_eq(in.plan.cgroup.enable, "memory");
}

END_TEST

START_TEST(a_v1_host_has_the_freezer_at_least)
{
	decided(&v1);
	ck_assert_int_eq(in.plan.cgroup.mode, PLAN_CGROUP_V1);
	ck_assert_uint_eq(in.plan.cgroup.dirs_count, 1);
	ck_assert_str_eq(in.plan.cgroup.dirs[0].controllers, "freezer");
	decided(&v1_few);
	ck_assert_str_eq(in.plan.cgroup.dirs[0].controllers, "cpu,cpuacct");
}

END_TEST

START_TEST(without_any_cgroup_only_limits_fail)
{
	decided(&none);
	ck_assert_int_eq(in.plan.cgroup.mode, PLAN_CGROUP_DISABLED);
	in.config.resources.pids.limit = some(3);
	assert_refused(&none, ERROR_UNSUPPORTED,
	               "the pids controller is not available");
}

END_TEST

START_TEST(a_missing_controller_is_named)
{
	in.config.resources.cpu.cpus = "0";
	assert_refused(&hybrid_few, ERROR_UNSUPPORTED,
	               "resources.cpu.cpus: the cpuset controller");
	in.config.resources.cpu.cpus = NULL;
	in.config.resources.memory.limit = some(4096);
	assert_refused(&v1_few, ERROR_UNSUPPORTED,
	               "resources.memory.limit: the memory controller");
}

END_TEST

START_TEST(disabled_means_disabled)
{
	in.options.cgroup_disabled = true;
	in.config.resources.memory.limit = some(4096);
	ck_assert_str_eq(decided(&v2), "");
	ck_assert_int_eq(in.plan.cgroup.mode, PLAN_CGROUP_DISABLED);
	ck_assert_uint_eq(in.plan.warnings_count, 1);
}

END_TEST

START_TEST(a_user_without_limits_can_do_without)
{
	decided(&rootless);
	ck_assert(in.plan.cgroup.optional);
	in.config.resources.pids.limit = some(7);
	decided(&rootless);
	ck_assert(!in.plan.cgroup.optional);
}

END_TEST

/* ---- memory */

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
	{ 0, 100, NULL, NULL },
	{ 100, 99, NULL, NULL },
};

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

START_TEST(reservations_are_soft_limits)
{
	in.config.resources.memory.reservation = some(5);
	ck_assert_str_eq(decided(&v2), ":memory.low=5");
	ck_assert_str_eq(decided(&v1), "memory:memory.soft_limit_in_bytes=5");
	in.config.resources.memory.reservation = some(-1);
	ck_assert_str_eq(decided(&v2), ":memory.low=max");
}

END_TEST

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

static const char *updated(const struct facts *facts)
{
	struct plan_cgroup update;

	decided(facts);
	ck_assert_msg(plan_cgroup_update(&in.arena, facts, &in.plan.cgroup,
	                                 &in.config.resources, &update,
	                                 &in.err) == 0,
	              "%s", in.err.text);
	return text_of(&update);
}

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

/* ---- pids, unified */

START_TEST(no_process_is_a_limit_too)
{
	in.config.resources.pids.limit = some(0);
	ck_assert_str_eq(decided(&v2), ":pids.max=0");
	in.config.resources.pids.limit = some(-1);
	ck_assert_str_eq(decided(&v2), "?:pids.max=max");
	ck_assert_ptr_null(in.plan.cgroup.enable);
}

END_TEST

static void set_unified(const char *key, const char *value)
{
	static struct oci_pair pair;

	pair = (struct oci_pair){ key, value };
	in.config.resources.unified.pairs = &pair;
	in.config.resources.unified.count = 1;
}

START_TEST(unified_has_the_last_word)
{
	in.config.resources.memory.limit = some(4096);
	in.config.resources.pids.limit = some(3);
	set_unified("memory.max", "8192");
	ck_assert_str_eq(decided(&v2), ":pids.max=3 | :memory.max=8192");
	ck_assert_str_eq(in.plan.cgroup.enable, "pids memory");
}

END_TEST

START_TEST(unified_lines_are_written_one_by_one)
{
	set_unified("io.max", "8:0 rbps=1\n8:16 rbps=2\n");
	ck_assert_str_eq(decided(&v2),
	                 ":io.max=8:0 rbps=1 | :io.max=8:16 rbps=2");
	set_unified("cpuset.cpus", "");
	ck_assert_str_eq(decided(&v2), ":cpuset.cpus=\n");
}

END_TEST

static const char *const bad_keys[] = {
	"",
	"memory",
	".max",
	"memory.",
	"a/b.c",
	"..",
	"../../x.y/z.max",
	"memory/../pids.max",
};

START_TEST(unified_keys_are_file_names)
{
	set_unified(bad_keys[_i], "1");
	assert_refused(&v2, ERROR_CONFIG, "not the name of a cgroup file");
}

END_TEST

START_TEST(unified_needs_the_controller_in_v2)
{
	set_unified("memory.high", "1");
	assert_refused(&hybrid, ERROR_UNSUPPORTED,
	               "the memory controller is not in the v2 tree: "
	               "cgroup v1 holds it at /cg/memory");
	set_unified("io.max", "8:0 rbps=1");
	assert_refused(&hybrid, ERROR_UNSUPPORTED, "the io controller");
	set_unified("hugetlb.2MB.max", "0");
	ck_assert_str_eq(decided(&hybrid), ":hugetlb.2MB.max=0");
	set_unified("cgroup.max.descendants", "3");
	ck_assert_str_eq(decided(&hybrid), ":cgroup.max.descendants=3");
	ck_assert_ptr_null(in.plan.cgroup.enable);
	assert_refused(&v1, ERROR_UNSUPPORTED, "no cgroup v2 tree");
}

END_TEST

/* ---- devices */

static struct oci_device_rule rules[] = {
	{ false, OCI_DEVICE_ALL, -1, -1, 7 },
	{ true, OCI_DEVICE_ALL, 9, -1, OCI_ACCESS_READ },
};

START_TEST(device_rules_are_a_program_where_there_is_v2)
{
	in.config.resources.devices = rules;
	in.config.resources.devices_count = 2;
	ck_assert_str_eq(decided(&v2), "");
	ck_assert_ptr_nonnull(in.plan.cgroup.device_program);
	ck_assert_str_eq(decided(&hybrid), "");
	ck_assert_ptr_nonnull(in.plan.cgroup.device_program);
	ck_assert_int_eq(in.plan.cgroup.mode, PLAN_CGROUP_V2);
}

END_TEST

START_TEST(device_rules_are_lines_in_v1)
{
	const char *text;

	in.config.resources.devices = rules;
	in.config.resources.devices_count = 2;
	text = decided(&v1);
	ck_assert_ptr_nonnull(str_after(text,
	                                "devices:devices.deny=a | "
	                                "devices:devices.allow=b 9:* r | "
	                                "devices:devices.allow=c 9:* r | "));
	ck_assert_ptr_nonnull(strstr(text, "devices.allow=c 136:* rwm"));
	ck_assert_ptr_nonnull(strstr(text, "devices.allow=b *:* m"));
	assert_refused(&v1_few, ERROR_UNSUPPORTED, "devices controller");
}

END_TEST

START_TEST(no_device_rules_are_no_program)
{
	decided(&v2);
	ck_assert_ptr_null(in.plan.cgroup.device_program);
	in.config.resources.devices = rules;
	in.config.resources.devices_count = 1;
	decided(&rootless);
	ck_assert_ptr_null(in.plan.cgroup.device_program);
	ck_assert_uint_eq(in.plan.warnings_count, 1);
}

END_TEST

START_TEST(an_update_allows_what_was_forbidden)
{
	static struct oci_device_rule all = { true, OCI_DEVICE_ALL, -1, -1, 7 };
	struct plan_cgroup update;

	in.config.resources.devices = &all;
	in.config.resources.devices_count = 1;
	decided(&v2);
	ck_assert_ptr_null(in.plan.cgroup.device_program);
	ck_assert_int_eq(plan_cgroup_update(&in.arena, &v2, &in.plan.cgroup,
	                                    &in.config.resources, &update,
	                                    &in.err),
	                 0);
	ck_assert_uint_eq(update.device_program_length, 2);
}

END_TEST

/* ---- update, owner */

START_TEST(an_update_joins_what_limits_now)
{
	struct plan_cgroup update;

	decided(&hybrid);
	in.config.resources.pids.limit = some(3);
	ck_assert_int_eq(plan_cgroup_update(&in.arena, &hybrid, &in.plan.cgroup,
	                                    &in.config.resources, &update,
	                                    &in.err),
	                 0);
	ck_assert_int_eq(update.mode, PLAN_CGROUP_V1);
	ck_assert_uint_eq(update.dirs_count, 2);
	ck_assert_str_eq(update.dirs[1].mount, "/cg/pids");
	ck_assert_str_eq(text_of(&update), "pids:pids.max=3");
}

END_TEST

START_TEST(an_update_checks_the_use_if_asked)
{
	struct plan_cgroup update;

	in.config.resources.memory.limit = some(4096);
	in.config.resources.memory.check_before_update =
		(struct opt_bool){ true, true };
	decided(&v2);
	ck_assert_ptr_null(in.plan.cgroup.writes[0].usage_file);
	ck_assert_int_eq(plan_cgroup_update(&in.arena, &v2, &in.plan.cgroup,
	                                    &in.config.resources, &update,
	                                    &in.err),
	                 0);
	ck_assert_str_eq(update.writes[0].usage_file, "memory.current");
	ck_assert_uint_eq(update.writes[0].ceiling, 4096);
}

END_TEST

START_TEST(a_container_without_cgroup_has_nothing_to_update)
{
	struct plan_cgroup update;

	in.options.cgroup_disabled = true;
	decided(&v2);
	ck_assert_int_lt(plan_cgroup_update(&in.arena, &v2, &in.plan.cgroup,
	                                    &in.config.resources, &update,
	                                    &in.err),
	                 0);
	ck_assert_int_eq(in.err.kind, ERROR_UNSUPPORTED);
}

END_TEST

START_TEST(root_of_a_writable_tree_owns_the_leaf)
{
	static const char *read_only[] = { "nosuid", "ro" };
	struct oci_namespace namespace = { .type = CLONE_NEWCGROUP };
	struct oci_id_mapping map = { 0, 100000, 65536 };
	struct oci_mount mount = { .destination = "/sys/fs/cgroup",
		                   .type = "cgroup" };
	struct oci_process process = { .user.uid = 7 };

	in.config.namespaces = &namespace;
	in.config.namespaces_count = 1;
	in.config.uid_mappings.items = &map;
	in.config.uid_mappings.count = 1;
	in.spec.mounts = &mount;
	in.spec.mounts_count = 1;
	in.spec.process = &process;
	decided(&v2);
	ck_assert(in.plan.cgroup.owner.set);
	ck_assert_uint_eq(in.plan.cgroup.owner.value, 100007);
	namespace.path = "/proc/1/ns/cgroup";
	decided(&v2);
	ck_assert(!in.plan.cgroup.owner.set);
	namespace.path = NULL;
	mount.options = (struct oci_strings){ read_only, 2 };
	decided(&v2);
	ck_assert(!in.plan.cgroup.owner.set);
}

END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tests = tcase_create(name);

	tcase_add_checked_fixture(tests, setup, teardown);
	suite_add_tcase(suite, tests);
	return tests;
}

static void add_places(Suite *suite)
{
	TCase *tests = add_case(suite, "places");

	tcase_add_loop_test(tests, paths_are_clean_and_cannot_escape, 0,
	                    ARRAY_SIZE(paths));
	tcase_add_test(tests, the_root_is_no_place_for_a_container);
	tcase_add_test(tests, a_v2_host_needs_one_directory);
	tcase_add_test(tests, a_hybrid_host_without_limits_is_like_v2);
	tcase_add_test(tests, a_hybrid_host_joins_only_what_limits);
	tcase_add_test(tests, a_controller_is_limited_where_it_is);
	tcase_add_test(tests, a_v1_host_has_the_freezer_at_least);
	tcase_add_test(tests, without_any_cgroup_only_limits_fail);
	tcase_add_test(tests, a_missing_controller_is_named);
	tcase_add_test(tests, disabled_means_disabled);
	tcase_add_test(tests, a_user_without_limits_can_do_without);
	tcase_add_test(tests, root_of_a_writable_tree_owns_the_leaf);
}

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
	tcase_add_test(tests, no_process_is_a_limit_too);
	tcase_add_test(tests, unified_has_the_last_word);
	tcase_add_test(tests, unified_lines_are_written_one_by_one);
	tcase_add_loop_test(tests, unified_keys_are_file_names, 0,
	                    ARRAY_SIZE(bad_keys));
	tcase_add_test(tests, unified_needs_the_controller_in_v2);
}

static void add_rest(Suite *suite)
{
	TCase *tests = add_case(suite, "devices and updates");

	tcase_add_test(tests, device_rules_are_a_program_where_there_is_v2);
	tcase_add_test(tests, device_rules_are_lines_in_v1);
	tcase_add_test(tests, no_device_rules_are_no_program);
	tcase_add_test(tests, an_update_allows_what_was_forbidden);
	tcase_add_test(tests, an_update_joins_what_limits_now);
	tcase_add_test(tests, an_update_checks_the_use_if_asked);
	tcase_add_test(tests, a_container_without_cgroup_has_nothing_to_update);
}

int main(void)
{
	Suite *suite = suite_create("plan/cgroup");
	SRunner *runner = srunner_create(suite);
	int failed;

	add_places(suite);
	add_limits(suite);
	add_rest(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
