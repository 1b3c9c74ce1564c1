/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of init: which, in which order, and what is refused. */
#include "plan_tree.h"

/* ---- order */

START_TEST(the_smallest_container_has_a_root_and_a_dev)
{
	expect_steps("keyring cut root dev pivot");
}

END_TEST

/* A009 A039 A101 A149 */
START_TEST(everything_has_its_place_in_the_order)
{
	struct oci_process process = { .terminal = true };
	struct oci_pair sysctl = { "net.ipv4.ip_forward", "1" };
	const char *masked[] = { "/proc/kcore", "/sys/firmware/" };
	const char *readonly[] = { "/proc/sys" };
	int all = USUAL | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;

	f.plan.ns.all = f.plan.ns.created = all;
	f.spec.process = &process;
	f.spec.hostname = "h";
	f.spec.domainname = "d";
	f.root.readonly = true;
	f.config.sysctl = (struct oci_map){ &sysctl, 1 };
	f.config.masked_paths = (struct oci_strings){ masked, 2 };
	f.config.readonly_paths = (struct oci_strings){ readonly, 1 };
	f.config.rootfs_propagation = "rshared";
	f.plan.hooks[PLAN_HOOK_PRESTART].count = 1;
	f.plan.hooks[PLAN_HOOK_CREATE_CONTAINER].count = 1;
	add_mount("/proc", "proc", "proc", "");
	add_mount("/dev/", "tmpfs", "tmpfs", "nosuid mode=755 ro");
	expect_steps("namespace keyring loopback hostname domainname cut root "
	             "fs.proc:/proc fs.tmpfs:/dev dev runtime-hooks "
	             "container-hooks console pivot sysctl propagation "
	             "readonly-root readonly mask mask attr:/dev:ro");
	ck_assert_str_eq(find_step(PLAN_STEP_KEYRING, NULL)->text, "_ses.web");
	ck_assert_str_eq(find_step(PLAN_STEP_ROOT, NULL)->text, "/b/rootfs");
}

END_TEST

/* B044 B045 */
START_TEST(options_change_the_steps)
{
	f.options.no_pivot = true;
	f.options.no_new_keyring = true;
	f.plan.hooks[PLAN_HOOK_POSTSTART].count = 1;
	expect_steps("cut root dev move-root");
}

END_TEST

START_TEST(init_takes_only_its_own_namespace_steps)
{
	struct plan_ns_step steps[] = {
		{ .actor = PLAN_IN_PARENT, .verb = PLAN_NS_CLONE },
		{ .actor = PLAN_IN_INIT, .verb = PLAN_NS_JOIN },
		{ .actor = PLAN_IN_BRIDGE, .verb = PLAN_NS_JOIN },
	};

	f.plan.ns.steps = steps;
	f.plan.ns.count = 3;
	expect_steps("namespace keyring cut root dev pivot");
}

END_TEST

/* A071 */
START_TEST(a_name_needs_a_uts_namespace)
{
	f.spec.hostname = "h";
	expect_error("hostname: needs a uts namespace");
}

END_TEST

/* C044 */
START_TEST(without_a_mount_namespace_there_is_only_a_root)
{
	f.plan.ns.all = f.plan.ns.created = CLONE_NEWPID;
	add_mount("/proc", "proc", "proc", "");
	expect_steps("keyring host-root chroot");
	ck_assert_uint_eq(f.plan.warnings_count, 1);
}

END_TEST

/* C044 */
START_TEST(a_joined_mount_namespace_is_not_changed)
{
	f.plan.ns.created = CLONE_NEWPID;
	expect_steps("keyring host-root chroot");
}

END_TEST

/* A113 C044 */
START_TEST(restrictions_need_a_mount_namespace)
{
	f.plan.ns.all = f.plan.ns.created = CLONE_NEWPID;
	f.root.readonly = true;
	expect_error("need a new mount namespace");
}

END_TEST

/* A138 */
START_TEST(paths_to_hide_are_absolute)
{
	const char *masked[] = { "proc/kcore" };

	f.config.masked_paths = (struct oci_strings){ masked, 1 };
	expect_error("linux.maskedPaths: \"proc/kcore\" is not absolute");
}

END_TEST

/* /proc is restricted before what has to wait, unless something still comes. */
static void restrict_proc(void)
{
	static const char *masked[] = { "/proc/kcore", "/sys/firmware" };
	static const char *readonly[] = { "/proc/sys" };

	f.config.masked_paths = (struct oci_strings){ masked, 2 };
	f.config.readonly_paths = (struct oci_strings){ readonly, 1 };
	f.plan.ns.created = f.plan.ns.all = USUAL | CLONE_NEWNET;
	f.plan.ns.helped = CLONE_NEWNET;
	add_mount("/proc", "proc", "proc", "");
	add_mount("/sys", "sysfs", "sysfs", "");
}

START_TEST(proc_is_restricted_while_the_network_is_made)
{
	restrict_proc();
	expect_steps("keyring cut root fs.proc:/proc dev readonly mask "
	             "namespace fs.sysfs:/sys pivot mask");
}

END_TEST

/* A149 */
START_TEST(a_sysctl_is_set_before_proc_is_restricted)
{
	struct oci_pair sysctl = { "net.ipv4.ip_forward", "1" };

	restrict_proc();
	f.config.sysctl = (struct oci_map){ &sysctl, 1 };
	expect_steps("keyring cut root fs.proc:/proc dev namespace "
	             "fs.sysfs:/sys pivot sysctl readonly mask mask");
}

END_TEST

START_TEST(a_hook_sees_proc_unrestricted)
{
	static const enum plan_hook_kind kinds[] = {
		PLAN_HOOK_PRESTART,
		PLAN_HOOK_CREATE_RUNTIME,
		PLAN_HOOK_CREATE_CONTAINER,
	};

	restrict_proc();
	f.plan.hooks[kinds[_i]].count = 1;
	expect_steps(_i < 2 ? "keyring cut root fs.proc:/proc dev namespace "
	                      "fs.sysfs:/sys runtime-hooks pivot readonly "
	                      "mask mask"
	                    : "keyring cut root fs.proc:/proc dev namespace "
	                      "fs.sysfs:/sys container-hooks pivot readonly "
	                      "mask mask");
}

END_TEST

START_TEST(a_root_that_is_mounted_late_is_restricted_afterwards)
{
	restrict_proc();
	add_mount("/", "tmpfs", "tmpfs", "");
	expect_steps("keyring cut root fs.proc:/proc dev namespace "
	             "fs.sysfs:/sys fs.tmpfs:/ pivot readonly mask mask");
}

END_TEST

/* ---- propagation */

static const struct {
	const char *word;
	bool user_namespace;
	uint64_t cut;
	uint64_t after; /* 0: no step */
} propagations[] = {
	{ NULL, false, MS_PRIVATE | MS_REC, 0 },
	{ NULL, true, MS_SLAVE | MS_REC, 0 },
	{ "private", false, MS_PRIVATE | MS_REC, 0 },
	{ "rprivate", true, MS_SLAVE | MS_REC, MS_PRIVATE | MS_REC },
	{ "slave", false, MS_SLAVE | MS_REC, 0 },
	{ "rslave", false, MS_SLAVE | MS_REC, 0 },
	{ "shared", false, MS_SLAVE | MS_REC, MS_SHARED },
	{ "rshared", false, MS_SLAVE | MS_REC, MS_SHARED | MS_REC },
	{ "unbindable", false, MS_PRIVATE | MS_REC, MS_UNBINDABLE },
	{ "runbindable", true, MS_SLAVE | MS_REC, MS_UNBINDABLE | MS_REC },
};

/* A137 D028 */
START_TEST(the_root_is_cut_off_and_then_propagates_as_told)
{
	f.config.rootfs_propagation = propagations[_i].word;
	f.facts.user_namespace = propagations[_i].user_namespace;
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_uint_eq(find_step(PLAN_STEP_CUT, NULL)->flags,
	                  propagations[_i].cut);
	if (propagations[_i].after)
		ck_assert_uint_eq(find_step(PLAN_STEP_PROPAGATION, NULL)->flags,
		                  propagations[_i].after);
	else
		ck_assert_ptr_null(strstr(steps_text(), "propagation"));
}

END_TEST

static const struct {
	const char *key;
	const char *path;
} sysctls[] = {
	{ "net.ipv4.ip_forward", "net/ipv4/ip_forward" },
	{ "net/ipv4/ip_forward", "net/ipv4/ip_forward" },
	{ "net/ipv4/conf/eno2.100/x", "net/ipv4/conf/eno2.100/x" },
	{ "net.ipv4.conf.eno2/100.x", "net/ipv4/conf/eno2.100/x" },
};

/* A143 */
START_TEST(the_first_separator_of_a_sysctl_decides)
{
	struct oci_pair pair = { sysctls[_i].key, "1" };

	f.config.sysctl = (struct oci_map){ &pair, 1 };
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_str_eq(find_step(PLAN_STEP_SYSCTL, NULL)->sysctl.path,
	                 sysctls[_i].path);
}

END_TEST

/* ---- cgroups */

/* A088 */
START_TEST(v2_with_a_namespace_is_mounted_anew)
{
	f.plan.ns.all = f.plan.ns.created = USUAL | CLONE_NEWCGROUP;
	f.plan.cgroup.mode = PLAN_CGROUP_V2;
	add_cgroup_dir("", "/sys/fs/cgroup");
	add_mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro nsdelegate");
	expect_steps("namespace keyring cut root fs.cgroup2:/sys/fs/cgroup:ro "
	             "dev pivot");
	ck_assert_uint_eq(f.plan.sources_count, 0);
	ck_assert_str_eq(mount_at("/sys/fs/cgroup")->options[0].key,
	                 "nsdelegate");
}

END_TEST

/* A088 D009 */
START_TEST(v2_without_a_namespace_shows_its_own_part)
{
	f.plan.cgroup.mode = PLAN_CGROUP_V2;
	add_cgroup_dir("", "/sys/fs/cgroup");
	add_mount("/sys/fs/cgroup", "cgroup", "cgroup", "rw");
	/* In a user namespace it may be somebody else's. */
	f.facts.user_namespace = _i;
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_str_eq(f.plan.sources[0].path, "/sys/fs/cgroup/web");
	ck_assert_uint_eq(mount_at("/sys/fs/cgroup")->set,
	                  _i ? RO | SAFE : SAFE);
}

END_TEST

/* A088 */
START_TEST(a_joined_namespace_of_others_falls_back_to_its_own_part)
{
	f.facts.user_namespace = true;
	f.plan.ns.all = USUAL | CLONE_NEWCGROUP;
	f.plan.cgroup.mode = PLAN_CGROUP_V2;
	add_cgroup_dir("", "/sys/fs/cgroup");
	add_mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_int_ge(mount_at("/sys/fs/cgroup")->fallback_source, 0);
}

END_TEST

/* A088 D009 */
START_TEST(without_a_cgroup_there_is_nothing_to_see)
{
	f.plan.cgroup.mode = PLAN_CGROUP_DISABLED;
	if (_i) {
		f.plan.cgroup.mode = PLAN_CGROUP_V2;
		f.plan.cgroup.optional = true;
		add_cgroup_dir("", "/sys/fs/cgroup");
	}
	add_mount("/sys/fs/cgroup", "cgroup", "cgroup", "rw");
	expect_steps("keyring cut root fs.tmpfs:/sys/fs/cgroup:ro dev pivot");
}

END_TEST

static void be_hybrid(void)
{
	f.facts.cgroup.mode = FACTS_CGROUP_HYBRID;
	f.plan.ns.all = f.plan.ns.created = USUAL | CLONE_NEWCGROUP;
	f.plan.cgroup.mode = PLAN_CGROUP_V1;
	add_cgroup_dir("", "/sys/fs/cgroup/unified");
	add_cgroup_dir("cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct");
	add_cgroup_dir("name=systemd", "/sys/fs/cgroup/systemd");
}

/* A089 */
START_TEST(hybrid_shows_each_hierarchy_as_late_as_possible)
{
	const struct plan_mount *mount;

	be_hybrid();
	f.plan.hooks[PLAN_HOOK_CREATE_RUNTIME].count = 1;
	add_mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro");
	add_mount("/etc/hosts", NULL, "/hosts", "bind");
	expect_steps(
		"keyring cut root dev wait-cgroup "
		"namespace fs.tmpfs:/sys/fs/cgroup "
		"fs.cgroup2:/sys/fs/cgroup/unified:ro "
		"fs.cgroup:/sys/fs/cgroup/cpu,cpuacct:ro link link "
		"fs.cgroup:/sys/fs/cgroup/systemd:ro "
		"attr:/sys/fs/cgroup:ro bind:/etc/hosts runtime-hooks pivot");
	mount = mount_at("/sys/fs/cgroup/cpu,cpuacct");
	ck_assert_uint_eq(mount->options_count, 2);
	ck_assert_str_eq(mount->options[0].key, "cpu");
	ck_assert_str_eq(mount->options[1].key, "cpuacct");
	mount = mount_at("/sys/fs/cgroup/systemd");
	ck_assert_str_eq(mount->options[0].key, "name");
	ck_assert_str_eq(mount->options[0].value, "systemd");
	ck_assert_str_eq(find_step(PLAN_STEP_LINK, "/sys/fs/cgroup/cpuacct")
	                         ->link.target,
	                 "cpu,cpuacct");
}

END_TEST

START_TEST(what_stands_on_the_cgroup_mount_comes_after_it)
{
	be_hybrid();
	add_mount("/sys/fs/cgroup", "cgroup", "cgroup", "");
	add_mount("/sys/fs/cgroup/x", "tmpfs", NULL, "");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_ptr_nonnull(str_after(
		steps_text(), "keyring cut root dev wait-cgroup namespace "
			      "fs.tmpfs:/sys/fs/cgroup "));
	ck_assert(str_has_suffix(steps_text(),
	                         "fs.tmpfs:/sys/fs/cgroup/x pivot"));
}

END_TEST

/* A088 */
START_TEST(what_is_read_only_is_filled_first)
{
	be_hybrid();
	add_mount("/t", "tmpfs", NULL, "ro");
	add_mount("/covered", "tmpfs", NULL, "ro");
	add_mount("/covered", "tmpfs", NULL, "");
	add_mount("/f", "tmpfs", NULL, "ro");
	add_mount("/f/x/y", "tmpfs", NULL, "ro");
	add_mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro");
	add_mount("/sys/fs/cgroup/x", "tmpfs", NULL, "");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_ptr_nonnull(str_after(
		steps_text(),
		"keyring cut root fs.tmpfs:/t:ro fs.tmpfs:/covered:ro "
		"fs.tmpfs:/covered fs.tmpfs:/f "
		"fs.tmpfs:/f/x/y:ro dev "));
	ck_assert(str_has_suffix(steps_text(),
	                         "fs.tmpfs:/sys/fs/cgroup/x attr:/f:ro "
	                         "attr:/sys/fs/cgroup:ro pivot"));
}

END_TEST

/* What is listed behind it waits too, but for the devices' file system. */
START_TEST(what_shows_the_network_waits_for_its_maker)
{
	f.plan.ns.helped = CLONE_NEWNET;
	f.plan.ns.created = f.plan.ns.all = USUAL;
	add_mount("/proc", "proc", "proc", "");
	add_mount("/sys", "sysfs", "sysfs", "ro");
	add_mount("/dev", "tmpfs", NULL, "");
	add_mount("/data", NULL, "/hosts", "bind");
	add_mount("/sys/kernel/x", "tmpfs", NULL, "");
	expect_steps("keyring cut root fs.proc:/proc fs.tmpfs:/dev dev "
	             "namespace fs.sysfs:/sys:ro bind:/data "
	             "fs.tmpfs:/sys/kernel/x pivot");
	ck_assert_int_eq(find_step(PLAN_STEP_NAMESPACE, NULL)->ns.verb,
	                 PLAN_NS_TAKE);
}

END_TEST

/* A089 D009 */
START_TEST(hybrid_without_a_namespace_binds)
{
	be_hybrid();
	f.plan.ns.all = f.plan.ns.created = USUAL;
	add_mount("/sys/fs/cgroup", "cgroup", "cgroup", "");
	expect_steps("keyring cut root dev wait-cgroup "
	             "fs.tmpfs:/sys/fs/cgroup "
	             "bind:/sys/fs/cgroup/unified "
	             "bind:/sys/fs/cgroup/cpu,cpuacct link link "
	             "bind:/sys/fs/cgroup/systemd pivot");
	ck_assert_str_eq(f.plan.sources[1].path,
	                 "/sys/fs/cgroup/cpu,cpuacct/web");
}

END_TEST

START_TEST(a_v1_cgroup_is_waited_for_even_without_its_mount)
{
	be_hybrid();
	expect_steps("keyring cut root dev wait-cgroup namespace pivot");
}

END_TEST

START_TEST(a_v2_leaf_alone_is_not_waited_for)
{
	be_hybrid();
	f.plan.cgroup.dirs_count = 1;
	expect_steps("namespace keyring cut root dev pivot");
}

END_TEST

/* ---- */

static void add_order_tests(Suite *suite)
{
	TCase *tcase = tcase_create("order");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_smallest_container_has_a_root_and_a_dev);
	tcase_add_test(tcase, everything_has_its_place_in_the_order);
	tcase_add_test(tcase, options_change_the_steps);
	tcase_add_test(tcase, init_takes_only_its_own_namespace_steps);
	tcase_add_test(tcase, a_name_needs_a_uts_namespace);
	tcase_add_test(tcase, without_a_mount_namespace_there_is_only_a_root);
	tcase_add_test(tcase, a_joined_mount_namespace_is_not_changed);
	tcase_add_test(tcase, restrictions_need_a_mount_namespace);
	tcase_add_test(tcase, paths_to_hide_are_absolute);
	tcase_add_test(tcase, proc_is_restricted_while_the_network_is_made);
	tcase_add_test(tcase, a_sysctl_is_set_before_proc_is_restricted);
	tcase_add_loop_test(tcase, a_hook_sees_proc_unrestricted, 0, 3);
	tcase_add_test(tcase,
	               a_root_that_is_mounted_late_is_restricted_afterwards);
	tcase_add_loop_test(tcase,
	                    the_root_is_cut_off_and_then_propagates_as_told, 0,
	                    ARRAY_SIZE(propagations));
	tcase_add_loop_test(tcase, the_first_separator_of_a_sysctl_decides, 0,
	                    ARRAY_SIZE(sysctls));
	suite_add_tcase(suite, tcase);
}

static void add_cgroup_tests(Suite *suite)
{
	TCase *tcase = tcase_create("cgroup");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, v2_with_a_namespace_is_mounted_anew);
	tcase_add_loop_test(tcase, v2_without_a_namespace_shows_its_own_part, 0,
	                    2);
	tcase_add_test(tcase,
	               a_joined_namespace_of_others_falls_back_to_its_own_part);
	tcase_add_loop_test(tcase, without_a_cgroup_there_is_nothing_to_see, 0,
	                    2);
	tcase_add_test(tcase, hybrid_shows_each_hierarchy_as_late_as_possible);
	tcase_add_test(tcase, what_stands_on_the_cgroup_mount_comes_after_it);
	tcase_add_test(tcase, what_is_read_only_is_filled_first);
	tcase_add_test(tcase, what_shows_the_network_waits_for_its_maker);
	tcase_add_test(tcase, hybrid_without_a_namespace_binds);
	tcase_add_test(tcase, a_v1_cgroup_is_waited_for_even_without_its_mount);
	tcase_add_test(tcase, a_v2_leaf_alone_is_not_waited_for);
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	static void (*const cases[])(Suite *) = { add_order_tests,
		                                  add_cgroup_tests, NULL };

	return run_cases("plan_rootfs", cases);
}
