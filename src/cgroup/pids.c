/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes are in a cgroup and in those below it. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cgroup/internal.h"
#include "sys/file.h"

/*
 * Add the numbers in TEXT, one a line; 0 is a process that our pid namespace
 * does not see. *PID is the number that a reading was cut off in.
 */
static void add_pids(struct pid_list *list, const char *text, size_t length,
                     int32_t *pid)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (isdigit((unsigned char)text[i])) {
			*pid = *pid * 10 + (text[i] - '0');
			continue;
		}
		if (*pid)
			*arena_push(list->arena, list->pids, list->count) =
				*pid;
		*pid = 0;
	}
}

static int read_procs(struct pid_list *list, int dir)
{
	auto_close int fd = sys_openat(dir, "cgroup.procs", O_RDONLY, 0);
	char text[CGROUP_TEXT_MAX];
	int32_t pid = 0;
	ssize_t count = fd;

	while (count >= 0) {
		count = sys_read(fd, text, sizeof(text));
		if (count <= 0)
			break;
		add_pids(list, text, (size_t)count, &pid);
	}
	/* In a threaded cgroup they are told by the one above. */
	if (cgroup_is_gone((int)count) || count == -EOPNOTSUPP)
		return 0;
	return (int)count;
}

/* Directories yet to visit, as paths below the first. */
struct walk {
	struct arena *arena;
	const char **paths;
	size_t count;
	size_t next;
};

/* The directory at PATH, whose subdirectories are being added. */
struct place {
	struct walk *walk;
	const char *path;
};

static int add_below(void *context, const char *name)
{
	const struct place *place = context;
	struct walk *walk = place->walk;

	*arena_push(walk->arena, walk->paths, walk->count) =
		*place->path
			? arena_printf(walk->arena, "%s/%s", place->path, name)
			: arena_strdup(walk->arena, name);
	return 0;
}

static int visit(struct walk *walk, struct pid_list *list, const char *path,
                 int dir)
{
	struct place place = { walk, path };
	int result = read_procs(list, dir);

	return result < 0 ? result : dir_each_below(dir, add_below, &place);
}

/* By paths, not by recursion: how deep it is the container decides. */
int pid_list_read(struct pid_list *list, int dir)
{
	struct walk walk = { .arena = list->arena };
	int result = visit(&walk, list, "", dir);

	while (result == 0 && walk.next < walk.count) {
		const char *path = walk.paths[walk.next++];
		auto_close int below =
			sys_openat2(dir, path, O_PATH | O_DIRECTORY, 0,
		                    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

		if (cgroup_is_gone(below))
			continue;
		result = below < 0 ? below : visit(&walk, list, path, below);
	}
	return result;
}

static int compare_pids(const void *a, const void *b)
{
	const int32_t *left = a;
	const int32_t *right = b;

	return (*left > *right) - (*left < *right);
}

/* v1 may name a process twice. */
void pid_list_sort(struct pid_list *list)
{
	size_t kept = 0;
	size_t i;

	if (list->count)
		qsort(list->pids, list->count, sizeof(*list->pids),
		      compare_pids);
	for (i = 0; i < list->count; i++)
		if (!kept || list->pids[i] != list->pids[kept - 1])
			list->pids[kept++] = list->pids[i];
	list->count = kept;
}

bool pid_list_has(const struct pid_list *list, int32_t pid)
{
	return list->count && bsearch(&pid, list->pids, list->count,
	                              sizeof(pid), compare_pids);
}

int dir_is_populated(const struct plan_cgroup_dir *plan, int dir)
{
	auto_arena struct arena arena = { 0 };
	struct pid_list list = { .arena = &arena };
	uint64_t populated = 0;
	int result;

	if (dir_is_v2(plan)) {
		result = file_read_key(dir, "cgroup.events", "populated",
		                       &populated);
	} else {
		result = pid_list_read(&list, dir);
		populated = list.count;
	}
	return result < 0 ? result : populated != 0;
}

int cgroup_pids(const struct plan_cgroup *plan, struct arena *arena,
                int32_t **ret_pids, size_t *ret_count, struct error *err)
{
	struct pid_list list = { .arena = arena };
	const struct plan_cgroup_dir *main;
	auto_close int dir = -1;
	int result = cgroup_need_main_dir(plan, &main, err);

	if (result < 0)
		return result;
	dir = dir_open(main);
	if (dir >= 0)
		result = pid_list_read(&list, dir);
	else if (!cgroup_is_gone(dir))
		result = dir;
	if (result < 0)
		return error_system(err, result,
		                    "list the processes of cgroup %s%s",
		                    main->mount, main->path);
	pid_list_sort(&list);
	*ret_pids = list.pids;
	*ret_count = list.count;
	return 0;
}
