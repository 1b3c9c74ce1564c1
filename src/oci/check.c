/* SPDX-License-Identifier: Apache-2.0 */
/* What config.json must keep to beyond types: version, mounts, hooks. */
#include <ctype.h>
#include <sched.h>

#include "base/path.h"
#include "oci/internal.h"

/* Of struct new_utsname. */
#define UTS_NAME_MAX 64

/* The kernel reads no more lines of a map. */
#define MAPPINGS_MAX 340

const struct oci_namespace *oci_find_namespace(const struct oci_spec *spec,
                                               int type)
{
	const struct oci_linux *l = spec->linux_;

	for (size_t i = 0; l && i < l->namespaces_count; i++)
		if (l->namespaces[i].type == type)
			return &l->namespaces[i];
	return NULL;
}

int oci_all_namespaces(const struct oci_spec *spec)
{
	const struct oci_linux *l = spec->linux_;
	int types = 0;

	for (size_t i = 0; l && i < l->namespaces_count; i++)
		types |= l->namespaces[i].type;
	return types;
}

const char *oci_annotation(const struct oci_spec *spec, const char *key)
{
	const struct oci_map *map = &spec->annotations;
	const char *value = NULL;

	for (size_t i = 0; i < map->count; i++)
		if (str_equal(map->pairs[i].key, key))
			value = map->pairs[i].value;
	return value;
}

/* Step over digits and what must follow them; NULL if it does not. */
static const char *after_number(const char *text, const char *end)
{
	size_t digits = strspn(text, "0123456789");

	return digits ? str_after(text + digits, end) : NULL;
}

/* MAJOR.MINOR.PATCH, perhaps with -suffix or +suffix (semver.org). */
static bool is_version(const char *text)
{
	const char *rest = after_number(text, ".");

	rest = rest ? after_number(rest, ".") : NULL;
	rest = rest ? after_number(rest, "") : NULL;
	if (!rest || !*rest)
		return rest;
	if ((*rest != '-' && *rest != '+') || !rest[1])
		return false;
	for (; *rest; rest++)
		if (!isalnum((unsigned char)*rest) && !strchr(".+-", *rest))
			return false;
	return true;
}

static void check_version(struct oci_reader *r, const char *version)
{
	if (!version)
		return;
	if (!is_version(version))
		oci_fault(r, "ociVersion", "%s is not a version",
		          oci_quote(r, version));
	else if (!str_after(version, "1."))
		oci_fault(r, "ociVersion",
		          "%s is not supported: only 1.x.y versions are",
		          oci_quote(r, version));
}

static void check_uts_name(struct oci_reader *r, const struct oci_spec *spec,
                           const char *path, const char *name)
{
	if (!name)
		return;
	if (!oci_find_namespace(spec, CLONE_NEWUTS))
		oci_fault(r, path, "needs a uts namespace");
	if (strlen(name) > UTS_NAME_MAX)
		oci_fault(r, path, "%s is longer than %d bytes",
		          oci_quote(r, name), UTS_NAME_MAX);
}

/* Whether COUNT ids from A and from B have one in common. */
static bool ranges_overlap(uint32_t a, uint32_t a_size, uint32_t b,
                           uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

static void check_mapping(struct oci_reader *r, const char *list,
                          const struct oci_id_mappings *map, size_t i)
{
	const struct oci_id_mapping *m = &map->items[i];
	const char *path = oci_path(r, "%s[%zu]", list, i);

	if (m->size == 0) {
		oci_fault(r, oci_path(r, "%s.size", path), "must not be 0");
		return;
	}
	/* The kernel's own test: the end may not wrap to 0 either. */
	if (m->container_id + m->size <= m->container_id ||
	    m->host_id + m->size <= m->host_id)
		oci_fault(r, oci_path(r, "%s.size", path),
		          "%u runs past the last id", m->size);
	for (size_t j = 0; j < i; j++) {
		const struct oci_id_mapping *o = &map->items[j];

		if (ranges_overlap(m->container_id, m->size, o->container_id,
		                   o->size) ||
		    ranges_overlap(m->host_id, m->size, o->host_id, o->size)) {
			oci_fault(r, path, "overlaps %s[%zu]", list, j);
			return;
		}
	}
}

static void check_mapping_list(struct oci_reader *r, const char *list,
                               const struct oci_id_mappings *map)
{
	if (map->count > MAPPINGS_MAX) {
		oci_fault(r, list, "%zu mappings are more than %d", map->count,
		          MAPPINGS_MAX);
		return;
	}
	for (size_t i = 0; i < map->count; i++)
		check_mapping(r, list, map, i);
}

void oci_check_mappings(struct oci_reader *r, const char *at,
                        struct oci_mapping_pair maps)
{
	const char *uid;
	const char *gid;

	if (!maps.uid->count && !maps.gid->count)
		return;
	uid = oci_path(r, "%suidMappings", at);
	gid = oci_path(r, "%sgidMappings", at);
	if (maps.uid->count && !maps.gid->count)
		oci_fault(r, gid, "missing: uidMappings are given");
	if (maps.gid->count && !maps.uid->count)
		oci_fault(r, uid, "missing: gidMappings are given");
	check_mapping_list(r, uid, maps.uid);
	check_mapping_list(r, gid, maps.gid);
}

static void check_mount(struct oci_reader *r, const struct oci_mount *mount,
                        size_t i)
{
	struct oci_mapping_pair maps = { &mount->uid_mappings,
		                         &mount->gid_mappings };

	if (mount->destination && !path_is_absolute(mount->destination))
		oci_warning(r, oci_path(r, "mounts[%zu].destination", i),
		            "%s is not absolute and is taken from /",
		            oci_quote(r, mount->destination));
	if (maps.uid->count || maps.gid->count)
		oci_check_mappings(r, oci_path(r, "mounts[%zu].", i), maps);
}

void oci_check_mounts(struct oci_reader *r, const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->mounts_count; i++)
		check_mount(r, &spec->mounts[i], i);
}

static void check_hooks(struct oci_reader *r, const struct oci_spec *spec)
{
	for (size_t kind = 0; kind < OCI_HOOK_KINDS; kind++) {
		const struct oci_hook_list *list = &spec->hooks[kind];

		for (size_t i = 0; i < list->count; i++) {
			struct opt_i64 timeout = list->items[i].timeout;

			if (!timeout.set || timeout.value > 0)
				continue;
			oci_fault(r,
			          oci_path(r, "hooks.%s[%zu].timeout",
			                   oci_hook_names[kind], i),
			          "must be more than 0");
		}
	}
}

static void check_annotations(struct oci_reader *r, const struct oci_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		if (!*map->pairs[i].key)
			oci_fault(r, "annotations[\"\"]",
			          "a key must not be empty");
}

void oci_check_spec(struct oci_reader *r, const struct oci_spec *spec)
{
	check_version(r, spec->oci_version);
	if (spec->process)
		oci_check_process(r, "process.", spec->process);
	check_uts_name(r, spec, "hostname", spec->hostname);
	check_uts_name(r, spec, "domainname", spec->domainname);
	oci_check_mounts(r, spec);
	check_hooks(r, spec);
	check_annotations(r, &spec->annotations);
	if (spec->linux_)
		oci_check_linux(r, spec);
}
