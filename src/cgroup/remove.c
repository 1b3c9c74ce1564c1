/* SPDX-License-Identifier: Apache-2.0 */
/* Remove a container's cgroups. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/fd.h"
#include "cgroup/internal.h"
#include "sys/file.h"

static bool is_busy(int result)
{
	return result == -EBUSY || result == -ENOTEMPTY;
}

static int take_name(void *context, const char *name)
{
	char *copy = context;

	snprintf(copy, NAME_MAX + 1, "%s", name);
	return 1;
}

/* Make *DIR the directory NAME in it. */
static int step(int *dir, const char *name)
{
	int next = sys_openat(*dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);

	if (next < 0)
		return next;
	fd_close(dir);
	*dir = next;
	return 0;
}

/*
 * How deep and how wide it is was the container's choice: down and up again
 * with one descriptor and no memory. Where nothing is below and a directory
 * cannot be removed all the same, something in it is dying: wait.
 */
static int remove_below(int top)
{
	auto_close int dir = sys_dup_above(top, 3);
	char name[NAME_MAX + 1];
	size_t depth = 0;
	bool was_below = false;
	uint64_t started = 0;
	int result = dir;

	while (result >= 0) {
		int found = dir_each_below(dir, take_name, name);

		if (found < 0)
			return found;
		if (!found && !depth)
			return 0;
		if (!found) {
			result = step(&dir, "..");
			depth--;
			was_below = true;
			continue;
		}
		result = sys_unlinkat(dir, name, AT_REMOVEDIR);
		if (is_busy(result) && was_below && !cgroup_pause(&started))
			return result;
		was_below = false;
		if (is_busy(result)) {
			result = step(&dir, name);
			depth += result == 0;
		}
		if (cgroup_is_gone(result))
			result = 0;
	}
	return result;
}

static int wait_empty(const struct plan_cgroup_dir *plan, int dir)
{
	uint64_t started = 0;
	int result;

	if (dir_is_v2(plan))
		return events_wait(dir, "populated", 0);
	do
		result = dir_is_populated(plan, dir);
	while (result > 0 && cgroup_pause(&started));
	return result > 0 ? -ETIMEDOUT : result;
}

/* The plain case: nothing runs in it, nothing is below it. */
static int remove_leaf(const struct plan_cgroup_dir *plan)
{
	char path[PATH_MAX];
	int length =
		snprintf(path, sizeof(path), "%s%s", plan->mount, plan->path);
	int result;

	if (length >= (int)sizeof(path))
		return -ENAMETOOLONG;
	result = sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
	/* Of a read-only mount it is not told what is missing there. */
	if (result == -EROFS &&
	    sys_faccessat(AT_FDCWD, path, F_OK, 0) == -ENOENT)
		return -ENOENT;
	return result;
}

static int remove_busy(const struct plan_cgroup_dir *plan)
{
	auto_close int dir = dir_open(plan);
	uint64_t started = 0;
	int result = dir < 0 ? dir : dir_is_populated(plan, dir);

	if (result > 0) {
		result = dir_kill(plan, dir);
		if (result == 0)
			result = wait_empty(plan, dir);
	}
	if (result < 0 || plan->keep)
		return result;
	do {
		result = remove_below(dir);
		if (result == 0)
			result = remove_leaf(plan);
	} while (is_busy(result) && cgroup_pause(&started));
	return result;
}

int dir_remove(const struct plan_cgroup_dir *dir, struct error *err)
{
	int result = dir->keep ? -EBUSY : remove_leaf(dir);

	if (is_busy(result))
		result = remove_busy(dir);
	if (result < 0 && !cgroup_is_gone(result))
		return error_system(err, result, "remove cgroup %s%s",
		                    dir->mount, dir->path);
	return 0;
}

int cgroup_remove(const struct plan_cgroup *plan, struct error *err)
{
	int first = 0;
	size_t i;

	/* One that cannot go must not keep the others. */
	for (i = 0; i < plan->dirs_count; i++) {
		const struct plan_cgroup_dir *dir = &plan->dirs[i];
		int result = dir_remove(dir, first ? NULL : err);
		struct cgroup parents = { .plan = plan };

		if (first == 0)
			first = result;
		/* Slices in a hierarchy that systemd leaves alone. */
		parents.made[i] = UINT_MAX;
		if (plan->unit.name && !dir->keep && !dir_is_v2(dir))
			cgroup_unmake(&parents, i);
	}
	return first;
}
