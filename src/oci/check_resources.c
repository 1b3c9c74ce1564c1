/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for limits, in config.json and in the document of `update`. */
#include <inttypes.h>

#include "base/path.h"
#include "oci/internal.h"

/* kernel/sched/core.c takes 1 ms of quota at least, 1 s of period at most. */
#define CPU_MIN_US 1000
#define CPU_MAX_US 1000000

#define IO_WEIGHT_MIN 10
#define IO_WEIGHT_MAX 1000

struct limit_row {
	const char *name;
	struct opt_i64 limit;
};

static void check_memory_limits(struct oci_reader *r, const char *at,
                                const struct oci_memory *m)
{
	const struct limit_row rows[] = {
		{ "limit", m->limit },
		{ "reservation", m->reservation },
		{ "swap", m->swap },
		{ "kernel", m->kernel },
		{ "kernelTCP", m->kernel_tcp },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].limit.value < -1)
			oci_fault(r,
			          oci_path(r, "%smemory.%s", at, rows[i].name),
			          "%" PRIi64 " is less than -1",
			          rows[i].limit.value);
}

/* swap is memory and swap together, so it says nothing without a limit. */
static void check_swap(struct oci_reader *r, const char *at,
                       const struct oci_memory *m)
{
	bool is_update = !*at; /* the limit may stand already */

	if (m->swap.value <= 0)
		return;
	if (m->swap.value < m->limit.value)
		oci_fault(r, oci_path(r, "%smemory.swap", at),
		          "%" PRIi64 " is less than limit, %" PRIi64,
		          m->swap.value, m->limit.value);
	if (!m->limit.value && !is_update)
		oci_fault(r, oci_path(r, "%smemory.limit", at),
		          "missing: swap is given");
}

/* "0-3,7" as the kernel's bitmap_parselist() reads it. */
static void check_list(struct oci_reader *r, const char *at, const char *name,
                       const char *list)
{
	if (list && list[strspn(list, "0123456789,-:/")])
		oci_fault(r, oci_path(r, "%scpu.%s", at, name),
		          "%s is not a list of numbers and ranges",
		          oci_quote(r, list));
}

static void check_bandwidth(struct oci_reader *r, const char *at,
                            const struct oci_cpu *cpu)
{
	uint64_t period = cpu->period.value;
	int64_t quota = cpu->quota.value;

	if (period && (period < CPU_MIN_US || period > CPU_MAX_US))
		oci_fault(r, oci_path(r, "%scpu.period", at),
		          "%" PRIu64 " is out of range (%d to %d)", period,
		          CPU_MIN_US, CPU_MAX_US);
	if (quota > 0 && quota < CPU_MIN_US)
		oci_fault(r, oci_path(r, "%scpu.quota", at),
		          "%" PRIi64 " is less than %d", quota, CPU_MIN_US);
	if (quota > 0 && cpu->burst.value > (uint64_t)quota)
		oci_fault(r, oci_path(r, "%scpu.burst", at),
		          "%" PRIu64 " is more than quota, %" PRIi64,
		          cpu->burst.value, quota);
}

static void check_cpu(struct oci_reader *r, const char *at,
                      const struct oci_cpu *cpu)
{
	check_bandwidth(r, at, cpu);
	if (cpu->idle.value < 0 || cpu->idle.value > 1)
		oci_fault(r, oci_path(r, "%scpu.idle", at),
		          "%" PRIi64 " is neither 0 nor 1", cpu->idle.value);
	check_list(r, at, "cpus", cpu->cpus);
	check_list(r, at, "mems", cpu->mems);
}

/* A number of the device that AT names; at least LEAST. */
static void check_number(struct oci_reader *r, const char *at, const char *name,
                         int64_t number, int64_t least)
{
	if (number < least || number > UINT32_MAX)
		oci_fault(r, oci_path(r, "%s.%s", at, name),
		          "%" PRIi64 " is not a device number", number);
}

static void check_rules(struct oci_reader *r, const char *at,
                        const struct oci_resources *resources)
{
	for (size_t i = 0; i < resources->devices_count; i++) {
		const struct oci_device_rule *rule = &resources->devices[i];
		const char *path = oci_path(r, "%sdevices[%zu]", at, i);

		check_number(r, path, "major", rule->major, -1);
		check_number(r, path, "minor", rule->minor, -1);
	}
}

/* 0 is how Go writes that there is none. */
static void check_weight(struct oci_reader *r, const char *at, const char *name,
                         uint16_t weight)
{
	if (weight && (weight < IO_WEIGHT_MIN || weight > IO_WEIGHT_MAX))
		oci_fault(r, oci_path(r, "%s.%s", at, name),
		          "%u is out of range (%d to %d)", weight,
		          IO_WEIGHT_MIN, IO_WEIGHT_MAX);
}

static void check_throttles(struct oci_reader *r, const char *at,
                            const struct oci_throttles *throttles,
                            const char *name)
{
	for (size_t i = 0; i < throttles->count; i++) {
		const char *path =
			oci_path(r, "%sblockIO.%s[%zu]", at, name, i);

		check_number(r, path, "major", throttles->items[i].major, 0);
		check_number(r, path, "minor", throttles->items[i].minor, 0);
	}
}

static void check_block_io(struct oci_reader *r, const char *at,
                           const struct oci_block_io *io)
{
	const char *path = oci_path(r, "%sblockIO", at);
	size_t i;

	check_weight(r, path, "weight", io->weight);
	check_weight(r, path, "leafWeight", io->leaf_weight);
	for (i = 0; i < io->weight_devices_count; i++) {
		const struct oci_weight_device *device = &io->weight_devices[i];

		path = oci_path(r, "%sblockIO.weightDevice[%zu]", at, i);
		check_number(r, path, "major", device->major, 0);
		check_number(r, path, "minor", device->minor, 0);
		check_weight(r, path, "weight", device->weight);
		check_weight(r, path, "leafWeight", device->leaf_weight);
		if (!device->weight && !device->leaf_weight)
			oci_fault(r, path, "has no weight and no leafWeight");
	}
	for (i = 0; i < OCI_THROTTLE_KINDS; i++)
		check_throttles(r, at, &io->throttles[i],
		                oci_throttle_names[i]);
}

/* Part of a file's name: "2MB", as hugetlbfs counts. */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && *text != '0' && text[digits] &&
	       strchr("KMG", text[digits]) && str_equal(text + digits + 1, "B");
}

static void check_hugepages(struct oci_reader *r, const char *at,
                            const struct oci_resources *resources)
{
	for (size_t i = 0; i < resources->hugepage_limits_count; i++) {
		const char *size = resources->hugepage_limits[i].page_size;

		if (size && !is_page_size(size))
			oci_fault(r,
			          oci_path(r, "%shugepageLimits[%zu].pageSize",
			                   at, i),
			          "%s is not a page size like 64KB, 2MB or 1GB",
			          oci_quote(r, size));
	}
}

static bool is_one_word(const char *text)
{
	return *text && !text[strcspn(text, " \t\n")];
}

static void check_network(struct oci_reader *r, const char *at,
                          const struct oci_network *network)
{
	for (size_t i = 0; i < network->priorities_count; i++) {
		const char *name = network->priorities[i].name;

		if (name && !is_one_word(name))
			oci_fault(r,
			          oci_path(r, "%snetwork.priorities[%zu].name",
			                   at, i),
			          "%s is not the name of an interface",
			          oci_quote(r, name));
	}
}

static void check_rdma(struct oci_reader *r, const char *at,
                       const struct oci_resources *resources)
{
	for (size_t i = 0; i < resources->rdma_count; i++) {
		const struct oci_rdma *rdma = &resources->rdma[i];
		const char *path =
			oci_path(r, "%srdma%s", at,
		                 json_path_step(r->arena, rdma->device));

		if (!is_one_word(rdma->device))
			oci_fault(r, path, "not the name of a device");
		else if (!rdma->hca_handles.set && !rdma->hca_objects.set)
			oci_fault(r, path,
			          "has no hcaHandles and no hcaObjects");
	}
}

/* The file CONTROLLER.SOMETHING of the container's cgroup, and no other. */
static bool is_cgroup_file(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && dot > name && dot[1] && !strchr(name, '/') &&
	       !strstr(name, "..");
}

static void check_unified(struct oci_reader *r, const char *at,
                          const struct oci_map *unified)
{
	for (size_t i = 0; i < unified->count; i++) {
		const char *key = unified->pairs[i].key;

		if (!is_cgroup_file(key))
			oci_fault(r,
			          oci_path(r, "%sunified%s", at,
			                   json_path_step(r->arena, key)),
			          "the specified key has not the form "
			          "CONTROLLER.VALUE `%s`",
			          key);
	}
}

void oci_check_resources(struct oci_reader *r, const char *at,
                         const struct oci_resources *resources)
{
	check_memory_limits(r, at, &resources->memory);
	check_swap(r, at, &resources->memory);
	check_cpu(r, at, &resources->cpu);
	if (resources->pids.limit.value < -1)
		oci_fault(r, oci_path(r, "%spids.limit", at),
		          "%" PRIi64 " is less than -1",
		          resources->pids.limit.value);
	check_block_io(r, at, &resources->block_io);
	check_hugepages(r, at, resources);
	check_network(r, at, &resources->network);
	check_rdma(r, at, resources);
	check_rules(r, at, resources);
	check_unified(r, at, &resources->unified);
}
