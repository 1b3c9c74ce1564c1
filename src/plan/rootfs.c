/* SPDX-License-Identifier: Apache-2.0 */
/* What init does to its surroundings: every step, in an order that works. */
#include <errno.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "base/path.h"
#include "base/str.h"
#include "plan/mounts.h"

/*
 *   namespaces, keyring, lo, names   nobody looks at the file tree yet
 *   cut, root                        from here on no mount reaches the host
 *   mounts, devices, links           while the parent works
 *   read-only and masked in /proc    it is complete, if no sysctl is to come
 *   network and ipc, late mounts     sysfs shows the network it is made in
 *   wait for the v1 cgroups          as late as it can be
 *   hooks                            the host's tree is still in reach
 *   console, pivot                   from here on the host is out of reach
 *   sysctl                           before /proc/sys becomes read-only
 *   propagation, read-only, masks    what nothing may be changed after
 */

static bool has_mount_namespace(const struct planner *p)
{
	return p->plan->ns.created & CLONE_NEWNS;
}

static void add_text(struct planner *p, enum plan_step_kind kind,
                     const char *text)
{
	planner_add_step(p, kind)->text = text;
}

static void add_flags(struct planner *p, enum plan_step_kind kind,
                      uint64_t flags)
{
	planner_add_step(p, kind)->flags = flags;
}

/* ---- before the file tree */

static void add_namespaces(struct planner *p)
{
	const struct plan_namespaces *ns = &p->plan->ns;
	size_t i;

	for (i = 0; i < ns->count; i++) {
		if (ns->steps[i].actor == PLAN_IN_INIT)
			planner_add_step(p, PLAN_STEP_NAMESPACE)->ns =
				ns->steps[i];
	}
	if (!plan_cgroup_is_late(p))
		plan_enter_cgroup(p);
}

/* As late as it can be: before what shows the network, and before hooks. */
static void add_helped(struct planner *p)
{
	struct plan_ns_step *step;

	if (!p->plan->ns.helped)
		return;
	step = &planner_add_step(p, PLAN_STEP_NAMESPACE)->ns;
	step->actor = PLAN_IN_INIT;
	step->verb = PLAN_NS_TAKE;
	step->flags = p->plan->ns.helped;
}

/* Without a UTS namespace the name would be the host's. */
static int add_names(struct planner *p, struct error *err)
{
	const struct oci_spec *spec = p->spec;

	if (!spec->hostname && !spec->domainname)
		return 0;
	if (!(p->plan->ns.all & CLONE_NEWUTS))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "%s: needs a uts namespace",
		                 spec->hostname ? "hostname" : "domainname");
	if (spec->hostname)
		add_text(p, PLAN_STEP_HOSTNAME, spec->hostname);
	if (spec->domainname)
		add_text(p, PLAN_STEP_DOMAINNAME, spec->domainname);
	return 0;
}

static int add_surroundings(struct planner *p, struct error *err)
{
	add_namespaces(p);
	if (!p->options->no_new_keyring)
		add_text(p, PLAN_STEP_KEYRING,
		         arena_printf(p->arena, "_ses.%s", p->options->id));
	if (p->plan->ns.created & ~p->plan->ns.helped & CLONE_NEWNET)
		add_flags(p, PLAN_STEP_LOOPBACK, 0);
	return add_names(p, err);
}

/* ---- propagation */

struct propagation {
	uint64_t wanted; /* of the root; 0: nothing was said */
	uint64_t cut;    /* of everything, before the root is attached */
};

/*
 * Private is the rule. The root stays the host's slave only where that was
 * asked for, or in a user namespace: what init clones from its own copy of
 * the host's mounts there must still be able to become a slave.
 */
static struct propagation read_propagation(const struct planner *p)
{
	static const struct str_value words[] = {
		{ "private", MS_PRIVATE },
		{ "rprivate", MS_PRIVATE | MS_REC },
		{ "shared", MS_SHARED },
		{ "rshared", MS_SHARED | MS_REC },
		{ "slave", MS_SLAVE },
		{ "rslave", MS_SLAVE | MS_REC },
		{ "unbindable", MS_UNBINDABLE },
		{ "runbindable", MS_UNBINDABLE | MS_REC },
		{ NULL, 0 },
	};
	const struct oci_linux *config = p->spec->linux_;
	const struct str_value *word = NULL;
	struct propagation found = { 0, MS_PRIVATE | MS_REC };

	if (config && config->rootfs_propagation)
		word = str_lookup(words, config->rootfs_propagation);
	if (word)
		found.wanted = word->value;
	if (found.wanted & (MS_SLAVE | MS_SHARED) || plan_in_user_namespace(p))
		found.cut = MS_SLAVE | MS_REC;
	return found;
}

static void add_propagation(struct planner *p)
{
	struct propagation propagation = read_propagation(p);
	uint64_t kind = propagation.wanted & ~(uint64_t)MS_REC;

	/* What the cut has done already needs no second step. */
	if (kind && !(propagation.cut & kind))
		add_flags(p, PLAN_STEP_PROPAGATION, propagation.wanted);
}

/* ---- the file tree */

static void add_hooks(struct planner *p)
{
	const struct plan_hook_list *hooks = p->plan->hooks;

	if (hooks[PLAN_HOOK_PRESTART].count > 0 ||
	    hooks[PLAN_HOOK_CREATE_RUNTIME].count > 0)
		add_flags(p, PLAN_STEP_RUNTIME_HOOKS, 0);
	if (hooks[PLAN_HOOK_CREATE_CONTAINER].count > 0)
		add_flags(p, PLAN_STEP_CONTAINER_HOOKS, 0);
}

static void add_console(struct planner *p)
{
	if (p->spec->process && p->spec->process->terminal)
		add_flags(p, PLAN_STEP_CONSOLE, 0);
}

/* The first separator tells which of the two is one. */
static const char *sysctl_path(struct planner *p, const char *key)
{
	char *path = arena_strdup(p->arena, key);
	char *c;

	if (key[strcspn(key, "./")] == '/')
		return path;
	for (c = path; *c; c++) {
		if (*c == '.')
			*c = '/';
		else if (*c == '/')
			*c = '.';
	}
	return path;
}

static void add_sysctls(struct planner *p)
{
	const struct oci_linux *config = p->spec->linux_;
	size_t i;

	for (i = 0; config && i < config->sysctl.count; i++) {
		const struct oci_pair *pair = &config->sysctl.pairs[i];
		struct plan_sysctl *sysctl =
			&planner_add_step(p, PLAN_STEP_SYSCTL)->sysctl;

		sysctl->key = pair->key;
		sysctl->path = sysctl_path(p, pair->key);
		sysctl->value = pair->value;
	}
}

static bool has_early_hooks(const struct planner *p)
{
	const struct plan_hook_list *hooks = p->plan->hooks;

	return hooks[PLAN_HOOK_PRESTART].count > 0 ||
	       hooks[PLAN_HOOK_CREATE_RUNTIME].count > 0 ||
	       hooks[PLAN_HOOK_CREATE_CONTAINER].count > 0;
}

/*
 * Nothing that comes later looks at /proc or changes it: then init restricts
 * it at once, instead of waiting for the network first.
 */
static bool proc_is_complete(struct planner *p)
{
	const struct oci_linux *config = p->spec->linux_;

	return !has_early_hooks(p) && !(config && config->sysctl.count > 0) &&
	       !mounts_change_late(p, "/proc");
}

/* Those of PATHS that lie in /proc, if it is complete, or all the others. */
static int add_paths(struct planner *p, enum plan_step_kind kind,
                     const struct oci_strings *paths, bool in_proc,
                     struct error *err)
{
	bool complete = proc_is_complete(p);
	size_t i;

	for (i = 0; i < paths->count; i++) {
		const char *path;

		if (!path_is_absolute(paths->items[i]))
			return error_set(err, ERROR_CONFIG, -EINVAL,
			                 "\"%s\" is not absolute",
			                 paths->items[i]);
		path = path_clean(p->arena, paths->items[i]);
		if ((complete && path_is_within(path, "/proc")) == in_proc)
			add_text(p, kind, path);
	}
	return 0;
}

static int add_restricted_paths(struct planner *p, bool in_proc,
                                struct error *err)
{
	const struct oci_linux *config = p->spec->linux_;

	if (!config)
		return 0;
	if (add_paths(p, PLAN_STEP_READONLY, &config->readonly_paths, in_proc,
	              err) < 0)
		return error_wrap(err, "linux.readonlyPaths");
	if (add_paths(p, PLAN_STEP_MASK, &config->masked_paths, in_proc, err) <
	    0)
		return error_wrap(err, "linux.maskedPaths");
	return 0;
}

/* Afterwards the working directory could not be made any more. */
static void add_readonly_root(struct planner *p)
{
	const char *cwd = p->spec->process ? p->spec->process->cwd : NULL;

	if (cwd && str_equal(cwd, "/"))
		cwd = NULL;
	add_text(p, PLAN_STEP_READONLY_ROOT, cwd);
}

static int add_restrictions(struct planner *p, struct error *err)
{
	int result;

	add_propagation(p);
	if (p->spec->root->readonly)
		add_readonly_root(p);
	result = add_restricted_paths(p, false, err);
	if (result < 0)
		return result;
	if (mounts_readonly_dev(p))
		mount_add_attr(p, "/dev", MOUNT_ATTR_RDONLY);
	return 0;
}

/* A mount namespace of its own: the whole tree. */
static int add_tree(struct planner *p, struct error *err)
{
	uint64_t cut = read_propagation(p).cut;
	int result;

	add_flags(p, PLAN_STEP_CUT, cut);
	result = plan_root_mounts(p, cut, err);
	if (result == 0 && (!p->options->rootfs_count || p->plan->host_root))
		add_text(p, PLAN_STEP_ROOT, p->plan->rootfs);
	if (result == 0)
		result = plan_mounts(p, err);
	if (result == 0)
		result = plan_devices(p, err);
	if (result == 0)
		result = add_restricted_paths(p, true, err);
	if (result < 0)
		return result;
	add_helped(p);
	result = plan_late_mounts(p, err);
	if (result < 0)
		return result;
	plan_enter_cgroup(p);
	add_hooks(p);
	add_console(p);
	add_flags(p,
	          p->options->no_pivot ? PLAN_STEP_MOVE_ROOT : PLAN_STEP_PIVOT,
	          0);
	add_sysctls(p);
	return add_restrictions(p, err);
}

/*
 * In somebody else's mount namespace the root is all there is: every mount
 * would be theirs as well.
 */
static int add_bare_root(struct planner *p, struct error *err)
{
	const struct oci_linux *config = p->spec->linux_;
	int result;

	if (p->spec->root->readonly ||
	    (config &&
	     (config->masked_paths.count > 0 ||
	      config->readonly_paths.count > 0 || config->rootfs_propagation)))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "root.readonly, linux.maskedPaths, "
		                 "linux.readonlyPaths and "
		                 "linux.rootfsPropagation need a new mount "
		                 "namespace");
	if (p->spec->mounts_count > 0)
		planner_warn(p, "mounts: not made, as there is no new mount "
		                "namespace");
	result = plan_root_mounts(p, 0, err);
	if (result < 0)
		return result;
	add_text(p, PLAN_STEP_HOST_ROOT, p->plan->rootfs);
	add_helped(p);
	plan_enter_cgroup(p);
	add_hooks(p);
	add_console(p);
	add_flags(p, PLAN_STEP_CHROOT, 0);
	add_sysctls(p);
	return 0;
}

int plan_rootfs(struct planner *p, struct error *err)
{
	int result = plan_mount_label(p, err);

	if (result == 0)
		result = add_surroundings(p, err);

	if (result < 0)
		return result;
	if (!has_mount_namespace(p))
		return add_bare_root(p, err);
	result = add_tree(p, err);
	if (result == 0)
		plan_beside(p);
	return result;
}
