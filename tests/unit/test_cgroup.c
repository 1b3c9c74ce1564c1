/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup driver, on the host's own cgroups. Needs root. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "plan/decide.h"
#include "probe/probe.h"
#include "sys/file.h"
#include "sys/process.h"

/* Each test runs on the host as it is and, where it has v1, as if v1 only. */
enum host {
	HOST_AS_IS,
	HOST_V1,
	HOSTS
};

static struct arena arena;
static struct facts facts;
static struct oci_linux config;
static struct oci_spec spec;
static struct plan plan;
static struct cgroup cgroup;
static struct error err;
static char path[64];

/* What a failed test leaves, with the parents that some make. */
static void teardown(void)
{
	size_t i;

	cgroup_close(&cgroup);
	for (i = 0; i < plan.cgroup.dirs_count; i++)
		plan.cgroup.dirs[i].path = path;
	for (i = 0; i < plan.cgroup.dirs_count; i++)
		plan.cgroup.dirs[i].keep = false;
	cgroup_remove(&plan.cgroup, NULL);
	arena_release(&arena);
}

/* False if this host cannot be had. */
static bool use_host(int host)
{
	memset(&arena, 0, sizeof(arena));
	memset(&facts, 0, sizeof(facts));
	memset(&config, 0, sizeof(config));
	memset(&spec, 0, sizeof(spec));
	memset(&plan, 0, sizeof(plan));
	cgroup = CGROUP_NONE;
	ck_assert_int_eq(probe_cgroup(&arena, &facts.cgroup, &err), 0);
	snprintf(path, sizeof(path), "/runf-test-%d", getpid());
	config.cgroups_path = path;
	spec.linux_ = &config;
	if (facts.cgroup.mode == FACTS_CGROUP_NONE || geteuid() != 0)
		return false;
	if (host == HOST_AS_IS)
		return true;
	facts.cgroup.mode = FACTS_CGROUP_V1;
	facts.cgroup.v2_mount = NULL;
	return facts.cgroup.v1_count > 0;
}

static bool skipped(const char *reason)
{
	printf("skipped: %s\n", reason);
	return true;
}

static int decide(void)
{
	static const struct plan_options options = { .id = "test" };
	struct planner p = { &arena, &spec, &facts, &options, &plan };

	memset(&plan, 0, sizeof(plan));
	return plan_cgroup(&p, &err);
}

static void create(void)
{
	ck_assert_msg(decide() == 0, "%s", err.text);
	ck_assert_msg(cgroup_create(&plan.cgroup, &cgroup, &err) == 0, "%s",
	              err.text);
}

/* The same, or false if the host lacks the controller. */
static bool try_create(void)
{
	if (decide() == 0 && cgroup_create(&plan.cgroup, &cgroup, &err) == 0)
		return true;
	ck_assert_msg(err.kind == ERROR_UNSUPPORTED, "%s", err.text);
	return !skipped(err.text);
}

static bool exists(const char *below)
{
	char text[256];
	size_t i;

	for (i = 0; i < plan.cgroup.dirs_count; i++) {
		snprintf(text, sizeof(text), "%s%s%s",
		         plan.cgroup.dirs[i].mount, path, below);
		if (access(text, F_OK) == 0)
			return true;
	}
	return false;
}

/* A file of the leaf, whichever directory has it. */
static const char *read_leaf(const char *file)
{
	static char text[4096];
	size_t i;

	for (i = 0; i < cgroup.count; i++)
		if (sys_read_file(cgroup.dirs[i], file, text, sizeof(text)) >=
		    0)
			return text;
	return "";
}

static struct opt_i64 some(int64_t value)
{
	return (struct opt_i64){ true, value };
}

/* ---- processes inside */

struct inside {
	pid_t pid;
	int status; /* of wait(2) */
};

/* A child in the cgroup runs BODY and exits with what it returns. */
static struct inside start(int (*body)(void))
{
	struct inside inside;
	int gate[2];
	int pidfd;
	char byte;

	ck_assert_int_eq(sys_pipe2(gate, 0), 0);
	inside.pid = sys_clone(0, cgroup.leaf, &pidfd);
	ck_assert_int_ge(inside.pid, 0);
	if (inside.pid == 0) {
		/* check's own handlers would kill its whole group. */
		sys_reset_signals();
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) == 0 ? body() : 99);
	}
	close(pidfd);
	ck_assert_msg(cgroup_join(&cgroup, inside.pid, false, &err) == 0, "%s",
	              err.text);
	close(gate[0]);
	close(gate[1]);
	return inside;
}

static void finish(struct inside *inside)
{
	ck_assert_int_eq(waitpid(inside->pid, &inside->status, 0), inside->pid);
}

static int run(int (*body)(void))
{
	struct inside inside = start(body);

	finish(&inside);
	return inside.status;
}

static int body_exit(void)
{
	return 0;
}

static int body_sleep(void)
{
	while (pause() < 0)
		;
	return 0;
}

static int body_family(void)
{
	if (fork() == 0)
		fork();
	while (pause() < 0)
		;
	return 0;
}

static void nap(int milliseconds)
{
	struct timespec time = { milliseconds / 1000,
		                 milliseconds % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static size_t count_pids(void)
{
	int32_t *pids = NULL;
	size_t count = 0;
	size_t i;

	ck_assert_msg(cgroup_pids(&plan.cgroup, &arena, &pids, &count, &err) ==
	                      0,
	              "%s", err.text);
	for (i = 1; i < count; i++)
		ck_assert_int_lt(pids[i - 1], pids[i]);
	return count;
}

static void await_pids(size_t count)
{
	int tries;

	for (tries = 0; count_pids() != count; tries++) {
		ck_assert_msg(tries < 1000, "%zu processes, not %zu",
		              count_pids(), count);
		nap(2);
	}
}

/* ---- making and removing */

START_TEST(what_is_made_is_removed)
{
	if (!use_host(_i))
		return;
	config.cgroups_path = arena_printf(&arena, "%s/deep/below", path);
	create();
	ck_assert(exists("/deep/below"));
	ck_assert_int_eq(WEXITSTATUS(run(body_exit)), 0);
	ck_assert_msg(cgroup_remove(&plan.cgroup, &err) == 0, "%s", err.text);
	ck_assert(!exists("/deep/below"));
	ck_assert_int_eq(cgroup_remove(&plan.cgroup, &err), 0);
	cgroup_undo(&cgroup, NULL);
	ck_assert(!exists(""));
}

END_TEST

START_TEST(a_failed_create_leaves_nothing)
{
	if (!use_host(_i))
		return;
	config.cgroups_path = arena_printf(&arena, "%s/deep/below", path);
	ck_assert_int_eq(decide(), 0);
	*arena_push(&arena, plan.cgroup.writes, plan.cgroup.writes_count) =
		(struct plan_cgroup_write){ .file = "cgroup.nonesuch",
		                            .value = "1",
		                            .what = "test" };
	ck_assert_int_lt(cgroup_create(&plan.cgroup, &cgroup, &err), 0);
	ck_assert_msg(strstr(err.text, "has no file cgroup.nonesuch") != NULL,
	              "%s", err.text);
	ck_assert(!exists(""));
}

END_TEST

START_TEST(an_empty_cgroup_is_taken_and_kept)
{
	struct cgroup first;
	struct inside inside;

	if (!use_host(_i))
		return;
	create();
	ck_assert_uint_eq(cgroup.made[0], 1);
	first = cgroup;
	create();
	ck_assert_uint_eq(cgroup.made[0], 0);
	inside = start(body_sleep);
	cgroup_undo(&cgroup, NULL);
	ck_assert(exists(""));
	finish(&inside);
	ck_assert(WIFSIGNALED(inside.status));
	plan.cgroup.dirs[0].keep = true;
	ck_assert_int_eq(cgroup_remove(&plan.cgroup, &err), 0);
	ck_assert(exists(""));
	cgroup = first;
}

END_TEST

START_TEST(a_cgroup_in_use_is_refused)
{
	struct cgroup second = CGROUP_NONE;
	struct inside inside;

	if (!use_host(_i))
		return;
	create();
	inside = start(body_sleep);
	ck_assert_int_lt(cgroup_create(&plan.cgroup, &second, &err), 0);
	ck_assert_int_eq(err.kind, ERROR_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.text, "has processes"));
	ck_assert_int_eq(kill(inside.pid, 0), 0);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGKILL, &err), 0);
	finish(&inside);
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, true, &err), 0);
	ck_assert_int_lt(cgroup_create(&plan.cgroup, &second, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "is frozen"));
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, false, &err), 0);
	ck_assert(exists(""));
}

END_TEST

/* Deeper than any path reaches, and with a process at the bottom. */
START_TEST(removing_reaches_every_depth)
{
	struct inside inside;
	int dir;
	int depth;

	if (!use_host(_i))
		return;
	create();
	inside = start(body_sleep);
	dir = dup(cgroup.dirs[0]);
	for (depth = 0; depth < 100; depth++) {
		int below;

		ck_assert_int_eq(mkdirat(dir, "a", 0755), 0);
		ck_assert_int_eq(mkdirat(dir, "b", 0755), 0);
		below = openat(dir, "a", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = below;
	}
	ck_assert_int_eq(sys_write_file(dir, "cgroup.procs",
	                                arena_printf(&arena, "%d", inside.pid)),
	                 0);
	close(dir);
	ck_assert_uint_eq(count_pids(), 1);
	ck_assert_msg(cgroup_remove(&plan.cgroup, &err) == 0, "%s", err.text);
	finish(&inside);
	ck_assert(WIFSIGNALED(inside.status));
	ck_assert(!exists(""));
}

END_TEST

START_TEST(removing_takes_frozen_processes_along)
{
	struct inside inside;

	if (!use_host(_i))
		return;
	create();
	inside = start(body_family);
	await_pids(3);
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, true, &err), 0);
	ck_assert_msg(cgroup_remove(&plan.cgroup, &err) == 0, "%s", err.text);
	finish(&inside);
	ck_assert(!exists(""));
}

END_TEST

START_TEST(without_permission_an_optional_cgroup_is_none)
{
	pid_t pid;
	int status;

	if (!use_host(_i))
		return;
	ck_assert_int_eq(decide(), 0);
	plan.cgroup.optional = true;
	pid = fork();
	if (pid == 0) {
		bool none;

		if (setresgid(65534, 65534, 65534) < 0 ||
		    setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		none = cgroup_create(&plan.cgroup, &cgroup, &err) == 0 &&
		       cgroup.count == 0 && cgroup.leaf == -1 &&
		       cgroup_apply_devices(&cgroup, &err) == 0 &&
		       cgroup_join(&cgroup, 1, true, &err) == 0;
		plan.cgroup.optional = false;
		_exit(none && cgroup_create(&plan.cgroup, &cgroup, &err) ==
		                              -EACCES
		              ? 0
		              : 2);
	}
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}

END_TEST

START_TEST(the_leaf_can_be_given_away)
{
	struct stat stat;

	if (!use_host(_i) || !facts.cgroup.v2_mount)
		return;
	ck_assert_int_eq(decide(), 0);
	plan.cgroup.owner = (struct opt_u32){ true, 12345 };
	ck_assert_int_eq(cgroup_create(&plan.cgroup, &cgroup, &err), 0);
	ck_assert_int_eq(sys_fstat(cgroup.leaf, &stat), 0);
	ck_assert_uint_eq(stat.st_uid, 12345);
	ck_assert_int_eq(sys_fstatat(cgroup.leaf, "cgroup.procs", &stat, 0), 0);
	ck_assert_uint_eq(stat.st_uid, 12345);
	ck_assert_int_eq(sys_fstatat(cgroup.leaf, "cgroup.freeze", &stat, 0),
	                 0);
	ck_assert_uint_eq(stat.st_uid, 0);
}

END_TEST

/* ---- processes */

static volatile unsigned long *counter;

static int body_count(void)
{
	while (++*counter)
		;
	return 0;
}

START_TEST(frozen_processes_stand_still)
{
	struct inside inside;
	unsigned long before;
	bool frozen = true;

	if (!use_host(_i))
		return;
	counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	create();
	inside = start(body_count);
	nap(20);
	ck_assert_int_eq(cgroup_is_frozen(&plan.cgroup, &frozen, &err), 0);
	ck_assert(!frozen);
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, true, &err), 0);
	ck_assert_int_eq(cgroup_is_frozen(&plan.cgroup, &frozen, &err), 0);
	ck_assert(frozen);
	before = *counter;
	nap(50);
	ck_assert_uint_eq(*counter, before);
	ck_assert_int_eq(cgroup_freeze(&plan.cgroup, false, &err), 0);
	nap(50);
	ck_assert_uint_ne(*counter, before);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGKILL, &err), 0);
	finish(&inside);
}

END_TEST

START_TEST(a_cgroup_that_is_gone_is_empty_and_not_frozen)
{
	int32_t *pids;
	size_t count = 7;
	uint64_t killed = 7;
	bool frozen = true;

	if (!use_host(_i))
		return;
	ck_assert_int_eq(decide(), 0);
	ck_assert_int_eq(cgroup_is_frozen(&plan.cgroup, &frozen, &err), 0);
	ck_assert(!frozen);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGTERM, &err), 0);
	ck_assert_int_eq(cgroup_pids(&plan.cgroup, &arena, &pids, &count, &err),
	                 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(cgroup_oom_count(&plan.cgroup, &killed), 0);
	ck_assert_uint_eq(killed, 0);
	ck_assert_int_lt(cgroup_freeze(&plan.cgroup, true, &err), 0);
}

END_TEST

START_TEST(a_signal_reaches_all)
{
	static const int signals[] = { SIGKILL, SIGTERM };
	struct inside inside;
	size_t i;

	if (!use_host(_i))
		return;
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		create();
		inside = start(body_family);
		await_pids(3);
		ck_assert_msg(cgroup_kill(&plan.cgroup, signals[i], &err) == 0,
		              "%s", err.text);
		finish(&inside);
		ck_assert(WIFSIGNALED(inside.status));
		ck_assert_int_eq(WTERMSIG(inside.status), signals[i]);
		await_pids(0);
		/* Linux 6.18 kills what is cloned into a cgroup once killed. */
		cgroup_undo(&cgroup, NULL);
	}
}

END_TEST

static int body_many(void)
{
	int i;

	for (i = 0; i < 199; i++)
		if (fork() == 0)
			break;
	while (pause() < 0)
		;
	return 0;
}

START_TEST(many_processes_are_signalled_in_batches)
{
	struct inside inside;

	if (!use_host(_i))
		return;
	create();
	inside = start(body_many);
	await_pids(200);
	ck_assert_int_eq(cgroup_kill(&plan.cgroup, SIGTERM, &err), 0);
	finish(&inside);
	await_pids(0);
}

END_TEST

START_TEST(a_sub_cgroup_is_below_the_leaf)
{
	static const char *const bad[] = { "..", "a/..", "../x", "/..",
		                           "a/../.." };
	struct cgroup opened = CGROUP_NONE;
	size_t i;

	if (!use_host(_i))
		return;
	create();
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_lt(
			cgroup_open(&plan.cgroup, bad[i], &opened, &err), 0);
	ck_assert_int_eq(mkdirat(cgroup.dirs[0], "a", 0755), 0);
	if (cgroup.leaf < 0) {
		ck_assert_int_lt(cgroup_open(&plan.cgroup, "a", &opened, &err),
		                 0);
		return;
	}
	ck_assert_int_lt(cgroup_open(&plan.cgroup, "b", &opened, &err), 0);
	ck_assert_int_eq(cgroup_open(&plan.cgroup, "/a", &opened, &err), 0);
	ck_assert(opened.leaf_is_sub);
	cgroup_close(&cgroup);
	cgroup = opened;
	run(body_exit);
}

END_TEST

START_TEST(a_process_is_found_where_it_moved)
{
	struct inside inside;
	int fd = -1;
	int above;

	if (!use_host(_i) || !facts.cgroup.v2_mount)
		return;
	create();
	inside = start(body_sleep);
	ck_assert_int_eq(mkdirat(cgroup.leaf, "moved", 0755), 0);
	ck_assert_int_eq(sys_write_file(cgroup.leaf, "moved/cgroup.procs",
	                                arena_printf(&arena, "%d", inside.pid)),
	                 0);
	ck_assert_msg(cgroup_open_of_pid(&plan.cgroup, inside.pid, &fd, &err) ==
	                      0,
	              "%s", err.text);
	ck_assert_int_eq(sys_write_file(fd, "../cgroup.procs",
	                                arena_printf(&arena, "%d", inside.pid)),
	                 0);
	close(fd);
	above = openat(cgroup.leaf, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(sys_write_file(above, "cgroup.procs",
	                                arena_printf(&arena, "%d", inside.pid)),
	                 0);
	close(above);
	ck_assert_int_lt(
		cgroup_open_of_pid(&plan.cgroup, inside.pid, &fd, &err), 0);
	kill(inside.pid, SIGKILL);
	finish(&inside);
}

END_TEST

/* ---- limits */

static int body_hog(void)
{
	size_t size = 64 << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 1, size);
	return 0;
}

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
		strstr(err.text, "the nonesuch controller is not available"));
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

START_TEST(an_update_below_the_use_is_refused_if_asked)
{
	struct oci_resources resources = {
		.memory.limit = some(4 << 20),
		.memory.check_before_update = { true, true },
	};
	struct inside inside;

	if (!use_host(_i))
		return;
	counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
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

/* ---- the suite */

#define ADD(tests, test) tcase_add_loop_test(tests, test, 0, HOSTS)

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tests = tcase_create(name);

	tcase_add_checked_fixture(tests, NULL, teardown);
	tcase_set_timeout(tests, 30);
	suite_add_tcase(suite, tests);
	return tests;
}

static void add_directories(Suite *suite)
{
	TCase *tests = add_case(suite, "directories");

	ADD(tests, what_is_made_is_removed);
	ADD(tests, a_failed_create_leaves_nothing);
	ADD(tests, an_empty_cgroup_is_taken_and_kept);
	ADD(tests, a_cgroup_in_use_is_refused);
	ADD(tests, removing_reaches_every_depth);
	ADD(tests, removing_takes_frozen_processes_along);
	ADD(tests, without_permission_an_optional_cgroup_is_none);
	ADD(tests, the_leaf_can_be_given_away);
}

static void add_processes(Suite *suite)
{
	TCase *tests = add_case(suite, "processes");

	ADD(tests, frozen_processes_stand_still);
	ADD(tests, a_cgroup_that_is_gone_is_empty_and_not_frozen);
	ADD(tests, a_signal_reaches_all);
	ADD(tests, many_processes_are_signalled_in_batches);
	ADD(tests, a_sub_cgroup_is_below_the_leaf);
	ADD(tests, a_process_is_found_where_it_moved);
}

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
	Suite *suite = suite_create("cgroup");
	SRunner *runner;
	int failed;

	if (geteuid() != 0) {
		printf("skipped: cgroups are root's\n");
		return 77;
	}
	add_directories(suite);
	add_processes(suite);
	add_limits(suite);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
