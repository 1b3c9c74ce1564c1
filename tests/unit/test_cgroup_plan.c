/* SPDX-License-Identifier: Apache-2.0 */
/* Which cgroups a container has, on each kind of host. */
#include "cgroup_plan.h"

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

/* A150 A151 A152 */
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

/* E043 */
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

/* C028 */
START_TEST(disabled_means_disabled)
{
	in.options.cgroup_disabled = true;
	in.config.resources.memory.limit = some(4096);
	ck_assert_str_eq(decided(&v2), "");
	ck_assert_int_eq(in.plan.cgroup.mode, PLAN_CGROUP_DISABLED);
	ck_assert_uint_eq(in.plan.warnings_count, 1);
}

END_TEST

/* C031 */
START_TEST(a_user_without_limits_can_do_without)
{
	decided(&rootless);
	ck_assert(in.plan.cgroup.optional);
	in.config.resources.pids.limit = some(7);
	decided(&rootless);
	ck_assert(!in.plan.cgroup.optional);
}

END_TEST

/* ---- unified */

/* A174 */
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

/* A182 */
START_TEST(unified_has_the_last_word)
{
	in.config.resources.memory.limit = some(4096);
	in.config.resources.pids.limit = some(3);
	set_unified("memory.max", "8192");
	ck_assert_str_eq(decided(&v2), ":pids.max=3 | :memory.max=8192");
	ck_assert_str_eq(in.plan.cgroup.enable, "pids memory");
}

END_TEST

/* A182 */
START_TEST(unified_lines_are_written_one_by_one)
{
	set_unified("io.max", "8:0 rbps=1\n8:16 rbps=2\n");
	ck_assert_str_eq(decided(&v2),
	                 ":io.max=8:0 rbps=1 | :io.max=8:16 rbps=2");
	set_unified("cpuset.cpus", "");
	ck_assert_str_eq(decided(&v2), ":cpuset.cpus=\n");
}

END_TEST

/* A192 */
START_TEST(a_controller_that_nobody_knows_yet_is_enabled)
{
	set_unified("dmem.max", "drm/card0 4096");
	ck_assert_str_eq(decided(&v2), ":dmem.max=drm/card0 4096");
	ck_assert_str_eq(in.plan.cgroup.enable, "dmem");
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

/* A182 D022 */
START_TEST(unified_keys_are_file_names)
{
	set_unified(bad_keys[_i], "1");
	assert_refused(&v2, ERROR_CONFIG, "has not the form CONTROLLER.VALUE");
}

END_TEST

/* A182 */
START_TEST(unified_needs_the_controller_in_v2)
{
	set_unified("memory.high", "1");
	assert_refused(&hybrid, ERROR_UNSUPPORTED,
	               "the memory controller is not in the v2 tree: "
	               "cgroup v1 holds it at /cg/memory");
	set_unified("io.max", "8:0 rbps=1");
	assert_refused(&hybrid, ERROR_UNSUPPORTED, "the io controller");
	set_unified("foo.bar", "1");
	assert_refused(
		&hybrid, ERROR_UNSUPPORTED,
		"the requested cgroup controller `foo` is not available");
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

/* A157 */
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

/* A157 A158 */
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

/* A157 */
START_TEST(the_last_rule_decides_in_v1_too_or_is_refused)
{
	static struct oci_device_rule list[] = {
		{ false, OCI_DEVICE_ALL, -1, -1, 7 },
		{ true, OCI_DEVICE_ALL, 9, -1, 3 },
		{ false, OCI_DEVICE_CHAR, 9, -1, OCI_ACCESS_WRITE },
		{ false, OCI_DEVICE_BLOCK, -1, -1, OCI_ACCESS_READ },
		{ false, OCI_DEVICE_CHAR, 9, 4, OCI_ACCESS_READ },
	};

	in.config.resources.devices = list;
	in.config.resources.devices_count = 4;
	ck_assert_ptr_nonnull(str_after(decided(&v1),
	                                "devices:devices.deny=a | "
	                                "devices:devices.allow=b 9:* w | "
	                                "devices:devices.allow=c 9:* r | "));
	in.config.resources.devices_count = 5;
	assert_refused(&v1, ERROR_UNSUPPORTED, "take back a part of a rule");
	/* A program can say that. */
	decided(&hybrid);
	ck_assert_ptr_nonnull(in.plan.cgroup.device_program);
}

END_TEST

/* A159 */
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

/* A159 */
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

/* A167 */
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

/* A156 */
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

static void add_unified(Suite *suite)
{
	TCase *tests = add_case(suite, "unified");

	tcase_add_test(tests, no_process_is_a_limit_too);
	tcase_add_test(tests, unified_has_the_last_word);
	tcase_add_test(tests, unified_lines_are_written_one_by_one);
	tcase_add_test(tests, a_controller_that_nobody_knows_yet_is_enabled);
	tcase_add_loop_test(tests, unified_keys_are_file_names, 0,
	                    ARRAY_SIZE(bad_keys));
	tcase_add_test(tests, unified_needs_the_controller_in_v2);
}

static void add_rest(Suite *suite)
{
	TCase *tests = add_case(suite, "devices and updates");

	tcase_add_test(tests, device_rules_are_a_program_where_there_is_v2);
	tcase_add_test(tests, device_rules_are_lines_in_v1);
	tcase_add_test(tests, the_last_rule_decides_in_v1_too_or_is_refused);
	tcase_add_test(tests, no_device_rules_are_no_program);
	tcase_add_test(tests, an_update_allows_what_was_forbidden);
	tcase_add_test(tests, an_update_joins_what_limits_now);
	tcase_add_test(tests, an_update_checks_the_use_if_asked);
	tcase_add_test(tests, a_container_without_cgroup_has_nothing_to_update);
}

int main(void)
{
	Suite *suite = suite_create("plan/cgroup");

	add_places(suite);
	add_unified(suite);
	add_rest(suite);
	return run_suite(suite);
}
