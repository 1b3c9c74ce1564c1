/* SPDX-License-Identifier: Apache-2.0 */
/* `linux`: namespaces, ids, devices and what hides parts of the host. */
#include "oci/internal.h"

JSON_TABLE_TYPE(oci_namespace);
JSON_TABLE_TYPE(oci_device);
JSON_TABLE_TYPE(oci_time_offset);
JSON_TABLE_TYPE(oci_memory_policy);
JSON_TABLE_TYPE(oci_intel_rdt);
JSON_TABLE_TYPE(oci_net_device);

static const struct json_field id_mapping_fields[] = {
	FIELD_U32(struct oci_id_mapping, container_id, "containerID",
	          JSON_REQUIRED),
	FIELD_U32(struct oci_id_mapping, host_id, "hostID", JSON_REQUIRED),
	FIELD_U32(struct oci_id_mapping, size, "size", JSON_REQUIRED),
};

JSON_TABLE(oci_id_mapping_table, oci_id_mapping, id_mapping_fields);

static const struct json_field namespace_fields[] = {
	FIELD_WORD(struct oci_namespace, type, "type", JSON_REQUIRED,
	           oci_namespace_types, "namespace type"),
	FIELD_STR(struct oci_namespace, path, "path", JSON_ABSOLUTE),
};

static JSON_TABLE(namespace_table, oci_namespace, namespace_fields);

static const struct str_value
	device_types[] = {
		{ "c", OCI_DEVICE_CHAR },
		{ "u", OCI_DEVICE_CHAR }, /* unbuffered: not in Linux */
		{ "b", OCI_DEVICE_BLOCK },
		{ "p", OCI_DEVICE_FIFO },
		{ NULL, 0 },
	};

/* Only a FIFO does without numbers. */
static void require_numbers(struct json_decoder *d,
                            const struct json_place *device)
{
	static const char *const keys[] = { "major", "minor" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct json_place at = { device, keys[i], 0, device->value };

		if (!json_get(device->value, keys[i]))
			json_fault(d, &at, "missing");
	}
}

static void decode_device_type(struct json_decoder *d,
                               const struct json_place *place, void *object)
{
	struct oci_device *device = object;
	const struct str_value *type;

	type = json_decode_word(d, place, device_types, "device type");
	if (!type)
		return;
	device->type = (enum oci_device_type)type->value;
	if (device->type != OCI_DEVICE_FIFO)
		require_numbers(d, place->parent);
}

static const struct json_field device_fields[] = {
	FIELD_CUSTOM("type", JSON_REQUIRED, decode_device_type),
	FIELD_STR(struct oci_device, path, "path",
	          JSON_REQUIRED | JSON_ABSOLUTE),
	FIELD_I64(struct oci_device, major, "major", 0),
	FIELD_I64(struct oci_device, minor, "minor", 0),
	FIELD_OPT_U32(struct oci_device, file_mode, "fileMode", 0),
	FIELD_U32(struct oci_device, uid, "uid", 0),
	FIELD_U32(struct oci_device, gid, "gid", 0),
};

static JSON_TABLE(device_table, oci_device, device_fields);

static const struct json_field time_offset_fields[] = {
	FIELD_I64(struct oci_time_offset, secs, "secs", 0),
	FIELD_U32(struct oci_time_offset, nanosecs, "nanosecs", 0),
};

static JSON_TABLE(time_offset_table, oci_time_offset, time_offset_fields);

static const struct json_field time_offsets_fields[] = {
	FIELD_OBJECT_SET(struct oci_linux, monotonic, "monotonic", 0,
	                 time_offset_table),
	FIELD_OBJECT_SET(struct oci_linux, boottime, "boottime", 0,
	                 time_offset_table),
};

static JSON_TABLE(time_offsets_table, oci_linux, time_offsets_fields);

/* The keys are names of clocks: here an unknown key is an unknown value. */
static void decode_time_offsets(struct json_decoder *d,
                                const struct json_place *place, void *object)
{
	struct json_place clock = { .parent = place };

	if (!json_is(d, place, JSON_OBJECT))
		return;
	while (json_next_element(&clock)) {
		clock.key = clock.value->key;
		if (!str_equal(clock.key, "monotonic") &&
		    !str_equal(clock.key, "boottime"))
			json_fault(d, &clock, "unknown clock");
	}
	json_decode_object(d, place, &time_offsets_table.table, object);
}

static void decode_domain(struct json_decoder *d,
                          const struct json_place *place, void *object)
{
	static const struct str_value domains[] = {
		{ "LINUX", 0 },   /* PER_LINUX */
		{ "LINUX32", 8 }, /* PER_LINUX32 */
		{ NULL, 0 },
	};
	const struct str_value *domain;

	domain = json_decode_word(d, place, domains, "execution domain");
	if (domain)
		((struct oci_linux *)object)->personality =
			(struct opt_u32){ true, (uint32_t)domain->value };
}

static const struct json_field personality_fields[] = {
	FIELD_CUSTOM("domain", JSON_REQUIRED, decode_domain),
	FIELD_UNSUPPORTED("flags"),
};

static JSON_TABLE(personality_table, oci_linux, personality_fields);

static void decode_personality(struct json_decoder *d,
                               const struct json_place *place, void *object)
{
	if (place->value->type != JSON_OBJECT || place->value->length)
		json_decode_object(d, place, &personality_table.table, object);
}

static void decode_memory_flags(struct json_decoder *d,
                                const struct json_place *place, void *object)
{
	struct oci_memory_policy *policy = object;

	policy->flags = (uint32_t)json_decode_bits(d, place, oci_memory_flags,
	                                           "memory policy flag");
}

static const struct json_field memory_policy_fields[] = {
	FIELD_WORD(struct oci_memory_policy, mode, "mode", JSON_REQUIRED,
	           oci_memory_modes, "memory policy"),
	FIELD_STR(struct oci_memory_policy, nodes, "nodes", 0),
	FIELD_CUSTOM("flags", 0, decode_memory_flags),
};

static const struct oci_memory_policy memory_policy_unset = { .mode = -1 };

static JSON_TABLE_DEFAULTS(memory_policy_table, oci_memory_policy,
                           memory_policy_fields, &memory_policy_unset);

static const struct json_field intel_rdt_fields[] = {
	FIELD_STR(struct oci_intel_rdt, clos_id, "closID", 0),
	FIELD_STR(struct oci_intel_rdt, l3_cache_schema, "l3CacheSchema", 0),
	FIELD_STR(struct oci_intel_rdt, mem_bw_schema, "memBwSchema", 0),
	FIELD_STRINGS(struct oci_intel_rdt, schemata, "schemata", 0),
	FIELD_BOOL(struct oci_intel_rdt, monitoring, "enableMonitoring", 0),
};

static JSON_TABLE(intel_rdt_table, oci_intel_rdt, intel_rdt_fields);

#define FIELD_INTEL_RDT                                           \
	FIELD_OBJECT_SET(struct oci_linux, intel_rdt, "intelRdt", \
	                 JSON_EMPTY_IS_NONE, intel_rdt_table)

/* What `update` may be told beside the resources. */
static const struct json_field rdt_fields[] = {
	FIELD_INTEL_RDT,
};

JSON_TABLE(oci_rdt_table, oci_linux, rdt_fields);

static const struct json_field net_device_fields[] = {
	FIELD_STR(struct oci_net_device, target, "name", 0),
};

static JSON_TABLE(net_device_table, oci_net_device, net_device_fields);

/* The keys are names; one that is given twice counts as the last does. */
static void decode_net_devices(struct json_decoder *d,
                               const struct json_place *place, void *object)
{
	struct oci_linux *config = object;
	struct json_place at = { .parent = place };

	if (!json_is(d, place, JSON_OBJECT))
		return;
	while (json_next_element(&at)) {
		struct oci_net_device *device;

		at.key = at.value->key;
		if (json_get(place->value, at.key) != at.value ||
		    at.value->type == JSON_NULL ||
		    !json_is(d, &at, JSON_OBJECT))
			continue;
		device = arena_push(d->arena, config->net_devices,
		                    config->net_devices_count);
		json_decode_object(d, &at, &net_device_table.table, device);
		device->name = arena_strdup(d->arena, at.key);
		if (!device->target || !*device->target)
			device->target = device->name;
	}
}

/* clang-format off */
static const struct json_field linux_fields[] = {
	FIELD_ARRAY(struct oci_linux, uid_mappings.items, uid_mappings.count,
	            "uidMappings", 0, oci_id_mapping_table),
	FIELD_ARRAY(struct oci_linux, gid_mappings.items, gid_mappings.count,
	            "gidMappings", 0, oci_id_mapping_table),
	FIELD_MAP(struct oci_linux, sysctl, "sysctl", 0),
	FIELD_OBJECT_SET(struct oci_linux, resources, "resources", 0,
	                 oci_resources_table),
	FIELD_STR(struct oci_linux, cgroups_path, "cgroupsPath", 0),
	FIELD_ARRAY(struct oci_linux, namespaces, namespaces_count,
	            "namespaces", 0, namespace_table),
	FIELD_ARRAY(struct oci_linux, devices, devices_count, "devices", 0,
	            device_table),
	FIELD_CUSTOM("seccomp", 0, oci_decode_seccomp),
	FIELD_STR_OF(struct oci_linux, rootfs_propagation,
	             "rootfsPropagation", 0, oci_propagations,
	             "propagation"),
	FIELD_STRINGS(struct oci_linux, masked_paths, "maskedPaths",
	              JSON_ABSOLUTE),
	FIELD_STRINGS(struct oci_linux, readonly_paths, "readonlyPaths",
	              JSON_ABSOLUTE),
	FIELD_STR(struct oci_linux, mount_label, "mountLabel", 0),
	FIELD_CUSTOM("timeOffsets", 0, decode_time_offsets),
	FIELD_CUSTOM("personality", 0, decode_personality),
	FIELD_CUSTOM("netDevices", 0, decode_net_devices),
	FIELD_INTEL_RDT,
	FIELD_OBJECT_SET(struct oci_linux, memory_policy, "memoryPolicy", 0,
	                 memory_policy_table),
};
/* clang-format on */

JSON_TABLE(oci_linux_table, oci_linux, linux_fields);
