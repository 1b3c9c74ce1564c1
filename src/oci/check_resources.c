/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for limits, in config.json and in the document of `update`. */
#include <inttypes.h>

#include "base/path.h"
#include "oci/internal.h"

/* kernel/sched/core.c takes 1 ms of quota at least, 1 s of period at most. */
#define CPU_MIN_US 1000
#define CPU_MAX_US 1000000

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

static void check_rules(struct oci_reader *r, const char *at,
                        const struct oci_resources *resources)
{
	for (size_t i = 0; i < resources->devices_count; i++) {
		const struct oci_device_rule *rule = &resources->devices[i];

		if (rule->major < -1 || rule->major > UINT32_MAX)
			oci_fault(r, oci_path(r, "%sdevices[%zu].major", at, i),
			          "%" PRIi64 " is not a device number",
			          rule->major);
		if (rule->minor < -1 || rule->minor > UINT32_MAX)
			oci_fault(r, oci_path(r, "%sdevices[%zu].minor", at, i),
			          "%" PRIi64 " is not a device number",
			          rule->minor);
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
			          "not the name of a cgroup file");
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
	check_rules(r, at, resources);
	check_unified(r, at, &resources->unified);
}
