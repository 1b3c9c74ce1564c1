/* SPDX-License-Identifier: Apache-2.0 */
/* Where and how the process runs: scheduler, I/O, CPUs, memory, personality. */
#include "proc/proc.h"
#include "sys/process.h"

/* Of sched_setattr(2), by number: not every header has it. */
#define POLICY_DEADLINE 6

#define WORD_BITS (8 * sizeof(unsigned long))

int proc_set_priorities(pid_t pid, const struct plan_process *process,
                        struct error *err)
{
	const struct plan_scheduler *wanted = process->scheduler;
	int result = 0;

	if (wanted) {
		const struct sys_sched_attr attr = {
			.policy = wanted->policy,
			.flags = wanted->flags,
			.nice = wanted->nice,
			.priority = wanted->priority,
			.runtime = wanted->runtime,
			.deadline = wanted->deadline,
			.period = wanted->period,
		};

		/* A deadline can be promised only where all CPUs may serve. */
		if (wanted->policy == POLICY_DEADLINE)
			result = sys_reset_affinity(pid);
		if (result == 0)
			result = sys_sched_setattr(pid, &attr);
		if (result < 0)
			return error_system(err, result,
			                    "process.scheduler: set policy %u, "
			                    "nice %d, priority %u",
			                    wanted->policy, wanted->nice,
			                    wanted->priority);
	}
	if (process->io_priority.set)
		result = sys_set_io_priority(pid,
		                             (int)process->io_priority.value);
	if (result < 0)
		return error_system(err, result, "process.ioPriority: set %#x",
		                    process->io_priority.value);
	return 0;
}

int proc_set_cpus(pid_t pid, const struct plan_bits *cpus, struct error *err)
{
	int result = sys_set_affinity(pid, cpus->words,
	                              cpus->count * sizeof(*cpus->words));

	if (result < 0)
		return error_system(err, result,
		                    "process.execCPUAffinity: set \"%s\"",
		                    cpus->list);
	return 0;
}

int proc_set_attributes(const struct plan_process *process, struct error *err)
{
	const struct plan_memory_policy *memory = process->memory_policy;
	int result = 0;

	if (process->cpus.list)
		result = proc_set_cpus(0, &process->cpus, err);
	else if (!process->initial_cpus.list)
		/* A courtesy: the cpuset limits whatever comes of it. */
		(void)sys_reset_affinity(0);
	if (result < 0)
		return result;
	if (memory)
		/* A mask without bits is refused, no mask is none. */
		result = sys_set_memory_policy(
			memory->mode,
			memory->nodes.count ? memory->nodes.words : NULL,
			memory->nodes.count * WORD_BITS);
	if (result < 0)
		return error_system(
			err, result,
			"linux.memoryPolicy: set mode %#x, nodes \"%s\"",
			(unsigned int)memory->mode,
			memory->nodes.list ? memory->nodes.list : "");
	if (process->personality.set)
		result = sys_personality(process->personality.value);
	if (result < 0)
		return error_system(err, result, "linux.personality: set %#x",
		                    process->personality.value);
	return 0;
}
