/* SPDX-License-Identifier: Apache-2.0 */
/* Resources, kinds of host, and the plan that follows, as text. */
#pragma once

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
	{ "pids", "/cg/pids" },       { "blkio", "/cg/blkio" },
	{ "rdma", "/cg/rdma" },       { "net_cls,net_prio", "/cg/net" },
};

static struct facts_cgroup_v1 few_hierarchies[] = {
	{ "cpu,cpuacct", "/cg/cpu" },
};

static const struct facts v2 __attribute__((unused)) = {
	.cgroup = { FACTS_CGROUP_V2, "/cg", NULL, NULL, 0 },
};
static const struct facts hybrid __attribute__((unused)) = {
	.cgroup = { FACTS_CGROUP_HYBRID, "/cg/unified", "hugetlb", hierarchies,
	            ARRAY_SIZE(hierarchies) },
};
static const struct facts hybrid_few __attribute__((unused)) = {
	.cgroup = { FACTS_CGROUP_HYBRID, "/cg/unified", "memory pids",
	            few_hierarchies, ARRAY_SIZE(few_hierarchies) },
};
static const struct facts v1 __attribute__((unused)) = {
	.cgroup = { FACTS_CGROUP_V1, NULL, NULL, hierarchies,
	            ARRAY_SIZE(hierarchies) },
};
static const struct facts v1_few __attribute__((unused)) = {
	.cgroup = { FACTS_CGROUP_V1, NULL, NULL, few_hierarchies,
	            ARRAY_SIZE(few_hierarchies) },
};
static const struct facts none
	__attribute__((unused)) = { .cgroup = { .mode = FACTS_CGROUP_NONE } };
static const struct facts rootless __attribute__((unused)) = {
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

static inline void setup(void)
{
	memset(&in, 0, sizeof(in));
	in.spec.linux_ = &in.config;
	in.options.id = "web";
	in.config.resources.set = true;
}

static inline void teardown(void)
{
	arena_release(&in.arena);
}

static inline int decide(const struct facts *facts)
{
	struct planner p = {
		.arena = &in.arena,
		.spec = &in.spec,
		.facts = facts,
		.options = &in.options,
		.plan = &in.plan,
	};

	memset(&in.plan, 0, sizeof(in.plan));
	return plan_cgroup(&p, &in.err);
}

/* "memory.max=1 " for each write; '?' for those that may be missing. */
static inline const char *text_of(const struct plan_cgroup *plan)
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

static inline const char *decided(const struct facts *facts)
{
	ck_assert_msg(decide(facts) == 0, "%s", in.err.text);
	return text_of(&in.plan.cgroup);
}

static inline void assert_refused(const struct facts *facts,
                                  enum error_kind kind, const char *words)
{
	ck_assert_int_lt(decide(facts), 0);
	ck_assert_int_eq(in.err.kind, kind);
	ck_assert_msg(strstr(in.err.text, words) != NULL, "%s", in.err.text);
}

static inline struct opt_i64 some(int64_t value)
{
	return (struct opt_i64){ true, value };
}

static inline struct opt_u64 some_u(uint64_t value)
{
	return (struct opt_u64){ true, value };
}

static inline const char *updated(const struct facts *facts)
{
	struct plan_cgroup update;

	decided(facts);
	ck_assert_msg(plan_cgroup_update(&in.arena, facts, &in.plan.cgroup,
	                                 &in.config.resources, &update,
	                                 &in.err) == 0,
	              "%s", in.err.text);
	return text_of(&update);
}

static inline TCase *add_case(Suite *suite, const char *name)
{
	TCase *tests = tcase_create(name);

	tcase_add_checked_fixture(tests, setup, teardown);
	suite_add_tcase(suite, tests);
	return tests;
}

static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
