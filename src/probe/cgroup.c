/* SPDX-License-Identifier: Apache-2.0 */
/* How cgroups are mounted on this host. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>

#include "base/fd.h"
#include "probe/mountinfo.h"
#include "probe/probe.h"
#include "sys/file.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define MOUNTINFO   "/proc/self/mountinfo"

/* The lines that end in TEXT; returns how many bytes of it they are. */
static size_t take_lines(struct arena *arena, char *text,
                         struct facts_cgroup *cgroup)
{
	char *line = text;
	char *end;

	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		probe_mountinfo_line(arena, line, cgroup);
		line = end + 1;
	}
	return (size_t)(line - text);
}

/* Longer lines than the buffer are no cgroup mounts of ours: skipped. */
static int read_mountinfo(struct arena *arena, struct facts_cgroup *cgroup,
                          struct error *err)
{
	auto_close int fd = sys_openat(AT_FDCWD, MOUNTINFO, O_RDONLY, 0);
	char text[16384];
	size_t used = 0;
	ssize_t count = fd;

	while (count >= 0) {
		size_t taken;

		count = sys_read(fd, text + used, sizeof(text) - 1 - used);
		if (count <= 0)
			break;
		used += (size_t)count;
		text[used] = '\0';
		taken = take_lines(arena, text, cgroup);
		if (taken == 0 && used == sizeof(text) - 1)
			taken = used;
		used -= taken;
		memmove(text, text + taken, used);
	}
	if (count < 0)
		return error_system(err, (int)count, "read %s", MOUNTINFO);
	return 0;
}

/* Where v1 holds controllers, v2 has only what is left. */
static int read_controllers(struct arena *arena, struct facts_cgroup *cgroup,
                            struct error *err)
{
	auto_close int dir =
		sys_openat(AT_FDCWD, cgroup->v2_mount, O_PATH | O_DIRECTORY, 0);
	char text[1024];
	ssize_t length = dir < 0 ? dir
	                         : sys_read_file(dir, "cgroup.controllers",
	                                         text, sizeof(text));

	if (length < 0)
		return error_system(err, (int)length,
		                    "read %s/cgroup.controllers",
		                    cgroup->v2_mount);
	cgroup->v2_controllers =
		arena_strndup(arena, text, strcspn(text, "\n"));
	return 0;
}

int probe_cgroup(struct arena *arena, struct facts_cgroup *ret_cgroup,
                 struct error *err)
{
	struct facts_cgroup cgroup = { .mode = FACTS_CGROUP_V2 };
	struct statfs root;
	int result = 0;

	if (sys_statfs(CGROUP_ROOT, &root) == 0 &&
	    root.f_type == CGROUP2_SUPER_MAGIC) {
		cgroup.v2_mount = CGROUP_ROOT;
		*ret_cgroup = cgroup;
		return 0;
	}
	result = read_mountinfo(arena, &cgroup, err);
	if (result == 0 && cgroup.v2_mount)
		result = read_controllers(arena, &cgroup, err);
	if (result < 0)
		return result;
	if (cgroup.v2_mount && cgroup.v1_count)
		cgroup.mode = FACTS_CGROUP_HYBRID;
	else if (cgroup.v1_count)
		cgroup.mode = FACTS_CGROUP_V1;
	else if (!cgroup.v2_mount)
		cgroup.mode = FACTS_CGROUP_NONE;
	*ret_cgroup = cgroup;
	return 0;
}
