/* SPDX-License-Identifier: Apache-2.0 */
/* A root that the caller hands over as mounts: for the container, or the host. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <string.h>

#include "base/str.h"
#include "plan/mounts.h"

/* "ID:HOSTID:SIZE", several with commas. */
static int read_map(struct planner *p, const char *text,
                    struct oci_id_mappings *map, struct error *err)
{
	char *rest = arena_strdup(p->arena, text);
	char *entry;

	while ((entry = strsep(&rest, ","))) {
		struct oci_id_mapping *one =
			arena_push(p->arena, map->items, map->count);
		const char *id = strsep(&entry, ":");
		const char *host = strsep(&entry, ":");

		if (!host || !entry ||
		    str_to_u32(id, 10, &one->container_id) < 0 ||
		    str_to_u32(host, 10, &one->host_id) < 0 ||
		    str_to_u32(entry, 10, &one->size) < 0)
			return error_set(err, ERROR_CONFIG, -EINVAL,
			                 "id map \"%s\" is not "
			                 "ID:HOSTID:SIZE",
			                 text);
	}
	return 0;
}

/* GIVEN without the words that only these mounts know. */
static int read_mount(struct planner *p, const struct oci_mount *given,
                      struct oci_mount *ret_mount, struct error *err)
{
	struct oci_mount mount = *given;
	struct oci_strings options = { 0 };
	int result = 0;
	size_t i;

	/* First, so that rbind is the last word. */
	if (!given->type || str_equal(given->type, "bind"))
		*arena_push(p->arena, options.items, options.count) = "bind";
	for (i = 0; i < given->options.count && result == 0; i++) {
		const char *word = given->options.items[i];
		const char *uids = str_after(word, "uidmap=");
		const char *gids = str_after(word, "gidmap=");

		if (uids)
			result = read_map(p, uids, &mount.uid_mappings, err);
		else if (gids)
			result = read_map(p, gids, &mount.gid_mappings, err);
		else
			*arena_push(p->arena, options.items, options.count) =
				word;
	}
	mount.options = options;
	*ret_mount = mount;
	return result;
}

static int add_one(struct planner *p, const struct oci_mount *given,
                   uint64_t cut, struct error *err)
{
	size_t before = p->plan->steps_count;
	struct oci_mount mount;
	struct plan_step *step;
	int result = read_mount(p, given, &mount, err);

	if (result == 0)
		result = mounts_add(p, &mount, err);
	if (result < 0)
		return result;
	step = &p->plan->steps[before];
	if (p->plan->steps_count != before + 1 ||
	    step->mount.kind != PLAN_MOUNT_BIND)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "neither a bind nor a file system that can be "
		                 "made alone");
	/* A clone is a peer of the host's, unlike a new instance. */
	if (p->plan->sources[step->mount.source].kind == PLAN_SOURCE_TREE &&
	    cut) {
		step->mount.propagation = cut & ~(uint64_t)MS_REC;
		step->mount.propagation_recursive = true;
	}
	return 0;
}

static int add_all(struct planner *p, uint64_t cut, struct error *err)
{
	const struct plan_options *options = p->options;
	size_t i;

	p->handed = true;
	for (i = 0; i < options->rootfs_count; i++) {
		size_t step = p->plan->steps_count;

		if (add_one(p, &options->rootfs[i], cut, err) < 0)
			return error_wrap(err, "root mount %zu", i);
		if (i > 0)
			continue;
		p->plan->steps[step].kind = PLAN_STEP_ROOT_MOUNT;
		p->plan->steps[step].mount.origin = p->plan->rootfs;
	}
	p->handed = false;
	return 0;
}

/* createContainer hooks are in the container's mount namespace, and see it. */
static bool hooks_look(const struct plan *plan)
{
	return plan->hooks[PLAN_HOOK_PRESTART].count ||
	       plan->hooks[PLAN_HOOK_CREATE_RUNTIME].count ||
	       plan->hooks[PLAN_HOOK_POSTSTART].count ||
	       plan->hooks[PLAN_HOOK_POSTSTOP].count;
}

static bool needs_host(struct planner *p)
{
	if (p->options->rootfs_on_host || !(p->plan->ns.created & CLONE_NEWNS))
		return true;
	if (!hooks_look(p->plan))
		return false;
	if (p->facts->caps & UINT64_C(1) << CAP_SYS_ADMIN)
		return true;
	planner_warn(p,
	             "hooks do not find the root at %s: only root can mount "
	             "it there",
	             p->plan->rootfs);
	return false;
}

int plan_root_mounts(struct planner *p, uint64_t cut, struct error *err)
{
	struct plan *plan = p->plan;
	struct plan *host;
	int result;

	if (!p->options->rootfs_count)
		return 0;
	if (!needs_host(p))
		return add_all(p, cut, err);
	/* As a plan of its own, which is carried out before there is init. */
	host = arena_new(p->arena, struct plan);
	host->remount = plan->remount;
	host->bundle = plan->bundle;
	host->rootfs = plan->rootfs;
	p->plan = host;
	result = add_all(p, 0, err);
	p->plan = plan;
	plan->host_root = host;
	return result;
}
