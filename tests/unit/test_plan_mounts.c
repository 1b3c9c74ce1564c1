/* SPDX-License-Identifier: Apache-2.0 */
/* Which steps mounts and devices become, and what is refused. */
#include <linux/capability.h>

#include "plan_tree.h"

/* ---- mounts */

/* A079 */
START_TEST(a_new_file_system_has_its_options)
{
	const struct plan_mount *mount;

	add_mount("/dev/../run/", "tmpfs", "run",
	          "rnosuid noatime size=64k sync");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	mount = mount_at("/run");
	ck_assert_int_eq(mount->kind, PLAN_MOUNT_FS);
	ck_assert_str_eq(mount->origin, "run");
	ck_assert_uint_eq(mount->set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME);
	ck_assert_uint_eq(mount->clear | mount->recursive_set, 0);
	ck_assert_uint_eq(mount->options_count, 2);
	ck_assert_str_eq(mount->options[0].key, "sync");
	ck_assert_str_eq(mount->options[1].value, "64k");
	ck_assert(mount->copy_mode);
	ck_assert_int_eq(mount->fallback_source, -1);
}

END_TEST

/* A092 */
START_TEST(only_a_tmpfs_without_mode_takes_that_of_its_place)
{
	add_mount("/a", "tmpfs", NULL, "mode=1777");
	add_mount("/b", "tmpfs", NULL, "");
	add_mount("/c", "mqueue", NULL, "");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert(!mount_at("/a")->copy_mode);
	ck_assert(mount_at("/b")->copy_mode);
	ck_assert(!mount_at("/c")->copy_mode);
}

END_TEST

START_TEST(a_device_is_opened_read_only_where_that_is_asked_for)
{
	add_mount("/a", "ext4", "/dev/sda", "ro");
	add_mount("/b", "tmpfs", NULL, "ro");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_uint_eq(mount_at("/a")->options_count, 1);
	ck_assert_str_eq(mount_at("/a")->options[0].key, "ro");
	ck_assert_uint_eq(mount_at("/b")->options_count, 0);
	ck_assert_uint_eq(mount_at("/b")->set, RO);
}

END_TEST

/* D005 */
START_TEST(proc_and_sys_may_not_lie_below_links)
{
	add_mount("/proc", "proc", "proc", "");
	add_mount("/sys", "sysfs", "sysfs", "");
	add_mount("/small", "proc", "proc", "subset=pid");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert(mount_at("/proc")->is_proc);
	ck_assert(mount_at("/proc")->no_follow);
	ck_assert(mount_at("/sys")->no_follow);
	/* it has no sys/ to write to */
	ck_assert(!mount_at("/small")->is_proc);
	ck_assert_uint_eq(f.plan.sources_count, 0);
}

END_TEST

/* A087 */
START_TEST(a_user_namespace_with_the_hosts_network_falls_back_to_its_sys)
{
	f.plan.ns.all = f.plan.ns.created = USUAL | CLONE_NEWUSER;
	add_mount("/sys", "sysfs", "sysfs", "ro");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_int_eq(mount_at("/sys")->fallback_source, 0);
	ck_assert_str_eq(f.plan.sources[0].path, "/sys");
	ck_assert(f.plan.sources[0].recursive);
}

END_TEST

/* A140 */
START_TEST(a_label_is_for_file_systems_without_labels)
{
	f.facts.selinux = true;
	f.config.mount_label = "l:m";
	add_mount("/a", "tmpfs", NULL, "mode=755");
	add_mount("/b", "proc", NULL, "");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_uint_eq(mount_at("/a")->options_count, 2);
	ck_assert_str_eq(mount_at("/a")->options[1].key, "context");
	ck_assert_str_eq(mount_at("/a")->options[1].value, "l:m");
	ck_assert_uint_eq(mount_at("/b")->options_count, 0);
}

END_TEST

/* A077 A085 */
START_TEST(a_bind_has_a_source_and_is_private)
{
	const struct plan_mount *mount =
		only_mount("/data", "none", "data", "rbind ro rnoexec");
	const struct plan_source *source = &f.plan.sources[mount->source];

	ck_assert_int_eq(mount->kind, PLAN_MOUNT_BIND);
	ck_assert_int_eq(source->kind, PLAN_SOURCE_TREE);
	ck_assert_str_eq(source->path, "/b/data");
	ck_assert(source->recursive);
	ck_assert_uint_eq(mount->set, RO);
	ck_assert_uint_eq(mount->recursive_set, MOUNT_ATTR_NOEXEC);
	ck_assert_uint_eq(mount->propagation, MS_PRIVATE);
	ck_assert(mount->propagation_recursive);
}

END_TEST

/* A106 */
START_TEST(a_bind_may_propagate)
{
	const struct plan_mount *mount =
		only_mount("/data", NULL, "/data", "bind shared sync");

	ck_assert_uint_eq(mount->propagation, MS_SHARED);
	ck_assert(!mount->propagation_recursive);
	ck_assert(!f.plan.sources[0].recursive);
}

END_TEST

/* A083 */
START_TEST(only_rw_may_meet_a_locked_flag)
{
	add_mount("/a", NULL, "/a", "bind rw");
	add_mount("/b", NULL, "/b", "bind rw exec");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert(mount_at("/a")->may_lack_attr);
	ck_assert(!mount_at("/b")->may_lack_attr);
}

END_TEST

/* A094 */
START_TEST(a_remount_only_changes_attributes)
{
	const struct plan_mount *mount =
		only_mount("/data", "tmpfs", "x", "remount ro noexec size=1m");

	ck_assert_int_eq(mount->kind, PLAN_MOUNT_ATTR);
	ck_assert_uint_eq(mount->set, RO | MOUNT_ATTR_NOEXEC);
	ck_assert_uint_eq(mount->options_count, 0);
	ck_assert_uint_eq(mount->propagation, 0);
}

END_TEST

static const struct {
	const char *destination;
	const char *type;
	const char *words;
	const char *error; /* NULL: allowed */
} checks[] = {
	{ "/proc", "proc", "", NULL },
	{ "/proc", NULL, "rbind", NULL },
	{ "/proc", "tmpfs", "", "only a procfs" },
	{ "/proc/..//proc/", "tmpfs", "", "only a procfs" },
	{ "/proc/self", NULL, "bind", "may not be covered" },
	{ "/proc/self/attr", "tmpfs", "", "may not be covered" },
	{ "/proc/x/../self", NULL, "bind", "may not be covered" },
	{ "proc/self", NULL, "bind", "may not be covered" },
	{ "/proc/cpuinfo", NULL, "bind", NULL },
	{ "/proc/cpuinfo", "tmpfs", "", "may not be covered" },
	{ "/proc/cpuinfo/x", NULL, "bind", "may not be covered" },
	{ "/proc/sys/kernel/ns_last_pid", NULL, "bind", NULL },
	{ "/proc/sys", NULL, "bind", "may not be covered" },
	{ "/proc/sys", NULL, "bind remount ro", NULL },
	{ "/processes", "tmpfs", "", NULL },
	{ "/x", "bind", "", "without the option bind" },
	{ "/x", NULL, "", "without the option bind" },
	{ "/x", NULL, "bind mode=1", NULL },
	{ "/x", NULL, "bind tmpcopyup", "for tmpfs only" },
	{ "/x", "proc", "tmpcopyup", "for tmpfs only" },
	{ "/x", "tmpfs", "tmpcopyup", NULL },
	{ "/", "tmpfs", "tmpcopyup", "cannot copy the root" },
	{ "/x", "tmpfs", "idmap", "needs uidMappings" },
	{ "/x", NULL, "bind idmap", "needs uidMappings" },
};

/* A076 A078 A079 A081 A086 A093 D003 */
START_TEST(mounts_are_checked)
{
	add_mount(checks[_i].destination, checks[_i].type, "/src",
	          checks[_i].words);
	if (checks[_i].error) {
		expect_error(checks[_i].error);
		ck_assert_ptr_nonnull(str_after(f.err.text, "mounts[0]: "));
	} else {
		ck_assert_msg(plan_rootfs(&f.planner, &f.err) == 0, "%s",
		              f.err.text);
	}
}

END_TEST

/* A079 */
START_TEST(a_bind_leaves_out_what_is_for_file_systems)
{
	add_mount("/x", NULL, "/src", "bind mode=1 ro");
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_uint_eq(find_step(PLAN_STEP_MOUNT, "/x")->mount.options_count,
	                  0);
	ck_assert_uint_eq(f.plan.warnings_count, 1);
	ck_assert_ptr_nonnull(
		strstr(f.plan.warnings[0], "/x: \"mode\" is no option"));
}

END_TEST

/* A077 */
START_TEST(a_bind_without_source_is_an_error)
{
	add_mount("/x", NULL, NULL, "bind");
	expect_error("without source");
}

END_TEST

/* ---- devices */

/* A099 A100 A131 */
START_TEST(default_devices_and_links_are_made)
{
	static const char *const devices[] = { "null",   "zero",    "full",
		                               "random", "urandom", "tty" };
	static const char *const links[] = { "fd",     "stdin", "stdout",
		                             "stderr", "core",  "ptmx" };
	size_t i;

	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		const struct plan_device *device =
			&find_step(PLAN_STEP_DEVICE,
		                   arena_printf(&f.arena, "/dev/%s",
		                                devices[i]))
				 ->device;

		ck_assert_uint_eq(device->mode, S_IFCHR | 0666);
		ck_assert(!device->bind);
	}
	for (i = 0; i < ARRAY_SIZE(links); i++)
		find_step(PLAN_STEP_LINK,
		          arena_printf(&f.arena, "/dev/%s", links[i]));
	ck_assert(find_step(PLAN_STEP_LINK, "/dev/ptmx")->link.replace);
	ck_assert_uint_eq(
		find_step(PLAN_STEP_DEVICE, "/dev/tty")->device.device, 0x500);
}

END_TEST

/* A126 A128 A131 */
START_TEST(a_listed_device_replaces_the_default)
{
	struct oci_device listed[] = {
		{ .type = OCI_DEVICE_CHAR,
		  .path = "/dev/null/",
		  .major = 1,
		  .minor = 3,
		  .file_mode = { true, 0600 },
		  .uid = 7 },
		{ .type = OCI_DEVICE_FIFO, .path = "/run/pipe" },
		{ .type = OCI_DEVICE_BLOCK,
		  .path = "/dev/sdz",
		  .major = 259,
		  .minor = 1000 },
	};
	const struct plan_device *device;

	f.config.devices = listed;
	f.config.devices_count = ARRAY_SIZE(listed);
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	device = &find_step(PLAN_STEP_DEVICE, "/dev/null")->device;
	ck_assert_uint_eq(device->mode, S_IFCHR | 0600);
	ck_assert_uint_eq(device->uid, 7);
	device = &find_step(PLAN_STEP_DEVICE, "/run/pipe")->device;
	ck_assert_uint_eq(device->mode, S_IFIFO | 0666);
	device = &find_step(PLAN_STEP_DEVICE, "/dev/sdz")->device;
	/* as makedev(259, 1000) */
	ck_assert_uint_eq(device->device, 0x3103e8);
}

END_TEST

/* A098 */
START_TEST(a_bound_dev_is_left_alone)
{
	struct oci_device listed[] = {
		{ OCI_DEVICE_CHAR, "/dev/foo", 1, 3, { false, 0 }, 0, 0 },
		{ OCI_DEVICE_CHAR, "/foo", 1, 3, { false, 0 }, 0, 0 },
	};

	f.config.devices = listed;
	f.config.devices_count = 2;
	add_mount("/dev/", NULL, "/dev", "rbind ro");
	expect_steps("keyring cut root bind:/dev:ro dev pivot");
	find_step(PLAN_STEP_DEVICE, "/foo");
	ck_assert_uint_eq(f.plan.steps_count, 6);
}

END_TEST

/* A130 */
START_TEST(a_user_namespace_binds_the_hosts_nodes)
{
	struct oci_device fifo = { .type = OCI_DEVICE_FIFO, .path = "/pipe" };
	const struct plan_device *device;

	f.facts.user_namespace = true;
	f.config.devices = &fifo;
	f.config.devices_count = 1;
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	device = &find_step(PLAN_STEP_DEVICE, "/dev/null")->device;
	ck_assert(device->bind);
	ck_assert_int_eq(f.plan.sources[device->source].kind,
	                 PLAN_SOURCE_DEVICE);
	ck_assert_str_eq(f.plan.sources[device->source].path, "/dev/null");
	ck_assert_uint_eq(f.plan.sources[device->source].device, 0x103);
	ck_assert_uint_eq(f.plan.sources[device->source].mode, S_IFCHR);
	ck_assert(!find_step(PLAN_STEP_DEVICE, "/pipe")->device.bind);
}

END_TEST

/* A130: as it was asked for, in the container's ids. */
START_TEST(a_node_for_a_user_namespace_is_made_where_runf_is_root)
{
	struct oci_device devices[] = {
		{ OCI_DEVICE_CHAR, "/dev/a", 1, 3, { true, 0640 }, 0, 0 },
		{ OCI_DEVICE_BLOCK, "/dev/b", 1, 5, { false, 0 }, 1, 2 },
		{ OCI_DEVICE_CHAR, "/dev/c", 1, 7, { false, 0 }, 0, 0 },
		{ OCI_DEVICE_CHAR, "/dev/d", 1, 8, { false, 0 }, 70000, 0 },
	};
	struct oci_id_mapping ids = { 0, 1000, 10 };
	struct plan_source *sources;

	f.plan.ns.created |= CLONE_NEWUSER;
	f.plan.ns.all |= CLONE_NEWUSER;
	f.config.uid_mappings = (struct oci_id_mappings){ &ids, 1 };
	f.config.gid_mappings = f.config.uid_mappings;
	f.config.devices = devices;
	f.config.devices_count = 4;
	f.options.node = "/run/web/node";
	f.facts.caps = UINT64_C(1) << CAP_MKNOD;
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	sources = &f.plan.sources[f.plan.sources_count - 4];
	ck_assert_int_eq(sources[0].kind, PLAN_SOURCE_NODE);
	ck_assert_str_eq(sources[0].path, "/run/web/node6");
	ck_assert_uint_eq(sources[0].mode, S_IFCHR | 0640);
	ck_assert_uint_eq(sources[0].uid, 1000);
	ck_assert_int_eq(sources[1].kind, PLAN_SOURCE_NODE);
	ck_assert_uint_eq(sources[1].mode, S_IFBLK | 0666);
	ck_assert_uint_eq(sources[1].uid, 1001);
	ck_assert_uint_eq(sources[1].gid, 1002);
	ck_assert_int_eq(sources[2].kind, PLAN_SOURCE_DEVICE);
	ck_assert_int_eq(sources[3].kind, PLAN_SOURCE_DEVICE);
}

END_TEST

static void without_root(void)
{
	f.facts.uid = 1000;
}

static void inside_another(void)
{
	f.facts.user_namespace = true;
}

static void without_mknod(void)
{
	f.facts.caps = 0;
}

static void joined(void)
{
	f.plan.ns.created &= ~CLONE_NEWUSER;
}

static void (*const powerless[])(void) = { without_root, inside_another,
	                                   without_mknod, joined };

/* A130 */
START_TEST(else_it_is_the_hosts_node)
{
	struct oci_device device = { OCI_DEVICE_CHAR, "/dev/a", 1, 3,
		                     { true, 0640 },  0,        0 };

	f.plan.ns.created |= CLONE_NEWUSER;
	f.plan.ns.all |= CLONE_NEWUSER;
	f.config.devices = &device;
	f.config.devices_count = 1;
	f.options.node = "/run/web/node";
	f.facts.caps = UINT64_C(1) << CAP_MKNOD;
	powerless[_i]();
	ck_assert_int_eq(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_int_eq(f.plan.sources[f.plan.sources_count - 1].kind,
	                 PLAN_SOURCE_DEVICE);
}

END_TEST

static const struct oci_device bad_devices[] = {
	{ OCI_DEVICE_CHAR, "dev/x", 1, 3, { false, 0 }, 0, 0 },
	{ OCI_DEVICE_CHAR, "/", 1, 3, { false, 0 }, 0, 0 },
	{ OCI_DEVICE_CHAR, "/dev/..", 1, 3, { false, 0 }, 0, 0 },
	{ OCI_DEVICE_ALL, "/dev/x", 1, 3, { false, 0 }, 0, 0 },
	{ OCI_DEVICE_CHAR, "/dev/x", -1, 3, { false, 0 }, 0, 0 },
	{ OCI_DEVICE_CHAR, "/dev/x", 1, 1 << 20, { false, 0 }, 0, 0 },
	{ OCI_DEVICE_CHAR, "/dev/x", 4096, 0, { false, 0 }, 0, 0 },
};

/* A126 A127 */
START_TEST(devices_are_checked)
{
	struct oci_device device = bad_devices[_i];

	f.config.devices = &device;
	f.config.devices_count = 1;
	expect_error("linux.devices[0]: ");
}

END_TEST

/* ---- */

static void add_mount_tests(Suite *suite)
{
	TCase *tcase = tcase_create("mount");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_new_file_system_has_its_options);
	tcase_add_test(tcase,
	               only_a_tmpfs_without_mode_takes_that_of_its_place);
	tcase_add_test(tcase,
	               a_device_is_opened_read_only_where_that_is_asked_for);
	tcase_add_test(tcase, proc_and_sys_may_not_lie_below_links);
	tcase_add_test(
		tcase,
		a_user_namespace_with_the_hosts_network_falls_back_to_its_sys);
	tcase_add_test(tcase, a_label_is_for_file_systems_without_labels);
	tcase_add_test(tcase, a_bind_has_a_source_and_is_private);
	tcase_add_test(tcase, a_bind_may_propagate);
	tcase_add_test(tcase, only_rw_may_meet_a_locked_flag);
	tcase_add_test(tcase, a_remount_only_changes_attributes);
	tcase_add_test(tcase, a_bind_without_source_is_an_error);
	tcase_add_test(tcase, a_bind_leaves_out_what_is_for_file_systems);
	tcase_add_loop_test(tcase, mounts_are_checked, 0, ARRAY_SIZE(checks));
	suite_add_tcase(suite, tcase);
}

static void add_device_tests(Suite *suite)
{
	TCase *tcase = tcase_create("device");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, default_devices_and_links_are_made);
	tcase_add_test(tcase, a_listed_device_replaces_the_default);
	tcase_add_test(tcase, a_bound_dev_is_left_alone);
	tcase_add_test(tcase, a_user_namespace_binds_the_hosts_nodes);
	tcase_add_test(tcase,
	               a_node_for_a_user_namespace_is_made_where_runf_is_root);
	tcase_add_loop_test(tcase, else_it_is_the_hosts_node, 0,
	                    ARRAY_SIZE(powerless));
	tcase_add_loop_test(tcase, devices_are_checked, 0,
	                    ARRAY_SIZE(bad_devices));
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	static void (*const cases[])(Suite *) = { add_mount_tests,
		                                  add_device_tests, NULL };

	return run_cases("plan_mounts", cases);
}
