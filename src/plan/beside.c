/* SPDX-License-Identifier: Apache-2.0 */
/* Which of init's steps the parent does on another CPU, beside it. */
#include <linux/sched.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "plan/mounts.h"

/*
 * A file system that knows nothing of namespaces, and that does not look at
 * what it covers, may be made by anybody.
 */
static bool is_independent(const struct plan_step *step)
{
	const struct plan_mount *mount = &step->mount;

	return step->kind == PLAN_STEP_MOUNT && mount->kind == PLAN_MOUNT_FS &&
	       !mount->copy_up && !mount->copy_mode && !mount->data &&
	       mount->fallback_source < 0 &&
	       (str_equal(mount->type, "tmpfs") ||
	        str_equal(mount->type, "devpts"));
}

/* Is the directory of PATH just DESTINATION? */
static bool is_directly_in(const char *path, const char *destination)
{
	size_t length = strlen(destination);

	return path_is_within(path, destination) && path[length] == '/' &&
	       !strchr(path + length + 1, '/');
}

/* The path of a step that makes a file, or NULL. */
static const char *path_of(const struct plan_step *step)
{
	if (step->kind == PLAN_STEP_DEVICE && !step->device.bind)
		return step->device.path;
	if (step->kind == PLAN_STEP_LINK && !step->link.if_exists)
		return step->link.path;
	return NULL;
}

static bool covers(const struct plan_step *step, const char *destination)
{
	return step->kind == PLAN_STEP_MOUNT &&
	       path_is_within(destination, step->mount.destination);
}

/* What is made in the mount of step INDEX, unless it is covered before. */
static void mark_files(struct plan *plan, size_t index)
{
	const char *destination = plan->steps[index].mount.destination;
	size_t i;

	for (i = index + 1; i < plan->steps_count; i++) {
		struct plan_step *step = &plan->steps[i];
		const char *path = path_of(step);

		if (covers(step, destination))
			return;
		if (path && is_directly_in(path, destination))
			step->beside = plan->steps[index].beside;
	}
}

/*
 * Not where the parent's CPU is needed for the namespaces' maker, nor where
 * what the parent makes would not be the container's user's.
 */
static bool has_time(const struct planner *p)
{
	return p->facts->cpus > (p->plan->ns.helped ? 2 : 1);
}

void plan_beside(struct planner *p)
{
	struct plan *plan = p->plan;
	unsigned int count = 0;
	size_t i;

	if (!(plan->ns.created & CLONE_NEWNS) || plan_in_user_namespace(p) ||
	    !has_time(p))
		return;
	for (i = 0; i < plan->steps_count && count < PLAN_BESIDE_MAX; i++) {
		if (!is_independent(&plan->steps[i]))
			continue;
		plan->steps[i].beside = ++count;
		mark_files(plan, i);
	}
}
