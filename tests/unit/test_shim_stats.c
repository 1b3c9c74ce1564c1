/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics in containerd's form, read by protobuf-c and by protoc. */
#include <check.h>
#include <metrics.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/stats.h"

static const struct runf_stat v2_details[] = {
	{ "anon", 11 },
	{ "file", 12 },
	{ "kernel", 99 }, /* which containerd has no field for */
	{ "thp_collapse_alloc", 13 },
	{ "workingset_refault_anon", 100 },
	{ "workingset_refault_file", 23 },
	{ "inactive_file", 14 },
};

static const struct runf_stat v2_events[] = {
	{ "low", 1 }, { "high", 2 },     { "max", 3 },
	{ "oom", 4 }, { "oom_kill", 5 }, { "oom_group_kill", 6 },
};

static const struct runf_io_device devices[] = {
	{ 8, 0, 4096, 8192, 1, 2, 3, 4 }, /* 1, 4: discarded */
	{ 254, 16, 1, 0, 1, 0, 0, 0 },
};

static const struct runf_hugetlb_stats hugetlb[] = {
	{ "2MB", { 2097152, RUNF_UNLIMITED, 4194304, 7 } },
	{ "1GB", { 0, 1073741824, 0, 0 } },
};

#define PRESSURE                                                 \
	{                                                        \
		.counted = true, .some = { 1234, 150, 1, 5000 }, \
		.full = { 0, 0, 0, 4000 },                       \
	}

static const struct runf_stats v2 = {
	.unified = true,
	.cpu = {
		.counted = true,
		.usage_ns = 5000001,
		.user_ns = 3000000,
		.system_ns = 2000000,
		.periods = 10,
		.throttled_periods = 4,
		.throttled_ns = 7000000,
		.bursts = 2,
		.burst_ns = 9000,
		.pressure = PRESSURE,
	},
	.memory = {
		.counted = true,
		.memory = { 1000, 2000, 1500, 0 },
		.memory_and_swap = { 1300, 2500, 0, 0 },
		.details = v2_details,
		.details_count = sizeof(v2_details) / sizeof(v2_details[0]),
		.events = v2_events,
		.events_count = sizeof(v2_events) / sizeof(v2_events[0]),
		.pressure = PRESSURE,
	},
	.pids = { .counted = true, .current = 3, .limit = RUNF_UNLIMITED },
	.io = {
		.counted = true,
		.devices = devices,
		.devices_count = 2,
		.pressure = PRESSURE,
	},
	.hugetlb = hugetlb,
	.hugetlb_count = 2,
};

static const struct runf_stat v1_details[] = {
	{ "cache", 1 },
	{ "pgpgin", 7 },
	{ "hierarchical_memsw_limit", 17 },
	{ "total_rss", 19 },
	{ "total_unevictable", 32 },
	{ "recent_rotated_anon", 99 },
};

static const uint64_t of_cpu[] = { 40, 0, 60 };

static const struct runf_stats v1 = {
	.cpu = {
		.counted = true,
		.usage_ns = 100,
		.user_ns = 70,
		.system_ns = 30,
		.periods = 10,
		.throttled_periods = 4,
		.throttled_ns = 7000,
		.usage_of_cpu_ns = of_cpu,
		.cpus_count = 3,
	},
	.memory = {
		.counted = true,
		.memory = { 1000, RUNF_UNLIMITED, 1500, 2 },
		.memory_and_swap = { 1300, 2500, 1600, 3 },
		.kernel = { 10, 20, 30, 40 },
		.kernel_tcp = { 1, 2, 3, 4 },
		.oom_kills = 9,
		.details = v1_details,
		.details_count = sizeof(v1_details) / sizeof(v1_details[0]),
	},
	.pids = { .counted = true, .current = 3, .limit = RUNF_UNLIMITED },
	.io = { .counted = true, .devices = devices, .devices_count = 2 },
	.hugetlb = hugetlb,
	.hugetlb_count = 2,
};

static void check_pressure(const Metrics__Pressure *pressure)
{
	ck_assert_double_eq(pressure->some->avg10, 12.34);
	ck_assert_double_eq(pressure->some->avg60, 1.5);
	ck_assert_double_eq(pressure->some->avg300, 0.01);
	ck_assert_uint_eq(pressure->some->total, 5000);
	ck_assert_uint_eq(pressure->full->total, 4000);
}

static Metrics__V2 *pack_v2(struct arena *arena, const struct runf_stats *from)
{
	struct ttrpc_bytes bytes;
	const char *type;
	Metrics__V2 *all;

	stats_pack(arena, from, &type, &bytes);
	ck_assert_str_eq(type, "io.containerd.cgroups.v2.Metrics");
	all = metrics__v2__unpack(NULL, bytes.size, bytes.data);
	ck_assert_ptr_nonnull(all);
	return all;
}

START_TEST(v2_is_told_in_fields_of_v2)
{
	struct arena arena = { 0 };
	Metrics__V2 *all = pack_v2(&arena, &v2);

	ck_assert_uint_eq(all->pids->current, 3);
	ck_assert_uint_eq(all->pids->limit, UINT64_MAX);
	ck_assert_uint_eq(all->cpu->usage_us, 5000);
	ck_assert_uint_eq(all->cpu->user_us, 3000);
	ck_assert_uint_eq(all->cpu->system_us, 2000);
	ck_assert_uint_eq(all->cpu->periods, 10);
	ck_assert_uint_eq(all->cpu->throttled_periods, 4);
	ck_assert_uint_eq(all->cpu->throttled_us, 7000);
	ck_assert_uint_eq(all->cpu->bursts, 2);
	ck_assert_uint_eq(all->cpu->burst_us, 9);
	check_pressure(all->cpu->pressure);
	ck_assert_uint_eq(all->memory->anon, 11);
	ck_assert_uint_eq(all->memory->file, 12);
	ck_assert_uint_eq(all->memory->thp_collapse_alloc, 13);
	ck_assert_uint_eq(all->memory->inactive_file, 14);
	ck_assert_uint_eq(all->memory->workingset_refault, 123);
	ck_assert_uint_eq(all->memory->usage, 1000);
	ck_assert_uint_eq(all->memory->limit, 2000);
	ck_assert_uint_eq(all->memory->peak, 1500);
	ck_assert_uint_eq(all->memory->swap_usage, 300);
	ck_assert_uint_eq(all->memory->swap_limit, 500);
	check_pressure(all->memory->pressure);
	ck_assert_uint_eq(all->memory_events->low, 1);
	ck_assert_uint_eq(all->memory_events->high, 2);
	ck_assert_uint_eq(all->memory_events->max, 3);
	ck_assert_uint_eq(all->memory_events->oom, 4);
	ck_assert_uint_eq(all->memory_events->oom_kill, 5);
	ck_assert_uint_eq(all->io->n_devices, 2);
	ck_assert_uint_eq(all->io->devices[0]->major, 8);
	ck_assert_uint_eq(all->io->devices[0]->read_bytes, 4096);
	ck_assert_uint_eq(all->io->devices[0]->write_bytes, 8192);
	ck_assert_uint_eq(all->io->devices[0]->reads, 2);
	ck_assert_uint_eq(all->io->devices[0]->writes, 3);
	ck_assert_uint_eq(all->io->devices[1]->minor, 16);
	check_pressure(all->io->pressure);
	ck_assert_uint_eq(all->n_hugetlb, 2);
	ck_assert_str_eq(all->hugetlb[0]->page_size, "2MB");
	ck_assert_uint_eq(all->hugetlb[0]->usage, 2097152);
	ck_assert_uint_eq(all->hugetlb[0]->limit, UINT64_MAX);
	ck_assert_uint_eq(all->hugetlb[1]->limit, 1073741824);
	metrics__v2__free_unpacked(all, NULL);
	arena_release(&arena);
}

END_TEST

START_TEST(what_nobody_counts_is_left_out)
{
	static const struct runf_stats nothing = {
		.unified = true,
		.pids = { .current = 2, .limit = RUNF_UNLIMITED },
	};
	struct arena arena = { 0 };
	Metrics__V2 *all = pack_v2(&arena, &nothing);

	ck_assert_uint_eq(all->pids->current, 2);
	ck_assert_ptr_null(all->cpu);
	ck_assert_ptr_null(all->memory);
	ck_assert_ptr_null(all->memory_events);
	ck_assert_ptr_null(all->io);
	ck_assert_uint_eq(all->n_hugetlb, 0);
	metrics__v2__free_unpacked(all, NULL);
	arena_release(&arena);
}

END_TEST

static const struct {
	struct runf_usage memory;
	struct runf_usage both;
	uint64_t usage;
	uint64_t limit;
} swaps[] = {
	{ { .limit_bytes = 100 }, { .limit_bytes = 100 }, 0, 0 },
	{ { 7, RUNF_UNLIMITED, 0, 0 },
	  { 9, RUNF_UNLIMITED, 0, 0 },
	  2,
	  RUNF_UNLIMITED },
	/* As when it was not counted at all. */
	{ { 7, 10, 0, 0 }, { 0, RUNF_UNLIMITED, 0, 0 }, 0, RUNF_UNLIMITED },
};

START_TEST(v2_tells_swap_without_memory)
{
	struct arena arena = { 0 };
	struct runf_stats stats = { .unified = true };
	Metrics__V2 *all;

	stats.memory.counted = true;
	stats.memory.memory = swaps[_i].memory;
	stats.memory.memory_and_swap = swaps[_i].both;
	all = pack_v2(&arena, &stats);
	ck_assert_uint_eq(all->memory->swap_usage, swaps[_i].usage);
	ck_assert_uint_eq(all->memory->swap_limit, swaps[_i].limit);
	metrics__v2__free_unpacked(all, NULL);
	arena_release(&arena);
}

END_TEST

static void check_v1_usage(const Metrics__V1Usage *usage,
                           const struct runf_usage *expected)
{
	ck_assert_uint_eq(usage->limit, expected->limit_bytes);
	ck_assert_uint_eq(usage->usage, expected->usage_bytes);
	ck_assert_uint_eq(usage->peak, expected->peak_bytes);
	ck_assert_uint_eq(usage->failures, expected->failures);
}

START_TEST(v1_is_told_in_fields_of_v1)
{
	struct arena arena = { 0 };
	struct ttrpc_bytes bytes;
	const char *type;
	Metrics__V1 *all;

	stats_pack(&arena, &v1, &type, &bytes);
	ck_assert_str_eq(type, "io.containerd.cgroups.v1.Metrics");
	all = metrics__v1__unpack(NULL, bytes.size, bytes.data);
	ck_assert_ptr_nonnull(all);
	ck_assert_uint_eq(all->pids->current, 3);
	ck_assert_uint_eq(all->pids->limit, 0);
	ck_assert_uint_eq(all->cpu->usage->total_ns, 100);
	ck_assert_uint_eq(all->cpu->usage->system_ns, 30);
	ck_assert_uint_eq(all->cpu->usage->user_ns, 70);
	ck_assert_uint_eq(all->cpu->usage->n_of_cpu_ns, 3);
	ck_assert_uint_eq(all->cpu->usage->of_cpu_ns[2], 60);
	ck_assert_uint_eq(all->cpu->throttle->periods, 10);
	ck_assert_uint_eq(all->cpu->throttle->throttled_periods, 4);
	ck_assert_uint_eq(all->cpu->throttle->throttled_ns, 7000);
	ck_assert_uint_eq(all->memory->cache, 1);
	ck_assert_uint_eq(all->memory->pgpgin, 7);
	ck_assert_uint_eq(all->memory->hierarchical_memsw_limit, 17);
	ck_assert_uint_eq(all->memory->total_rss, 19);
	ck_assert_uint_eq(all->memory->total_unevictable, 32);
	check_v1_usage(all->memory->memory, &v1.memory.memory);
	check_v1_usage(all->memory->memory_and_swap,
	               &v1.memory.memory_and_swap);
	check_v1_usage(all->memory->kernel, &v1.memory.kernel);
	check_v1_usage(all->memory->kernel_tcp, &v1.memory.kernel_tcp);
	ck_assert_uint_eq(all->oom->kills, 9);
	ck_assert_uint_eq(all->io->n_bytes, 6);
	ck_assert_str_eq(all->io->bytes[1]->operation, "Write");
	ck_assert_uint_eq(all->io->bytes[1]->value, 8192);
	ck_assert_uint_eq(all->io->bytes[3]->major, 254);
	ck_assert_str_eq(all->io->operations[0]->operation, "Read");
	ck_assert_uint_eq(all->io->operations[0]->value, devices[0].reads);
	ck_assert_uint_eq(all->n_hugetlb, 2);
	ck_assert_uint_eq(all->hugetlb[0]->usage, 2097152);
	ck_assert_uint_eq(all->hugetlb[0]->peak, 4194304);
	ck_assert_uint_eq(all->hugetlb[0]->failures, 7);
	ck_assert_str_eq(all->hugetlb[1]->page_size, "1GB");
	metrics__v1__free_unpacked(all, NULL);
	arena_release(&arena);
}

END_TEST

/* What protoc, which knows nothing of our schema, reads on the wire. */
static void decode(const struct runf_stats *stats, char *text, size_t size)
{
	struct arena arena = { 0 };
	struct ttrpc_bytes bytes;
	const char *type;
	int there[2], back[2];
	pid_t pid;
	size_t done = 0;
	ssize_t count;

	stats_pack(&arena, stats, &type, &bytes);
	ck_assert_int_eq(pipe(there) | pipe(back), 0);
	pid = fork();
	if (pid == 0) {
		dup2(there[0], 0);
		dup2(back[1], 1);
		close(there[1]);
		execlp("protoc", "protoc", "--decode_raw", (char *)NULL);
		_exit(127);
	}
	close(there[0]);
	close(back[1]);
	ck_assert_int_eq(write(there[1], bytes.data, bytes.size),
	                 (ssize_t)bytes.size);
	close(there[1]);
	while ((count = read(back[0], text + done, size - 1 - done)) > 0)
		done += (size_t)count;
	text[done] = '\0';
	close(back[0]);
	arena_release(&arena);
}

/* Field numbers of https://github.com/containerd/cgroups. */
START_TEST(the_numbers_on_the_wire_are_containerds)
{
	static const char *const in_v2[] = {
		"1 {\n  1: 3\n  2: 18446744073709551615\n}\n",
		"2 {\n  1: 5000\n  2: 3000\n  3: 2000\n  4: 10\n  5: 4\n"
		"  6: 7000\n  7 {\n    1 {\n",
		"  8: 2\n  9: 9\n}\n4 {\n  1: 11\n  2: 12\n  13: 14\n"
		"  20: 123\n  31: 13\n  32: 1000\n  33: 2000\n  34: 300\n"
		"  35: 500\n  36: 1500\n  38 {\n",
		"6 {\n  1 {\n    1: 8\n    3: 4096\n    4: 8192\n    5: 2\n",
		"7 {\n  1: 2097152\n  2: 18446744073709551615\n  3: \"2MB\"\n}",
		"8 {\n  1: 1\n  2: 2\n  3: 3\n  4: 4\n  5: 5\n}\n",
	};
	static const char *const in_v1[] = {
		"1 {\n  1: 2097152\n  2: 4194304\n  3: 7\n  4: \"2MB\"\n}",
		"2 {\n  1: 3\n}\n3 {\n  1 {\n    1: 100\n    2: 30\n    3: 70",
		"  2 {\n    1: 10\n    2: 4\n    3: 7000\n  }\n}\n4 {\n"
		"  1: 1\n  7: 7\n  17: 17\n  19: 19\n  32: 32\n  33 {\n",
		"  35 {\n    1: 20\n    2: 10\n    3: 30\n    4: 40\n  }\n"
		"  36 {\n    1: 2\n    2: 1\n    3: 3\n    4: 4\n  }\n}\n5 {",
		"5 {\n  1 {\n    1: \"Read\"\n    3: 8\n    5: 4096\n  }\n",
		"9 {\n  3: 9\n}\n",
	};
	char text[8192];
	size_t i;

	if (system("command -v protoc >/dev/null") != 0)
		return;
	decode(&v2, text, sizeof(text));
	for (i = 0; i < sizeof(in_v2) / sizeof(in_v2[0]); i++)
		ck_assert_msg(strstr(text, in_v2[i]), "%s\nlacks\n%s", text,
		              in_v2[i]);
	decode(&v1, text, sizeof(text));
	for (i = 0; i < sizeof(in_v1) / sizeof(in_v1[0]); i++)
		ck_assert_msg(strstr(text, in_v1[i]), "%s\nlacks\n%s", text,
		              in_v1[i]);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_stats");
	TCase *tcase = tcase_create("stats");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, v2_is_told_in_fields_of_v2);
	tcase_add_test(tcase, what_nobody_counts_is_left_out);
	tcase_add_loop_test(tcase, v2_tells_swap_without_memory, 0,
	                    sizeof(swaps) / sizeof(swaps[0]));
	tcase_add_test(tcase, v1_is_told_in_fields_of_v1);
	tcase_add_test(tcase, the_numbers_on_the_wire_are_containerds);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
