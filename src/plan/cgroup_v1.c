/* SPDX-License-Identifier: Apache-2.0 */
/* Limits as files of cgroup v1. */
#include <errno.h>

#include "plan/cgroup.h"

/*
 * memsw counts memory and swap together, as the specification does. It may
 * not be below the limit: of the two, the engine repeats what the kernel
 * refused because the other had not changed yet.
 */
static int add_memory_swap(struct limits *l, struct error *err)
{
	const struct oci_memory *memory = &l->resources->memory;
	int64_t limit = memory->limit.set ? memory->limit.value : 0;
	int64_t total = memory->swap.set ? memory->swap.value : 0;
	struct memory_swap swap;
	int result;

	/* An update may change it alone: the limit stands already. */
	if (l->update && limit == 0 && total > 0) {
		swap = (struct memory_swap){ .set = true, .bytes = total };
	} else {
		result = memory_swap_decide(l, &swap, err);
		if (result < 0)
			return result;
	}
	if (!swap.set)
		return 0;
	if (swap.bytes < 0)
		total = -1;
	limits_add(l, "memory.memsw.limit_in_bytes",
	           limits_number(l, total, "-1"), "linux.resources.memory.swap",
	           total < 0);
	memory_check_usage(l, "memory.memsw.usage_in_bytes", total);
	return 0;
}

int cgroup_v1_memory(struct limits *l, struct error *err)
{
	const struct oci_memory *memory = &l->resources->memory;
	int64_t limit = memory->limit.set ? memory->limit.value : 0;
	bool no_killer = memory->disable_oom_killer.value;
	int result;

	if (limit != 0) {
		limits_add(l, "memory.limit_in_bytes",
		           limits_number(l, limit, "-1"),
		           "linux.resources.memory.limit", limit < 0);
		memory_check_usage(l, "memory.usage_in_bytes", limit);
	}
	result = add_memory_swap(l, err);
	if (result < 0)
		return result;
	if (memory->reservation.set)
		limits_add(l, "memory.soft_limit_in_bytes",
		           limits_number(l, memory->reservation.value, "-1"),
		           "linux.resources.memory.reservation",
		           memory->reservation.value <= 0);
	if (memory->swappiness.set)
		limits_add(l, "memory.swappiness",
		           limits_unsigned(l, memory->swappiness.value),
		           "linux.resources.memory.swappiness", false);
	if (memory->disable_oom_killer.set)
		limits_add(l, "memory.oom_control", no_killer ? "1" : "0",
		           "linux.resources.memory.disableOOMKiller",
		           !no_killer);
	memory_warn_obsolete(l);
	return 0;
}

static void add_realtime(struct limits *l)
{
	const struct oci_cpu *cpu = &l->resources->cpu;

	if (cpu->realtime_period.set && cpu->realtime_period.value)
		limits_add(l, "cpu.rt_period_us",
		           limits_unsigned(l, cpu->realtime_period.value),
		           "linux.resources.cpu.realtimePeriod", false);
	if (cpu->realtime_runtime.set)
		limits_add(l, "cpu.rt_runtime_us",
		           limits_number(l, cpu->realtime_runtime.value, "-1"),
		           "linux.resources.cpu.realtimeRuntime",
		           cpu->realtime_runtime.value == 0);
}

int cgroup_v1_cpu(struct limits *l, struct error *err)
{
	const struct oci_cpu *cpu = &l->resources->cpu;
	bool idle = cpu->idle.set && cpu->idle.value;
	bool limited = cpu->quota.set && cpu->quota.value > 0;

	(void)err;
	if (cpu->idle.set)
		limits_add(l, "cpu.idle",
		           limits_number(l, cpu->idle.value, "-1"),
		           "linux.resources.cpu.idle", !idle);
	if (cpu->shares.set && cpu->shares.value && !idle)
		limits_add(l, "cpu.shares",
		           limits_unsigned(l, cpu->shares.value),
		           "linux.resources.cpu.shares", false);
	if (cpu->period.set && cpu->period.value)
		limits_add(l, "cpu.cfs_period_us",
		           limits_unsigned(l, cpu->period.value),
		           "linux.resources.cpu.period", false);
	if (cpu->quota.set)
		limits_add(l, "cpu.cfs_quota_us",
		           limited ? limits_number(l, cpu->quota.value, "-1")
		                   : "-1",
		           "linux.resources.cpu.quota", !limited);
	if (cpu->burst.set)
		limits_add(l, "cpu.cfs_burst_us",
		           limits_unsigned(l, cpu->burst.value),
		           "linux.resources.cpu.burst", cpu->burst.value == 0);
	add_realtime(l);
	return 0;
}

/* The files have v2's names; what differs is the driver's work. */
int cgroup_v1_cpuset(struct limits *l, struct error *err)
{
	return cgroup_v2_cpuset(l, err);
}

int cgroup_v1_pids(struct limits *l, struct error *err)
{
	return cgroup_v2_pids(l, err);
}
