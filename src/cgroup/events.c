/* SPDX-License-Identifier: Apache-2.0 */
/* What a cgroup counts for reports. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>

#include "base/fd.h"
#include "cgroup/internal.h"
#include "sys/file.h"

const struct plan_cgroup_dir *cgroup_memory_dir(const struct plan_cgroup *plan)
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

int cgroup_oom_read(const struct plan_cgroup *plan, uint64_t *ret_count)
{
	const struct plan_cgroup_dir *memory = cgroup_memory_dir(plan);
	auto_close int dir = memory ? dir_open(memory) : -ENOENT;
	uint64_t count = 0;
	int result = dir;

	if (dir >= 0)
		result = file_read_key(dir,
		                       dir_is_v2(memory) ? "memory.events"
		                                         : "memory.oom_control",
		                       "oom_kill", &count);
	/* No such line: before 4.13. */
	if (result < 0 && result != -ENODATA)
		return result;
	*ret_count = count;
	return 0;
}

int cgroup_oom_count(const struct plan_cgroup *plan, uint64_t *ret_count)
{
	int result = cgroup_oom_read(plan, ret_count);

	/* No such file: the controller is off. */
	if (cgroup_is_gone(result))
		*ret_count = 0;
	return cgroup_is_gone(result) ? 0 : result;
}

bool cgroup_counts_oom_late(const struct plan_cgroup *plan)
{
	const struct plan_cgroup_dir *memory = cgroup_memory_dir(plan);

	return memory && !dir_is_v2(memory);
}

/* kernfs tells of every change of the file. */
static int watch_v2(const struct plan_cgroup_dir *plan)
{
	auto_close int fd = sys_inotify_init(IN_NONBLOCK);
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s%s/memory.events",
	                      plan->mount, plan->path);
	int result = fd;

	if (length >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (fd >= 0)
		result = sys_inotify_add_watch(fd, path, IN_MODIFY);
	return result < 0 ? result : take_fd(&fd);
}

static int watch_v1(int dir)
{
	auto_close int fd = sys_eventfd();
	auto_close int control =
		sys_openat(dir, "memory.oom_control", O_RDONLY, 0);
	char text[32];
	int result;

	if (fd < 0)
		return fd;
	if (control < 0)
		return control;
	snprintf(text, sizeof(text), "%d %d", fd, control);
	result = sys_write_file(dir, "cgroup.event_control", text);
	return result < 0 ? result : take_fd(&fd);
}

int cgroup_watch_oom(const struct plan_cgroup *plan, int *ret_fd,
                     struct error *err)
{
	const struct plan_cgroup_dir *memory = cgroup_memory_dir(plan);
	auto_close int dir = memory ? dir_open(memory) : -ENOENT;
	int fd = dir;

	if (memory && dir >= 0)
		fd = dir_is_v2(memory) ? watch_v2(memory) : watch_v1(dir);
	if (memory && fd < 0 && !cgroup_is_gone(fd))
		return error_system(err, fd, "watch the memory of cgroup %s%s",
		                    memory->mount, memory->path);
	*ret_fd = fd < 0 ? -1 : fd;
	return 0;
}
