/* SPDX-License-Identifier: Apache-2.0 */
/* Limits and device rules hold, and change, for processes that run. */
#include "cgroup_host.h"

static int body_hog(void)
{
	size_t size = 64 << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 1, size);
	return 0;
}

/* A160 */
START_TEST(memory_is_limited_and_its_deaths_are_counted)
{
	uint64_t count = 7;
	int status;

	if (!use_host(_i))
		return;
	config.resources.memory.limit = some(8 << 20);
	config.resources.memory.swap = some(8 << 20);
	if (!try_create())
		return;
	ck_assert_int_eq(WEXITSTATUS(run(body_exit)), 0);
	ck_assert_int_eq(cgroup_oom_count(&plan.cgroup, &count), 0);
	ck_assert_uint_eq(count, 0);
	status = run(body_hog);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_eq(cgroup_oom_count(&plan.cgroup, &count), 0);
	ck_assert_uint_ge(count, 1);
}

END_TEST

static int body_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno;
	return waitpid(pid, NULL, 0) == pid ? 0 : 1;
}

/* A174 */
START_TEST(processes_are_limited)
{
	if (!use_host(_i))
		return;
	config.resources.pids.limit = some(1);
	if (!try_create())
		return;
	ck_assert_int_eq(WEXITSTATUS(run(body_fork)), EAGAIN);
}

END_TEST

/* CPU time of 300 ms, in milliseconds. */
static int body_spin(void)
{
	struct timespec start_time;
	struct timespec now;
	struct rusage usage;

	clock_gettime(CLOCK_MONOTONIC, &start_time);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start_time.tv_sec) * 1000 +
	               (now.tv_nsec - start_time.tv_nsec) / 1000000 <
	       300);
	getrusage(RUSAGE_SELF, &usage);
	return (int)((usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 2000);
}

/* A169 */
START_TEST(cpu_time_is_limited)
{
	if (!use_host(_i))
		return;
	config.resources.cpu.quota = some(10000);
	config.resources.cpu.period = (struct opt_u64){ true, 50000 };
	if (!try_create())
		return;
	/* A fifth of 300 ms is 60, told by halves. */
	ck_assert_int_lt(WEXITSTATUS(run(body_spin)), 60);
	ck_assert_ptr_null(strstr(read_leaf("cpu.stat"), "nr_throttled 0\n"));
}

END_TEST

static int body_cpus(void)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	return CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set) ? 0 : 1;
}

/* A154 A172 */
START_TEST(processors_are_limited)
{
	if (!use_host(_i))
		return;
	config.cgroups_path = arena_printf(&arena, "%s/deep/er", path);
	config.resources.cpu.cpus = "0";
	if (!try_create())
		return;
	ck_assert_int_eq(WEXITSTATUS(run(body_cpus)), 0);
}

END_TEST

START_TEST(a_refused_value_names_its_property)
{
	if (!use_host(_i))
		return;
	config.resources.cpu.cpus = "4000-5000";
	if (decide() < 0) {
		skipped(err.text);
		return;
	}
	ck_assert_int_lt(cgroup_create(&plan.cgroup, &cgroup, &err), 0);
	ck_assert_msg(strstr(err.text, "linux.resources.cpu.cpus") != NULL,
	              "%s", err.text);
	ck_assert(!exists(""));
}

END_TEST

/* A182 */
START_TEST(a_controller_that_nobody_has_is_named)
{
	static struct oci_pair pair = { "nonesuch.max", "1" };

	if (!use_host(_i) || facts.cgroup.mode != FACTS_CGROUP_V2)
		return;
	config.resources.unified.pairs = &pair;
	config.resources.unified.count = 1;
	ck_assert_int_eq(decide(), 0);
	ck_assert_int_eq(cgroup_create(&plan.cgroup, &cgroup, &err), -ENOTSUP);
	ck_assert_int_eq(err.kind, ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(
		strstr(err.text, "controller `nonesuch` is not available"));
	ck_assert(!exists(""));
}

END_TEST

/* ---- devices */

static int body_devices(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int kmsg = open("/dev/kmsg", O_RDONLY | O_CLOEXEC);
	char name[32];
	bool made;

	snprintf(name, sizeof(name), "/tmp/runf-test-%d", getpid());
	made = mknod(name, S_IFCHR | 0600, makedev(1, 11)) == 0;
	unlink(name);
	/* 1: null refused, 2: kmsg allowed, 4: mknod refused */
	return (null < 0) | (kmsg >= 0) << 1 | !made << 2;
}

static void assert_devices(int expected)
{
	int status = run(body_devices);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), expected);
}

static struct oci_device_rule device_rules[] = {
	{ false, OCI_DEVICE_ALL, -1, -1, 7 },
	{ true, OCI_DEVICE_CHAR, 1, 11, 7 },
};

/* A157 A158 */
START_TEST(devices_are_closed_unless_listed)
{
	if (!use_host(_i))
		return;
	config.resources.devices = device_rules;
	config.resources.devices_count = 1;
	create();
	ck_assert_msg(cgroup_apply_devices(&cgroup, &err) == 0, "%s", err.text);
	assert_devices(0);
	cgroup_undo(&cgroup, NULL);
	config.resources.devices_count = 2;
	create();
	ck_assert_msg(cgroup_apply_devices(&cgroup, &err) == 0, "%s", err.text);
	assert_devices(2);
	cgroup_undo(&cgroup, NULL);
	config.resources.devices_count = 0;
	create();
	ck_assert_msg(cgroup_apply_devices(&cgroup, &err) == 0, "%s", err.text);
	assert_devices(2);
}

END_TEST

/* ---- update */

static int update(const struct oci_resources *resources)
{
	struct plan_cgroup changed;
	int result = plan_cgroup_update(&arena, &facts, &plan.cgroup, resources,
	                                &changed, &err);

	if (result == 0)
		result = cgroup_update(&plan.cgroup, &changed, &err);
	if (result == 0) {
		cgroup_close(&cgroup);
		plan.cgroup.dirs = changed.dirs;
		plan.cgroup.dirs_count = changed.dirs_count;
		plan.cgroup.mode = changed.mode;
		ck_assert_int_eq(cgroup_open(&plan.cgroup, NULL, &cgroup, &err),
		                 0);
	}
	return result;
}

static int body_fork_later(void)
{
	nap(300);
	return body_fork();
}

START_TEST(an_update_limits_what_runs_already)
{
	struct oci_resources resources = { .pids.limit = some(1) };
	struct inside inside;

	if (!use_host(_i))
		return;
	create();
	inside = start(body_fork_later);
	if (update(&resources) < 0) {
		ck_assert_msg(err.kind == ERROR_UNSUPPORTED, "%s", err.text);
		skipped(err.text);
		kill(inside.pid, SIGKILL);
		finish(&inside);
		return;
	}
	finish(&inside);
	ck_assert_int_eq(WEXITSTATUS(inside.status), EAGAIN);
	ck_assert_str_eq(read_leaf("pids.max"), "1\n");
	ck_assert_msg(cgroup_remove(&plan.cgroup, &err) == 0, "%s", err.text);
	ck_assert(!exists(""));
}

END_TEST

/* A169 D058 */
START_TEST(an_update_of_the_period_keeps_the_quota)
{
	struct oci_resources resources = { 0 };

	if (!use_host(_i))
		return;
	config.resources.cpu.quota = some(20000);
	if (!try_create())
		return;
	resources.cpu.period = (struct opt_u64){ true, 50000 };
	ck_assert_msg(update(&resources) == 0, "%s", err.text);
	if (*read_leaf("cpu.max")) {
		ck_assert_str_eq(read_leaf("cpu.max"), "20000 50000\n");
		resources.cpu.period.set = false;
		resources.cpu.quota = some(10000);
		ck_assert_int_eq(update(&resources), 0);
		ck_assert_str_eq(read_leaf("cpu.max"), "10000 50000\n");
	} else {
		ck_assert_str_eq(read_leaf("cpu.cfs_quota_us"), "20000\n");
		ck_assert_str_eq(read_leaf("cpu.cfs_period_us"), "50000\n");
	}
}

END_TEST

/* Both ways the order of the two files is wrong once. */
/* A162 */
START_TEST(memory_and_swap_go_up_and_down_together)
{
	static const int64_t sizes[] = { 64 << 20, 256 << 20, 32 << 20 };
	struct oci_resources resources = { 0 };
	size_t i;

	if (!use_host(_i))
		return;
	config.resources.memory.limit = some(128 << 20);
	config.resources.memory.swap = some(128 << 20);
	if (!try_create())
		return;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char text[32];

		resources.memory.limit = some(sizes[i]);
		resources.memory.swap = some(sizes[i]);
		ck_assert_msg(update(&resources) == 0, "%s", err.text);
		snprintf(text, sizeof(text), "%lld\n", (long long)sizes[i]);
		ck_assert_str_eq(*read_leaf("memory.max")
		                         ? read_leaf("memory.max")
		                         : read_leaf("memory.limit_in_bytes"),
		                 text);
	}
}

END_TEST

START_TEST(an_update_that_fails_changes_nothing)
{
	struct oci_resources resources = {
		.memory.limit = some(64 << 20),
		.memory.swap = some(64 << 20),
		.pids.limit = some(5),
		.cpu.cpus = "4000-5000",
	};
	struct inside inside;
	bool v2_file;

	if (!use_host(_i))
		return;
	config.resources.memory.limit = some(32 << 20);
	config.resources.memory.swap = some(32 << 20);
	config.resources.cpu.cpus = "0";
	if (!try_create())
		return;
	inside = start(body_sleep);
	ck_assert_int_lt(update(&resources), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "cpu.cpus"));
	v2_file = *read_leaf("memory.max");
	ck_assert_str_eq(read_leaf(v2_file ? "memory.max"
	                                   : "memory.limit_in_bytes"),
	                 "33554432\n");
	ck_assert_str_eq(read_leaf("cpuset.cpus"), "0\n");
	/* A hierarchy joined for it is left again, and the process lives. */
	ck_assert_uint_eq(count_pids(), 1);
	ck_assert_int_eq(
		access(arena_printf(&arena, "/sys/fs/cgroup/pids%s", path),
	               F_OK),
		-1);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGKILL, &err), 0);
	finish(&inside);
}

END_TEST

static int body_hold(void)
{
	size_t size = 16 << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 1, size);
	*counter = 1;
	return body_sleep();
}

/* A167 */
START_TEST(an_update_below_the_use_is_refused_if_asked)
{
	struct oci_resources resources = {
		.memory.limit = some(4 << 20),
		.memory.check_before_update = { true, true },
	};
	struct inside inside;

	if (!use_host(_i))
		return;
	share_counter();
	config.resources.memory.limit = some(64 << 20);
	if (!try_create())
		return;
	inside = start(body_hold);
	while (!*counter)
		nap(1);
	ck_assert_int_lt(update(&resources), 0);
	ck_assert_msg(strstr(err.text, "bytes are in use") != NULL, "%s",
	              err.text);
	ck_assert_int_eq(kill(inside.pid, 0), 0);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGKILL, &err), 0);
	finish(&inside);
}

END_TEST

/* A159 */
START_TEST(an_update_replaces_the_device_rules)
{
	static struct oci_device_rule all = { true, OCI_DEVICE_ALL, -1, -1, 7 };
	struct oci_resources resources = { .devices = device_rules,
		                           .devices_count = 2 };

	if (!use_host(_i))
		return;
	config.resources.devices = device_rules;
	config.resources.devices_count = 1;
	create();
	ck_assert_int_eq(cgroup_apply_devices(&cgroup, &err), 0);
	assert_devices(0);
	ck_assert_msg(update(&resources) == 0, "%s", err.text);
	assert_devices(2);
	resources.devices_count = 1;
	ck_assert_msg(update(&resources) == 0, "%s", err.text);
	assert_devices(0);
	resources.devices = &all;
	ck_assert_msg(update(&resources) == 0, "%s", err.text);
	assert_devices(2);
}

END_TEST

static void add_limits(Suite *suite)
{
	TCase *tests = add_case(suite, "limits");

	ADD(tests, memory_is_limited_and_its_deaths_are_counted);
	ADD(tests, processes_are_limited);
	ADD(tests, cpu_time_is_limited);
	ADD(tests, processors_are_limited);
	ADD(tests, a_refused_value_names_its_property);
	ADD(tests, a_controller_that_nobody_has_is_named);
	ADD(tests, devices_are_closed_unless_listed);
	ADD(tests, an_update_limits_what_runs_already);
	ADD(tests, an_update_of_the_period_keeps_the_quota);
	ADD(tests, memory_and_swap_go_up_and_down_together);
	ADD(tests, an_update_that_fails_changes_nothing);
	ADD(tests, an_update_below_the_use_is_refused_if_asked);
	ADD(tests, an_update_replaces_the_device_rules);
}

int main(void)
{
	Suite *suite = suite_create("cgroup/limits");

	add_limits(suite);
	return run_suite(suite);
}
