/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.unified: files of the v2 tree, written as they are given. */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "plan/cgroup.h"

bool cgroup_unified_has(const struct oci_resources *resources, const char *file)
{
	size_t i;

	for (i = 0; i < resources->unified.count; i++)
		if (str_equal(resources->unified.pairs[i].key, file))
			return true;
	return false;
}

/* CONTROLLER.NAME, a plain file name. */
static bool key_is_valid(const char *key)
{
	const char *dot = strchr(key, '.');

	return dot && dot > key && dot[1] && !strchr(key, '/');
}

/* Files that a cgroup has whatever is enabled. */
static bool key_is_core(const char *key)
{
	return str_after(key, "cgroup.") || str_has_suffix(key, ".pressure");
}

static int check_controller(const struct cgroup_planner *cp, const char *key,
                            const char *controller, struct error *err)
{
	const struct facts_cgroup *facts = &cp->facts->cgroup;
	const struct facts_cgroup_v1 *v1 = cgroup_find_v1(facts, controller);

	if (cgroup_has_v2(facts, controller))
		return 0;
	if (v1)
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			"linux.resources.unified[\"%s\"]: the %s controller is not in the v2 tree: cgroup v1 holds it at %s",
			key, controller, v1->mount);
	return error_set(
		err, ERROR_UNSUPPORTED, -ENOTSUP,
		"linux.resources.unified[\"%s\"]: the requested cgroup controller `%s` is not available in the v2 tree at %s",
		key, controller, facts->v2_mount);
}

/* Kernel files take one entry by each write. */
static void add_lines(struct cgroup_planner *cp, size_t dir,
                      const struct oci_pair *pair)
{
	const char *line = pair->value;
	struct plan_cgroup_write write = {
		.file = pair->key,
		.what = arena_printf(cp->arena,
		                     "linux.resources.unified[\"%s\"]",
		                     pair->key),
	};

	do {
		size_t length = strcspn(line, "\n");
		bool last = line[length] == '\0';

		/* No bytes at all would be no write: "" is an empty line. */
		write.value =
			length ? arena_strndup(cp->arena, line, length) : "\n";
		if (length || line == pair->value)
			cgroup_add_write(cp, dir, &write);
		line += last ? length : length + 1;
	} while (*line);
}

static int decide_pair(struct cgroup_planner *cp, size_t dir,
                       const struct oci_pair *pair, struct error *err)
{
	const char *controller;
	int result;

	if (!key_is_valid(pair->key))
		return error_set(
			err, ERROR_CONFIG, -EINVAL,
			"linux.resources.unified: the specified key has not the form CONTROLLER.VALUE `%s`",
			pair->key);
	if (!key_is_core(pair->key)) {
		controller = arena_strndup(cp->arena, pair->key,
		                           strcspn(pair->key, "."));
		result = check_controller(cp, pair->key, controller, err);
		if (result < 0)
			return result;
		cgroup_add_enabled(cp, controller);
	}
	add_lines(cp, dir, pair);
	return 0;
}

int cgroup_decide_unified(struct cgroup_planner *cp, struct error *err)
{
	const struct oci_map *unified = &cp->resources->unified;
	size_t dir = cgroup_v2_dir(cp->cgroup);
	size_t i;

	if (unified->count && dir == CGROUP_NO_DIR)
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			"linux.resources.unified: this host has no cgroup v2 tree");
	for (i = 0; i < unified->count; i++) {
		int result = decide_pair(cp, dir, &unified->pairs[i], err);

		if (result < 0)
			return result;
	}
	return 0;
}
