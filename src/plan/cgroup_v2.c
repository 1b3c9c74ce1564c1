/* SPDX-License-Identifier: Apache-2.0 */
/* Limits as files of cgroup v2. */
#include <errno.h>
#include <inttypes.h>

#include "plan/cgroup.h"

int cgroup_v2_memory(struct limits *l, struct error *err)
{
	const struct oci_memory *memory = &l->resources->memory;
	int64_t limit = memory->limit.set ? memory->limit.value : 0;
	struct memory_swap swap;
	int result = memory_swap_decide(l, &swap, err);

	if (result < 0)
		return result;
	/* Alone it is no zero that somebody filled in: no swap at all. */
	if (memory->swap.set && memory->swap.value == 0 && !memory->limit.set)
		swap = (struct memory_swap){ .set = true, .bytes = 0 };
	if (limit != 0) {
		limits_add(l, "memory.max", limits_number(l, limit, "max"),
		           "linux.resources.memory.limit", limit < 0);
		memory_check_usage(l, "memory.current", limit);
	}
	if (swap.set) {
		limits_add(l, "memory.swap.max",
		           limits_number(l, swap.bytes, "max"),
		           "linux.resources.memory.swap", swap.bytes <= 0);
		memory_check_usage(l, "memory.swap.current", swap.bytes);
	}
	if (memory->reservation.set)
		limits_add(l, "memory.low",
		           limits_number(l, memory->reservation.value, "max"),
		           "linux.resources.memory.reservation",
		           memory->reservation.value == 0);
	memory_warn_obsolete(l);
	if (memory->swappiness.set)
		limits_warn(
			l,
			"linux.resources.memory.swappiness: ignored, cgroup v2 has none");
	if (memory->disable_oom_killer.set && memory->disable_oom_killer.value)
		limits_warn(
			l,
			"linux.resources.memory.disableOOMKiller: ignored, cgroup v2 has none");
	return 0;
}

static int refuse_realtime(const struct oci_cpu *cpu, struct error *err)
{
	bool runtime = cpu->realtime_runtime.set && cpu->realtime_runtime.value;
	bool period = cpu->realtime_period.set && cpu->realtime_period.value;

	if (!runtime && !period)
		return 0;
	return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
	                 "linux.resources.cpu.%s: cgroup v2 has none",
	                 runtime ? "realtimeRuntime" : "realtimePeriod");
}

/* "QUOTA PERIOD"; in an update what is not given stays as it is. */
static void add_max(struct limits *l)
{
	const struct oci_cpu *cpu = &l->resources->cpu;
	uint64_t period = cpu->period.set ? cpu->period.value : 0;
	bool limited = cpu->quota.set && cpu->quota.value > 0;
	const char *quota =
		limited ? limits_number(l, cpu->quota.value, "max") : "max";
	const char *what = cpu->quota.set ? "linux.resources.cpu.quota"
	                                  : "linux.resources.cpu.period";
	const char *text;
	struct plan_cgroup_write *write;

	if (!cpu->quota.set && !period)
		return;
	if (l->update && !cpu->quota.set) {
		text = limits_unsigned(l, period);
		write = limits_add(l, "cpu.max", text, what, false);
		write->keep_first_word = true;
	} else if (l->update && !period) {
		limits_add(l, "cpu.max", quota, what, !limited);
	} else {
		text = arena_printf(l->arena, "%s %" PRIu64, quota,
		                    period ? period : 100000);
		limits_add(l, "cpu.max", text, what, !limited && !period);
	}
}

int cgroup_v2_cpu(struct limits *l, struct error *err)
{
	const struct oci_cpu *cpu = &l->resources->cpu;
	bool idle = cpu->idle.set && cpu->idle.value;
	int result = refuse_realtime(cpu, err);
	uint64_t weight;

	if (result < 0)
		return result;
	/* An idle cgroup refuses a weight, so that idleness goes first. */
	if (cpu->idle.set)
		limits_add(l, "cpu.idle",
		           limits_number(l, cpu->idle.value, "-1"),
		           "linux.resources.cpu.idle", !idle);
	if (cpu->shares.set && cpu->shares.value && !idle) {
		weight = cpu_weight_of_shares(cpu->shares.value);
		limits_add(l, "cpu.weight", limits_unsigned(l, weight),
		           "linux.resources.cpu.shares", false);
	}
	add_max(l);
	/* The quota bounds the burst, so that it goes first. */
	if (cpu->burst.set)
		limits_add(l, "cpu.max.burst",
		           limits_unsigned(l, cpu->burst.value),
		           "linux.resources.cpu.burst", cpu->burst.value == 0);
	return 0;
}

int cgroup_v2_cpuset(struct limits *l, struct error *err)
{
	const struct oci_cpu *cpu = &l->resources->cpu;

	(void)err;
	if (cpu->cpus && *cpu->cpus)
		limits_add(l, "cpuset.cpus", cpu->cpus,
		           "linux.resources.cpu.cpus", false);
	if (cpu->mems && *cpu->mems)
		limits_add(l, "cpuset.mems", cpu->mems,
		           "linux.resources.cpu.mems", false);
	return 0;
}

int cgroup_v2_pids(struct limits *l, struct error *err)
{
	const struct opt_i64 *limit = &l->resources->pids.limit;

	(void)err;
	if (limit->set)
		limits_add(l, "pids.max", limits_number(l, limit->value, "max"),
		           "linux.resources.pids.limit", limit->value < 0);
	return 0;
}
