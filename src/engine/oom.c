/* SPDX-License-Identifier: Apache-2.0 */
/* The deaths of a container's processes for want of memory. */
#include "engine/oom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/time.h"
#include "cgroup/cgroup.h"
#include "sys/file.h"

/* So long the number is looked at where a death is told, then counted. */
#define COUNT_PATIENCE_NS UINT64_C(2000000000)

struct runf_oom {
	struct plan_cgroup cgroup; /* with nothing but this one: */
	struct plan_cgroup_dir dir;
	int fd; /* or -1: nobody counts */
	bool late;
	uint64_t kills;
	uint64_t look_until_ns;
	char text[]; /* what the directory's names point to */
};

/* TEXT at the end of NEXT, which moves on. */
static const char *oom_keep(char **next, const char *text)
{
	char *copy = *next;

	*next = stpcpy(copy, text) + 1;
	return copy;
}

static struct runf_oom *oom_new(const struct plan_cgroup_dir *dir)
{
	size_t length = strlen(dir->controllers) + strlen(dir->mount) +
	                strlen(dir->path) + 3;
	struct runf_oom *oom = calloc(1, sizeof(*oom) + length);
	char *next;

	if (!oom)
		return NULL;
	next = oom->text;
	oom->dir.controllers = oom_keep(&next, dir->controllers);
	oom->dir.mount = oom_keep(&next, dir->mount);
	oom->dir.path = oom_keep(&next, dir->path);
	oom->cgroup.dirs = &oom->dir;
	oom->cgroup.dirs_count = 1;
	return oom;
}

int oom_watch(const struct plan_cgroup *plan, struct runf_oom **ret_oom,
              struct error *err)
{
	static const struct plan_cgroup_dir none = { "", "", "", false };
	const struct plan_cgroup_dir *dir = cgroup_memory_dir(plan);
	struct runf_oom *oom = oom_new(dir ? dir : &none);
	int result;

	if (!oom)
		return error_system(err, -ENOMEM, "watch a cgroup");
	oom->fd = -1;
	if (!dir)
		oom->cgroup.dirs_count = 0;
	oom->cgroup.mode = plan->mode;
	oom->late = cgroup_counts_oom_late(&oom->cgroup);
	result = cgroup_watch_oom(&oom->cgroup, &oom->fd, err);
	if (result < 0) {
		engine_oom_close(oom);
		return result;
	}
	*ret_oom = oom;
	return 0;
}

int engine_oom_open(struct engine *engine, const char *id,
                    struct runf_oom **ret_oom, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_found struct found found = FOUND_NONE;
	int result = events_find(engine, &arena, id, &found, err);

	return result < 0 ? result : oom_watch(&found.cgroup, ret_oom, err);
}

int engine_oom_fd(const struct runf_oom *oom)
{
	return oom->fd;
}

int engine_oom_read(struct runf_oom *oom, uint64_t *ret_kills)
{
	char bytes[1024];
	uint64_t kills = 0;
	bool told = false;
	int result = 0;

	if (oom->fd >= 0) {
		while (sys_read(oom->fd, bytes, sizeof(bytes)) > 0)
			told = true;
		result = cgroup_oom_read(&oom->cgroup, &kills);
	}
	if (result < 0)
		return result;
	if (told && oom->late)
		oom->look_until_ns = time_monotonic_ns() + COUNT_PATIENCE_NS;
	if (kills > oom->kills)
		oom->look_until_ns = 0;
	oom->kills = kills;
	*ret_kills = kills;
	return oom->look_until_ns && time_monotonic_ns() < oom->look_until_ns;
}

void engine_oom_close(struct runf_oom *oom)
{
	if (!oom)
		return;
	fd_close(&oom->fd);
	free(oom);
}
