/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroup that stays open. */
#include "cgroup/stats.h"
#include "engine/engine.h"
#include "engine/oom.h"

int engine_hold_cgroup(struct engine *engine, const char *id,
                       struct runf_cgroup **ret_cgroup, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_found struct found found = FOUND_NONE;
	int result = events_find(engine, &arena, id, &found, err);

	return result < 0 ? result
	                  : cgroup_hold(&found.cgroup, ret_cgroup, err);
}

int engine_freeze_held(struct runf_cgroup *cgroup, bool frozen)
{
	return cgroup_held_freeze(cgroup, frozen);
}

int engine_kill_held(struct runf_cgroup *cgroup)
{
	return cgroup_held_kill(cgroup);
}

void engine_reset_peak(struct runf_cgroup *cgroup)
{
	cgroup_held_reset_peak(cgroup);
}

void engine_read_held(struct runf_cgroup *cgroup, struct runf_counts *ret)
{
	cgroup_held_read(cgroup, ret);
}

void engine_release_cgroup(struct runf_cgroup *cgroup)
{
	cgroup_release(cgroup);
}
