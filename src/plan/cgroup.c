/* SPDX-License-Identifier: Apache-2.0 */
/* Which cgroups a container has, and what is written into them. */
#include "plan/cgroup.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

static const struct controller {
	const char *name;
	limits_fn *v2;
	limits_fn *v1;
} controllers[] = {
	{ "memory", cgroup_v2_memory, cgroup_v1_memory },
	{ "cpu", cgroup_v2_cpu, cgroup_v1_cpu },
	{ "cpuset", cgroup_v2_cpuset, cgroup_v1_cpuset },
	{ "pids", cgroup_v2_pids, cgroup_v1_pids },
	{ "io", cgroup_v2_io, cgroup_v1_io },
	{ "hugetlb", cgroup_v2_hugetlb, cgroup_v1_hugetlb },
	{ "rdma", cgroup_rdma, cgroup_rdma },
	{ "net_cls", cgroup_v2_net_cls, cgroup_v1_net_cls },
	{ "net_prio", cgroup_v2_net_prio, cgroup_v1_net_prio },
};

/* The one that has another name in v1. */
static const char *name_in_v1(const char *controller)
{
	return str_equal(controller, "io") ? "blkio" : controller;
}

bool cgroup_list_has(const char *list, const char *word)
{
	size_t wanted = strlen(word);

	while (*list) {
		size_t length = strcspn(list, ", ");

		if (length == wanted && memcmp(list, word, length) == 0)
			return true;
		list += length;
		list += *list != '\0';
	}
	return false;
}

const struct facts_cgroup_v1 *cgroup_find_v1(const struct facts_cgroup *facts,
                                             const char *controller)
{
	const char *name = name_in_v1(controller);
	size_t i;

	for (i = 0; i < facts->v1_count; i++)
		if (cgroup_list_has(facts->v1[i].controllers, name))
			return &facts->v1[i];
	return NULL;
}

bool cgroup_has_v2(const struct facts_cgroup *facts, const char *controller)
{
	if (!facts->v2_mount)
		return false;
	/* Asked only where v1 may hold some: see probe_cgroup(). */
	return !facts->v2_controllers ||
	       cgroup_list_has(facts->v2_controllers, controller);
}

size_t cgroup_v2_dir(const struct plan_cgroup *cgroup)
{
	size_t i;

	for (i = 0; i < cgroup->dirs_count; i++)
		if (!*cgroup->dirs[i].controllers)
			return i;
	return CGROUP_NO_DIR;
}

static size_t find_v1_dir(const struct plan_cgroup *cgroup,
                          const char *controller)
{
	const char *name = name_in_v1(controller);
	size_t i;

	for (i = 0; i < cgroup->dirs_count; i++)
		if (cgroup_list_has(cgroup->dirs[i].controllers, name))
			return i;
	return CGROUP_NO_DIR;
}

static size_t add_dir(struct cgroup_planner *cp, const char *names,
                      const char *mount)
{
	struct plan_cgroup *cgroup = cp->cgroup;
	struct plan_cgroup_dir *dir =
		arena_push(cp->arena, cgroup->dirs, cgroup->dirs_count);

	dir->controllers = names;
	dir->mount = mount;
	dir->path = cgroup->path;
	return cgroup->dirs_count - 1;
}

size_t cgroup_add_v1_dir(struct cgroup_planner *cp, const char *controller)
{
	const struct facts_cgroup_v1 *v1 =
		cgroup_find_v1(&cp->facts->cgroup, controller);
	size_t dir = find_v1_dir(cp->cgroup, controller);

	if (dir == CGROUP_NO_DIR && v1)
		dir = add_dir(cp, v1->controllers, v1->mount);
	return dir;
}

void cgroup_add_write(struct cgroup_planner *cp, size_t dir,
                      const struct plan_cgroup_write *write)
{
	struct plan_cgroup *cgroup = cp->cgroup;
	struct plan_cgroup_write *place =
		arena_push(cp->arena, cgroup->writes, cgroup->writes_count);

	*place = *write;
	place->dir = dir;
}

void cgroup_add_enabled(struct cgroup_planner *cp, const char *controller)
{
	struct plan_cgroup *cgroup = cp->cgroup;

	if (!cgroup->enable)
		cgroup->enable = controller;
	else if (!cgroup_list_has(cgroup->enable, controller))
		cgroup->enable = arena_printf(cp->arena, "%s %s",
		                              cgroup->enable, controller);
}

/* The first write that a new cgroup does not have anyway, or NULL. */
static const struct plan_cgroup_write *find_needed(const struct limits *limits)
{
	size_t i;

	for (i = 0; i < limits->count; i++)
		if (!limits->writes[i].if_present)
			return &limits->writes[i];
	return NULL;
}

static int refuse_missing(const struct cgroup_planner *cp, const char *what,
                          const char *controller, struct error *err)
{
	const char *mount = cp->facts->cgroup.v2_mount;

	if (mount)
		return error_set(
			err, ERROR_UNSUPPORTED, -ENOTSUP,
			"%s: the %s controller is not available: neither the v2 tree at %s nor a v1 hierarchy has it",
			what, controller, mount);
	return error_set(
		err, ERROR_UNSUPPORTED, -ENOTSUP,
		"%s: the %s controller is not available: no mounted cgroup hierarchy has it",
		what, controller);
}

/*
 * `unified` overrides: what it sets is not set before to something else. But
 * an entry may be one of many: its file has room for both.
 */
static void place_v2(struct cgroup_planner *cp, const char *controller,
                     const struct limits *limits)
{
	size_t dir = cgroup_v2_dir(cp->cgroup);
	size_t i;

	for (i = 0; i < limits->count; i++) {
		const struct plan_cgroup_write *write = &limits->writes[i];

		if (!write->undo &&
		    cgroup_unified_has(cp->resources, write->file))
			continue;
		cgroup_add_write(cp, dir, write);
		if (!write->if_present)
			cgroup_add_enabled(cp, controller);
	}
}

/* A hierarchy is joined only where something is limited: it takes time. */
static int place_v1(struct cgroup_planner *cp, const char *controller,
                    const struct limits *limits, struct error *err)
{
	const struct plan_cgroup_write *needed = find_needed(limits);
	size_t dir = find_v1_dir(cp->cgroup, controller);
	size_t i;

	if (dir == CGROUP_NO_DIR && !needed)
		return 0;
	dir = cgroup_add_v1_dir(cp, controller);
	if (dir == CGROUP_NO_DIR)
		return refuse_missing(cp, needed->what, controller, err);
	for (i = 0; i < limits->count; i++)
		cgroup_add_write(cp, dir, &limits->writes[i]);
	return 0;
}

static int decide_controller(struct cgroup_planner *cp,
                             const struct controller *controller,
                             struct error *err)
{
	const struct facts_cgroup *facts = &cp->facts->cgroup;
	struct limits limits = {
		.arena = cp->arena,
		.resources = cp->resources,
		.planner = cp->planner,
		.update = !cp->planner,
	};
	bool is_v1 =
		!cgroup_has_v2(facts, controller->name) &&
		(cgroup_find_v1(facts, controller->name) || !facts->v2_mount);
	const struct plan_cgroup_write *needed;
	int result = (is_v1 ? controller->v1 : controller->v2)(&limits, err);

	if (result < 0)
		return result;
	if (is_v1)
		return place_v1(cp, controller->name, &limits, err);
	needed = find_needed(&limits);
	if (needed && !cgroup_has_v2(facts, controller->name))
		return refuse_missing(cp, needed->what, controller->name, err);
	place_v2(cp, controller->name, &limits);
	return 0;
}

static void decide_mode(struct plan_cgroup *cgroup)
{
	size_t v2 = cgroup_v2_dir(cgroup) != CGROUP_NO_DIR;

	if (cgroup->dirs_count == 0)
		cgroup->mode = PLAN_CGROUP_DISABLED;
	else if (cgroup->dirs_count == v2)
		cgroup->mode = PLAN_CGROUP_V2;
	else
		cgroup->mode = PLAN_CGROUP_V1;
}

static int decide_limits(struct cgroup_planner *cp, struct error *err)
{
	size_t i;
	int result = 0;

	for (i = 0; result == 0 && i < ARRAY_SIZE(controllers); i++)
		result = decide_controller(cp, &controllers[i], err);
	if (result == 0)
		result = cgroup_decide_devices(cp, err);
	if (result == 0)
		result = cgroup_decide_unified(cp, err);
	if (result == 0)
		decide_mode(cp->cgroup);
	return result;
}

/*
 * The cgroup by which the container's processes are found, frozen and
 * killed: in the v2 tree, else in the freezer's or any hierarchy.
 */
static void add_main_dir(struct cgroup_planner *cp)
{
	const struct facts_cgroup *facts = &cp->facts->cgroup;

	if (facts->v2_mount)
		add_dir(cp, "", facts->v2_mount);
	else if (cgroup_find_v1(facts, "freezer"))
		cgroup_add_v1_dir(cp, "freezer");
	else if (facts->v1_count)
		add_dir(cp, facts->v1[0].controllers, facts->v1[0].mount);
}

static const struct oci_resources no_resources;

int plan_cgroup(struct planner *p, struct error *err)
{
	const struct oci_linux *config = p->spec->linux_;
	struct plan_cgroup *cgroup = &p->plan->cgroup;
	struct cgroup_planner cp = {
		.arena = p->arena,
		.facts = p->facts,
		.resources = config ? &config->resources : &no_resources,
		.planner = p,
		.cgroup = cgroup,
	};
	bool rootless = p->facts->uid != 0 || p->facts->user_namespace;
	int result;

	if (p->options->cgroup_disabled) {
		cgroup->mode = PLAN_CGROUP_DISABLED;
		if (cp.resources->set)
			planner_warn(
				p,
				"linux.resources: ignored, cgroups are disabled");
		return 0;
	}
	result = p->options->systemd_cgroup
	                 ? cgroup_decide_unit(p, &cgroup->path, err)
	                 : cgroup_decide_path(
				   p->arena,
				   config ? config->cgroups_path : NULL,
				   p->options->id, &cgroup->path, err);
	if (result < 0)
		return result;
	add_main_dir(&cp);
	result = decide_limits(&cp, err);
	if (result == 0 && cgroup->unit.name)
		result = cgroup_decide_properties(p, err);
	if (result < 0)
		return result;
	cgroup->optional =
		rootless && !cgroup->writes_count && !cgroup->unit.name;
	cgroup_decide_owner(p);
	return 0;
}

int plan_cgroup_update(struct arena *arena, const struct facts *facts,
                       const struct plan_cgroup *existing,
                       const struct oci_resources *resources,
                       struct plan_cgroup *ret_update, struct error *err)
{
	struct plan_cgroup update = {
		.path = existing->path,
		.unit = existing->unit,
	};
	struct cgroup_planner cp = {
		.arena = arena,
		.facts = facts,
		.resources = resources,
		.cgroup = &update,
	};
	size_t i;
	int result;

	if (existing->dirs_count == 0)
		return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
		                 "the container has no cgroup");
	for (i = 0; i < existing->dirs_count; i++)
		*arena_push(arena, update.dirs, update.dirs_count) =
			existing->dirs[i];
	result = decide_limits(&cp, err);
	if (result < 0)
		return result;
	if (update.unit.name)
		cgroup_update_properties(arena, &update);
	*ret_update = update;
	return 0;
}
