/* SPDX-License-Identifier: Apache-2.0 */
/* `linux.resources`: limits, and which devices may be used. */
#include "oci/internal.h"

JSON_TABLE_TYPE(oci_device_rule);
JSON_TABLE_TYPE(oci_memory);
JSON_TABLE_TYPE(oci_cpu);
JSON_TABLE_TYPE(oci_pids);

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

static const struct json_field resources_fields[] = {
	FIELD_ARRAY(struct oci_resources, devices, devices_count, "devices", 0,
	            device_rule_table),
	FIELD_OBJECT(struct oci_resources, memory, "memory", 0, memory_table),
	FIELD_OBJECT(struct oci_resources, cpu, "cpu", 0, cpu_table),
	FIELD_OBJECT(struct oci_resources, pids, "pids", 0, pids_table),
	FIELD_MAP(struct oci_resources, unified, "unified", 0),
	FIELD_UNSUPPORTED("blockIO"),
	FIELD_UNSUPPORTED("hugepageLimits"),
	FIELD_UNSUPPORTED("network"),
	FIELD_UNSUPPORTED("rdma"),
};

JSON_TABLE(oci_resources_table, oci_resources, resources_fields);
