/* SPDX-License-Identifier: Apache-2.0 */
/* The container's view of its cgroups, for each kind of host. */
#include <linux/mount.h>
#include <linux/sched.h>

#include "base/path.h"
#include "base/str.h"
#include "plan/mounts.h"

/* Nothing in a cgroup tree is to be executed, whoever asks. */
#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

bool mount_is_cgroup(const struct mount_request *r)
{
	const char *type = r->mount->type;

	return !r->options.bind && type &&
	       (str_equal(type, "cgroup") || str_equal(type, "cgroup2"));
}

bool mount_is_hierarchies(const struct planner *p,
                          const struct mount_request *r)
{
	return (p->facts->cgroup.mode == FACTS_CGROUP_HYBRID ||
	        p->facts->cgroup.mode == FACTS_CGROUP_V1) &&
	       mount_is_cgroup(r) && str_equal(r->mount->type, "cgroup");
}

bool plan_cgroup_is_late(const struct planner *p)
{
	const struct plan_cgroup *cgroup = &p->plan->cgroup;

	if (cgroup->mode != PLAN_CGROUP_V1)
		return false;
	/* A v2 leaf is entered at birth, v1 leaves one by one. */
	return cgroup->dirs_count > 1 ||
	       (cgroup->dirs_count == 1 && *cgroup->dirs[0].controllers);
}

static bool has_entered(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->steps_count; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (step->kind == PLAN_STEP_WAIT_CGROUP ||
		    (step->kind == PLAN_STEP_NAMESPACE &&
		     step->ns.verb == PLAN_NS_UNSHARE &&
		     step->ns.flags & CLONE_NEWCGROUP))
			return true;
	}
	return false;
}

void plan_enter_cgroup(struct planner *p)
{
	struct plan_ns_step unshare = {
		.actor = PLAN_IN_INIT,
		.verb = PLAN_NS_UNSHARE,
		.flags = CLONE_NEWCGROUP,
	};

	if (has_entered(p->plan))
		return;
	if (plan_cgroup_is_late(p))
		planner_add_step(p, PLAN_STEP_WAIT_CGROUP);
	if (p->plan->ns.created & CLONE_NEWCGROUP)
		planner_add_step(p, PLAN_STEP_NAMESPACE)->ns = unshare;
}

/* The container's own directory of one hierarchy, as a source. */
static int add_own(struct planner *p, const struct plan_cgroup_dir *dir)
{
	struct plan_source source = {
		.kind = PLAN_SOURCE_TREE,
		.path = arena_printf(p->arena, "%s%s", dir->mount, dir->path),
	};

	return (int)planner_add_source(p, &source);
}

/*
 * Without a cgroup namespace a new mount would show the host's whole tree,
 * so there is only the container's own part. In a user namespace that is
 * read-only, because the directory's owner may be somebody of the host.
 */
static void add_bind(struct planner *p, const struct plan_cgroup_dir *dir,
                     const char *destination, uint64_t set)
{
	struct plan_mount *mount = &planner_add_step(p, PLAN_STEP_MOUNT)->mount;

	mount->kind = PLAN_MOUNT_BIND;
	mount->destination = destination;
	mount->source = (size_t)add_own(p, dir);
	mount->set = set | SAFE;
	if (plan_in_user_namespace(p))
		mount->set |= MOUNT_ATTR_RDONLY;
	mount->propagation = MS_PRIVATE;
	mount->fallback_source = -1;
}

static struct plan_mount *add_fs(struct planner *p, const char *type,
                                 const struct plan_cgroup_dir *dir,
                                 const char *destination, uint64_t set)
{
	struct plan_mount *mount;
	int fallback = -1;

	/* A namespace that was joined may belong to somebody else. */
	if (dir && plan_in_user_namespace(p) &&
	    !(p->plan->ns.created & CLONE_NEWCGROUP))
		fallback = add_own(p, dir);
	mount = mount_add_fs(p, type, destination, set);
	mount->fallback_source = fallback;
	return mount;
}

static void add_v2(struct planner *p, const struct mount_request *r,
                   const char *destination)
{
	const struct plan_cgroup *cgroup = &p->plan->cgroup;
	const struct plan_cgroup_dir *dir = NULL;
	uint64_t set = r->options.set | r->options.recursive_set;
	struct plan_mount *mount;
	size_t i;

	/* One that may not come to be cannot be a source. */
	if (cgroup->dirs_count > 0 && !*cgroup->dirs[0].controllers &&
	    !cgroup->optional)
		dir = &cgroup->dirs[0];
	if (p->plan->ns.all & CLONE_NEWCGROUP) {
		mount = add_fs(p, "cgroup2", dir, destination, set);
		for (i = 0; i < r->options.data_count; i++)
			mount_add_option(p, mount, r->options.data[i].key,
			                 r->options.data[i].value);
	} else if (dir) {
		add_bind(p, dir, destination, set);
	} else {
		/* There is nothing that may be seen. */
		mount = mount_add_fs(p, "tmpfs", destination,
		                     set | SAFE | MOUNT_ATTR_RDONLY);
		mount_add_option(p, mount, "mode", "0555");
	}
}

/* "cpu,cpuacct" is one directory, and a link for each of its parts. */
static void add_links(struct planner *p, const char *destination,
                      const char *controllers)
{
	const char *rest = controllers;

	if (!strchr(controllers, ','))
		return;
	while (*rest) {
		size_t length = strcspn(rest, ",");
		struct plan_link *link =
			&planner_add_step(p, PLAN_STEP_LINK)->link;

		link->path = arena_printf(p->arena, "%s/%.*s", destination,
		                          (int)length, rest);
		link->target = controllers;
		rest += length;
		rest += *rest == ',';
	}
}

static void add_controllers(struct planner *p, struct plan_mount *mount,
                            const char *controllers)
{
	const char *rest = controllers;
	const char *name = str_after(controllers, "name=");

	if (name) {
		mount_add_option(p, mount, "name", name);
		return;
	}
	while (*rest) {
		size_t length = strcspn(rest, ",");

		mount_add_option(p, mount,
		                 arena_strndup(p->arena, rest, length), NULL);
		rest += length;
		rest += *rest == ',';
	}
}

static void add_v1(struct planner *p, const struct mount_request *r,
                   const struct plan_cgroup_dir *dir, uint64_t set)
{
	const char *name = str_after(dir->controllers, "name=");
	const char *destination;

	if (!name)
		name = dir->controllers;
	destination = path_clean(p->arena, arena_printf(p->arena, "%s/%s",
	                                                r->destination, name));
	if (p->plan->ns.all & CLONE_NEWCGROUP)
		add_controllers(p, add_fs(p, "cgroup", dir, destination, set),
		                dir->controllers);
	else
		add_bind(p, dir, destination, set);
	add_links(p, r->destination, name);
}

/* A tmpfs with one directory for each hierarchy that init has joined. */
static void add_hierarchies(struct planner *p, const struct mount_request *r)
{
	const struct plan_cgroup *cgroup = &p->plan->cgroup;
	uint64_t set = r->options.set | r->options.recursive_set | SAFE;
	struct plan_mount *mount;
	size_t i;

	mount = mount_add_fs(p, "tmpfs", r->destination,
	                     set & ~(uint64_t)MOUNT_ATTR_RDONLY);
	mount->origin = "cgroup";
	mount_add_option(p, mount, "mode", "0755");
	for (i = 0; i < cgroup->dirs_count; i++) {
		const struct plan_cgroup_dir *dir = &cgroup->dirs[i];

		if (*dir->controllers)
			add_v1(p, r, dir, set);
		else
			add_v2(p, r,
			       path_clean(p->arena,
			                  arena_printf(p->arena, "%s/unified",
			                               r->destination)));
	}
	if (set & MOUNT_ATTR_RDONLY && !r->filled)
		mount_add_attr(p, r->destination, MOUNT_ATTR_RDONLY);
}

void plan_cgroup_mount(struct planner *p, const struct mount_request *r)
{
	if (plan_cgroup_is_late(p))
		plan_enter_cgroup(p);
	if (mount_is_hierarchies(p, r))
		add_hierarchies(p, r);
	else
		add_v2(p, r, r->destination);
}
