/* SPDX-License-Identifier: Apache-2.0 */
/* The id maps of an idmapped mount. */
#include <errno.h>

#include "base/buf.h"
#include "base/str.h"
#include "plan/mount_options.h"

static const char *map_text(struct arena *arena,
                            const struct oci_id_mappings *mappings)
{
	struct buf buf = { .arena = arena };
	size_t i;

	for (i = 0; i < mappings->count; i++)
		buf_printf(&buf, "%u %u %u\n", mappings->items[i].container_id,
		           mappings->items[i].host_id, mappings->items[i].size);
	return buf_str(&buf);
}

/* The host's id for ID of the container. */
static int to_host(const struct oci_id_mappings *mappings, uint32_t id,
                   uint32_t *ret_id)
{
	size_t i;

	for (i = 0; i < mappings->count; i++) {
		const struct oci_id_mapping *each = &mappings->items[i];

		if (id < each->container_id ||
		    id - each->container_id >= each->size)
			continue;
		*ret_id = each->host_id + (id - each->container_id);
		return 0;
	}
	return -EINVAL;
}

/* "BACKING-HOST-LENGTH", or with '@' in front an id of the container. */
static int read_range(struct arena *arena, const char *text,
                      const struct oci_id_mappings *container,
                      struct oci_id_mapping *ret_range)
{
	bool relative = *text == '@';
	char *copy = arena_strdup(arena, text + relative);
	char *host = strchr(copy, '-');
	char *length = host ? strchr(host + 1, '-') : NULL;
	struct oci_id_mapping range;

	if (!length)
		return -EINVAL;
	*host++ = '\0';
	*length++ = '\0';
	if (str_to_u32(copy, 10, &range.container_id) < 0 ||
	    str_to_u32(host, 10, &range.host_id) < 0 ||
	    str_to_u32(length, 10, &range.size) < 0)
		return -EINVAL;
	if (relative && to_host(container, range.host_id, &range.host_id) < 0)
		return -EINVAL;
	*ret_range = range;
	return 0;
}

/* The ranges behind KEY in "uids=A-B-C#D-E-F;gids=...", as a map's text. */
static int read_ranges(struct arena *arena, const char *text, const char *key,
                       const struct oci_id_mappings *container,
                       const char **ret_map)
{
	struct oci_id_mappings found = { 0 };
	const char *rest = text;
	char *ranges;
	char *next;

	while (rest && !str_after(rest, key)) {
		rest = strchr(rest, ';');
		rest += rest != NULL;
	}
	if (!rest)
		return -EINVAL;
	rest = str_after(rest, key);
	ranges = arena_strndup(arena, rest, strcspn(rest, ";"));
	for (; ranges; ranges = next) {
		struct oci_id_mapping *range =
			arena_push(arena, found.items, found.count);

		next = strchr(ranges, '#');
		if (next)
			*next++ = '\0';
		if (read_range(arena, ranges, container, range) < 0)
			return -EINVAL;
	}
	*ret_map = map_text(arena, &found);
	return 0;
}

static int from_option(struct arena *arena, const char *ranges,
                       const struct oci_linux *config,
                       struct plan_source *source, struct error *err)
{
	static const struct oci_id_mappings none;

	if (read_ranges(arena, ranges,
	                "uids=", config ? &config->uid_mappings : &none,
	                &source->uid_map) < 0 ||
	    read_ranges(arena, ranges,
	                "gids=", config ? &config->gid_mappings : &none,
	                &source->gid_map) < 0)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "idmap=%s: not \"uids=BACKING-HOST-LENGTH;"
		                 "gids=...\" with ids that are mapped",
		                 ranges);
	return 0;
}

int mount_idmap(struct arena *arena, const struct mount_options *options,
                const struct oci_mount *mount, const struct oci_linux *config,
                struct plan_source *source, struct error *err)
{
	const struct oci_id_mappings *uids = &mount->uid_mappings;
	const struct oci_id_mappings *gids = &mount->gid_mappings;

	if (!options->idmap && uids->count == 0 && gids->count == 0)
		return 0;
	source->idmap_recursive = options->idmap_recursive;
	if (options->idmap_ranges)
		return from_option(arena, options->idmap_ranges, config, source,
		                   err);
	if (uids->count == 0 && gids->count == 0 && config) {
		uids = &config->uid_mappings;
		gids = &config->gid_mappings;
	}
	if (uids->count == 0 || gids->count == 0)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "an idmapped mount needs uidMappings and "
		                 "gidMappings, its own or the container's");
	source->uid_map = map_text(arena, uids);
	source->gid_map = map_text(arena, gids);
	return 0;
}
