/* SPDX-License-Identifier: Apache-2.0 */
/* Stop all processes of a container, and let them continue. */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "sys/file.h"

/*
 * The v1 freezer stops what it finds; a task that forks or sleeps
 * uninterruptibly keeps it at FREEZING until it is asked again.
 */
static int freezer_freeze(int dir)
{
	uint64_t started = 0;
	char text[32];
	ssize_t length;
	int result;

	do {
		result = sys_write_file(dir, "freezer.state", "FROZEN");
		if (result < 0)
			return result;
		length =
			sys_read_file(dir, "freezer.state", text, sizeof(text));
		if (length < 0)
			return (int)length;
		if (str_equal(text, "FROZEN\n"))
			return 0;
	} while (cgroup_pause(&started));
	return -ETIMEDOUT;
}

static int dir_thaw(const struct plan_cgroup_dir *plan, int dir)
{
	if (dir_is_v2(plan))
		return sys_write_file(dir, "cgroup.freeze", "0");
	return sys_write_file(dir, "freezer.state", "THAWED");
}

int dir_freeze(const struct plan_cgroup_dir *plan, int dir, bool frozen)
{
	int result;

	if (!frozen)
		return dir_thaw(plan, dir);
	if (dir_is_v2(plan)) {
		result = sys_write_file(dir, "cgroup.freeze", "1");
		if (result == 0)
			result = events_wait(dir, "frozen", 1);
	} else {
		result = freezer_freeze(dir);
	}
	/* Half frozen is a trap for whoever comes next. */
	if (result < 0)
		dir_thaw(plan, dir);
	return result;
}

int dir_is_frozen(const struct plan_cgroup_dir *plan, int dir, bool *ret_frozen)
{
	bool is_v2 = dir_is_v2(plan);
	char text[32];
	ssize_t length =
		sys_read_file(dir, is_v2 ? "cgroup.freeze" : "freezer.state",
	                      text, sizeof(text));

	if (cgroup_is_gone((int)length)) {
		*ret_frozen = false;
		return 0;
	}
	if (length < 0)
		return (int)length;
	*ret_frozen = is_v2 ? text[0] == '1' : text[0] == 'F';
	return 0;
}

int cgroup_freeze(const struct plan_cgroup *plan, bool frozen,
                  struct error *err)
{
	const char *verb = frozen ? "freeze" : "thaw";
	const struct plan_cgroup_dir *main;
	auto_close int dir = -1;
	int result = cgroup_need_main_dir(plan, &main, err);

	if (result < 0)
		return result;
	if (!dir_is_v2(main) && !dir_has(main, "freezer"))
		return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
		                 "the freezer controller is not available");
	dir = dir_open(main);
	result = dir < 0 ? dir : dir_freeze(main, dir, frozen);
	if (result < 0)
		return error_system(err, result, "%s cgroup %s%s", verb,
		                    main->mount, main->path);
	return 0;
}

int cgroup_is_frozen(const struct plan_cgroup *plan, bool *ret_frozen,
                     struct error *err)
{
	const struct plan_cgroup_dir *main = cgroup_main_dir(plan);
	auto_close int dir = main ? dir_open(main) : -ENOENT;
	bool frozen = false;
	int result = dir;

	if (main && dir >= 0)
		result = dir_is_frozen(main, dir, &frozen);
	if (main && result < 0 && !cgroup_is_gone(result))
		return error_system(err, result,
		                    "see whether cgroup %s%s is frozen",
		                    main->mount, main->path);
	*ret_frozen = frozen;
	return 0;
}
