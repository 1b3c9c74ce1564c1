/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of /proc/PID/mountinfo, above all the cgroup mounts among them. */
#include "probe/mountinfo.h"

#include <string.h>

#include "base/buf.h"
#include "base/path.h"
#include "base/str.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* All that v1 ever had; its other mount options are no controllers. */
static const char *const v1_controllers[] = {
	"blkio",    "cpu",        "cpuacct", "cpuset", "debug", "devices",
	"dmem",     "freezer",    "hugetlb", "memory", "misc",  "net_cls",
	"net_prio", "perf_event", "pids",    "rdma",   NULL,
};

/* "36 35 98:0 / /mnt rw,noatime shared:1 - type source options" */
struct mountinfo {
	const char *id;
	const char *point;
	const char *type;
	char *options; /* of the superblock */
};

/* \040 and the like stand for characters that would end a field. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' &&
		    text[2] >= '0' && text[2] <= '7' && text[3] >= '0' &&
		    text[3] <= '7') {
			*to++ = (char)((text[1] - '0') * 64 +
			               (text[2] - '0') * 8 + text[3] - '0');
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static bool parse(char *line, struct mountinfo *ret)
{
	char *separator = strstr(line, " - ");
	char *point = NULL;
	int field;

	if (!separator)
		return false;
	*separator = '\0';
	ret->id = line;
	for (field = 0; field < 5; field++)
		point = strsep(&line, " ");
	if (!point)
		return false;
	separator += 3;
	ret->type = strsep(&separator, " ");
	strsep(&separator, " ");
	if (!separator)
		return false;
	ret->options = separator;
	unescape(point);
	ret->point = point;
	return true;
}

static bool is_v1_controller(const char *word)
{
	size_t i;

	for (i = 0; v1_controllers[i]; i++)
		if (str_equal(v1_controllers[i], word))
			return true;
	return false;
}

/* "memory" of "rw,memory"; "" for a named hierarchy. */
static const char *controllers_of(struct arena *arena, char *options)
{
	struct buf buf = { .arena = arena };
	const char *word;

	while ((word = strsep(&options, ","))) {
		if (!is_v1_controller(word))
			continue;
		if (buf.length)
			buf_add_char(&buf, ',');
		buf_add_str(&buf, word);
	}
	return buf_str(&buf);
}

static bool is_better(const char *point, const char *than)
{
	return !than || (path_is_within(point, CGROUP_ROOT) &&
	                 !path_is_within(than, CGROUP_ROOT));
}

static void add_v1(struct arena *arena, const char *controllers,
                   const char *point, struct facts_cgroup *cgroup)
{
	struct facts_cgroup_v1 *place = NULL;
	size_t i;

	for (i = 0; i < cgroup->v1_count; i++)
		if (str_equal(cgroup->v1[i].controllers, controllers))
			place = &cgroup->v1[i];
	if (place && !is_better(point, place->mount))
		return;
	if (!place)
		place = arena_push(arena, cgroup->v1, cgroup->v1_count);
	place->controllers = controllers;
	place->mount = arena_strdup(arena, point);
}

void probe_mountinfo_line(struct arena *arena, char *line,
                          struct facts_cgroup *cgroup)
{
	struct mountinfo mount;
	const char *controllers;

	/* Most lines are about other things; a host may have thousands. */
	if (!strstr(line, " - cgroup") || !parse(line, &mount))
		return;
	if (str_equal(mount.type, "cgroup2")) {
		if (is_better(mount.point, cgroup->v2_mount))
			cgroup->v2_mount = arena_strdup(arena, mount.point);
	} else if (str_equal(mount.type, "cgroup")) {
		controllers = controllers_of(arena, mount.options);
		if (*controllers)
			add_v1(arena, controllers, mount.point, cgroup);
	}
}

bool probe_mount_line(char *line, struct probe_mount *ret_mount)
{
	struct mountinfo mount;

	if (!parse(line, &mount) || str_to_u32(mount.id, 10, &ret_mount->id))
		return false;
	ret_mount->point = mount.point;
	return true;
}
