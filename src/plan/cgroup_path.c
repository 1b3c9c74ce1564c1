/* SPDX-License-Identifier: Apache-2.0 */
/* Where linux.cgroupsPath leads. */
#include <errno.h>

#include "base/path.h"
#include "base/str.h"
#include "plan/cgroup.h"

/*
 * Relative paths start at the root of the tree, so that one value always
 * means one place, whoever calls. Colons are characters like others: the
 * slice:prefix:name form belongs to systemd's driver.
 */
int cgroup_decide_path(struct arena *arena, const char *cgroups_path,
                       const char *id, const char **ret_path, struct error *err)
{
	bool given = cgroups_path && *cgroups_path;
	const char *path = path_clean(arena, given ? cgroups_path : id);

	if (str_equal(path, "/"))
		return error_set(
			err, ERROR_CONFIG, -EINVAL,
			"linux.cgroupsPath: \"%s\" is the root of the cgroup tree",
			given ? cgroups_path : id);
	*ret_path = path;
	return 0;
}
