/* SPDX-License-Identifier: Apache-2.0 */
/* What of a container is its own, what the host's, and how CRIU is told. */
#include "plan/criu.h"

#include <errno.h>
#include <linux/sched.h>

#include "base/path.h"
#include "base/str.h"
#include "oci/oci.h"
#include "plan/cgroup.h"
#include "plan/decide.h"
#include "plan/write.h"

/* cgroup v2, time namespaces and external files came by then. */
#define VERSION_LEAST        CRIU_VERSION(3, 14, 0)
#define VERSION_LSM_CONTEXT  CRIU_VERSION(3, 16, 0)
#define VERSION_NETWORK_LOCK CRIU_VERSION(3, 17, 0)

#define CONFIG_ANNOTATION "org.criu.config"

static const struct str_value cgroup_modes[] = {
	{ "soft", PLAN_CRIU_CGROUPS_SOFT },
	{ "full", PLAN_CRIU_CGROUPS_FULL },
	{ "strict", PLAN_CRIU_CGROUPS_STRICT },
	{ "ignore", PLAN_CRIU_CGROUPS_IGNORE },
	{ NULL, 0 },
};

static const struct str_value network_locks[] = {
	{ "iptables", PLAN_CRIU_LOCK_IPTABLES },
	{ "nftables", PLAN_CRIU_LOCK_NFTABLES },
	{ "skip", PLAN_CRIU_LOCK_SKIP },
	{ NULL, 0 },
};

static const struct str_value empty_namespaces[] = {
	{ "network", CLONE_NEWNET },
	{ NULL, 0 },
};

struct criu_planner {
	struct arena *arena;
	const struct plan *plan;
	struct plan_criu *criu;
};

/* ---- words of the command line */

static int read_word(const struct str_value *words, const char *option,
                     const char *word, uint64_t *ret_value, struct error *err)
{
	const struct str_value *found = word ? str_lookup(words, word) : NULL;

	if (word && !found)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "invalid value \"%s\" for --%s", word, option);
	*ret_value = found ? found->value : 0;
	return 0;
}

static int read_page_server(struct criu_planner *p, const char *text,
                            struct error *err)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	uint32_t port = 0;

	if (!text)
		return 0;
	if (!colon || colon == text || str_to_u32(colon + 1, 10, &port) < 0 ||
	    port == 0 || port > UINT16_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--page-server \"%s\" is not ADDRESS:PORT",
		                 text);
	p->criu->page_server_address =
		arena_strndup(p->arena, text, (size_t)(colon - text));
	p->criu->page_server_port = (int)port;
	return 0;
}

static int check_options(const struct plan_criu_options *options,
                         struct error *err)
{
	const char *parent = options->parent_path;
	const char *wrong = NULL;

	if (parent && path_is_absolute(parent))
		wrong = "--parent-path is relative to --image-path, not absolute";
	else if (options->status_fd && !options->flags.lazy_pages)
		wrong = "--status-fd is of use only with --lazy-pages";
	else if (options->task == PLAN_CRIU_PRE_DUMP &&
	         options->flags.lazy_pages)
		wrong = "--pre-dump and --lazy-pages exclude each other";
	else if (options->task == PLAN_CRIU_DUMP && options->flags.lazy_pages &&
	         !options->page_server)
		wrong = "--lazy-pages needs --page-server";
	return wrong ? error_set(err, ERROR_USAGE, -EINVAL, "%s", wrong) : 0;
}

static int read_options(struct criu_planner *p,
                        const struct plan_criu_options *options,
                        struct error *err)
{
	struct plan_criu *criu = p->criu;
	uint64_t cgroups = 0;
	uint64_t lock = 0;
	uint64_t empty = 0;
	int result = check_options(options, err);

	if (result == 0)
		result = read_word(cgroup_modes, "manage-cgroups-mode",
		                   options->cgroups, &cgroups, err);
	if (result == 0)
		result = read_word(network_locks, "network-lock",
		                   options->network_lock, &lock, err);
	if (result == 0)
		result = read_word(empty_namespaces, "empty-ns",
		                   options->empty_namespace, &empty, err);
	if (result == 0)
		result = read_page_server(p, options->page_server, err);
	criu->task = options->task;
	criu->flags = options->flags;
	criu->parent_path = options->parent_path;
	criu->cgroups = (enum plan_criu_cgroups)cgroups;
	criu->network_lock = (enum plan_criu_lock)lock;
	criu->empty_namespaces = (int)empty;
	criu->lsm_profile = options->lsm_profile;
	criu->lsm_mount_context = options->lsm_mount_context;
	criu->status_fd = options->status_fd;
	return result;
}

static void decide_needs(struct plan_criu *criu)
{
	criu->version = VERSION_LEAST;
	if (criu->lsm_mount_context)
		criu->version = VERSION_LSM_CONTEXT;
	if (criu->network_lock != PLAN_CRIU_LOCK_DEFAULT)
		criu->version = VERSION_NETWORK_LOCK;
	criu->needs_memory_tracking =
		criu->task == PLAN_CRIU_PRE_DUMP || criu->parent_path;
	criu->needs_lazy_pages = criu->flags.lazy_pages;
}

/* ---- mounts */

static void add_mount(struct criu_planner *p, const char *destination,
                      const char *source)
{
	*arena_push(p->arena, p->criu->mounts, p->criu->mounts_count) =
		(struct plan_criu_mount){ destination, source };
}

/* The source of STEP if it attaches a piece of the host, or NULL. */
static const struct plan_source *host_source(const struct plan *plan,
                                             const struct plan_step *step)
{
	const struct plan_mount *mount = &step->mount;
	size_t source = SIZE_MAX;

	if (step->kind == PLAN_STEP_MOUNT && mount->kind == PLAN_MOUNT_BIND &&
	    !mount->copy_symlink)
		source = mount->source;
	/* A plan has a fallback only where a new instance is refused. */
	else if (step->kind == PLAN_STEP_MOUNT &&
	         mount->kind == PLAN_MOUNT_FS && mount->fallback_source >= 0)
		source = (size_t)mount->fallback_source;
	else if (step->kind == PLAN_STEP_DEVICE && step->device.bind)
		source = step->device.source;
	if (source >= plan->sources_count ||
	    plan->sources[source].kind == PLAN_SOURCE_FS)
		return NULL;
	return &plan->sources[source];
}

/* True if the container has something else where that mount would be. */
static bool is_covered(const struct plan *plan, const char *destination)
{
	size_t i;

	for (i = 0; i < plan->steps_count; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (step->kind == PLAN_STEP_MOUNT &&
		    step->mount.kind != PLAN_MOUNT_ATTR &&
		    !host_source(plan, step) &&
		    path_is_within(destination, step->mount.destination))
			return true;
	}
	return false;
}

/* The host's mounts below SOURCE came along to DESTINATION. */
static void add_nested(struct criu_planner *p, const char *destination,
                       const char *source, const char *const *mountpoints)
{
	for (; mountpoints && *mountpoints; mountpoints++) {
		const char *point = *mountpoints;
		const char *inside;

		if (str_equal(point, source) || !path_is_within(point, source))
			continue;
		inside = path_clean(p->arena,
		                    arena_printf(p->arena, "%s/%s", destination,
		                                 point + strlen(source)));
		if (!is_covered(p->plan, inside))
			add_mount(p, inside, point);
	}
}

static void decide_mounts(struct criu_planner *p,
                          const char *const *mountpoints)
{
	const struct plan *plan = p->plan;
	size_t i;

	if (!(plan->ns.created & CLONE_NEWNS))
		return;
	add_nested(p, "/", plan->rootfs, mountpoints);
	for (i = 0; i < plan->steps_count; i++) {
		const struct plan_step *step = &plan->steps[i];
		const struct plan_source *source = host_source(plan, step);
		const char *destination = step->kind == PLAN_STEP_DEVICE
		                                  ? step->device.path
		                                  : step->mount.destination;

		if (!source)
			continue;
		add_mount(p, destination, source->path);
		if (source->recursive)
			add_nested(p, destination, source->path, mountpoints);
	}
}

/* ---- namespaces */

/*
 * How CRIU treats what was joined: `external` ones are known by a key and
 * left alone, others are entered instead of being made.
 */
static const struct namespace_kind {
	int type;
	const char *name;
	const char *key;
} namespace_kinds[] = {
	{ CLONE_NEWNET, "net", "runf-net" },
	{ CLONE_NEWPID, "pid", "runf-pid" },
	{ CLONE_NEWIPC, "ipc", NULL },
	{ CLONE_NEWUTS, "uts", NULL },
	{ CLONE_NEWTIME, "time", NULL },
};

static int add_namespace(struct criu_planner *p, size_t index,
                         struct error *err)
{
	const struct plan_source *source = &p->plan->sources[index];
	struct plan_criu *criu = p->criu;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(namespace_kinds); i++) {
		const struct namespace_kind *kind = &namespace_kinds[i];

		if (kind->type != source->namespace_type)
			continue;
		*arena_push(p->arena, criu->namespaces,
		            criu->namespaces_count) =
			(struct plan_criu_namespace){
				.name = kind->name,
				.key = kind->key,
				.path = source->path,
				.source = index,
			};
		return 0;
	}
	return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
	                 "a container that joined the %s namespace \"%s\" "
	                 "cannot be checkpointed or restored: CRIU joins "
	                 "no such one",
	                 str_name_of(oci_namespace_types,
	                             (uint64_t)source->namespace_type),
	                 source->path);
}

static int decide_namespaces(struct criu_planner *p, struct error *err)
{
	size_t i;
	int result = 0;

	for (i = 0; result == 0 && i < p->plan->sources_count; i++)
		if (p->plan->sources[i].kind == PLAN_SOURCE_NAMESPACE)
			result = add_namespace(p, i, err);
	return result;
}

/* ---- cgroups */

/*
 * The container's freezer, by which CRIU stops everything at once. A cgroup
 * that others were in before may hold processes of theirs.
 */
static void decide_freezer(struct criu_planner *p,
                           const struct plan_cgroup *cgroup)
{
	size_t i;

	for (i = 0; i < cgroup->dirs_count; i++) {
		const struct plan_cgroup_dir *dir = &cgroup->dirs[i];
		/* CRIU takes v1's where there is one: on hybrid hosts. */
		bool freezes =
			cgroup->mode == PLAN_CGROUP_V2
				? str_equal(dir->mount, "/sys/fs/cgroup")
				: cgroup_list_has(dir->controllers, "freezer");

		if (freezes && !dir->keep)
			p->criu->freeze_cgroup = arena_printf(
				p->arena, "%s%s", dir->mount, dir->path);
	}
}

/*
 * Only hierarchies that the container has a place of its own in: what holds
 * for the others is the host's, and none of a container's to restore.
 */
static void decide_controllers(struct criu_planner *p,
                               const struct plan_cgroup *cgroup)
{
	struct plan_criu *criu = p->criu;
	size_t i;

	for (i = 0; i < cgroup->dirs_count; i++) {
		char *rest =
			arena_strdup(p->arena, cgroup->dirs[i].controllers);
		const char *name;

		while ((name = strsep(&rest, ",")))
			*arena_push(p->arena, criu->controllers,
			            criu->controllers_count) = name;
	}
}

/*
 * Where the container is in the hierarchy of CONTROLLERS, or else OURS. Where
 * there is no v2 tree systemd watches its unit in a hierarchy of its own.
 */
static const char *root_path(const struct plan_cgroup *cgroup,
                             const char *controllers, const char *ours)
{
	bool watched =
		cgroup->unit.name && str_equal(controllers, "name=systemd");
	size_t i;

	for (i = 0; i < cgroup->dirs_count; i++) {
		const char *names = cgroup->dirs[i].controllers;

		if (str_equal(names, controllers))
			return cgroup->dirs[i].path;
		watched = watched && *names;
	}
	return watched ? cgroup->path : ours;
}

/*
 * Every hierarchy is named: what the container does not use it is in as runf
 * is, wherever it was when it was dumped. A line is "4:cpu,cpuacct:/path",
 * the v2 tree's "0::/path".
 */
void plan_criu_roots(struct arena *arena, const struct plan_cgroup *cgroup,
                     const char *ours, struct plan_criu *criu)
{
	char *rest = arena_strdup(arena, ours);
	char *line;

	if (criu->cgroups == PLAN_CRIU_CGROUPS_IGNORE)
		return;
	while ((line = strsep(&rest, "\n"))) {
		char *names = strchr(line, ':');
		char *path = names ? strchr(names + 1, ':') : NULL;
		const char *root;
		const char *name;

		if (!path)
			continue;
		*path++ = '\0';
		names++;
		root = root_path(cgroup, names, path);
		while ((name = strsep(&names, ",")))
			*arena_push(arena, criu->roots, criu->roots_count) =
				(struct plan_criu_root){ name, root };
	}
}

/* ---- the whole */

static void read_spec(struct plan_criu *criu, const struct oci_spec *spec)
{
	static const struct oci_id_mappings none;
	struct opt_u32 *owner = &criu->stdio_owner;
	struct opt_u32 *group = &criu->image_group;

	criu->config = oci_annotation(spec, CONFIG_ANNOTATION);
	if (criu->task != PLAN_CRIU_RESTORE && spec->linux_ &&
	    spec->linux_->gid_mappings.count)
		group->set = plan_map_id(&spec->linux_->gid_mappings, 0,
		                         &group->value);
	if (spec->process && criu->task == PLAN_CRIU_RESTORE)
		owner->set = plan_map_id(
			spec->linux_ ? &spec->linux_->uid_mappings : &none,
			spec->process->user.uid, &owner->value);
}

int plan_criu(struct arena *arena, const struct plan *plan,
              const struct plan_cgroup *cgroup, const struct oci_spec *spec,
              const struct plan_criu_options *options,
              const char *const *mountpoints, struct plan_criu *ret_criu,
              struct error *err)
{
	struct plan_criu criu = { .task = options->task };
	struct criu_planner p = {
		.arena = arena,
		.plan = plan,
		.criu = &criu,
	};
	bool restores = options->task == PLAN_CRIU_RESTORE;
	int result = read_options(&p, options, err);

	if (result == 0)
		result = decide_namespaces(&p, err);
	if (result < 0)
		return result;
	decide_needs(&criu);
	decide_mounts(&p, mountpoints);
	if (spec)
		read_spec(&criu, spec);
	if (restores && plan->ns.created & CLONE_NEWNS)
		criu.root = plan->rootfs;
	if (!restores) {
		decide_freezer(&p, cgroup);
		decide_controllers(&p, cgroup);
	}
	*ret_criu = criu;
	return 0;
}

void write_criu(struct json_writer *w, const struct plan *plan)
{
	static const struct plan_criu_options options = { .cgroups = "ignore" };
	struct plan_criu criu = { 0 };
	struct error err = { .code = 0 };
	size_t i;
	int result = plan_criu(w->buf.arena, plan, &plan->cgroup, NULL,
	                       &options, NULL, &criu, &err);

	if (result == 0 && !criu.mounts_count && !criu.namespaces_count)
		return;
	json_open_object(w, "checkpoint");
	if (result < 0)
		json_put_str(w, "impossible", err.text);
	json_open_object(w, "externalMounts");
	for (i = 0; i < criu.mounts_count; i++)
		json_put_str(w, criu.mounts[i].destination,
		             criu.mounts[i].source);
	json_close_object(w);
	json_open_object(w, "joinedNamespaces");
	for (i = 0; i < criu.namespaces_count; i++)
		json_put_str(w, criu.namespaces[i].name,
		             criu.namespaces[i].path);
	json_close_object(w);
	json_close_object(w);
}
