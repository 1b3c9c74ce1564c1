/* SPDX-License-Identifier: Apache-2.0 */
/* Which unit of systemd a container gets, where, and with what properties. */
#include "cgroup_plan.h"

static void setup_unit(void)
{
	setup();
	in.options.systemd_cgroup = true;
}

/* "MemoryMax=t 1 | TasksMax=t 2": what differs from a unit without limits. */
static const char *properties_text(const struct plan_unit *unit)
{
	static const char *const usual[] = {
		"Description",     "DefaultDependencies",
		"CollectMode",     "Slice",
		"Delegate",        "CPUAccounting",
		"IOAccounting",    "MemoryAccounting",
		"TasksAccounting",
	};
	struct buf buf = { .arena = &in.arena };
	size_t i;
	size_t t;

	buf_add_str(&buf, "");
	for (i = 0; i < unit->count; i++) {
		const struct plan_unit_property *p = &unit->properties[i];
		bool known = false;

		for (t = 0; t < ARRAY_SIZE(usual); t++)
			known = known || str_equal(p->name, usual[t]);
		if (known)
			continue;
		buf_printf(&buf, "%s%s%s=%s", buf.length ? " | " : "",
		           p->recent ? "?" : "", p->name, p->value.type);
		for (t = 0; t < p->value.count; t++)
			buf_printf(&buf, " %s", p->value.tokens[t]);
	}
	return buf_str(&buf);
}

static const char *properties(const struct facts *facts)
{
	decided(facts);
	return properties_text(&in.plan.cgroup.unit);
}

static const char *property(const char *name)
{
	const struct plan_unit *unit = &in.plan.cgroup.unit;
	const char *value = NULL;
	size_t i;

	for (i = 0; i < unit->count; i++)
		if (str_equal(unit->properties[i].name, name))
			value = unit->properties[i].value.tokens[0];
	return value;
}

static const struct {
	const char *given;
	const char *unit; /* NULL: refused */
	const char *path;
} paths[] = {
	{ NULL, "runf-web.scope", "/system.slice/runf-web.scope" },
	{ "", "runf-web.scope", "/system.slice/runf-web.scope" },
	{ "a.slice:crio:b", "crio-b.scope", "/a.slice/crio-b.scope" },
	{ "a-b-c.slice:p:n", "p-n.scope",
	  "/a.slice/a-b.slice/a-b-c.slice/p-n.scope" },
	{ "::n", "n.scope", "/system.slice/n.scope" },
	{ "-.slice:p:n", "p-n.scope", "/p-n.scope" },
	{ ":p:pod-x.slice", "pod-x.slice", "/pod.slice/pod-x.slice" },
	{ ":p:a/b c", "p-a\\x2fb\\x20c.scope",
	  "/system.slice/p-a\\x2fb\\x20c.scope" },
	{ ":p:a\\x2fb", "p-a\\x2fb.scope", "/system.slice/p-a\\x2fb.scope" },
	{ ":.p:a+b@c.d", "\\x2ep-a\\x2bb\\x40c.d.scope",
	  "/system.slice/\\x2ep-a\\x2bb\\x40c.d.scope" },
	{ "system.slice:p:..", "p-\\x2e..scope",
	  "/system.slice/p-\\x2e..scope" },
	{ "/a/b", NULL, NULL },
	{ "a.slice:p", NULL, NULL },
	{ "a.slice:p:", NULL, NULL },
	{ "a.slice:p:n:m", NULL, NULL },
	{ "a:p:n", NULL, NULL },
	{ "../a.slice:p:n", NULL, NULL },
	{ "a--b.slice:p:n", NULL, NULL },
	{ "-a.slice:p:n", NULL, NULL },
	{ "a-.slice:p:n", NULL, NULL },
	{ ".slice:p:n", NULL, NULL },
	{ ":p:a--b.slice", NULL, NULL },
};

/* A152 A153 */
START_TEST(slice_prefix_and_name_are_a_unit)
{
	in.config.cgroups_path = paths[_i].given;
	if (!paths[_i].unit) {
		assert_refused(&v2, ERROR_CONFIG, "linux.cgroupsPath");
		return;
	}
	decided(&v2);
	ck_assert_str_eq(in.plan.cgroup.unit.name, paths[_i].unit);
	ck_assert_str_eq(in.plan.cgroup.path, paths[_i].path);
	ck_assert_str_eq(in.plan.cgroup.dirs[0].path, paths[_i].path);
	ck_assert(!in.plan.cgroup.unit.user);
}

END_TEST

static const struct {
	const char *name;
	const char *path; /* NULL: refused */
} subgroups[] = {
	{ "", "/system.slice/runf-web.scope" },
	{ "container", "/system.slice/runf-web.scope/container" },
	{ "a b:c", "/system.slice/runf-web.scope/a b:c" },
	{ ".", NULL },
	{ "..", NULL },
	{ "a/b", NULL },
	{ "/a", NULL },
};

/* C011 */
START_TEST(an_annotation_names_a_cgroup_below_the_unit)
{
	struct oci_pair pair = { "run.oci.systemd.subgroup",
		                 subgroups[_i].name };

	in.spec.annotations = (struct oci_map){ &pair, 1 };
	if (!subgroups[_i].path) {
		assert_refused(&v2, ERROR_CONFIG, pair.key);
		return;
	}
	decided(&v2);
	ck_assert_str_eq(in.plan.cgroup.unit.name, "runf-web.scope");
	ck_assert_str_eq(in.plan.cgroup.path, subgroups[_i].path);
	ck_assert_str_eq(in.plan.cgroup.dirs[0].path, subgroups[_i].path);
}

END_TEST

/* C025 */
START_TEST(weights_of_devices_have_their_nodes)
{
	struct oci_weight_device devices[] = {
		{ .major = 8, .minor = 0, .weight = 500 },
		{ .major = 8, .minor = 16, .weight = 10 },
	};

	in.config.resources.block_io.weight_devices = devices;
	in.config.resources.block_io.weight_devices_count = 2;
	ck_assert_str_eq(properties(&v2),
	                 "IODeviceWeight=a(st) 2 /dev/block/8:0 4950 "
	                 "/dev/block/8:16 1");
}

END_TEST

/* A153 C024 */
START_TEST(without_root_it_is_the_users_manager)
{
	decided(&rootless);
	ck_assert(in.plan.cgroup.unit.user);
	ck_assert(!in.plan.cgroup.optional);
	ck_assert_str_eq(property("Slice"), "user.slice");
}

END_TEST

START_TEST(a_name_is_not_longer_than_systemd_takes)
{
	char name[300];

	memset(name, 'x', sizeof(name));
	name[0] = name[1] = ':';
	name[2 + 255 - strlen(".scope")] = '\0';
	in.config.cgroups_path = name;
	decided(&v2);
	ck_assert_uint_eq(strlen(in.plan.cgroup.unit.name), 255);
	name[2 + 255 - strlen(".scope")] = 'x';
	name[2 + 256 - strlen(".scope")] = '\0';
	assert_refused(&v2, ERROR_CONFIG, "longer than 255");
}

END_TEST

/* C023 */
START_TEST(a_scope_is_delegated_a_slice_is_not)
{
	decided(&v2);
	ck_assert_str_eq(property("Delegate"), "1");
	ck_assert_str_eq(property("DefaultDependencies"), "0");
	ck_assert_str_eq(property("Slice"), "system.slice");
	ck_assert_str_eq(property("MemoryAccounting"), "1");
	in.config.cgroups_path = ":p:pod.slice";
	decided(&v2);
	ck_assert_ptr_null(property("Delegate"));
	ck_assert_ptr_null(property("Slice"));
}

END_TEST

/* C025 */
START_TEST(limits_of_v2_are_said_in_systemds_words)
{
	struct oci_resources *r = &in.config.resources;
	struct oci_pair unified[] = { { "memory.high", "7" },
		                      { "memory.zswap.max", "max" },
		                      { "hugetlb.2MB.max", "1" } };

	r->memory.limit = some(100);
	r->memory.swap = some(150);
	r->memory.reservation = some(-1);
	r->cpu.shares = some_u(512);
	r->cpu.cpus = "0-2,9";
	r->cpu.mems = "0";
	r->pids.limit = some(0);
	r->block_io.weight = 500;
	r->unified = (struct oci_map){ unified, ARRAY_SIZE(unified) };
	ck_assert_str_eq(properties(&v2),
	                 "MemoryMax=t 100 | MemorySwapMax=t 50 | "
	                 "MemoryLow=t 18446744073709551615 | CPUWeight=t 59 | "
	                 "?AllowedCPUs=ay 2 7 2 | ?AllowedMemoryNodes=ay 1 1 | "
	                 "TasksMax=t 1 | IOWeight=t 4950 | MemoryHigh=t 7 | "
	                 "?MemoryZSwapMax=t 18446744073709551615");
	/* The file has what was meant. */
	ck_assert_ptr_nonnull(strstr(text_of(&in.plan.cgroup), ":pids.max=0"));
}

END_TEST

/* C025 */
START_TEST(limits_of_v1_are_said_in_its_words)
{
	struct oci_resources *r = &in.config.resources;

	r->memory.limit = some(100);
	r->cpu.shares = some_u(512);
	r->cpu.quota = some(50000);
	r->pids.limit = some(3);
	ck_assert_str_eq(properties(&hybrid),
	                 "MemoryLimit=t 100 | CPUShares=t 512 | TasksMax=t 3 | "
	                 "CPUQuotaPerSecUSec=t 500000 | "
	                 "?CPUQuotaPeriodUSec=t 100000");
}

END_TEST

/* A173 */
START_TEST(an_idle_container_has_no_weight)
{
	in.config.resources.cpu.idle = some(1);
	in.config.resources.cpu.shares = some_u(512);
	ck_assert_str_eq(properties(&v2), "?CPUWeight=t 0");
}

END_TEST

static const struct {
	int64_t quota;
	uint64_t period;
	const char *share;
	const char *file;
} quotas[] = {
	{ 50000, 100000, "500000", ":cpu.max=50000 100000" },
	{ 12345, 100000, "130000", ":cpu.max=13000 100000" },
	{ 1000, 1000000, "10000", ":cpu.max=10000 1000000" },
	{ 200000, 100000, "2000000", ":cpu.max=200000 100000" },
	{ -1, 50000, "18446744073709551615", ":cpu.max=max 50000" },
};

/* C025 */
START_TEST(a_quota_is_rounded_up_to_percents_and_so_is_the_file)
{
	in.config.resources.cpu.quota = some(quotas[_i].quota);
	in.config.resources.cpu.period = some_u(quotas[_i].period);
	ck_assert_str_eq(decided(&v2), quotas[_i].file);
	ck_assert_str_eq(property("CPUQuotaPerSecUSec"), quotas[_i].share);
}

END_TEST

/* D059 */
START_TEST(every_cpu_has_its_bit)
{
	in.config.resources.cpu.cpus = "8-16,63,8191";
	decided(&v2);
	ck_assert_str_eq(property("AllowedCPUs"), "1024");
	in.config.resources.cpu.cpus = "15-17";
	ck_assert_str_eq(properties(&v2), "?AllowedCPUs=ay 3 0 128 3");
	/* The kernel knows more than bits can say, or knows better. */
	in.config.resources.cpu.cpus = "0-7:2/4";
	ck_assert_str_eq(properties(&v2), "");
	in.config.resources.cpu.cpus = "8192";
	ck_assert_str_eq(properties(&v2), "");
	in.config.resources.cpu.cpus = "3-1";
	ck_assert_str_eq(properties(&v2), "");
}

END_TEST

/* C027 */
START_TEST(device_rules_are_systemds_only_in_v1)
{
	struct oci_device_rule rules[] = {
		{ false, OCI_DEVICE_ALL, -1, -1, 7 },
		{ true, OCI_DEVICE_BLOCK, 8, 1, 1 },
	};

	in.config.resources.devices = rules;
	in.config.resources.devices_count = 1;
	ck_assert_str_eq(properties(&v2), "");
	ck_assert_str_eq(properties(&hybrid), "");
	in.config.resources.devices_count = 2;
	decided(&v1);
	ck_assert_str_eq(property("DevicePolicy"), "strict");
	ck_assert_ptr_nonnull(strstr(properties(&v1), " char-136 rwm"));
	ck_assert_ptr_nonnull(strstr(properties(&v1), " block-* m"));
	ck_assert_ptr_nonnull(strstr(properties(&v1), " /dev/block/8:1 r"));
	/* What it has no words for it is not told half. */
	rules[1].major = -1;
	decided(&v1);
	ck_assert_ptr_null(property("DevicePolicy"));
	ck_assert_uint_eq(in.plan.warnings_count, 1);
}

END_TEST

/* B135 C027 */
START_TEST(an_update_says_what_it_changes_and_no_devices)
{
	struct oci_device_rule rule = { false, OCI_DEVICE_ALL, -1, -1, 7 };
	struct plan_cgroup update;

	decided(&v1);
	in.config.resources.pids.limit = some(3);
	in.config.resources.cpu.quota = some(1234);
	in.config.resources.devices = &rule;
	in.config.resources.devices_count = 1;
	ck_assert_int_eq(plan_cgroup_update(&in.arena, &v1, &in.plan.cgroup,
	                                    &in.config.resources, &update,
	                                    &in.err),
	                 0);
	ck_assert_str_eq(update.unit.name, "runf-web.scope");
	ck_assert_str_eq(properties_text(&update.unit), "TasksMax=t 3");
	ck_assert(update.unit.cpu_quota);
}

END_TEST

static const struct {
	const char *key;
	const char *value;
	const char *property; /* NULL: refused */
} annotations[] = {
	{ "org.systemd.property.TimeoutStopSec", "30",
	  "TimeoutStopUSec=t 30000000" },
	{ "org.systemd.property.TimeoutStopUSec", "uint64 30",
	  "TimeoutStopUSec=t 30" },
	{ "org.systemd.property.CollectMode", "'inactive'", "" },
	{ "org.systemd.property.CPUAffinity", "[byte 3]",
	  "CPUAffinity=ay 1 3" },
	{ "org.systemd.property.After", "['a.service', 'b.service']",
	  "After=as 2 a.service b.service" },
	{ "org.systemd.propertyX", "nonsense", "" },
	{ "org.systemd.property.", "1", NULL },
	{ "org.systemd.property.A1", "1", NULL },
	{ "org.systemd.property.A.B", "1", NULL },
	{ "org.systemd.property.A-B", "1", NULL },
	{ "org.systemd.property.PIDs", "[uint32 1]", NULL },
	{ "org.systemd.property.PIDFDs", "[uint32 1]", NULL },
	{ "org.systemd.property.CollectMode", "inactive", NULL },
	{ "org.systemd.property.TimeoutStopSec", "'soon'", NULL },
};

/* C001 D025 */
START_TEST(annotations_are_properties)
{
	struct oci_pair pair = { annotations[_i].key, annotations[_i].value };

	in.spec.annotations = (struct oci_map){ &pair, 1 };
	if (!annotations[_i].property) {
		assert_refused(&v2, ERROR_CONFIG, pair.key);
		return;
	}
	ck_assert_str_eq(properties(&v2), annotations[_i].property);
	/* Without systemd nobody asks for them. */
	in.options.systemd_cgroup = false;
	decided(&v2);
	ck_assert_ptr_null(in.plan.cgroup.unit.name);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("cgroup_unit");
	TCase *tests = tcase_create("units");

	tcase_add_checked_fixture(tests, setup_unit, teardown);
	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, slice_prefix_and_name_are_a_unit, 0,
	                    (int)ARRAY_SIZE(paths));
	tcase_add_loop_test(tests, an_annotation_names_a_cgroup_below_the_unit,
	                    0, (int)ARRAY_SIZE(subgroups));
	tcase_add_test(tests, weights_of_devices_have_their_nodes);
	tcase_add_test(tests, without_root_it_is_the_users_manager);
	tcase_add_test(tests, a_name_is_not_longer_than_systemd_takes);
	tcase_add_test(tests, a_scope_is_delegated_a_slice_is_not);
	tcase_add_test(tests, limits_of_v2_are_said_in_systemds_words);
	tcase_add_test(tests, limits_of_v1_are_said_in_its_words);
	tcase_add_test(tests, an_idle_container_has_no_weight);
	tcase_add_loop_test(
		tests, a_quota_is_rounded_up_to_percents_and_so_is_the_file, 0,
		(int)ARRAY_SIZE(quotas));
	tcase_add_test(tests, every_cpu_has_its_bit);
	tcase_add_test(tests, device_rules_are_systemds_only_in_v1);
	tcase_add_test(tests, an_update_says_what_it_changes_and_no_devices);
	tcase_add_loop_test(tests, annotations_are_properties, 0,
	                    (int)ARRAY_SIZE(annotations));
	return run_suite(suite);
}
