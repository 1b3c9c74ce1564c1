/* SPDX-License-Identifier: Apache-2.0 */
/* Make the directories of a container. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>

#include "base/fd.h"
#include "cgroup/internal.h"
#include "sys/file.h"

/* Take the last part off PATH; false if it is the only one. */
static bool cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
	return slash;
}

/* Remove PATH and what is above it, COUNT directories, while they are empty. */
static void unmake(int mount, char *path, unsigned int count)
{
	for (; count > 0; count--) {
		int result = sys_unlinkat(mount, path, AT_REMOVEDIR);

		if ((result < 0 && result != -ENOENT) || !cut_last(path))
			return;
	}
}

static int inherit_file(int parent, int child, const char *file)
{
	char text[CGROUP_TEXT_MAX];
	ssize_t length = sys_read_file(child, file, text, sizeof(text));

	if (length < 0)
		return (int)length;
	if (length > 0 && text[0] != '\n')
		return 0;
	length = sys_read_file(parent, file, text, sizeof(text));
	if (length < 0)
		return (int)length;
	return sys_write_file(child, file, text);
}

/* A new v1 cpuset is empty, and nothing can enter or be below it. */
static int inherit_cpuset(int mount, const char *path)
{
	auto_close int child = sys_openat(mount, path, O_PATH | O_DIRECTORY, 0);
	auto_close int parent = -1;
	int result;

	if (child < 0)
		return child;
	parent = sys_openat(child, "..", O_PATH | O_DIRECTORY, 0);
	if (parent < 0)
		return parent;
	result = inherit_file(parent, child, "cpuset.cpus");
	if (result == 0)
		result = inherit_file(parent, child, "cpuset.mems");
	return result;
}

/* From the top downwards. Returns 1 if the last one was there already. */
static int make_levels(int mount, const struct plan_cgroup_dir *dir,
                       unsigned int *ret_made)
{
	bool cpuset = dir_has(dir, "cpuset");
	size_t total = strlen(dir->path + 1);
	char path[PATH_MAX];
	unsigned int made = 0;
	size_t length = 0;
	int existed = 0;
	int result;

	if (total >= sizeof(path))
		return -ENAMETOOLONG;
	while (length < total) {
		length += length > 0;
		length += strcspn(dir->path + 1 + length, "/");
		memcpy(path, dir->path + 1, length);
		path[length] = '\0';
		existed = sys_mkdirat(mount, path, 0755);
		if (existed < 0 && existed != -EEXIST) {
			cut_last(path);
			unmake(mount, path, made);
			return existed;
		}
		made += existed == 0;
		result = cpuset ? inherit_cpuset(mount, path) : 0;
		if (result < 0) {
			unmake(mount, path, made);
			return result;
		}
	}
	*ret_made = made;
	return existed == -EEXIST;
}

/* Most parents exist, so that one call is enough. */
static int make_dir(int mount, const struct plan_cgroup_dir *dir,
                    unsigned int *ret_made)
{
	int result = -ENOENT;

	if (!dir_has(dir, "cpuset"))
		result = sys_mkdirat(mount, dir->path + 1, 0755);
	if (result == -ENOENT)
		return make_levels(mount, dir, ret_made);
	if (result < 0 && result != -EEXIST)
		return result;
	*ret_made = result == 0;
	return result == -EEXIST;
}

/* Limits for one container must not meet processes of another. */
static int check_existing(const struct plan_cgroup_dir *plan, int dir,
                          struct error *err)
{
	int populated = dir_is_populated(plan, dir);
	bool frozen = false;
	int result = dir_is_frozen(plan, dir, &frozen);

	if (populated < 0 || result < 0)
		return error_system(err, populated < 0 ? populated : result,
		                    "look into cgroup %s%s", plan->mount,
		                    plan->path);
	if (populated)
		return error_set(err, ERROR_EXISTS, -EBUSY,
		                 "cgroup %s%s exists and has processes",
		                 plan->mount, plan->path);
	if (frozen)
		return error_set(err, ERROR_EXISTS, -EBUSY,
		                 "cgroup %s%s exists and is frozen",
		                 plan->mount, plan->path);
	return 0;
}

static int open_made(int mount, const struct plan_cgroup_dir *plan,
                     bool existed, int *ret_fd, struct error *err)
{
	auto_close int dir =
		sys_openat2(mount, plan->path + 1, O_PATH | O_DIRECTORY, 0,
	                    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	int result = 0;

	if (dir < 0)
		return error_system(err, dir, "open cgroup %s%s", plan->mount,
		                    plan->path);
	if (existed)
		result = check_existing(plan, dir, err);
	if (result < 0)
		return result;
	*ret_fd = take_fd(&dir);
	return 0;
}

int cgroup_make_next(struct cgroup *cgroup, struct error *err)
{
	size_t index = cgroup->count;
	const struct plan_cgroup_dir *plan = &cgroup->plan->dirs[index];
	auto_close int mount = dir_open_mount(plan);
	bool has_unit = cgroup->plan->unit.name != NULL;
	unsigned int made = 0;
	int dir = -1;
	int existed;
	int result;

	if (index >= CGROUP_DIRS_MAX)
		return error_set(err, ERROR_INTERNAL, -E2BIG,
		                 "a container has more than %d cgroups",
		                 CGROUP_DIRS_MAX);
	if (mount < 0)
		return error_system(err, mount, "open cgroup mount %s",
		                    plan->mount);
	existed = make_dir(mount, plan, &made);
	if (existed < 0)
		return error_system(err, existed, "make cgroup %s%s",
		                    plan->mount, plan->path);
	/* The unit is new, and so is the leaf that systemd made for it. */
	made += existed && has_unit && dir_is_v2(plan);
	result = open_made(mount, plan, existed && !has_unit, &dir, err);
	if (result < 0) {
		cgroup->made[index] = made;
		cgroup_unmake(cgroup, index);
		return result;
	}
	cgroup->dirs[index] = dir;
	cgroup->made[index] = made;
	cgroup->count++;
	if (dir_is_v2(plan))
		cgroup->leaf = dir;
	return 0;
}

void cgroup_unmake(const struct cgroup *cgroup, size_t index)
{
	const struct plan_cgroup_dir *plan = &cgroup->plan->dirs[index];
	auto_close int mount = dir_open_mount(plan);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", plan->path + 1);
	if (mount >= 0)
		unmake(mount, path, cgroup->made[index]);
}
