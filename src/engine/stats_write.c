/* SPDX-License-Identifier: Apache-2.0 */
/* The events that clients of runc know: one line of JSON each. */
#include "base/str.h"
#include "engine/stats.h"
#include "json/json.h"

static void put_hundredths(struct json_writer *w, const char *key,
                           unsigned int hundredths)
{
	json_put_number(w, key,
	                arena_printf(w->buf.arena, "%u.%02u", hundredths / 100,
	                             hundredths % 100));
}

static void put_stall(struct json_writer *w, const char *key,
                      const struct runf_stall *stall)
{
	json_open_object(w, key);
	put_hundredths(w, "avg10", stall->avg10_hundredths);
	put_hundredths(w, "avg60", stall->avg60_hundredths);
	put_hundredths(w, "avg300", stall->avg300_hundredths);
	json_put_u64(w, "total", stall->total_us);
	json_close_object(w);
}

static void put_pressure(struct json_writer *w,
                         const struct runf_pressure *pressure)
{
	if (!pressure->counted)
		return;
	json_open_object(w, "psi");
	put_stall(w, "some", &pressure->some);
	put_stall(w, "full", &pressure->full);
	json_close_object(w);
}

static void put_cpu(struct json_writer *w, const struct runf_cpu_stats *cpu)
{
	size_t i;

	json_open_object(w, "cpu");
	json_open_object(w, "usage");
	json_put_u64(w, "total", cpu->usage_ns);
	if (cpu->cpus_count) {
		json_open_array(w, "percpu");
		for (i = 0; i < cpu->cpus_count; i++)
			json_put_u64(w, NULL, cpu->usage_of_cpu_ns[i]);
		json_close_array(w);
	}
	json_put_u64(w, "kernel", cpu->system_ns);
	json_put_u64(w, "user", cpu->user_ns);
	json_close_object(w);
	json_open_object(w, "throttling");
	json_put_u64(w, "periods", cpu->periods);
	json_put_u64(w, "throttledPeriods", cpu->throttled_periods);
	json_put_u64(w, "throttledTime", cpu->throttled_ns);
	json_close_object(w);
	put_pressure(w, &cpu->pressure);
	json_close_object(w);
}

/* "0-2,5" as [0,1,2,5]. */
static void put_list(struct json_writer *w, const char *key, const char *list)
{
	uint32_t first;
	uint32_t last;

	if (!list)
		return;
	json_open_array(w, key);
	while (str_next_range(&list, &first, &last) == 1)
		do
			json_put_u64(w, NULL, first);
		while (first++ < last);
	json_close_array(w);
}

static void put_cpuset(struct json_writer *w,
                       const struct runf_cpuset_stats *cpuset)
{
	json_open_object(w, "cpuset");
	put_list(w, "cpus", cpuset->cpus);
	put_list(w, "mems", cpuset->memory_nodes);
	json_close_object(w);
}

static void put_usage(struct json_writer *w, const char *key,
                      const struct runf_usage *usage)
{
	json_open_object(w, key);
	json_put_u64(w, "limit", usage->limit_bytes);
	json_put_u64(w, "usage", usage->usage_bytes);
	json_put_u64(w, "max", usage->peak_bytes);
	json_put_u64(w, "failcnt", usage->failures);
	json_close_object(w);
}

static void put_memory(struct json_writer *w,
                       const struct runf_memory_stats *memory)
{
	size_t i;

	json_open_object(w, "memory");
	json_put_u64(w, "cache", memory->cache_bytes);
	put_usage(w, "usage", &memory->memory);
	put_usage(w, "swap", &memory->memory_and_swap);
	put_usage(w, "kernel", &memory->kernel);
	put_usage(w, "kernelTCP", &memory->kernel_tcp);
	json_open_object(w, "raw");
	for (i = 0; i < memory->details_count; i++)
		json_put_u64(w, memory->details[i].name,
		             memory->details[i].value);
	json_close_object(w);
	put_pressure(w, &memory->pressure);
	json_close_object(w);
}

/* Where there is no limit clients expect 0. */
static void put_pids(struct json_writer *w, const struct runf_pids_stats *pids)
{
	json_open_object(w, "pids");
	json_put_u64(w, "current", pids->current);
	json_put_u64(w, "limit",
	             pids->limit == RUNF_UNLIMITED ? 0 : pids->limit);
	json_close_object(w);
}

static void put_io_entry(struct json_writer *w,
                         const struct runf_io_device *device, const char *op,
                         uint64_t value)
{
	json_open_object(w, NULL);
	json_put_u64(w, "major", device->major);
	json_put_u64(w, "minor", device->minor);
	json_put_str(w, "op", op);
	json_put_u64(w, "value", value);
	json_close_object(w);
}

static void put_io(struct json_writer *w, const struct runf_io_stats *io)
{
	const struct runf_io_device *d;
	const struct runf_io_device *end = io->devices + io->devices_count;

	json_open_object(w, "blkio");
	json_open_array(w, "ioServiceBytesRecursive");
	for (d = io->devices; d < end; d++) {
		put_io_entry(w, d, "Read", d->read_bytes);
		put_io_entry(w, d, "Write", d->write_bytes);
		put_io_entry(w, d, "Discard", d->discard_bytes);
	}
	json_close_array(w);
	json_open_array(w, "ioServicedRecursive");
	for (d = io->devices; d < end; d++) {
		put_io_entry(w, d, "Read", d->reads);
		put_io_entry(w, d, "Write", d->writes);
		put_io_entry(w, d, "Discard", d->discards);
	}
	json_close_array(w);
	put_pressure(w, &io->pressure);
	json_close_object(w);
}

static void put_hugetlb(struct json_writer *w, const struct runf_stats *stats)
{
	size_t i;

	json_open_object(w, "hugetlb");
	for (i = 0; i < stats->hugetlb_count; i++) {
		const struct runf_hugetlb_stats *one = &stats->hugetlb[i];

		json_open_object(w, one->page_size);
		json_put_u64(w, "usage", one->usage.usage_bytes);
		json_put_u64(w, "max", one->usage.peak_bytes);
		json_put_u64(w, "failcnt", one->usage.failures);
		json_close_object(w);
	}
	json_close_object(w);
}

const char *stats_write(struct arena *arena, const char *id,
                        const struct runf_stats *stats)
{
	struct json_writer w = { .buf.arena = arena, .indent = "" };

	json_open_object(&w, NULL);
	json_put_str(&w, "type", "stats");
	json_put_str(&w, "id", id);
	json_open_object(&w, "data");
	put_cpu(&w, &stats->cpu);
	put_cpuset(&w, &stats->cpuset);
	put_memory(&w, &stats->memory);
	put_pids(&w, &stats->pids);
	put_io(&w, &stats->io);
	put_hugetlb(&w, stats);
	json_open_object(&w, "intel_rdt");
	json_close_object(&w);
	json_put_null(&w, "network_interfaces");
	json_close_object(&w);
	json_close_object(&w);
	return buf_str(&w.buf);
}
