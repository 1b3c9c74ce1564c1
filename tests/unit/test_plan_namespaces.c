/* SPDX-License-Identifier: Apache-2.0 */
/* Who enters which namespace when: one row per kind of configuration. */
#include <check.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/str.h"
#include "plan/decide.h"

#define PID    CLONE_NEWPID
#define NET    CLONE_NEWNET
#define IPC    CLONE_NEWIPC
#define UTS    CLONE_NEWUTS
#define MOUNT  CLONE_NEWNS
#define USER   CLONE_NEWUSER
#define CGROUP CLONE_NEWCGROUP
#define TIME   CLONE_NEWTIME
#define USUAL  (PID | NET | IPC | UTS | MOUNT)

static const struct str_value type_names[] = {
	{ "cgroup", CGROUP }, { "ipc", IPC }, { "mount", MOUNT },
	{ "net", NET },       { "pid", PID }, { "time", TIME },
	{ "user", USER },     { "uts", UTS }, { NULL, 0 },
};

struct row {
	const char *name;
	int created;
	int joined;
	const char *steps;
};

/* clang-format off */
static const struct row rows[] = {
	{ "the usual container is one clone", USUAL, 0,
	  "parent:clone(ipc,mount,net,pid,uts)" },
	{ "no namespace at all is a plain clone", 0, 0,
	  "parent:clone()" },
	{ "the cgroup namespace is not cloned", MOUNT | CGROUP, 0,
	  "parent:clone(mount)" },
	{ "a new time namespace is entered by init", MOUNT | TIME, 0,
	  "parent:clone(mount) init:offsets(time)" },
	{ "a joined pid namespace is entered by the parent", MOUNT, PID,
	  "parent:join(pid) parent:clone(mount)" },
	{ "a joined net namespace is entered by init", PID | MOUNT, NET,
	  "parent:clone(mount,pid) init:join(net)" },
	{ "a joined mount namespace is the last", IPC, NET | MOUNT | UTS,
	  "parent:clone(ipc) init:join(net) init:join(uts) init:join(mount)" },
	{ "pid by the parent, the others by init", MOUNT, PID | NET | IPC,
	  "parent:join(pid) parent:clone(mount) init:join(ipc) "
	  "init:join(net)" },
	{ "a joined cgroup namespace is entered by init", MOUNT, CGROUP,
	  "parent:clone(mount) init:join(cgroup)" },
	{ "a joined time namespace is entered by init", MOUNT, TIME,
	  "parent:clone(mount) init:join(time)" },
	{ "new time comes before a joined mount", TIME, MOUNT,
	  "parent:clone() init:offsets(time) init:join(mount)" },

	{ "a new user namespace waits for its maps", USER | USUAL, 0,
	  "parent:clone(ipc,mount,net,pid,user,uts) "
	  "init:wait-idmap(user) init:become-root(user)" },
	{ "offsets are written before the ids change", USER | TIME, 0,
	  "parent:clone(user) init:wait-idmap(user) init:offsets(time) "
	  "init:become-root(user)" },
	{ "new user, joined net: by the parent, which still may",
	  USER | MOUNT, NET,
	  "parent:join(net) parent:clone(mount,user) "
	  "init:wait-idmap(user) init:become-root(user)" },
	{ "new user, many joined: all by the parent",
	  USER | MOUNT, PID | NET | IPC | UTS | CGROUP | TIME,
	  "parent:join(pid) parent:join(time) parent:join(ipc) "
	  "parent:join(net) parent:join(uts) parent:join(cgroup) "
	  "parent:clone(mount,user) init:wait-idmap(user) "
	  "init:become-root(user)" },
	{ "new user, joined mount: the parent could not go back",
	  USER | PID, MOUNT | NET,
	  "parent:clone() bridge:join(net) bridge:join(mount) "
	  "bridge:clone(pid,user) init:wait-idmap(user) "
	  "init:become-root(user)" },

	{ "a joined user namespace needs a bridge", USUAL, USER,
	  "parent:clone() bridge:join(user) "
	  "bridge:clone(ipc,mount,net,pid,uts) init:become-root(user)" },
	{ "what the user namespace may not own is joined before it",
	  MOUNT, USER | NET | PID,
	  "parent:clone() bridge:join(pid) bridge:join(net) "
	  "bridge:join(user) bridge:clone(mount) init:become-root(user)" },
	{ "everything joined", 0,
	  USER | USUAL | CGROUP | TIME,
	  "parent:clone() bridge:join(pid) bridge:join(time) "
	  "bridge:join(ipc) bridge:join(net) bridge:join(uts) "
	  "bridge:join(cgroup) bridge:join(mount) bridge:join(user) "
	  "bridge:clone() init:become-root(user)" },
	{ "joined user, new time", TIME | CGROUP, USER,
	  "parent:clone() bridge:join(user) bridge:clone() "
	  "init:offsets(time) init:become-root(user)" },
};

/* clang-format on */

static unsigned int row_cpus;
static bool row_nested;

static void add_namespace(struct arena *arena, struct oci_linux *config,
                          int type, const char *path)
{
	struct oci_namespace *ns =
		arena_push(arena, config->namespaces, config->namespaces_count);

	ns->type = type;
	ns->path = path;
}

static const struct plan *plan_row(struct arena *arena, int created, int joined)
{
	struct oci_linux *config = arena_new(arena, struct oci_linux);
	struct oci_spec spec = { .linux_ = config };
	struct facts facts = { .last_cap = 40,
		               .cpus = row_cpus,
		               .user_namespace = row_nested };
	struct plan_options options = { .id = "c" };
	struct plan *plan = arena_new(arena, struct plan);
	struct planner p = {
		.arena = arena,
		.spec = &spec,
		.facts = &facts,
		.options = &options,
		.plan = plan,
	};
	const struct str_value *row;

	for (row = type_names; row->name; row++) {
		int type = (int)row->value;

		if (created & type)
			add_namespace(arena, config, type, NULL);
		if (joined & type)
			add_namespace(arena, config, type,
			              arena_printf(arena, "/ns/%s", row->name));
	}
	ck_assert_int_eq(plan_namespaces(&p, NULL), 0);
	return plan;
}

static void render_types(struct buf *buf, int types)
{
	const struct str_value *row;
	const char *comma = "";

	for (row = type_names; row->name; row++) {
		if (!((uint64_t)(unsigned int)types & row->value))
			continue;
		buf_printf(buf, "%s%s", comma, row->name);
		comma = ",";
	}
}

static const char *render(struct arena *arena, const struct plan_namespaces *ns)
{
	static const char *const actors[] = { "parent", "bridge", "init" };
	static const char *const verbs[] = {
		"join",    "clone", "unshare",     "wait-idmap",
		"offsets", "take",  "become-root",
	};
	struct buf buf = { .arena = arena };
	size_t i;

	for (i = 0; i < ns->count; i++) {
		const struct plan_ns_step *step = &ns->steps[i];

		buf_printf(&buf, "%s%s:%s(", i > 0 ? " " : "",
		           actors[step->actor], verbs[step->verb]);
		render_types(&buf, step->flags);
		buf_add_char(&buf, ')');
	}
	return buf_str(&buf);
}

/* B146: rootless podman's exec and pods */
START_TEST(in_a_user_namespace_what_is_joined_cannot_be_left)
{
	auto_arena struct arena arena = { .chunks = NULL };

	row_nested = true;
	ck_assert_str_eq(render(&arena,
	                        &plan_row(&arena, MOUNT, PID | NET)->ns),
	                 "parent:clone() bridge:join(pid) bridge:join(net) "
	                 "bridge:clone(mount)");
	ck_assert_str_eq(render(&arena,
	                        &plan_row(&arena, USER | MOUNT, NET)->ns),
	                 "parent:clone() bridge:join(net) "
	                 "bridge:clone(mount,user) init:wait-idmap(user) "
	                 "init:become-root(user)");
	ck_assert_str_eq(render(&arena, &plan_row(&arena, MOUNT, NET)->ns),
	                 "parent:clone(mount) init:join(net)");
	row_nested = false;
}

END_TEST

/* A114 A115 A119 A122 A123 E002 */
START_TEST(each_kind_of_configuration_has_its_steps)
{
	const struct row *row = &rows[_i];
	auto_arena struct arena arena = { .chunks = NULL };
	const struct plan *plan = plan_row(&arena, row->created, row->joined);

	ck_assert_msg(str_equal(render(&arena, &plan->ns), row->steps),
	              "%s\nis    %s\nnot   %s", row->name,
	              render(&arena, &plan->ns), row->steps);
	ck_assert_int_eq(plan->ns.created, row->created);
	ck_assert_int_eq(plan->ns.all, row->created | row->joined);
}

END_TEST

START_TEST(a_second_cpu_makes_the_network_namespace)
{
	static const struct {
		int created;
		int joined;
		unsigned int cpus;
		bool helped;
	} cases[] = {
		{ USUAL, 0, 2, true },         { USUAL, 0, 1, false },
		{ USUAL, 0, 0, false },        { USUAL | USER, 0, 2, false },
		{ USUAL, USER, 2, false },     { PID | MOUNT, NET, 2, false },
		{ NET | MOUNT, PID, 2, true },
	};
	auto_arena struct arena arena = { .chunks = NULL };
	const struct plan *plan;

	row_cpus = cases[_i].cpus;
	plan = plan_row(&arena, cases[_i].created, cases[_i].joined);
	row_cpus = 0;
	ck_assert_int_eq(plan->ns.helped != 0, cases[_i].helped);
	/* Whoever makes it, it is made once. */
	ck_assert_int_eq(strstr(render(&arena, &plan->ns), "net") == NULL,
	                 cases[_i].helped);
}

END_TEST

START_TEST(each_join_names_the_source_of_its_type)
{
	auto_arena struct arena arena = { .chunks = NULL };
	const struct plan *plan =
		plan_row(&arena, 0, USER | USUAL | CGROUP | TIME);
	size_t joins = 0;
	size_t i;

	for (i = 0; i < plan->ns.count; i++) {
		const struct plan_ns_step *step = &plan->ns.steps[i];

		if (step->verb != PLAN_NS_JOIN)
			continue;
		joins++;
		ck_assert_uint_lt(step->source, plan->sources_count);
		ck_assert_int_eq(plan->sources[step->source].namespace_type,
		                 step->flags);
	}
	ck_assert_uint_eq(joins, 8);
	ck_assert_uint_eq(plan->sources_count, 8);
}

END_TEST

/* A121 */
START_TEST(offsets_are_written_as_the_kernel_reads_them)
{
	auto_arena struct arena arena = { .chunks = NULL };
	struct oci_namespace ns = { .type = TIME };
	struct oci_linux config = {
		.namespaces = &ns,
		.namespaces_count = 1,
		.monotonic = { true, -5, 7 },
		.boottime = { true, 100, 0 },
	};
	struct oci_spec spec = { .linux_ = &config };
	struct facts facts = { .last_cap = 40 };
	struct plan_options options = { .id = "c" };
	struct plan plan = { .id = "c" };
	struct planner p = {
		.arena = &arena,
		.spec = &spec,
		.facts = &facts,
		.options = &options,
		.plan = &plan,
	};

	ck_assert_int_eq(plan_namespaces(&p, NULL), 0);
	ck_assert_str_eq(plan.ns.time_offsets,
	                 "monotonic -5 7\nboottime 100 0\n");
	config.monotonic.set = false;
	config.boottime.set = false;
	plan = (struct plan){ .id = "c" };
	ck_assert_int_eq(plan_namespaces(&p, NULL), 0);
	ck_assert_ptr_null(plan.ns.time_offsets);
}

END_TEST

START_TEST(a_config_without_linux_makes_nothing)
{
	auto_arena struct arena arena = { .chunks = NULL };
	struct oci_spec spec = { .linux_ = NULL };
	struct facts facts = { .last_cap = 40 };
	struct plan_options options = { .id = "c" };
	struct plan plan = { .id = "c" };
	struct planner p = {
		.arena = &arena,
		.spec = &spec,
		.facts = &facts,
		.options = &options,
		.plan = &plan,
	};

	ck_assert_int_eq(plan_namespaces(&p, NULL), 0);
	ck_assert_str_eq(render(&arena, &plan.ns), "parent:clone()");
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("plan/namespaces");
	TCase *tests = tcase_create("steps");
	SRunner *runner = srunner_create(suite);
	tcase_add_test(tests,
	               in_a_user_namespace_what_is_joined_cannot_be_left);
	int failed;

	tcase_add_loop_test(tests, each_kind_of_configuration_has_its_steps, 0,
	                    (int)ARRAY_SIZE(rows));
	tcase_add_loop_test(tests, a_second_cpu_makes_the_network_namespace, 0,
	                    7);
	tcase_add_test(tests, each_join_names_the_source_of_its_type);
	tcase_add_test(tests, offsets_are_written_as_the_kernel_reads_them);
	tcase_add_test(tests, a_config_without_linux_makes_nothing);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
