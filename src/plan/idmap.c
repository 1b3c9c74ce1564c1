/* SPDX-License-Identifier: Apache-2.0 */
/* The id maps of a new user namespace, and whether they cover the process. */
#include <errno.h>
#include <linux/sched.h>

#include "base/buf.h"
#include "plan/decide.h"

static bool is_mapped(const struct oci_id_mappings *map, uint32_t id)
{
	size_t i;

	for (i = 0; i < map->count; i++) {
		/* The difference wraps around for an id below the range. */
		if (id - map->items[i].container_id < map->items[i].size)
			return true;
	}
	return false;
}

const char *plan_idmap_text(struct arena *arena,
                            const struct oci_id_mappings *map)
{
	struct buf buf = { .arena = arena };
	size_t i;

	for (i = 0; i < map->count; i++)
		buf_printf(&buf, "%u %u %u\n", map->items[i].container_id,
		           map->items[i].host_id, map->items[i].size);
	return buf_str(&buf);
}

/* The kernel lets anybody map just the own id. */
static bool maps_only(const struct oci_id_mappings *map, uint32_t id)
{
	return map->count == 1 && map->items[0].size == 1 &&
	       map->items[0].host_id == id;
}

static int check_id(const struct oci_id_mappings *map, uint32_t id,
                    const char *what, const char *where, struct error *err)
{
	if (is_mapped(map, id))
		return 0;
	return error_set(err, ERROR_CONFIG, -EINVAL,
	                 "process.user.%s: %u is not mapped by linux.%s", what,
	                 id, where);
}

static int check_user(const struct oci_user *user,
                      const struct oci_linux *config, struct error *err)
{
	size_t i;
	int result;

	result = check_id(&config->uid_mappings, user->uid, "uid",
	                  "uidMappings", err);
	if (result == 0)
		result = check_id(&config->gid_mappings, user->gid, "gid",
		                  "gidMappings", err);
	for (i = 0; result == 0 && i < user->additional_gids_count; i++)
		result = check_id(&config->gid_mappings,
		                  user->additional_gids[i], "additionalGids",
		                  "gidMappings", err);
	return result;
}

/* Whom init can be while it builds: root, if the maps have one. */
static uint32_t building_id(const struct oci_id_mappings *map)
{
	return is_mapped(map, 0) ? 0 : map->items[0].container_id;
}

static struct oci_id_mappings own_id(struct arena *arena, uint32_t id,
                                     uint32_t own)
{
	struct oci_id_mapping *map = arena_new(arena, struct oci_id_mapping);

	map->container_id = id;
	map->host_id = own;
	map->size = 1;
	return (struct oci_id_mappings){ .items = map, .count = 1 };
}

/* Without maps, as with crun: the process is the caller, there is no other. */
static const struct oci_linux *own_maps(struct planner *p)
{
	struct oci_spec *spec = arena_new(p->arena, struct oci_spec);
	struct oci_linux *config = arena_new(p->arena, struct oci_linux);
	const struct oci_process *process = p->spec->process;

	*spec = *p->spec;
	*config = *spec->linux_;
	config->uid_mappings = own_id(p->arena, process ? process->user.uid : 0,
	                              p->facts->uid);
	config->gid_mappings = own_id(p->arena, process ? process->user.gid : 0,
	                              p->facts->gid);
	spec->linux_ = config;
	p->spec = spec;
	return config;
}

static int check_maps(const struct oci_linux *config, struct error *err)
{
	if (config->uid_mappings.count > 0 && config->gid_mappings.count > 0)
		return 0;
	return error_set(err, ERROR_CONFIG, -EINVAL,
	                 "linux.%s: a new user namespace needs them",
	                 config->uid_mappings.count > 0 ? "gidMappings"
	                                                : "uidMappings");
}

int plan_idmap(struct planner *p, struct error *err)
{
	const struct oci_linux *config = p->spec->linux_;
	struct plan_namespaces *ns = &p->plan->ns;
	struct plan_idmap *idmap = &ns->idmap;
	bool alone;
	int result;

	if (!(ns->all & CLONE_NEWUSER))
		return 0;
	if (!(ns->created & CLONE_NEWUSER)) {
		if (config->uid_mappings.count + config->gid_mappings.count > 0)
			planner_warn(p, "linux.uidMappings and gidMappings: "
			                "ignored, the user namespace that is "
			                "joined has its own");
		return 0;
	}
	if (config->uid_mappings.count + config->gid_mappings.count == 0)
		config = own_maps(p);
	result = check_maps(config, err);
	if (result == 0 && p->spec->process)
		result = check_user(&p->spec->process->user, config, err);
	if (result < 0)
		return result;
	alone = p->facts->uid != 0 &&
	        maps_only(&config->uid_mappings, p->facts->uid) &&
	        maps_only(&config->gid_mappings, p->facts->gid);
	idmap->needed = true;
	idmap->uid_map = plan_idmap_text(p->arena, &config->uid_mappings);
	idmap->gid_map = plan_idmap_text(p->arena, &config->gid_mappings);
	idmap->deny_setgroups = alone;
	idmap->use_helpers = p->facts->uid != 0 && !alone;
	idmap->root_uid = building_id(&config->uid_mappings);
	idmap->root_gid = building_id(&config->gid_mappings);
	return 0;
}

bool plan_map_id(const struct oci_id_mappings *maps, uint32_t id,
                 uint32_t *ret_id)
{
	size_t i;

	if (!maps->count) {
		*ret_id = id;
		return true;
	}
	for (i = 0; i < maps->count; i++) {
		const struct oci_id_mapping *map = &maps->items[i];

		if (id < map->container_id ||
		    id - map->container_id >= map->size)
			continue;
		*ret_id = map->host_id + (id - map->container_id);
		return true;
	}
	return false;
}
