/* SPDX-License-Identifier: Apache-2.0 */
/* Which of `mounts` is made when. */
#include <linux/mount.h>
#include <linux/sched.h>

#include "base/path.h"
#include "base/str.h"
#include "plan/mounts.h"

static bool overlap(const char *a, const char *b)
{
	return path_is_within(a, b) || path_is_within(b, a);
}

/* It shows what init enters late: its cgroup, its network, its queues. */
static bool waits(struct planner *p, const struct mount_request *r)
{
	const char *type = r->mount->type;
	int helped = p->plan->ns.helped;

	if (r->options.bind || r->options.remount || !type)
		return false;
	return (mount_is_cgroup(r) && plan_cgroup_is_late(p)) ||
	       (helped & CLONE_NEWNET && str_equal(type, "sysfs")) ||
	       (helped & CLONE_NEWIPC && str_equal(type, "mqueue"));
}

/*
 * A new and empty file system that shall be read-only, on which others will
 * stand: their places have to be made in it first.
 */
static bool is_filled(const struct planner *p, const struct mount_request *all,
                      size_t i)
{
	const size_t count = p->spec->mounts_count;
	const struct mount_request *r = &all[i];
	const uint64_t set = r->options.set | r->options.recursive_set;
	const char *type = r->mount->type;
	bool filled = false;

	if (r->options.bind || r->options.remount ||
	    !(set & MOUNT_ATTR_RDONLY) || !type ||
	    !(str_equal(type, "tmpfs") || mount_is_hierarchies(p, r)))
		return false;
	for (i++; i < count; i++) {
		/* Then it is no longer what its path leads to. */
		if (path_is_within(r->destination, all[i].destination))
			return false;
		filled |= path_is_within(all[i].destination, r->destination);
	}
	return filled;
}

/*
 * All of them, read once. Those come after the devices that wait, and with
 * them all that follow, as the order is what was asked for. But where the
 * devices are to be made it is made before, if what waits does not lie there.
 */
static const struct mount_request *requests(struct planner *p)
{
	size_t count = p->spec->mounts_count;
	struct mount_request *all = p->mounts;
	size_t i;
	size_t j;

	if (all)
		return all;
	all = arena_new_array(p->arena, struct mount_request, count);
	for (i = 0; i < count; i++) {
		all[i] = mount_read(p, &p->spec->mounts[i]);
		all[i].late = waits(p, &all[i]);
		for (j = 0; j < i && !all[i].late; j++)
			all[i].late =
				all[j].late &&
				(!path_is_within("/dev", all[i].destination) ||
			         overlap(all[i].destination,
			                 all[j].destination));
	}
	for (i = 0; i < count; i++)
		all[i].filled = is_filled(p, all, i);
	p->mounts = all;
	return all;
}

static int add_mounts(struct planner *p, bool late, struct error *err)
{
	const struct mount_request *all = requests(p);
	size_t i;

	for (i = 0; i < p->spec->mounts_count; i++) {
		if (all[i].late != late)
			continue;
		if (mount_plan(p, &all[i], err) < 0)
			return error_wrap(err, "mounts[%zu]: %s", i,
			                  all[i].destination);
	}
	return 0;
}

int plan_mounts(struct planner *p, struct error *err)
{
	return add_mounts(p, false, err);
}

/* Over whatever the configuration has mounted on /run. */
static void add_notify(struct planner *p)
{
	const struct plan_source source = {
		.kind = PLAN_SOURCE_TREE,
		.path = p->options->notify_dir,
	};
	const struct mount_request request = {
		.destination = PLAN_NOTIFY_DIR,
		.options.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
		               MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.options.propagation = MS_PRIVATE,
	};

	if (!p->plan->notify)
		return;
	mount_add(p, PLAN_MOUNT_BIND, &request)->source =
		planner_add_source(p, &source);
}

int plan_late_mounts(struct planner *p, struct error *err)
{
	const struct mount_request *all = requests(p);
	int result = add_mounts(p, true, err);
	size_t i;

	if (result < 0)
		return result;
	add_notify(p);
	for (i = 0; i < p->spec->mounts_count; i++)
		if (all[i].filled && !str_equal(all[i].destination, "/dev"))
			mount_add_attr(p, all[i].destination,
			               MOUNT_ATTR_RDONLY);
	return 0;
}

bool mounts_change_late(struct planner *p, const char *path)
{
	const struct mount_request *all = requests(p);
	size_t i;

	for (i = 0; i < p->spec->mounts_count; i++)
		if (all[i].late && overlap(all[i].destination, path))
			return true;
	return false;
}

/* The last one that makes /dev, or NULL. */
static const struct mount_request *find_dev(struct planner *p)
{
	const struct mount_request *all = requests(p);
	size_t i;

	for (i = p->spec->mounts_count; i > 0; i--)
		if (!all[i - 1].options.remount &&
		    str_equal(all[i - 1].destination, "/dev"))
			return &all[i - 1];
	return NULL;
}

bool mounts_bind_dev(struct planner *p)
{
	const struct mount_request *dev = find_dev(p);

	return dev && dev->options.bind;
}

bool mounts_readonly_dev(struct planner *p)
{
	const struct mount_request *dev = find_dev(p);

	return dev && !dev->options.bind &&
	       (dev->options.set | dev->options.recursive_set) &
	               MOUNT_ATTR_RDONLY;
}
