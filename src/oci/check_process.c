/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for `process`, in config.json and in the process.json of exec. */
#include <limits.h>

#include "oci/internal.h"

#define OOM_SCORE_ADJ_MAX 1000
#define NICE_MIN          (-20)
#define NICE_MAX          19
#define RT_PRIORITY_MAX   99
/* Shorter than its clock can tell, says the kernel. */
#define DEADLINE_RUNTIME_MIN 1024
#define DEADLINE             "sched_setattr: `SCHED_DEADLINE` "
#define IO_PRIORITY_MAX      7

/* -1 as an id means "leave it" to system calls. */
static void check_id(struct oci_reader *r, const char *at, const char *name,
                     uint32_t id)
{
	if (id == UINT32_MAX)
		oci_fault(r, oci_path(r, "%suser.%s", at, name),
		          "%u is not an id", id);
}

static void check_user(struct oci_reader *r, const char *at,
                       const struct oci_user *user)
{
	check_id(r, at, "uid", user->uid);
	check_id(r, at, "gid", user->gid);
	for (size_t i = 0; i < user->additional_gids_count; i++)
		if (user->additional_gids[i] == UINT32_MAX)
			check_id(r, at, oci_path(r, "additionalGids[%zu]", i),
			         UINT32_MAX);
	if (user->umask.set && user->umask.value > 0777)
		oci_fault(r, oci_path(r, "%suser.umask", at),
		          "%u is more than 511 (octal 777)", user->umask.value);
}

static void check_env(struct oci_reader *r, const char *at,
                      const struct oci_strings *env)
{
	for (size_t i = 0; i < env->count; i++) {
		const char *equals = strchr(env->items[i], '=');

		if (equals && equals > env->items[i])
			continue;
		oci_fault(r, oci_path(r, "%senv[%zu]", at, i),
		          "%s is not KEY=VALUE", oci_quote(r, env->items[i]));
	}
}

static void check_rlimits(struct oci_reader *r, const char *at,
                          const struct oci_process *process)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < process->rlimits_count; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];

		if (!limit->type)
			continue;
		if (seen >> limit->resource & 1)
			oci_fault(r, oci_path(r, "%srlimits[%zu].type", at, i),
			          "\"%s\" is given twice", limit->type);
		seen |= UINT64_C(1) << limit->resource;
		if (limit->soft > limit->hard)
			oci_fault(r, oci_path(r, "%srlimits[%zu].hard", at, i),
			          "%llu is less than soft, %llu",
			          (unsigned long long)limit->hard,
			          (unsigned long long)limit->soft);
	}
}

void oci_check_numbers(struct oci_reader *r, const char *at, const char *name,
                       const char *list)
{
	const char *rest = list ? list : "";
	uint32_t first;
	uint32_t last = 0;
	int result;

	while ((result = str_next_range(&rest, &first, &last)) > 0)
		if (last > OCI_NUMBER_MAX)
			break;
	if (result != 0)
		oci_fault(r, oci_path(r, "%s%s", at, name),
		          "%s is not a list of numbers and ranges",
		          oci_quote(r, list));
}

static void check_range(struct oci_reader *r, const char *at, const char *name,
                        int64_t value, int min, int max)
{
	if (value < min || value > max)
		oci_fault(r, oci_path(r, "%s%s", at, name),
		          "%lld is out of range (%d to %d)", (long long)value,
		          min, max);
}

static bool check_given(struct oci_reader *r, const char *at, const char *name,
                        struct opt_u64 value)
{
	if (!value.set)
		oci_fault(r, oci_path(r, "%sscheduler.%s", at, name),
		          "sched_setattr: `SCHED_DEADLINE` requires `%s`",
		          name);
	return value.set;
}

/* What the kernel would refuse with EINVAL and nothing else. */
static void check_deadline(struct oci_reader *r, const char *at,
                           const struct oci_scheduler *s)
{
	unsigned long long runtime = s->runtime.value;
	unsigned long long deadline = s->deadline.value;
	unsigned long long period = s->period.value;
	const char *where = oci_path(r, "%sscheduler.runtime", at);

	if (!check_given(r, at, "runtime", s->runtime) ||
	    !check_given(r, at, "deadline", s->deadline))
		return;
	if (runtime == 0)
		oci_fault(r, where, DEADLINE "runtime must be greater than 0");
	else if (runtime < DEADLINE_RUNTIME_MIN || runtime > INT64_MAX)
		oci_fault(r, where,
		          DEADLINE "runtime %llu must be between %d and %lld",
		          runtime, DEADLINE_RUNTIME_MIN, (long long)INT64_MAX);
	else if (runtime > deadline)
		oci_fault(r, where,
		          DEADLINE "runtime %llu must be <= deadline %llu",
		          runtime, deadline);
	if (period && deadline > period)
		oci_fault(r, oci_path(r, "%sscheduler.deadline", at),
		          DEADLINE "deadline %llu must be <= period %llu",
		          deadline, period);
}

static void check_scheduler(struct oci_reader *r, const char *at,
                            const struct oci_scheduler *scheduler)
{
	const char *policy = str_name_of(oci_scheduler_policies,
	                                 (uint64_t)scheduler->policy);
	bool real_time = str_equal(policy, "SCHED_FIFO") ||
	                 str_equal(policy, "SCHED_RR");

	check_range(r, at, "scheduler.nice", scheduler->nice, NICE_MIN,
	            NICE_MAX);
	if (!real_time && scheduler->priority)
		oci_fault(r, oci_path(r, "%sscheduler.priority", at),
		          "%s has none", policy);
	check_range(r, at, "scheduler.priority", scheduler->priority, 0,
	            RT_PRIORITY_MAX);
	if (str_equal(policy, "SCHED_DEADLINE"))
		check_deadline(r, at, scheduler);
	else if (scheduler->runtime.value || scheduler->deadline.value ||
	         scheduler->period.value)
		oci_fault(r, oci_path(r, "%sscheduler.policy", at),
		          "%s has no runtime, deadline or period", policy);
}

void oci_check_process(struct oci_reader *r, const char *at,
                       const struct oci_process *process)
{
	int64_t score = process->oom_score_adj.value;

	check_user(r, at, &process->user);
	check_env(r, at, &process->env);
	check_rlimits(r, at, process);
	if (score < -OOM_SCORE_ADJ_MAX || score > OOM_SCORE_ADJ_MAX)
		oci_fault(r, oci_path(r, "%soomScoreAdj", at),
		          "%lld is out of range (-1000 to 1000)",
		          (long long)score);
	if (process->scheduler.set)
		check_scheduler(r, at, &process->scheduler);
	check_range(r, at, "ioPriority.priority", process->io_priority.priority,
	            0, IO_PRIORITY_MAX);
	oci_check_numbers(r, at, "execCPUAffinity.initial",
	                  process->exec_cpus.initial);
	oci_check_numbers(r, at, "execCPUAffinity.final",
	                  process->exec_cpus.final);
}
