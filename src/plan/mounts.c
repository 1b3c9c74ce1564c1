/* SPDX-License-Identifier: Apache-2.0 */
/* From `mounts` to the steps that make them. */
#include "plan/mounts.h"

#include <errno.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "base/path.h"
#include "base/str.h"

bool plan_remounts(const struct facts *facts)
{
	return !KERNEL_AT_LEAST(facts, 5, 12);
}

bool plan_in_user_namespace(const struct planner *p)
{
	return p->plan->ns.all & CLONE_NEWUSER || p->facts->user_namespace;
}

struct plan_mount *mount_add(struct planner *p, enum plan_mount_kind kind,
                             const struct mount_request *r)
{
	struct plan_mount *mount = &planner_add_step(p, PLAN_STEP_MOUNT)->mount;
	const struct mount_options *options = &r->options;

	mount->kind = kind;
	mount->destination = r->destination;
	mount->set = options->set;
	mount->clear = options->clear;
	mount->recursive_set = options->recursive_set;
	mount->recursive_clear = options->recursive_clear;
	mount->propagation = options->propagation;
	mount->propagation_recursive = options->propagation_recursive;
	mount->no_follow = options->target_no_follow;
	mount->fallback_source = -1;
	return mount;
}

void mount_add_option(struct planner *p, struct plan_mount *mount,
                      const char *key, const char *value)
{
	struct plan_fs_option *option =
		arena_push(p->arena, mount->options, mount->options_count);

	option->key = key;
	option->value = value;
}

struct plan_mount *mount_add_fs(struct planner *p, const char *type,
                                const char *destination, uint64_t set)
{
	struct plan_mount *mount = &planner_add_step(p, PLAN_STEP_MOUNT)->mount;

	mount->kind = PLAN_MOUNT_FS;
	mount->type = type;
	mount->origin = type;
	mount->destination = destination;
	mount->set = set;
	mount->fallback_source = -1;
	return mount;
}

void mount_add_attr(struct planner *p, const char *destination, uint64_t set)
{
	struct plan_mount *mount = &planner_add_step(p, PLAN_STEP_MOUNT)->mount;

	mount->kind = PLAN_MOUNT_ATTR;
	mount->destination = destination;
	mount->set = set;
	mount->fallback_source = -1;
}

/* ---- a new file system */

/*
 * The kernel's own file systems are read-only by their mount alone: their
 * instance may be shared with others, or still has to be filled. One that
 * has a device may not be able to open it for writing.
 */
static bool is_made_by_kernel(const char *type)
{
	static const char *const types[] = { "tmpfs",  "proc",   "sysfs",
		                             "devpts", "mqueue", "ramfs",
		                             "cgroup", "cgroup2" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (str_equal(type, types[i]))
			return true;
	}
	return false;
}

static bool has_data(const struct mount_options *options, const char *key)
{
	size_t i;

	for (i = 0; i < options->data_count; i++) {
		if (str_equal(options->data[i].key, key))
			return true;
	}
	return false;
}

/*
 * File systems without labels of their own get the container's. A message
 * queue is one for all of its namespace: there only the root gets it.
 */
static void add_label(struct planner *p, struct plan_mount *mount)
{
	const char *label = p->plan->mount_label;

	if (!label)
		return;
	if (str_equal(mount->type, "tmpfs") || str_equal(mount->type, "devpts"))
		mount_add_option(p, mount, p->plan->mount_label_key, label);
	else if (str_equal(mount->type, "mqueue"))
		mount->label = label;
}

static void add_fs_options(struct planner *p, struct plan_mount *mount,
                           const struct mount_options *options)
{
	size_t i;

	if (mount->set & MOUNT_ATTR_RDONLY && !is_made_by_kernel(mount->type))
		mount_add_option(p, mount, "ro", NULL);
	for (i = 0; i < options->instance_count; i++)
		mount_add_option(p, mount, options->instance[i].key, NULL);
	for (i = 0; i < options->data_count; i++)
		if (!mount->loop || !str_equal(options->data[i].key, "loop"))
			mount_add_option(p, mount, options->data[i].key,
			                 options->data[i].value);
	add_label(p, mount);
}

/*
 * Without a network namespace of its own, a user namespace may not make a
 * sysfs: it gets the one of the host, with what was asked for.
 */
static int sysfs_fallback(struct planner *p)
{
	struct plan_source source = {
		.kind = PLAN_SOURCE_TREE,
		.path = "/sys",
		.recursive = true,
	};

	if (p->hot || !plan_in_user_namespace(p) ||
	    p->plan->ns.created & CLONE_NEWNET)
		return -1;
	return (int)planner_add_source(p, &source);
}

static int check_fs(const struct mount_request *r, struct error *err)
{
	const struct mount_options *options = &r->options;
	const char *type = r->mount->type;

	if (!type || str_equal(type, "none") || str_equal(type, "bind"))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "type \"%s\" without the option bind or "
		                 "rbind",
		                 type ? type : "");
	if (options->copy_up && !str_equal(type, "tmpfs"))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "tmpcopyup is for tmpfs only");
	if (options->copy_up && str_equal(r->destination, "/"))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "tmpcopyup cannot copy the root");
	return 0;
}

static bool is_idmapped(const struct mount_request *r)
{
	return r->options.idmap || r->mount->uid_mappings.count > 0 ||
	       r->mount->gid_mappings.count > 0;
}

/* An overlay's own ids cannot be mapped, those of its layers can. */
static bool maps_layers(const struct planner *p, const struct mount_request *r)
{
	return p->handed && is_idmapped(r) &&
	       str_equal(r->mount->type, "overlay");
}

/*
 * The ids of an instance can be mapped by who has power over it and over the
 * maps: the parent. So it makes this one, and init only attaches it.
 */
static int make_source(struct planner *p, const struct mount_request *r,
                       struct plan_mount *mount, struct error *err)
{
	struct plan_source source = {
		.kind = PLAN_SOURCE_FS,
		.path = mount->type,
		.fs = arena_new(p->arena, struct plan_mount),
	};
	int result = mount_idmap(p->arena, &r->options, r->mount,
	                         p->spec->linux_, &source, err);

	if (result < 0)
		return result;
	source.idmap_layers = maps_layers(p, r);
	*source.fs = *mount;
	source.fs->set = 0;
	source.fs->copy_mode = source.fs->copy_up = false;
	source.fs->propagation = 0;
	mount->kind = PLAN_MOUNT_BIND;
	mount->source = planner_add_source(p, &source);
	mount->options_count = 0;
	mount->data = NULL;
	mount->loop = false;
	return 0;
}

static int settle_fs(struct planner *p, const struct mount_request *r,
                     struct plan_mount *mount, struct error *err)
{
	bool source = p->hot || p->handed || is_idmapped(r);
	int result;

	if (p->handed)
		result =
			mount_choose_detached(p, mount, maps_layers(p, r), err);
	else
		result = mount_choose_call(p, mount, err);
	/* What fsmount(2) is not told has to be cleared to be set. */
	if (mount->data || source)
		mount->clear =
			mount->set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0;
	if (result < 0 || !source)
		return result;
	if (mount->data && !p->handed)
		return error_set(err, ERROR_UNSUPPORTED, -EINVAL,
		                 "options longer than %d bytes are for mounts "
		                 "without id maps that create makes",
		                 MOUNT_VALUE_MAX);
	return make_source(p, r, mount, err);
}

/* It is filled before it is read-only; fsmount(2) has the other since 5.14. */
static uint64_t late_attributes(const struct planner *p,
                                const struct mount_request *r)
{
	return (r->options.copy_up ? MOUNT_ATTR_RDONLY : 0) |
	       (p->plan->remount ? MOUNT_ATTR_NOSYMFOLLOW : 0);
}

static int add_fs(struct planner *p, const struct mount_request *r,
                  struct error *err)
{
	const char *type = r->mount->type;
	struct plan_mount *mount;
	int fallback = -1;
	int result = check_fs(r, err);

	if (result < 0)
		return result;
	if (str_equal(type, "sysfs"))
		fallback = sysfs_fallback(p);
	mount = mount_add(p, PLAN_MOUNT_FS, r);
	mount->type = type;
	mount->origin = r->mount->source;
	mount->set |= mount->recursive_set;
	mount->clear = mount->recursive_clear = mount->recursive_set = 0;
	mount->fallback_source = fallback;
	mount->copy_up = r->options.copy_up;
	mount->late = mount->set & late_attributes(p, r);
	mount->copy_mode =
		str_equal(type, "tmpfs") && !has_data(&r->options, "mode");
	mount->is_proc =
		str_equal(type, "proc") && !has_data(&r->options, "subset");
	mount->loop = p->handed && has_data(&r->options, "loop");
	mount->no_follow |= str_equal(type, "proc") || str_equal(type, "sysfs");
	add_fs_options(p, mount, &r->options);
	if (str_equal(r->destination, "/dev") || r->filled)
		mount->set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	return settle_fs(p, r, mount, err);
}

/* ---- a bind */

static int add_bind(struct planner *p, const struct mount_request *r,
                    struct error *err)
{
	const struct mount_options *options = &r->options;
	struct plan_source source = {
		.kind = PLAN_SOURCE_TREE,
		.recursive = options->recursive,
		.no_follow = options->source_no_follow || options->copy_symlink,
	};
	struct plan_mount *mount;
	int result;

	if (!r->mount->source)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "a bind mount without source");
	/* Those of tmpfs are often left there, and the kernel never looks. */
	if (options->data_count > 0)
		planner_warn(p,
		             "mounts: %s: \"%s\" is no option of a bind mount",
		             r->destination, options->data[0].key);
	if (options->copy_up)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "tmpcopyup is for tmpfs only");
	source.path = path_join(p->arena, p->plan->bundle, r->mount->source);
	result = mount_idmap(p->arena, options, r->mount, p->spec->linux_,
	                     &source, err);
	if (result < 0)
		return result;
	mount = mount_add(p, PLAN_MOUNT_BIND, r);
	mount->source = planner_add_source(p, &source);
	mount->copy_symlink = options->copy_symlink;
	/* `rw` is what tools write where nobody asked for anything. */
	mount->may_lack_attr = mount->clear == MOUNT_ATTR_RDONLY;
	mount->is_proc = str_equal(r->destination, "/proc");
	mount->no_follow = path_is_within(r->destination, "/proc");
	mount->on_link = options->target_no_follow;
	if (!mount->propagation) {
		mount->propagation = MS_PRIVATE;
		mount->propagation_recursive = options->recursive;
	}
	return 0;
}

/* ---- any */

/* Below /proc only what tools like lxcfs replace: files that tell sizes. */
static bool may_cover_proc(const char *destination)
{
	static const char *const allowed[] = {
		"cpuinfo",
		"diskstats",
		"meminfo",
		"stat",
		"swaps",
		"uptime",
		"loadavg",
		"slabinfo",
		"sys/kernel/ns_last_pid",
		"sys/crypto/fips_enabled",
	};
	const char *entry = str_after(destination, "/proc/");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (str_equal(entry, allowed[i]))
			return true;
	}
	return false;
}

static int check_proc(const struct mount_request *r, struct error *err)
{
	const struct mount_options *options = &r->options;
	const char *type = r->mount->type;

	if (options->remount || !path_is_within(r->destination, "/proc"))
		return 0;
	if (str_equal(r->destination, "/proc")) {
		if (options->bind || (type && str_equal(type, "proc")))
			return 0;
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "only a procfs may stand here");
	}
	if (options->bind && may_cover_proc(r->destination))
		return 0;
	return error_set(err, ERROR_CONFIG, -EINVAL,
	                 "what is below /proc may not be covered");
}

/* What takes mount_setattr(2). */
static int check_kernel(const struct planner *p, const struct mount_request *r,
                        struct error *err)
{
	const struct mount_options *o = &r->options;
	const char *what = NULL;

	if (!p->plan->remount)
		return 0;
	if (is_idmapped(r))
		what = "id mappings";
	else if ((o->recursive_set || o->recursive_clear) &&
	         (o->remount || (o->bind && o->recursive)))
		what = "recursive attributes";
	if (!what)
		return 0;
	return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
	                 "%s need Linux 5.12", what);
}

int mount_plan(struct planner *p, const struct mount_request *r,
               struct error *err)
{
	int result = check_proc(r, err);

	if (result == 0)
		result = check_kernel(p, r, err);
	if (result < 0)
		return result;
	if (r->options.remount) {
		mount_add(p, PLAN_MOUNT_ATTR, r);
		return 0;
	}
	if (r->options.bind)
		return add_bind(p, r, err);
	if (mount_is_cgroup(r)) {
		plan_cgroup_mount(p, r);
		return 0;
	}
	return add_fs(p, r, err);
}

struct mount_request mount_read(struct planner *p,
                                const struct oci_mount *mount)
{
	struct mount_request request = {
		.mount = mount,
		.destination = path_clean(p->arena, mount->destination),
	};

	mount_options_read(p->arena, &mount->options, &request.options);
	return request;
}

int mounts_add(struct planner *p, const struct oci_mount *mount,
               struct error *err)
{
	const struct mount_request request = mount_read(p, mount);

	return mount_plan(p, &request, err);
}
