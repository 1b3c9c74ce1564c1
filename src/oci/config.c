/* SPDX-License-Identifier: Apache-2.0 */
/* The top of config.json: root, mounts, hooks. */
#include "oci/internal.h"

JSON_TABLE_TYPE(oci_root);
JSON_TABLE_TYPE(oci_mount);
JSON_TABLE_TYPE(oci_hook);

static const struct json_field root_fields[] = {
	FIELD_STR(struct oci_root, path, "path", JSON_REQUIRED),
	FIELD_BOOL(struct oci_root, readonly, "readonly", 0),
};

static JSON_TABLE(root_table, oci_root, root_fields);

static const struct json_field mount_fields[] = {
	FIELD_STR(struct oci_mount, destination, "destination", JSON_REQUIRED),
	FIELD_STR(struct oci_mount, type, "type", 0),
	FIELD_STR(struct oci_mount, source, "source", 0),
	FIELD_STRINGS(struct oci_mount, options, "options", 0),
	FIELD_ARRAY(struct oci_mount, uid_mappings.items, uid_mappings.count,
	            "uidMappings", 0, oci_id_mapping_table),
	FIELD_ARRAY(struct oci_mount, gid_mappings.items, gid_mappings.count,
	            "gidMappings", 0, oci_id_mapping_table),
};

static JSON_TABLE(mount_table, oci_mount, mount_fields);

/* A document of its own, for mounts of a running container. */
static const struct json_field mounts_fields[] = {
	FIELD_ARRAY(struct oci_spec, mounts, mounts_count, "mounts",
	            JSON_REQUIRED, mount_table),
};

JSON_TABLE(oci_mounts_table, oci_spec, mounts_fields);

static void decode_hook_env(struct json_decoder *d,
                            const struct json_place *place, void *object)
{
	struct oci_hook *hook = object;

	if (!json_is(d, place, JSON_ARRAY))
		return;
	hook->env_set = true;
	hook->env.items = json_decode_strings(d, place);
	hook->env.count = place->value->length;
}

static const struct json_field hook_fields[] = {
	FIELD_STR(struct oci_hook, path, "path", JSON_REQUIRED | JSON_ABSOLUTE),
	FIELD_STRINGS(struct oci_hook, args, "args", 0),
	FIELD_CUSTOM("env", 0, decode_hook_env),
	FIELD_OPT_I64(struct oci_hook, timeout, "timeout", 0),
};

static JSON_TABLE(hook_table, oci_hook, hook_fields);

#define HOOKS(kind, key)                                                   \
	FIELD_ARRAY(struct oci_spec, hooks[kind].items, hooks[kind].count, \
	            key, 0, hook_table)

static const struct json_field hooks_fields[] = {
	HOOKS(OCI_HOOK_PRESTART, "prestart"),
	HOOKS(OCI_HOOK_CREATE_RUNTIME, "createRuntime"),
	HOOKS(OCI_HOOK_CREATE_CONTAINER, "createContainer"),
	HOOKS(OCI_HOOK_START_CONTAINER, "startContainer"),
	HOOKS(OCI_HOOK_POSTSTART, "poststart"),
	HOOKS(OCI_HOOK_POSTSTOP, "poststop"),
};

static JSON_TABLE(hooks_table, oci_spec, hooks_fields);

/* clang-format off */
static const struct json_field spec_fields[] = {
	FIELD_STR(struct oci_spec, oci_version, "ociVersion", JSON_REQUIRED),
	FIELD_OBJECT_NEW(struct oci_spec, process, "process", 0,
	                 oci_process_table),
	FIELD_OBJECT_NEW(struct oci_spec, root, "root", JSON_REQUIRED,
	                 root_table),
	FIELD_STR(struct oci_spec, hostname, "hostname", 0),
	FIELD_STR(struct oci_spec, domainname, "domainname", 0),
	FIELD_ARRAY(struct oci_spec, mounts, mounts_count, "mounts", 0,
	            mount_table),
	FIELD_INLINE(struct oci_spec, "hooks", 0, hooks_table),
	FIELD_MAP(struct oci_spec, annotations, "annotations", 0),
	FIELD_OBJECT_NEW(struct oci_spec, linux_, "linux", 0, oci_linux_table),
};
/* clang-format on */

JSON_TABLE(oci_spec_table, oci_spec, spec_fields);
