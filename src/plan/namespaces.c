/* SPDX-License-Identifier: Apache-2.0 */
/* Which process enters or makes which namespace, and when. */
#include <linux/sched.h>

#include "base/buf.h"
#include "base/str.h"
#include "plan/decide.h"

/*
 * Who does what, by what the configuration asks for:
 *
 *   nothing joined           parent  CLONE the new ones
 *   pid joined               parent  JOIN pid (it counts for children only),
 *                                    CLONE
 *   others joined            init    JOIN them
 *   new user, any joined     parent  JOIN them, because the new user
 *                                    namespace has no power over them; CLONE
 *   user joined, or new      parent  CLONE nothing: the bridge
 *   user with mount joined,  bridge  JOIN all, CLONE: what it entered cannot
 *   or runf itself in one            be left again, so the parent may not
 *
 * The cgroup namespace is never cloned: it would be rooted at the parent's
 * cgroup. Init unshares it once it is in its own; rootfs.c places that step.
 * Some may come from a helper; rootfs.c places init's step.
 * The time namespace is entered by init itself: it counts for children only,
 * but a process of one thread may enter the one for its children (Linux 5.6).
 */

/* Mount last: what lies behind it has no path to /proc of the host. */
static const int join_order[] = {
	CLONE_NEWPID, CLONE_NEWTIME,   CLONE_NEWIPC, CLONE_NEWNET,
	CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWNS,
};

static struct plan_ns_step *add(struct planner *p, enum plan_actor actor,
                                enum plan_ns_verb verb, int flags)
{
	struct plan_namespaces *ns = &p->plan->ns;
	struct plan_ns_step *step = arena_push(p->arena, ns->steps, ns->count);

	step->actor = actor;
	step->verb = verb;
	step->flags = flags;
	return step;
}

static void add_join(struct planner *p, enum plan_actor actor, int type)
{
	struct plan_ns_step *step = add(p, actor, PLAN_NS_JOIN, type);

	while (p->plan->sources[step->source].namespace_type != type)
		step->source++;
}

static void add_joins(struct planner *p, enum plan_actor actor, int types)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(join_order); i++) {
		if (types & join_order[i])
			add_join(p, actor, join_order[i]);
	}
}

/* Init's own steps, in front of everything in plan->steps. */
static void add_init(struct planner *p, int created, int joined)
{
	if (created & CLONE_NEWUSER)
		add(p, PLAN_IN_INIT, PLAN_NS_WAIT_IDMAP, CLONE_NEWUSER);
	/* Before the ids change: the file belongs to who runf was. */
	if (created & CLONE_NEWTIME)
		add(p, PLAN_IN_INIT, PLAN_NS_OFFSETS, CLONE_NEWTIME);
	if ((created | joined) & CLONE_NEWUSER)
		add(p, PLAN_IN_INIT, PLAN_NS_BECOME_ROOT, CLONE_NEWUSER);
}

/*
 * To make a network namespace takes the kernel as long as all the mounts. A
 * second CPU can do it meanwhile, unless a new user namespace is to own it,
 * and the one for IPC with it, which mounts a file system.
 */
static int choose_helped(const struct planner *p)
{
	const struct plan_namespaces *ns = &p->plan->ns;
	const struct oci_linux *config = p->spec->linux_;

	/* Devices are moved to where init is: it has to be there at once. */
	if (config && config->net_devices_count > 0)
		return 0;
	if (!(ns->created & CLONE_NEWNET) || ns->all & CLONE_NEWUSER ||
	    p->facts->cpus < 2)
		return 0;
	return ns->created & (CLONE_NEWNET | CLONE_NEWIPC);
}

/* In a user namespace nothing leads back to one that is not of it. */
static bool needs_bridge(const struct planner *p, int created, int joined)
{
	return joined & CLONE_NEWUSER ||
	       (created & CLONE_NEWUSER &&
	        joined & (p->facts->user_namespace ? ~0 : CLONE_NEWNS)) ||
	       (joined & CLONE_NEWPID && p->facts->user_namespace);
}

static void add_steps(struct planner *p, int created, int joined)
{
	int cloned = created &
	             ~(CLONE_NEWCGROUP | CLONE_NEWTIME | p->plan->ns.helped);
	int others = joined & ~(CLONE_NEWUSER | CLONE_NEWPID);

	if (needs_bridge(p, created, joined)) {
		add(p, PLAN_IN_PARENT, PLAN_NS_CLONE, 0);
		add_joins(p, PLAN_IN_BRIDGE, joined);
		if (joined & CLONE_NEWUSER)
			add_join(p, PLAN_IN_BRIDGE, CLONE_NEWUSER);
		add(p, PLAN_IN_BRIDGE, PLAN_NS_CLONE, cloned);
		others = 0;
	} else {
		if (created & CLONE_NEWUSER)
			add_joins(p, PLAN_IN_PARENT, joined);
		else
			add_joins(p, PLAN_IN_PARENT, joined & CLONE_NEWPID);
		add(p, PLAN_IN_PARENT, PLAN_NS_CLONE, cloned);
		if (created & CLONE_NEWUSER)
			others = 0;
	}
	add_init(p, created, joined);
	add_joins(p, PLAN_IN_INIT, others);
}

static const char *offsets_text(struct planner *p,
                                const struct oci_linux *config)
{
	struct buf buf = { .arena = p->arena };

	if (config->monotonic.set)
		buf_printf(&buf, "monotonic %lld %u\n",
		           (long long)config->monotonic.secs,
		           config->monotonic.nanosecs);
	if (config->boottime.set)
		buf_printf(&buf, "boottime %lld %u\n",
		           (long long)config->boottime.secs,
		           config->boottime.nanosecs);
	return buf.length > 0 ? buf_str(&buf) : NULL;
}

/* Parameters of a joined network namespace must not change runf's own. */
static const char *net_sysctl(const struct oci_linux *config)
{
	size_t i;

	for (i = 0; i < config->sysctl.count; i++) {
		const char *key = config->sysctl.pairs[i].key;

		if (str_after(key, "net.") || str_after(key, "net/"))
			return key;
	}
	return NULL;
}

int plan_namespaces(struct planner *p, struct error *err)
{
	const struct oci_linux *config = p->spec->linux_;
	struct plan_namespaces *ns = &p->plan->ns;
	int created = 0;
	int joined = 0;
	size_t i;

	(void)err;
	for (i = 0; config && i < config->namespaces_count; i++) {
		const struct oci_namespace *each = &config->namespaces[i];
		struct plan_source source = {
			.kind = PLAN_SOURCE_NAMESPACE,
			.path = each->path,
			.namespace_type = each->type,
			.sysctl = each->type == CLONE_NEWNET
			                  ? net_sysctl(config)
			                  : NULL,
		};

		if (each->path) {
			planner_add_source(p, &source);
			joined |= each->type;
		} else {
			created |= each->type;
		}
	}
	ns->all = created | joined;
	ns->created = created;
	ns->helped = choose_helped(p);
	if (created & CLONE_NEWTIME)
		ns->time_offsets = offsets_text(p, config);
	add_steps(p, created, joined);
	return 0;
}
