/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics in containerd's form. */
#include "shim/stats.h"

#include <metrics.pb-c.h>
#include <stdint.h>

#include "base/str.h"
#include "shim/message.h"

#define NS_PER_US 1000U

/* A line of memory.stat or memory.events, and where its value goes. */
struct detail {
	const char *name;
	size_t offset;
};

/* clang-format off */
#define V2(key) { #key, offsetof(Metrics__V2Memory, key) }
/* Newer kernels count a line of older ones as two. */
#define V2_SPLIT(key) \
	V2(key), { #key "_anon", offsetof(Metrics__V2Memory, key) }, \
	{ #key "_file", offsetof(Metrics__V2Memory, key) }
#define EVENT(key) { #key, offsetof(Metrics__V2Events, key) }
#define V1(key) { #key, offsetof(Metrics__V1Memory, key) }
#define V1_TOTAL(key) V1(key), V1(total_##key)

static const struct detail v2_memory[] = {
	V2(anon), V2(file), V2(kernel_stack), V2(slab), V2(sock), V2(shmem),
	V2(file_mapped), V2(file_dirty), V2(file_writeback), V2(anon_thp),
	V2(inactive_anon), V2(active_anon), V2(inactive_file),
	V2(active_file), V2(unevictable), V2(slab_reclaimable),
	V2(slab_unreclaimable), V2(pgfault), V2(pgmajfault),
	V2_SPLIT(workingset_refault), V2_SPLIT(workingset_activate),
	V2(workingset_nodereclaim), V2(pgrefill), V2(pgscan), V2(pgsteal),
	V2(pgactivate), V2(pgdeactivate), V2(pglazyfree), V2(pglazyfreed),
	V2(thp_fault_alloc), V2(thp_collapse_alloc), { NULL, 0 },
};

static const struct detail v2_events[] = {
	EVENT(low), EVENT(high), EVENT(max), EVENT(oom), EVENT(oom_kill),
	{ NULL, 0 },
};

static const struct detail v1_memory[] = {
	V1_TOTAL(cache), V1_TOTAL(rss), V1_TOTAL(rss_huge),
	V1_TOTAL(mapped_file), V1_TOTAL(dirty), V1_TOTAL(writeback),
	V1_TOTAL(pgpgin), V1_TOTAL(pgpgout), V1_TOTAL(pgfault),
	V1_TOTAL(pgmajfault), V1_TOTAL(inactive_anon), V1_TOTAL(active_anon),
	V1_TOTAL(inactive_file), V1_TOTAL(active_file),
	V1_TOTAL(unevictable), V1(hierarchical_memory_limit),
	V1(hierarchical_memsw_limit), { NULL, 0 },
};

/* clang-format on */

static void put_details(void *message, const struct detail *table,
                        const struct runf_stat *items, size_t count)
{
	const struct detail *row;
	size_t i;

	for (i = 0; i < count; i++)
		for (row = table; row->name; row++)
			if (str_equal(row->name, items[i].name))
				*(uint64_t *)(void *)((char *)message +
				                      row->offset) +=
					items[i].value;
}

/* A message in ARENA, with what generated code wants to be set. */
#define NEW_MESSAGE(arena, type, init)                    \
	__extension__({                                   \
		type *new_one = arena_new((arena), type); \
		init(new_one);                            \
		new_one;                                  \
	})

/* The generated structs want strings that could be written to. */
static char *text(const char *value)
{
	return (char *)(uintptr_t)value;
}

static Metrics__Stall *put_stall(struct arena *arena,
                                 const struct runf_stall *from)
{
	Metrics__Stall *stall =
		NEW_MESSAGE(arena, Metrics__Stall, metrics__stall__init);

	stall->avg10 = from->avg10_hundredths / 100.0;
	stall->avg60 = from->avg60_hundredths / 100.0;
	stall->avg300 = from->avg300_hundredths / 100.0;
	stall->total = from->total_us;
	return stall;
}

static Metrics__Pressure *put_pressure(struct arena *arena,
                                       const struct runf_pressure *from)
{
	Metrics__Pressure *pressure;

	if (!from->counted)
		return NULL;
	pressure =
		NEW_MESSAGE(arena, Metrics__Pressure, metrics__pressure__init);
	pressure->some = put_stall(arena, &from->some);
	pressure->full = put_stall(arena, &from->full);
	return pressure;
}

static Metrics__Pids *put_pids(struct arena *arena,
                               const struct runf_pids_stats *from,
                               uint64_t no_limit)
{
	Metrics__Pids *pids =
		NEW_MESSAGE(arena, Metrics__Pids, metrics__pids__init);

	pids->current = from->current;
	pids->limit = from->limit == RUNF_UNLIMITED ? no_limit : from->limit;
	return pids;
}

/* ---- v2 */

static Metrics__V2Cpu *put_v2_cpu(struct arena *arena,
                                  const struct runf_cpu_stats *from)
{
	Metrics__V2Cpu *cpu;

	if (!from->counted)
		return NULL;
	cpu = NEW_MESSAGE(arena, Metrics__V2Cpu, metrics__v2_cpu__init);
	cpu->usage_us = from->usage_ns / NS_PER_US;
	cpu->user_us = from->user_ns / NS_PER_US;
	cpu->system_us = from->system_ns / NS_PER_US;
	cpu->periods = from->periods;
	cpu->throttled_periods = from->throttled_periods;
	cpu->throttled_us = from->throttled_ns / NS_PER_US;
	cpu->bursts = from->bursts;
	cpu->burst_us = from->burst_ns / NS_PER_US;
	cpu->pressure = put_pressure(arena, &from->pressure);
	return cpu;
}

/* runf counts swap with memory, as it limits it; containerd alone. */
static uint64_t swap_of(uint64_t both, uint64_t memory)
{
	if (both == RUNF_UNLIMITED)
		return both;
	return both > memory ? both - memory : 0;
}

static Metrics__V2Memory *put_v2_memory(struct arena *arena,
                                        const struct runf_memory_stats *from)
{
	Metrics__V2Memory *memory;

	if (!from->counted)
		return NULL;
	memory =
		NEW_MESSAGE(arena, Metrics__V2Memory, metrics__v2_memory__init);
	put_details(memory, v2_memory, from->details, from->details_count);
	memory->usage = from->memory.usage_bytes;
	memory->limit = from->memory.limit_bytes;
	memory->peak = from->memory.peak_bytes;
	memory->swap_usage = swap_of(from->memory_and_swap.usage_bytes,
	                             from->memory.usage_bytes);
	memory->swap_limit = swap_of(from->memory_and_swap.limit_bytes,
	                             from->memory.limit_bytes);
	memory->pressure = put_pressure(arena, &from->pressure);
	return memory;
}

static Metrics__V2Events *put_v2_events(struct arena *arena,
                                        const struct runf_memory_stats *from)
{
	Metrics__V2Events *events;

	if (!from->events_count)
		return NULL;
	events =
		NEW_MESSAGE(arena, Metrics__V2Events, metrics__v2_events__init);
	put_details(events, v2_events, from->events, from->events_count);
	return events;
}

static Metrics__V2Io *put_v2_io(struct arena *arena,
                                const struct runf_io_stats *from)
{
	Metrics__V2Io *io;
	size_t i;

	if (!from->counted)
		return NULL;
	io = NEW_MESSAGE(arena, Metrics__V2Io, metrics__v2_io__init);
	io->n_devices = from->devices_count;
	io->devices = arena_new_array(arena, Metrics__V2IoDevice *,
	                              from->devices_count);
	for (i = 0; i < from->devices_count; i++) {
		const struct runf_io_device *device = &from->devices[i];
		Metrics__V2IoDevice *one =
			NEW_MESSAGE(arena, Metrics__V2IoDevice,
		                    metrics__v2_io_device__init);

		one->major = device->major;
		one->minor = device->minor;
		one->read_bytes = device->read_bytes;
		one->write_bytes = device->write_bytes;
		one->reads = device->reads;
		one->writes = device->writes;
		io->devices[i] = one;
	}
	io->pressure = put_pressure(arena, &from->pressure);
	return io;
}

static struct ttrpc_bytes pack_v2(struct arena *arena,
                                  const struct runf_stats *stats)
{
	Metrics__V2 v2;
	size_t i;

	metrics__v2__init(&v2);
	v2.pids = put_pids(arena, &stats->pids, RUNF_UNLIMITED);
	v2.cpu = put_v2_cpu(arena, &stats->cpu);
	v2.memory = put_v2_memory(arena, &stats->memory);
	v2.memory_events = put_v2_events(arena, &stats->memory);
	v2.io = put_v2_io(arena, &stats->io);
	v2.n_hugetlb = stats->hugetlb_count;
	v2.hugetlb = arena_new_array(arena, Metrics__V2Hugetlb *,
	                             stats->hugetlb_count);
	for (i = 0; i < stats->hugetlb_count; i++) {
		Metrics__V2Hugetlb *one = NEW_MESSAGE(
			arena, Metrics__V2Hugetlb, metrics__v2_hugetlb__init);

		one->usage = stats->hugetlb[i].usage.usage_bytes;
		one->limit = stats->hugetlb[i].usage.limit_bytes;
		one->page_size = text(stats->hugetlb[i].page_size);
		v2.hugetlb[i] = one;
	}
	return message_pack(arena, &v2.base);
}

/* ---- v1 */

static Metrics__V1Cpu *put_v1_cpu(struct arena *arena,
                                  const struct runf_cpu_stats *from)
{
	Metrics__V1Cpu *cpu;
	Metrics__V1CpuUsage *usage;
	Metrics__V1Throttle *throttle;

	if (!from->counted)
		return NULL;
	cpu = NEW_MESSAGE(arena, Metrics__V1Cpu, metrics__v1_cpu__init);
	cpu->usage = usage = NEW_MESSAGE(arena, Metrics__V1CpuUsage,
	                                 metrics__v1_cpu_usage__init);
	usage->total_ns = from->usage_ns;
	usage->system_ns = from->system_ns;
	usage->user_ns = from->user_ns;
	usage->n_of_cpu_ns = from->cpus_count;
	usage->of_cpu_ns = (uint64_t *)(uintptr_t)from->usage_of_cpu_ns;
	cpu->throttle = throttle = NEW_MESSAGE(arena, Metrics__V1Throttle,
	                                       metrics__v1_throttle__init);
	throttle->periods = from->periods;
	throttle->throttled_periods = from->throttled_periods;
	throttle->throttled_ns = from->throttled_ns;
	return cpu;
}

static Metrics__V1Usage *put_v1_usage(struct arena *arena,
                                      const struct runf_usage *from)
{
	Metrics__V1Usage *usage =
		NEW_MESSAGE(arena, Metrics__V1Usage, metrics__v1_usage__init);

	usage->limit = from->limit_bytes;
	usage->usage = from->usage_bytes;
	usage->peak = from->peak_bytes;
	usage->failures = from->failures;
	return usage;
}

static void put_v1_memory(struct arena *arena,
                          const struct runf_memory_stats *from, Metrics__V1 *v1)
{
	Metrics__V1Memory *memory;

	if (!from->counted)
		return;
	memory =
		NEW_MESSAGE(arena, Metrics__V1Memory, metrics__v1_memory__init);
	put_details(memory, v1_memory, from->details, from->details_count);
	memory->memory = put_v1_usage(arena, &from->memory);
	memory->memory_and_swap = put_v1_usage(arena, &from->memory_and_swap);
	memory->kernel = put_v1_usage(arena, &from->kernel);
	memory->kernel_tcp = put_v1_usage(arena, &from->kernel_tcp);
	v1->memory = memory;
	v1->oom = NEW_MESSAGE(arena, Metrics__V1Oom, metrics__v1_oom__init);
	v1->oom->kills = from->oom_kills;
}

static Metrics__V1IoEntry *put_v1_entry(struct arena *arena,
                                        const struct runf_io_device *device,
                                        const char *operation, uint64_t value)
{
	Metrics__V1IoEntry *entry = NEW_MESSAGE(arena, Metrics__V1IoEntry,
	                                        metrics__v1_io_entry__init);

	entry->operation = text(operation);
	entry->major = device->major;
	entry->minor = device->minor;
	entry->value = value;
	return entry;
}

static Metrics__V1Io *put_v1_io(struct arena *arena,
                                const struct runf_io_stats *from)
{
	Metrics__V1Io *io;
	size_t i;

	if (!from->counted)
		return NULL;
	io = NEW_MESSAGE(arena, Metrics__V1Io, metrics__v1_io__init);
	io->bytes = arena_new_array(arena, Metrics__V1IoEntry *,
	                            3 * from->devices_count);
	io->operations = arena_new_array(arena, Metrics__V1IoEntry *,
	                                 3 * from->devices_count);
	for (i = 0; i < from->devices_count; i++) {
		const struct runf_io_device *d = &from->devices[i];
		Metrics__V1IoEntry **bytes = io->bytes + io->n_bytes;
		Metrics__V1IoEntry **ops = io->operations + io->n_operations;

		bytes[0] = put_v1_entry(arena, d, "Read", d->read_bytes);
		bytes[1] = put_v1_entry(arena, d, "Write", d->write_bytes);
		bytes[2] = put_v1_entry(arena, d, "Discard", d->discard_bytes);
		ops[0] = put_v1_entry(arena, d, "Read", d->reads);
		ops[1] = put_v1_entry(arena, d, "Write", d->writes);
		ops[2] = put_v1_entry(arena, d, "Discard", d->discards);
		io->n_bytes += 3;
		io->n_operations += 3;
	}
	return io;
}

static struct ttrpc_bytes pack_v1(struct arena *arena,
                                  const struct runf_stats *stats)
{
	Metrics__V1 v1;
	size_t i;

	metrics__v1__init(&v1);
	/* v1's readers take 0 for none. */
	v1.pids = put_pids(arena, &stats->pids, 0);
	v1.cpu = put_v1_cpu(arena, &stats->cpu);
	put_v1_memory(arena, &stats->memory, &v1);
	v1.io = put_v1_io(arena, &stats->io);
	v1.n_hugetlb = stats->hugetlb_count;
	v1.hugetlb = arena_new_array(arena, Metrics__V1Hugetlb *,
	                             stats->hugetlb_count);
	for (i = 0; i < stats->hugetlb_count; i++) {
		const struct runf_hugetlb_stats *from = &stats->hugetlb[i];
		Metrics__V1Hugetlb *one = NEW_MESSAGE(
			arena, Metrics__V1Hugetlb, metrics__v1_hugetlb__init);

		one->usage = from->usage.usage_bytes;
		one->peak = from->usage.peak_bytes;
		one->failures = from->usage.failures;
		one->page_size = text(from->page_size);
		v1.hugetlb[i] = one;
	}
	return message_pack(arena, &v1.base);
}

void stats_pack(struct arena *arena, const struct runf_stats *stats,
                const char **ret_type, struct ttrpc_bytes *ret_bytes)
{
	*ret_type = stats->unified ? "io.containerd.cgroups.v2.Metrics"
	                           : "io.containerd.cgroups.v1.Metrics";
	*ret_bytes =
		stats->unified ? pack_v2(arena, stats) : pack_v1(arena, stats);
}
