/* SPDX-License-Identifier: Apache-2.0 */
/* `linux.resources`: limits, and which devices may be used. */
#include "oci/internal.h"

JSON_TABLE_TYPE(oci_device_rule);
JSON_TABLE_TYPE(oci_memory);
JSON_TABLE_TYPE(oci_cpu);
JSON_TABLE_TYPE(oci_pids);
JSON_TABLE_TYPE(oci_weight_device);
JSON_TABLE_TYPE(oci_throttle);
JSON_TABLE_TYPE(oci_block_io);
JSON_TABLE_TYPE(oci_hugepage_limit);
JSON_TABLE_TYPE(oci_interface_priority);
JSON_TABLE_TYPE(oci_network);
JSON_TABLE_TYPE(oci_rdma);

static const struct str_value rule_types[] = {
	{ "a", OCI_DEVICE_ALL },
	{ "b", OCI_DEVICE_BLOCK },
	{ "c", OCI_DEVICE_CHAR },
	{ NULL, 0 },
};

static uint32_t access_bit(char letter)
{
	switch (letter) {
	case 'r': return OCI_ACCESS_READ;
	case 'w': return OCI_ACCESS_WRITE;
	case 'm': return OCI_ACCESS_MKNOD;
	default: return 0;
	}
}

static void decode_access(struct json_decoder *d,
                          const struct json_place *place, void *object)
{
	struct oci_device_rule *rule = object;
	const char *text = json_decode_str(d, place);

	if (!text)
		return;
	if (!*text)
		json_fault(d, place, "must not be empty");
	for (const char *c = text; *c; c++) {
		if (!access_bit(*c)) {
			json_fault(d, place, "%s is not made of r, w and m",
			           json_quote(d->arena, text));
			return;
		}
		rule->access |= access_bit(*c);
	}
}

static const struct json_field device_rule_fields[] = {
	FIELD_BOOL(struct oci_device_rule, allow, "allow", JSON_REQUIRED),
	FIELD_WORD(struct oci_device_rule, type, "type", 0, rule_types,
	           "device type"),
	FIELD_I64(struct oci_device_rule, major, "major", 0),
	FIELD_I64(struct oci_device_rule, minor, "minor", 0),
	FIELD_CUSTOM("access", JSON_REQUIRED, decode_access),
};

static const struct oci_device_rule any_device = {
	.type = OCI_DEVICE_ALL,
	.major = -1,
	.minor = -1,
};

static JSON_TABLE_DEFAULTS(device_rule_table, oci_device_rule,
                           device_rule_fields, &any_device);

static const struct json_field memory_fields[] = {
	FIELD_OPT_I64(struct oci_memory, limit, "limit", 0),
	FIELD_OPT_I64(struct oci_memory, reservation, "reservation", 0),
	FIELD_OPT_I64(struct oci_memory, swap, "swap", 0),
	FIELD_OPT_I64(struct oci_memory, kernel, "kernel", 0),
	FIELD_OPT_I64(struct oci_memory, kernel_tcp, "kernelTCP", 0),
	FIELD_OPT_U64(struct oci_memory, swappiness, "swappiness", 0),
	FIELD_OPT_BOOL(struct oci_memory, disable_oom_killer,
	               "disableOOMKiller", 0),
	FIELD_OPT_BOOL(struct oci_memory, use_hierarchy, "useHierarchy", 0),
	FIELD_OPT_BOOL(struct oci_memory, check_before_update,
	               "checkBeforeUpdate", 0),
};

static JSON_TABLE(memory_table, oci_memory, memory_fields);

static const struct json_field cpu_fields[] = {
	FIELD_OPT_U64(struct oci_cpu, shares, "shares", 0),
	FIELD_OPT_I64(struct oci_cpu, quota, "quota", 0),
	FIELD_OPT_U64(struct oci_cpu, burst, "burst", 0),
	FIELD_OPT_U64(struct oci_cpu, period, "period", 0),
	FIELD_OPT_I64(struct oci_cpu, realtime_runtime, "realtimeRuntime", 0),
	FIELD_OPT_U64(struct oci_cpu, realtime_period, "realtimePeriod", 0),
	FIELD_STR(struct oci_cpu, cpus, "cpus", 0),
	FIELD_STR(struct oci_cpu, mems, "mems", 0),
	FIELD_OPT_I64(struct oci_cpu, idle, "idle", 0),
};

static JSON_TABLE(cpu_table, oci_cpu, cpu_fields);

static const struct json_field pids_fields[] = {
	FIELD_OPT_I64(struct oci_pids, limit, "limit", 0),
};

static JSON_TABLE(pids_table, oci_pids, pids_fields);

static const struct json_field weight_device_fields[] = {
	FIELD_I64(struct oci_weight_device, major, "major", JSON_REQUIRED),
	FIELD_I64(struct oci_weight_device, minor, "minor", JSON_REQUIRED),
	FIELD_U16(struct oci_weight_device, weight, "weight", 0),
	FIELD_U16(struct oci_weight_device, leaf_weight, "leafWeight", 0),
};

static JSON_TABLE(weight_device_table, oci_weight_device, weight_device_fields);

static const struct json_field throttle_fields[] = {
	FIELD_I64(struct oci_throttle, major, "major", JSON_REQUIRED),
	FIELD_I64(struct oci_throttle, minor, "minor", JSON_REQUIRED),
	FIELD_U64(struct oci_throttle, rate, "rate", JSON_REQUIRED),
};

static JSON_TABLE(throttle_table, oci_throttle, throttle_fields);

#define FIELD_THROTTLE(kind, key)                               \
	FIELD_ARRAY(struct oci_block_io, throttles[kind].items, \
	            throttles[kind].count, key, 0, throttle_table)

static const struct json_field block_io_fields[] = {
	FIELD_U16(struct oci_block_io, weight, "weight", 0),
	FIELD_U16(struct oci_block_io, leaf_weight, "leafWeight", 0),
	FIELD_ARRAY(struct oci_block_io, weight_devices, weight_devices_count,
	            "weightDevice", 0, weight_device_table),
	FIELD_THROTTLE(OCI_READ_BPS, "throttleReadBpsDevice"),
	FIELD_THROTTLE(OCI_WRITE_BPS, "throttleWriteBpsDevice"),
	FIELD_THROTTLE(OCI_READ_IOPS, "throttleReadIOPSDevice"),
	FIELD_THROTTLE(OCI_WRITE_IOPS, "throttleWriteIOPSDevice"),
};

static JSON_TABLE(block_io_table, oci_block_io, block_io_fields);

static const struct json_field hugepage_limit_fields[] = {
	FIELD_STR(struct oci_hugepage_limit, page_size, "pageSize",
	          JSON_REQUIRED),
	FIELD_U64(struct oci_hugepage_limit, limit, "limit", JSON_REQUIRED),
};

static JSON_TABLE(hugepage_limit_table, oci_hugepage_limit,
                  hugepage_limit_fields);

static const struct json_field interface_priority_fields[] = {
	FIELD_STR(struct oci_interface_priority, name, "name", JSON_REQUIRED),
	FIELD_U32(struct oci_interface_priority, priority, "priority",
	          JSON_REQUIRED),
};

static JSON_TABLE(interface_priority_table, oci_interface_priority,
                  interface_priority_fields);

static const struct json_field network_fields[] = {
	FIELD_OPT_U32(struct oci_network, class_id, "classID", 0),
	FIELD_ARRAY(struct oci_network, priorities, priorities_count,
	            "priorities", 0, interface_priority_table),
};

static JSON_TABLE(network_table, oci_network, network_fields);

static const struct json_field rdma_fields[] = {
	FIELD_OPT_U32(struct oci_rdma, hca_handles, "hcaHandles", 0),
	FIELD_OPT_U32(struct oci_rdma, hca_objects, "hcaObjects", 0),
};

static JSON_TABLE(rdma_table, oci_rdma, rdma_fields);

/* An object with a member for each device. */
static void decode_rdma(struct json_decoder *d, const struct json_place *place,
                        void *object)
{
	struct oci_resources *resources = object;
	struct json_place member = { .parent = place };

	if (!json_is(d, place, JSON_OBJECT))
		return;
	while (json_next_element(&member)) {
		struct oci_rdma *rdma = arena_push(d->arena, resources->rdma,
		                                   resources->rdma_count);

		member.key = member.value->key;
		json_decode_object(d, &member, &rdma_table.table, rdma);
		rdma->device = arena_strdup(d->arena, member.key);
	}
}

static const struct json_field resources_fields[] = {
	FIELD_ARRAY(struct oci_resources, devices, devices_count, "devices", 0,
	            device_rule_table),
	FIELD_OBJECT(struct oci_resources, memory, "memory", 0, memory_table),
	FIELD_OBJECT(struct oci_resources, cpu, "cpu", 0, cpu_table),
	FIELD_OBJECT(struct oci_resources, pids, "pids", 0, pids_table),
	FIELD_MAP(struct oci_resources, unified, "unified", 0),
	FIELD_OBJECT(struct oci_resources, block_io, "blockIO", 0,
	             block_io_table),
	FIELD_ARRAY(struct oci_resources, hugepage_limits,
	            hugepage_limits_count, "hugepageLimits", 0,
	            hugepage_limit_table),
	FIELD_OBJECT(struct oci_resources, network, "network", 0,
	             network_table),
	FIELD_CUSTOM("rdma", 0, decode_rdma),
};

JSON_TABLE(oci_resources_table, oci_resources, resources_fields);
