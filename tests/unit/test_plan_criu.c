/* SPDX-License-Identifier: Apache-2.0 */
/* What of a container CRIU is told to be the host's, and what it must be. */
#include <errno.h>

#include "plan/criu.h"
#include "tests/unit/plan_tree.h"

static struct plan_criu criu;
static struct plan_criu_options wanted;
static const char *const *mountpoints;

static void begin(void)
{
	set_up();
	criu = (struct plan_criu){ 0 };
	wanted = (struct plan_criu_options){ .task = PLAN_CRIU_DUMP };
	mountpoints = NULL;
}

/* The whole plan of the fixture's specification, then CRIU's part. */
static int decide(void)
{
	const struct plan *plan;

	int result = plan_create(&f.arena, &f.spec, &f.facts, &f.options, &plan,
	                         &f.err);

	ck_assert_msg(result == 0, "%s", f.err.text);
	f.plan = *plan;
	return plan_criu(&f.arena, &f.plan, &f.plan.cgroup, &f.spec, &wanted,
	                 mountpoints, &criu, &f.err);
}

static void add_namespace(int type, const char *path)
{
	struct oci_namespace *ns = arena_push(&f.arena, f.config.namespaces,
	                                      f.config.namespaces_count);

	ns->type = type;
	ns->path = path;
}

/* The source for DESTINATION among the external mounts, or NULL. */
static const char *source_of(const char *destination)
{
	size_t i;

	for (i = 0; i < criu.mounts_count; i++)
		if (str_equal(criu.mounts[i].destination, destination))
			return criu.mounts[i].source;
	return NULL;
}

static const char *root_of(const char *controller)
{
	size_t i;

	for (i = 0; i < criu.roots_count; i++)
		if (str_equal(criu.roots[i].controller, controller))
			return criu.roots[i].path;
	return NULL;
}

START_TEST(binds_are_the_hosts_and_other_mounts_are_not)
{
	add_namespace(CLONE_NEWNS, NULL);
	add_mount("/proc", "proc", "proc", "");
	add_mount("/data", "bind", "/srv/data", "bind ro");
	add_mount("/rel", "bind", "part", "bind");
	ck_assert_int_eq(decide(), 0);
	ck_assert_uint_eq(criu.mounts_count, 2);
	ck_assert_str_eq(source_of("/data"), "/srv/data");
	ck_assert_str_eq(source_of("/rel"), "/b/part");
}

END_TEST

START_TEST(mounts_below_a_recursive_bind_came_along)
{
	static const char *const points[] = { "/",
		                              "/srv/data",
		                              "/srv/data/deep",
		                              "/srv/database",
		                              "/srv/flat/deep",
		                              "/b/rootfs",
		                              "/b/rootfs/own",
		                              "/b/rootfs/proc/hidden",
		                              NULL };

	mountpoints = points;
	add_namespace(CLONE_NEWNS, NULL);
	add_mount("/proc", "proc", "proc", "");
	add_mount("/data", "bind", "/srv/data", "rbind");
	add_mount("/flat", "bind", "/srv/flat", "bind");
	ck_assert_int_eq(decide(), 0);
	ck_assert_str_eq(source_of("/data/deep"), "/srv/data/deep");
	ck_assert_str_eq(source_of("/own"), "/b/rootfs/own");
	ck_assert_ptr_null(source_of("/flat/deep"));
	ck_assert_ptr_null(source_of("/proc/hidden"));
	ck_assert_uint_eq(criu.mounts_count, 4);
}

END_TEST

START_TEST(without_mounts_of_its_own_nothing_is_external)
{
	ck_assert_int_eq(decide(), 0);
	ck_assert_uint_eq(criu.mounts_count, 0);
	wanted.task = PLAN_CRIU_RESTORE;
	ck_assert_int_eq(decide(), 0);
	ck_assert_ptr_null(criu.root);
}

END_TEST

START_TEST(joined_namespaces_are_kept_or_joined_again)
{
	add_namespace(CLONE_NEWNET, "/run/netns/a");
	add_namespace(CLONE_NEWIPC, "/proc/7/ns/ipc");
	add_namespace(CLONE_NEWTIME, "/proc/7/ns/time");
	ck_assert_int_eq(decide(), 0);
	ck_assert_uint_eq(criu.namespaces_count, 3);
	ck_assert_str_eq(criu.namespaces[2].name, "time");
	ck_assert_ptr_null(criu.namespaces[2].key);
	ck_assert_str_eq(criu.namespaces[0].name, "net");
	ck_assert_str_eq(criu.namespaces[0].key, "runf-net");
	ck_assert_str_eq(criu.namespaces[1].name, "ipc");
	ck_assert_ptr_null(criu.namespaces[1].key);
	ck_assert_str_eq(criu.namespaces[1].path, "/proc/7/ns/ipc");
}

END_TEST

START_TEST(a_joined_mount_namespace_is_refused)
{
	add_namespace(CLONE_NEWNS, "/proc/7/ns/mnt");
	ck_assert_int_lt(decide(), 0);
	ck_assert_int_eq(f.err.kind, ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(f.err.text, "/proc/7/ns/mnt"));
}

END_TEST

START_TEST(its_own_cgroup_is_frozen_but_not_one_that_others_use)
{
	ck_assert_int_eq(decide(), 0);
	ck_assert_str_eq(criu.freeze_cgroup, "/sys/fs/cgroup/web");
	f.plan.cgroup.dirs[0].keep = true;
	ck_assert_int_eq(plan_criu(&f.arena, &f.plan, &f.plan.cgroup, &f.spec,
	                           &wanted, mountpoints, &criu, &f.err),
	                 0);
	ck_assert_ptr_null(criu.freeze_cgroup);
}

END_TEST

START_TEST(on_a_hybrid_host_criu_freezes_in_v1_only)
{
	static struct facts_cgroup_v1 v1[] = {
		{ "freezer", "/sys/fs/cgroup/freezer" },
		{ "pids", "/sys/fs/cgroup/pids" },
	};

	f.facts.cgroup = (struct facts_cgroup){
		.mode = FACTS_CGROUP_HYBRID,
		.v2_mount = "/sys/fs/cgroup/unified",
		.v2_controllers = "",
		.v1 = v1,
		.v1_count = 2,
	};
	ck_assert_int_eq(decide(), 0);
	ck_assert_ptr_null(criu.freeze_cgroup);
	ck_assert_uint_eq(criu.controllers_count, 1);
	ck_assert_str_eq(criu.controllers[0], "");
	f.facts.cgroup.v2_mount = NULL;
	f.facts.cgroup.mode = FACTS_CGROUP_V1;
	ck_assert_int_eq(decide(), 0);
	ck_assert_str_eq(criu.freeze_cgroup, "/sys/fs/cgroup/freezer/web");
	ck_assert_str_eq(criu.controllers[0], "freezer");
}

END_TEST

START_TEST(a_hierarchy_has_the_containers_root_or_ours)
{
	const char *ours =
		"4:cpu,cpuacct:/ours\n3:name=systemd:/s:d\n0::/us\nx\n";

	wanted.task = PLAN_CRIU_RESTORE;
	ck_assert_int_eq(decide(), 0);
	plan_criu_roots(&f.arena, &f.plan.cgroup, ours, &criu);
	ck_assert_uint_eq(criu.roots_count, 4);
	ck_assert_str_eq(root_of("cpu"), "/ours");
	ck_assert_str_eq(root_of("cpuacct"), "/ours");
	ck_assert_str_eq(root_of("name=systemd"), "/s:d");
	ck_assert_str_eq(root_of(""), "/web");
	wanted.cgroups = "ignore";
	ck_assert_int_eq(decide(), 0);
	plan_criu_roots(&f.arena, &f.plan.cgroup, ours, &criu);
	ck_assert_uint_eq(criu.roots_count, 0);
}

END_TEST

/* C023 B074 */
START_TEST(a_unit_is_where_systemd_watches_it)
{
	struct plan_cgroup_dir dirs[] = {
		{ .controllers = "pids", .path = "/x.slice/web.scope" },
		{ .controllers = "", .path = "/x.slice/web.scope" },
	};
	struct plan_cgroup made = {
		.path = "/x.slice/web.scope",
		.unit.name = "web.scope",
		.dirs = dirs,
		.dirs_count = 1,
	};

	criu.cgroups = PLAN_CRIU_CGROUPS_SOFT;
	plan_criu_roots(&f.arena, &made, "2:pids:/us\n1:name=systemd:/us\n",
	                &criu);
	ck_assert_str_eq(root_of("pids"), "/x.slice/web.scope");
	ck_assert_str_eq(root_of("name=systemd"), "/x.slice/web.scope");
	/* Of a v2 tree it takes no notice elsewhere. */
	made.dirs_count = 2;
	criu.roots = NULL;
	criu.roots_count = 0;
	plan_criu_roots(&f.arena, &made, "1:name=systemd:/us\n0::/us\n", &criu);
	ck_assert_str_eq(root_of("name=systemd"), "/us");
	ck_assert_str_eq(root_of(""), "/x.slice/web.scope");
}

END_TEST

/* C002 */
START_TEST(the_annotation_names_criu_s_configuration)
{
	struct oci_pair pair = { "org.criu.config", "/etc/x" };

	ck_assert_int_eq(decide(), 0);
	ck_assert_ptr_null(criu.config);
	f.spec.annotations = (struct oci_map){ &pair, 1 };
	ck_assert_int_eq(decide(), 0);
	ck_assert_str_eq(criu.config, "/etc/x");
	pair.value = "";
	ck_assert_int_eq(decide(), 0);
	ck_assert_str_eq(criu.config, "");
}

END_TEST

START_TEST(more_is_needed_where_more_is_asked_for)
{
	ck_assert_int_eq(decide(), 0);
	ck_assert_int_eq(criu.version, CRIU_VERSION(3, 14, 0));
	ck_assert(!criu.needs_memory_tracking && !criu.needs_lazy_pages);
	wanted.parent_path = "../before";
	wanted.lsm_mount_context = "x";
	ck_assert_int_eq(decide(), 0);
	ck_assert_int_eq(criu.version, CRIU_VERSION(3, 16, 0));
	ck_assert(criu.needs_memory_tracking);
	wanted.network_lock = "skip";
	wanted.flags.lazy_pages = true;
	wanted.page_server = "[::1]:27";
	ck_assert_int_eq(decide(), 0);
	ck_assert_int_eq(criu.version, CRIU_VERSION(3, 17, 0));
	ck_assert(criu.needs_lazy_pages);
	ck_assert_str_eq(criu.page_server_address, "[::1]");
	ck_assert_int_eq(criu.page_server_port, 27);
}

END_TEST

START_TEST(ids_of_a_user_namespace_are_the_hosts)
{
	struct oci_id_mapping uids = { 0, 1000, 10 };
	struct oci_id_mapping gids = { 0, 2000, 10 };
	const char *args[] = { "true" };
	struct oci_process process = {
		.cwd = "/",
		.args = { args, 1 },
		.user.uid = 3,
	};

	f.config.uid_mappings = (struct oci_id_mappings){ &uids, 1 };
	f.config.gid_mappings = (struct oci_id_mappings){ &gids, 1 };
	f.spec.process = &process;
	add_namespace(CLONE_NEWUSER, NULL);
	add_namespace(CLONE_NEWNS, NULL);
	ck_assert_int_eq(decide(), 0);
	ck_assert(criu.image_group.set && !criu.stdio_owner.set);
	ck_assert_uint_eq(criu.image_group.value, 2000);
	wanted.task = PLAN_CRIU_RESTORE;
	ck_assert_int_eq(decide(), 0);
	ck_assert(!criu.image_group.set && criu.stdio_owner.set);
	ck_assert_uint_eq(criu.stdio_owner.value, 1003);
}

END_TEST

static const struct wrong {
	struct plan_criu_options options;
	const char *text;
} wrong[] = {
	{ { .parent_path = "/abs" }, "--parent-path" },
	{ { .cgroups = "hard" }, "--manage-cgroups-mode" },
	{ { .network_lock = "" }, "--network-lock" },
	{ { .empty_namespace = "pid" }, "--empty-ns" },
	{ { .page_server = "host" }, "ADDRESS:PORT" },
	{ { .page_server = "host:" }, "ADDRESS:PORT" },
	{ { .page_server = ":80" }, "ADDRESS:PORT" },
	{ { .page_server = "host:99999" }, "ADDRESS:PORT" },
	{ { .page_server = "host:0" }, "ADDRESS:PORT" },
	{ { .status_fd = 3 }, "--lazy-pages" },
	{ { .task = PLAN_CRIU_DUMP, .flags.lazy_pages = true },
	  "--page-server" },
	{ { .task = PLAN_CRIU_PRE_DUMP, .flags.lazy_pages = true },
	  "--pre-dump" },
};

START_TEST(what_cannot_be_meant_is_a_usage_error)
{
	wanted = wrong[_i].options;
	ck_assert_int_eq(decide(), -EINVAL);
	ck_assert_int_eq(f.err.kind, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(f.err.text, wrong[_i].text));
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("plan_criu");
	TCase *tcase = tcase_create("plan_criu");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, begin, tear_down);
	tcase_add_test(tcase, binds_are_the_hosts_and_other_mounts_are_not);
	tcase_add_test(tcase, mounts_below_a_recursive_bind_came_along);
	tcase_add_test(tcase, without_mounts_of_its_own_nothing_is_external);
	tcase_add_test(tcase, joined_namespaces_are_kept_or_joined_again);
	tcase_add_test(tcase, a_joined_mount_namespace_is_refused);
	tcase_add_test(tcase,
	               its_own_cgroup_is_frozen_but_not_one_that_others_use);
	tcase_add_test(tcase, on_a_hybrid_host_criu_freezes_in_v1_only);
	tcase_add_test(tcase, a_hierarchy_has_the_containers_root_or_ours);
	tcase_add_test(tcase, a_unit_is_where_systemd_watches_it);
	tcase_add_test(tcase, the_annotation_names_criu_s_configuration);
	tcase_add_test(tcase, more_is_needed_where_more_is_asked_for);
	tcase_add_test(tcase, ids_of_a_user_namespace_are_the_hosts);
	tcase_add_loop_test(tcase, what_cannot_be_meant_is_a_usage_error, 0,
	                    (int)ARRAY_SIZE(wrong));
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
