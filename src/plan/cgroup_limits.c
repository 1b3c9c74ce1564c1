/* SPDX-License-Identifier: Apache-2.0 */
/* What both versions of cgroups share about limits. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "plan/cgroup.h"

struct plan_cgroup_write *limits_add(struct limits *limits, const char *file,
                                     const char *value, const char *what,
                                     bool moot)
{
	struct plan_cgroup_write *write =
		arena_push(limits->arena, limits->writes, limits->count);

	write->file = file;
	write->value = value;
	write->what = what;
	write->if_present = moot;
	return write;
}

const char *limits_number(struct limits *limits, int64_t number,
                          const char *none)
{
	if (number < 0)
		return none;
	return arena_printf(limits->arena, "%" PRId64, number);
}

const char *limits_unsigned(struct limits *limits, uint64_t number)
{
	return arena_printf(limits->arena, "%" PRIu64, number);
}

void limits_warn(struct limits *limits, const char *text)
{
	if (limits->planner)
		planner_warn(limits->planner, "%s", text);
}

/*
 * memory.swap counts memory and swap together:
 *
 *   swap          limit         here
 *   unset or 0    -1            unlimited
 *   unset or 0    else          unset: the kernel's default; v2 counts swap
 *                               apart and takes a 0 without a limit: none
 *   -1            any           unlimited
 *   > 0           -1            SWAP, as nothing limits the memory in it
 *   > 0           0 or unset    an error: nothing to take away
 *   < limit                     an error
 *   else                        SWAP - LIMIT
 */
int memory_swap_decide(const struct limits *limits, struct memory_swap *ret,
                       struct error *err)
{
	const struct oci_memory *memory = &limits->resources->memory;
	int64_t limit = memory->limit.set ? memory->limit.value : 0;
	int64_t swap = memory->swap.set ? memory->swap.value : 0;

	*ret = (struct memory_swap){ .set = true, .bytes = -1 };
	if (swap == 0)
		ret->set = limit < 0;
	else if (swap > 0 && limit < 0)
		ret->bytes = swap;
	else if (swap > 0 && limit == 0)
		return error_set(
			err, ERROR_CONFIG, -EINVAL,
			"linux.resources.memory.swap: needs a memory.limit beside it");
	else if (swap > 0 && swap < limit)
		return error_set(
			err, ERROR_CONFIG, -EINVAL,
			"linux.resources.memory.swap: %" PRId64
			" is less than memory.limit, which it includes",
			swap);
	else if (swap > 0)
		ret->bytes = swap - limit;
	return 0;
}

void memory_warn_obsolete(struct limits *limits)
{
	const struct oci_memory *memory = &limits->resources->memory;

	if (memory->kernel.set)
		limits_warn(
			limits,
			"linux.resources.memory.kernel: ignored, kernel memory counts as memory");
	if (memory->kernel_tcp.set)
		limits_warn(
			limits,
			"linux.resources.memory.kernelTCP: ignored, kernel memory counts as memory");
	if (memory->use_hierarchy.set && !memory->use_hierarchy.value)
		limits_warn(
			limits,
			"linux.resources.memory.useHierarchy: ignored, memory is always counted in hierarchies");
}

void memory_check_usage(struct limits *limits, const char *file,
                        int64_t ceiling)
{
	const struct opt_bool *check =
		&limits->resources->memory.check_before_update;
	struct plan_cgroup_write *write = &limits->writes[limits->count - 1];

	if (!limits->update || !check->set || !check->value || ceiling < 0)
		return;
	write->usage_file = file;
	write->ceiling = (uint64_t)ceiling;
}

/*
 * The curve on which shares 2, 1024 and 262144 are the weights 1, 100 and
 * 10000. What floating point adds to an exact result is not rounded up.
 */
uint64_t cpu_weight_of_shares(uint64_t shares)
{
	double l;
	double weight;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	weight = pow(10, (l * l + 125 * l) / 612 - 7.0 / 34);
	return (uint64_t)ceil(weight - 1e-9);
}
