/* SPDX-License-Identifier: Apache-2.0 */
/* What cgroups count, read from trees that are made up. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/stats.h"

static struct arena arena;
static struct error err;
static struct runf_stats stats;
static char top[] = "/tmp/runf-stats-XXXXXX";

static struct plan_cgroup_dir dirs[] = {
	{ "", NULL, "/web", false },
	{ "cpu,cpuacct", NULL, "/web", false },
	{ "memory", NULL, "/web", false },
	{ "blkio", NULL, "/web", false },
	{ "pids", NULL, "/web", false },
	{ "hugetlb", NULL, "/web", false },
	{ "cpuset", NULL, "/web", false },
};

static struct plan_cgroup plan = { PLAN_CGROUP_V1, .dirs = dirs };

/* A file of directory INDEX. */
static void put(size_t index, const char *file, const char *text)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/web/%s", dirs[index].mount, file);
	out = fopen(path, "we");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
}

static void setup(void)
{
	size_t i;

	ck_assert_ptr_nonnull(mkdtemp(top));
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		dirs[i].mount = arena_printf(&arena, "%s/%zu", top, i);
		mkdir(dirs[i].mount, 0755);
		mkdir(arena_printf(&arena, "%s/web", dirs[i].mount), 0755);
	}
	put(0, "cgroup.procs", "10\n11\n");
	put(0, "cgroup.events", "populated 1\nfrozen 0\n");
}

static void teardown(void)
{
	const char *command = arena_printf(&arena, "rm -r %s", top);

	ck_assert_int_eq(system(command), 0);
	arena_release(&arena);
}

/* With the first COUNT directories of a host. */
static void read_dirs(size_t first, size_t count)
{
	plan.dirs = dirs + first;
	plan.dirs_count = count;
	ck_assert_msg(cgroup_read_stats(&plan, &arena, &stats, &err) == 0, "%s",
	              err.text);
}

/* B109 */
START_TEST(v2_counts_cpu_memory_and_pids_in_one_directory)
{
	put(0, "cpu.stat",
	    "usage_usec 3000\nuser_usec 1000\nsystem_usec 2000\n"
	    "nr_periods 5\nnr_throttled 2\nthrottled_usec 70\n");
	put(0, "memory.current", "4096\n");
	put(0, "memory.max", "max\n");
	put(0, "memory.peak", "8192\n");
	put(0, "memory.swap.current", "100\n");
	put(0, "memory.swap.max", "0\n");
	put(0, "memory.events", "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\n");
	put(0, "memory.stat", "anon 1000\nfile 2000\nkernel 300\nsock 4\n");
	put(0, "pids.current", "3\n");
	put(0, "pids.max", "20\n");
	read_dirs(0, 1);
	ck_assert(stats.cpu.counted);
	ck_assert_uint_eq(stats.cpu.usage_ns, 3000000);
	ck_assert_uint_eq(stats.cpu.user_ns, 1000000);
	ck_assert_uint_eq(stats.cpu.system_ns, 2000000);
	ck_assert_uint_eq(stats.cpu.periods, 5);
	ck_assert_uint_eq(stats.cpu.throttled_periods, 2);
	ck_assert_uint_eq(stats.cpu.throttled_ns, 70000);
	ck_assert(stats.memory.counted);
	ck_assert_uint_eq(stats.memory.memory.usage_bytes, 4096);
	ck_assert_uint_eq(stats.memory.memory.limit_bytes, RUNF_UNLIMITED);
	ck_assert_uint_eq(stats.memory.memory.peak_bytes, 8192);
	ck_assert_uint_eq(stats.memory.memory.failures, 7);
	ck_assert_uint_eq(stats.memory.oom_kills, 2);
	ck_assert_uint_eq(stats.memory.rss_bytes, 1000);
	ck_assert_uint_eq(stats.memory.cache_bytes, 2000);
	ck_assert_uint_eq(stats.memory.kernel.usage_bytes, 300);
	ck_assert_uint_eq(stats.memory.memory_and_swap.usage_bytes, 4196);
	ck_assert_uint_eq(stats.memory.memory_and_swap.limit_bytes,
	                  RUNF_UNLIMITED);
	ck_assert_uint_eq(stats.memory.details_count, 4);
	ck_assert_str_eq(stats.memory.details[1].name, "file");
	ck_assert_uint_eq(stats.memory.details[1].value, 2000);
	ck_assert_uint_eq(stats.memory.events_count, 5);
	ck_assert_uint_eq(stats.pids.current, 3);
	ck_assert_uint_eq(stats.pids.limit, 20);
}

END_TEST

START_TEST(swap_is_told_together_with_memory)
{
	put(0, "memory.current", "10\n");
	put(0, "memory.max", "1000\n");
	put(0, "memory.swap.current", "5\n");
	put(0, "memory.swap.max", "500\n");
	put(0, "memory.events", "max 0\n");
	read_dirs(0, 1);
	ck_assert_uint_eq(stats.memory.memory_and_swap.usage_bytes, 15);
	ck_assert_uint_eq(stats.memory.memory_and_swap.limit_bytes, 1500);
}

END_TEST

START_TEST(what_nobody_counts_is_said_to_be_so)
{
	read_dirs(0, 1);
	ck_assert(!stats.cpu.counted);
	ck_assert(!stats.memory.counted);
	ck_assert(!stats.io.counted);
	ck_assert(!stats.cpu.pressure.counted);
	ck_assert(!stats.pids.counted);
	/* Processes can be counted all the same. */
	ck_assert_uint_eq(stats.pids.current, 2);
	ck_assert_uint_eq(stats.pids.limit, RUNF_UNLIMITED);
	ck_assert_uint_eq(stats.hugetlb_count, 0);
	ck_assert_ptr_null(stats.cpuset.cpus);
}

END_TEST

START_TEST(io_is_told_for_each_device)
{
	put(0, "io.stat",
	    "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n"
	    "7:3\n"
	    "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 "
	    "cost.usage=99\n");
	read_dirs(0, 1);
	ck_assert(stats.io.counted);
	ck_assert_uint_eq(stats.io.devices_count, 2);
	ck_assert_uint_eq(stats.io.devices[0].major, 254);
	ck_assert_uint_eq(stats.io.devices[0].read_bytes, 4096);
	ck_assert_uint_eq(stats.io.devices[0].writes, 2);
	ck_assert_uint_eq(stats.io.devices[1].minor, 16);
	ck_assert_uint_eq(stats.io.devices[1].discard_bytes, 5);
	ck_assert_uint_eq(stats.io.devices[1].discards, 6);
}

END_TEST

/* C052 */
START_TEST(pressure_is_told_in_hundredths)
{
	put(0, "cpu.pressure",
	    "some avg10=0.09 avg60=3.72 avg300=100.00 total=415745220\n"
	    "full avg10=0.00 avg60=1.50 avg300=0.00 total=7\n");
	put(0, "io.pressure", "");
	read_dirs(0, 1);
	ck_assert(stats.cpu.pressure.counted);
	ck_assert_uint_eq(stats.cpu.pressure.some.avg10_hundredths, 9);
	ck_assert_uint_eq(stats.cpu.pressure.some.avg60_hundredths, 372);
	ck_assert_uint_eq(stats.cpu.pressure.some.avg300_hundredths, 10000);
	ck_assert_uint_eq(stats.cpu.pressure.some.total_us, 415745220);
	ck_assert_uint_eq(stats.cpu.pressure.full.avg60_hundredths, 150);
	ck_assert_uint_eq(stats.cpu.pressure.full.total_us, 7);
	ck_assert(!stats.io.pressure.counted);
}

END_TEST

static const struct runf_usage *find_hugetlb(const char *size)
{
	size_t i;

	for (i = 0; i < stats.hugetlb_count; i++)
		if (str_equal(stats.hugetlb[i].page_size, size))
			return &stats.hugetlb[i].usage;
	ck_abort_msg("no %s", size);
}

START_TEST(huge_pages_are_told_for_each_size)
{
	put(0, "hugetlb.2MB.current", "2097152\n");
	put(0, "hugetlb.2MB.max", "4194304\n");
	put(0, "hugetlb.2MB.events", "max 3\n");
	put(0, "hugetlb.2MB.rsvd.current", "0\n");
	put(0, "hugetlb.1GB.current", "0\n");
	put(0, "hugetlb.1GB.max", "max\n");
	put(0, "hugetlb.1GB.events", "max 0\n");
	read_dirs(0, 1);
	ck_assert_uint_eq(stats.hugetlb_count, 2);
	ck_assert_uint_eq(find_hugetlb("2MB")->usage_bytes, 2097152);
	ck_assert_uint_eq(find_hugetlb("2MB")->limit_bytes, 4194304);
	ck_assert_uint_eq(find_hugetlb("2MB")->failures, 3);
	ck_assert_uint_eq(find_hugetlb("1GB")->limit_bytes, RUNF_UNLIMITED);
}

END_TEST

static void put_v1(void)
{
	put(1, "cpuacct.usage", "5000\n");
	put(1, "cpuacct.usage_user", "3000\n");
	put(1, "cpuacct.usage_sys", "2000\n");
	put(1, "cpuacct.usage_percpu", "4000 1000 \n");
	put(1, "cpu.stat",
	    "nr_periods 4\nnr_throttled 3\n"
	    "throttled_time 900\n");
	put(2, "memory.usage_in_bytes", "4096\n");
	put(2, "memory.limit_in_bytes", "9223372036854771712\n");
	put(2, "memory.max_usage_in_bytes", "8192\n");
	put(2, "memory.failcnt", "6\n");
	put(2, "memory.memsw.usage_in_bytes", "5000\n");
	put(2, "memory.memsw.limit_in_bytes", "100000\n");
	put(2, "memory.stat", "cache 1\nrss 2\ntotal_cache 30\ntotal_rss 40\n");
	put(2, "memory.oom_control",
	    "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	put(3, "blkio.throttle.io_service_bytes_recursive",
	    "254:0 Read 4096\n254:0 Write 1\n254:0 Total 4097\nTotal 4097\n");
	put(3, "blkio.throttle.io_serviced_recursive",
	    "254:0 Read 1\n254:0 Write 2\nTotal 3\n");
	put(4, "pids.current", "9\n");
	put(4, "pids.max", "max\n");
	put(5, "hugetlb.2MB.usage_in_bytes", "0\n");
	put(5, "hugetlb.2MB.limit_in_bytes", "9223372036852678656\n");
	put(5, "hugetlb.2MB.max_usage_in_bytes", "77\n");
	put(5, "hugetlb.2MB.failcnt", "1\n");
	put(6, "cpuset.cpus", "0-2,5\n");
	put(6, "cpuset.mems", "0\n");
}

START_TEST(v1_counts_in_each_hierarchy)
{
	put_v1();
	read_dirs(1, 6);
	ck_assert_uint_eq(stats.cpu.usage_ns, 5000);
	ck_assert_uint_eq(stats.cpu.user_ns, 3000);
	ck_assert_uint_eq(stats.cpu.system_ns, 2000);
	ck_assert_uint_eq(stats.cpu.cpus_count, 2);
	ck_assert_uint_eq(stats.cpu.usage_of_cpu_ns[1], 1000);
	ck_assert_uint_eq(stats.cpu.throttled_ns, 900);
	ck_assert_uint_eq(stats.memory.memory.limit_bytes, RUNF_UNLIMITED);
	ck_assert_uint_eq(stats.memory.memory.peak_bytes, 8192);
	ck_assert_uint_eq(stats.memory.memory.failures, 6);
	ck_assert_uint_eq(stats.memory.memory_and_swap.usage_bytes, 5000);
	ck_assert_uint_eq(stats.memory.memory_and_swap.limit_bytes, 100000);
	ck_assert_uint_eq(stats.memory.cache_bytes, 30);
	ck_assert_uint_eq(stats.memory.rss_bytes, 40);
	ck_assert_uint_eq(stats.memory.oom_kills, 2);
	ck_assert_uint_eq(stats.io.devices_count, 1);
	ck_assert_uint_eq(stats.io.devices[0].read_bytes, 4096);
	ck_assert_uint_eq(stats.io.devices[0].reads, 1);
	ck_assert_uint_eq(stats.io.devices[0].writes, 2);
	ck_assert_uint_eq(stats.pids.current, 9);
	ck_assert_uint_eq(stats.pids.limit, RUNF_UNLIMITED);
	ck_assert_uint_eq(find_hugetlb("2MB")->limit_bytes, RUNF_UNLIMITED);
	ck_assert_uint_eq(find_hugetlb("2MB")->peak_bytes, 77);
	ck_assert_str_eq(stats.cpuset.cpus, "0-2,5");
	ck_assert_str_eq(stats.cpuset.memory_nodes, "0");
}

END_TEST

START_TEST(a_hybrid_host_takes_from_each_what_it_counts)
{
	put_v1();
	put(0, "cpu.stat",
	    "usage_usec 3000\nuser_usec 1000\nsystem_usec 2000\n");
	read_dirs(0, ARRAY_SIZE(dirs));
	ck_assert_uint_eq(stats.cpu.usage_ns, 5000);
	ck_assert_uint_eq(stats.cpu.throttled_periods, 3);
	ck_assert_uint_eq(stats.memory.memory_and_swap.usage_bytes, 5000);
	read_dirs(0, 1);
	ck_assert_uint_eq(stats.cpu.usage_ns, 3000000);
}

END_TEST

START_TEST(the_scheduler_counts_before_the_throttle)
{
	put_v1();
	put(3, "blkio.bfq.io_service_bytes_recursive", "8:0 Read 5\n");
	put(3, "blkio.bfq.io_serviced_recursive", "8:0 Read 6\n");
	read_dirs(3, 1);
	ck_assert_uint_eq(stats.io.devices_count, 1);
	ck_assert_uint_eq(stats.io.devices[0].major, 8);
	ck_assert_uint_eq(stats.io.devices[0].read_bytes, 5);
	ck_assert_uint_eq(stats.io.devices[0].reads, 6);
}

END_TEST

START_TEST(a_cgroup_that_is_gone_counts_nothing)
{
	struct plan_cgroup_dir gone = { "", top, "/nobody", false };
	struct plan_cgroup of_gone = { PLAN_CGROUP_V2, .dirs = &gone,
		                       .dirs_count = 1 };

	stats.size = 77;
	ck_assert_int_eq(cgroup_read_stats(&of_gone, &arena, &stats, &err),
	                 -ENOENT);
	ck_assert_int_eq(err.kind, ERROR_STATE);
	ck_assert_ptr_nonnull(strstr(err.text, "is gone"));
	ck_assert_uint_eq(stats.size, 77);
}

END_TEST

START_TEST(a_file_that_is_no_file_is_an_error)
{
	mkdir(arena_printf(&arena, "%s/web/memory.max", dirs[0].mount), 0755);
	plan.dirs = dirs;
	plan.dirs_count = 1;
	ck_assert_int_eq(cgroup_read_stats(&plan, &arena, &stats, &err),
	                 -EISDIR);
	ck_assert_ptr_nonnull(strstr(err.text, "/web/memory.max"));
}

END_TEST

static bool is_readable(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	return poll(&wanted, 1, 0) == 1;
}

/* C052 */
START_TEST(a_change_of_the_events_is_told)
{
	char bytes[512];
	int fd;

	plan.dirs = dirs;
	plan.dirs_count = 1;
	ck_assert_int_eq(cgroup_watch_oom(&plan, &fd, &err), 0);
	ck_assert_int_eq(fd, -1);
	put(0, "memory.events", "oom_kill 0\n");
	ck_assert_int_eq(cgroup_watch_oom(&plan, &fd, &err), 0);
	ck_assert_int_ge(fd, 0);
	ck_assert(!is_readable(fd));
	put(0, "memory.events", "oom_kill 1\n");
	ck_assert(is_readable(fd));
	ck_assert_int_gt(read(fd, bytes, sizeof(bytes)), 0);
	ck_assert(!is_readable(fd));
	close(fd);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("cgroup/stats");
	TCase *tests = tcase_create("stats");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, v2_counts_cpu_memory_and_pids_in_one_directory);
	tcase_add_test(tests, swap_is_told_together_with_memory);
	tcase_add_test(tests, what_nobody_counts_is_said_to_be_so);
	tcase_add_test(tests, io_is_told_for_each_device);
	tcase_add_test(tests, pressure_is_told_in_hundredths);
	tcase_add_test(tests, huge_pages_are_told_for_each_size);
	tcase_add_test(tests, v1_counts_in_each_hierarchy);
	tcase_add_test(tests, a_hybrid_host_takes_from_each_what_it_counts);
	tcase_add_test(tests, the_scheduler_counts_before_the_throttle);
	tcase_add_test(tests, a_cgroup_that_is_gone_counts_nothing);
	tcase_add_test(tests, a_file_that_is_no_file_is_an_error);
	tcase_add_test(tests, a_change_of_the_events_is_told);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
