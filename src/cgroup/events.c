/* SPDX-License-Identifier: Apache-2.0 */
/* What a cgroup counts for reports. */
#include <errno.h>

#include "base/fd.h"
#include "cgroup/internal.h"

/* v1's memory hierarchy if the container is in it, else the v2 leaf. */
static const struct plan_cgroup_dir *memory_dir(const struct plan_cgroup *plan)
{
	size_t i;

	for (i = 0; i < plan->dirs_count; i++)
		if (dir_has(&plan->dirs[i], "memory"))
			return &plan->dirs[i];
	for (i = 0; i < plan->dirs_count; i++)
		if (dir_is_v2(&plan->dirs[i]))
			return &plan->dirs[i];
	return NULL;
}

int cgroup_oom_count(const struct plan_cgroup *plan, uint64_t *ret_count)
{
	const struct plan_cgroup_dir *memory = memory_dir(plan);
	auto_close int dir = memory ? dir_open(memory) : -ENOENT;
	uint64_t count = 0;
	int result = dir;

	if (dir >= 0)
		result = file_read_key(dir,
		                       dir_is_v2(memory) ? "memory.events"
		                                         : "memory.oom_control",
		                       "oom_kill", &count);
	/* No such file: the controller is off. No such line: before 4.13. */
	if (result < 0 && !cgroup_is_gone(result) && result != -ENODATA)
		return result;
	*ret_count = count;
	return 0;
}
