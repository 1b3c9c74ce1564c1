/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts for a container that runs already. */
#include <errno.h>
#include <linux/sched.h>

#include "base/str.h"
#include "oci/oci.h"
#include "plan/mounts.h"

/* What cannot be taken back, or shows what only init has. */
static int check(struct planner *p, const struct oci_mount *mount,
                 struct error *err)
{
	struct mount_options options;
	const char *type = mount->type ? mount->type : "";
	const char *objection = NULL;

	mount_options_read(p->arena, &mount->options, &options);
	if (options.remount)
		objection = "a remount";
	else if (options.copy_symlink)
		objection = "copy-symlink";
	else if (!options.bind &&
	         (str_equal(type, "proc") || str_equal(type, "cgroup") ||
	          str_equal(type, "cgroup2")))
		objection = type;
	if (!objection)
		return 0;
	return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
	                 "%s: %s cannot be added to a container that is there "
	                 "already",
	                 mount->destination, objection);
}

int plan_hot_mounts(struct arena *arena, const struct oci_spec *spec,
                    const struct oci_spec *more, const struct facts *facts,
                    const char *bundle, const struct plan **ret_plan,
                    struct error *err)
{
	struct oci_spec changed = *spec;
	struct plan *plan = arena_new(arena, struct plan);
	struct planner p = {
		.arena = arena,
		.spec = &changed,
		.facts = facts,
		.plan = plan,
		.hot = true,
	};
	int result;
	size_t i;

	changed.mounts = more->mounts;
	changed.mounts_count = more->mounts_count;
	plan->bundle = bundle;
	plan->remount = plan_remounts(facts);
	plan->ns.all = oci_all_namespaces(spec);
	if (!(plan->ns.all & CLONE_NEWNS))
		return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                 "the container has no mount namespace");
	result = plan_mount_label(&p, err);
	for (i = 0; i < more->mounts_count && result == 0; i++)
		result = check(&p, &more->mounts[i], err);
	if (result == 0)
		result = plan_mounts(&p, err);
	if (result == 0)
		*ret_plan = plan;
	return result;
}
