/* SPDX-License-Identifier: Apache-2.0 */
/* Turn controllers of the v2 tree on, from the root downwards. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "sys/file.h"

/* True if the list TEXT, parted by any of SEPARATORS, has NAME. */
static bool has_word(char *text, const char *separators, const char *name)
{
	char *word;

	while ((word = strsep(&text, separators)))
		if (strcmp(word, name) == 0)
			return true;
	return false;
}

/* "7:memory:/x": the number of the v1 hierarchy that has NAME, else 0. */
static uint32_t find_v1_hierarchy(const char *name)
{
	const char *v1_name = str_equal(name, "io") ? "blkio" : name;
	char text[CGROUP_TEXT_MAX];
	char *rest = text;
	char *line;

	if (sys_read_file(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) <
	    0)
		return 0;
	while ((line = strsep(&rest, "\n"))) {
		const char *number = strsep(&line, ":");
		char *controllers = strsep(&line, ":");
		uint32_t value;

		if (controllers && has_word(controllers, ",", v1_name) &&
		    str_to_u32(number, 10, &value) == 0)
			return value;
	}
	return 0;
}

static int refuse_missing(const struct plan_cgroup_dir *dir, const char *name,
                          struct error *err)
{
	uint32_t hierarchy = find_v1_hierarchy(name);

	if (hierarchy)
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			"the %s controller is not available in the v2 tree at %s: cgroup v1 hierarchy %u holds it",
			name, dir->mount, hierarchy);
	return error_set(
		err, ERROR_UNSUPPORTED, -ENOTSUP,
		"the requested cgroup controller `%s` is not available in the v2 tree at %s",
		name, dir->mount);
}

static bool level_has(int level, const char *name)
{
	char text[CGROUP_TEXT_MAX];

	return sys_read_file(level, "cgroup.controllers", text, sizeof(text)) >=
	               0 &&
	       has_word(text, " \n", name);
}

/* What the kernel means when it refuses one controller. */
static int explain(const struct plan_cgroup_dir *dir, const char *path,
                   const char *name, int result, struct error *err)
{
	const char *hint = "";

	if (result == -EBUSY)
		hint = " (it has processes of its own)";
	else if (result == -EOPNOTSUPP)
		hint = " (it is threaded)";
	else if (result == -EINVAL && strcmp(name, "cpu") == 0)
		hint = " (there may be real-time processes)";
	return error_system(err, result,
	                    "enable the %s controller below cgroup %s%s%s",
	                    name, dir->mount, path, hint);
}

static int enable_one(int level, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "+%s", name);
	return sys_write_file(level, "cgroup.subtree_control", text);
}

/* Each by itself, so that a refusal has a name. */
static int enable_level(const struct plan_cgroup_dir *dir, int level,
                        const char *path, const char *names, struct error *err)
{
	char name[48];
	int result = 0;

	while (result == 0 && *names) {
		size_t length = strcspn(names, " ");

		snprintf(name, sizeof(name), "%.*s", (int)length, names);
		names += length;
		names += *names == ' ';
		result = enable_one(level, name);
		if (result < 0 && !level_has(level, name))
			result = refuse_missing(dir, name, err);
		else if (result < 0)
			result = explain(dir, path, name, result, err);
	}
	return result;
}

int cgroup_enable(const struct plan_cgroup_dir *dir, const char *names,
                  struct error *err)
{
	auto_close int mount = dir_open_mount(dir);
	char path[PATH_MAX] = "";
	size_t length = 0;
	int result = mount < 0 ? mount : 0;

	if (result < 0)
		return error_system(err, result, "open cgroup mount %s",
		                    dir->mount);
	/* The root, then every parent: all but the leaf itself. */
	while (result == 0 && dir->path[length]) {
		const char *below = length ? path + 1 : ".";
		auto_close int level =
			sys_openat2(mount, below, O_PATH | O_DIRECTORY, 0,
		                    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

		if (level < 0)
			return error_system(err, level, "open cgroup %s%s",
			                    dir->mount, path);
		result = enable_level(dir, level, path, names, err);
		length += 1 + strcspn(dir->path + length + 1, "/");
		snprintf(path, sizeof(path), "%.*s", (int)length, dir->path);
	}
	return result;
}
