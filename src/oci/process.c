/* SPDX-License-Identifier: Apache-2.0 */
/* `process`: what runs in the container, and as whom. */
#include "oci/internal.h"

JSON_TABLE_TYPE(oci_console_size);
JSON_TABLE_TYPE(oci_user);
JSON_TABLE_TYPE(oci_rlimit);
JSON_TABLE_TYPE(oci_capabilities);
JSON_TABLE_TYPE(oci_scheduler);
JSON_TABLE_TYPE(oci_io_priority);
JSON_TABLE_TYPE(oci_cpu_affinity);

static const struct json_field console_size_fields[] = {
	FIELD_U16(struct oci_console_size, height, "height", 0),
	FIELD_U16(struct oci_console_size, width, "width", 0),
};

static JSON_TABLE(console_size_table, oci_console_size, console_size_fields);

static const struct json_field user_fields[] = {
	FIELD_U32(struct oci_user, uid, "uid", 0),
	FIELD_U32(struct oci_user, gid, "gid", 0),
	FIELD_OPT_U32(struct oci_user, umask, "umask", 0),
	FIELD_U32S(struct oci_user, additional_gids, additional_gids_count,
	           "additionalGids", 0),
};

static JSON_TABLE(user_table, oci_user, user_fields);

static void decode_rlimit_type(struct json_decoder *d,
                               const struct json_place *place, void *object)
{
	struct oci_rlimit *rlimit = object;
	const struct str_value *type;

	type = json_decode_word(d, place, oci_rlimit_types, "resource limit");
	if (!type)
		return;
	rlimit->resource = (int)type->value;
	rlimit->type = type->name;
}

static const struct json_field rlimit_fields[] = {
	FIELD_CUSTOM("type", JSON_REQUIRED, decode_rlimit_type),
	FIELD_U64(struct oci_rlimit, soft, "soft", JSON_REQUIRED),
	FIELD_U64(struct oci_rlimit, hard, "hard", JSON_REQUIRED),
};

static JSON_TABLE(rlimit_table, oci_rlimit, rlimit_fields);

static uint64_t *capability_set(struct oci_capabilities *caps, const char *key)
{
	switch (*key) {
	case 'b': return &caps->bounding;
	case 'e': return &caps->effective;
	case 'i': return &caps->inheritable;
	case 'p': return &caps->permitted;
	default: return &caps->ambient;
	}
}

/* A name from a newer kernel is no reason to refuse the container. */
static void unknown_capability(struct json_decoder *d,
                               const struct json_place *place,
                               struct oci_strings *unknown)
{
	const char *name = place->value->text;

	for (size_t i = 0; i < unknown->count; i++)
		if (str_equal(unknown->items[i], name))
			return;
	json_warning(d, place, "unknown capability %s",
	             json_quote(d->arena, name));
	*arena_push(d->arena, unknown->items, unknown->count) = name;
}

static void decode_capabilities(struct json_decoder *d,
                                const struct json_place *place, void *object)
{
	struct oci_capabilities *caps = object;
	uint64_t *set = capability_set(caps, place->key);
	struct json_place element = { .parent = place };

	if (!json_is(d, place, JSON_ARRAY))
		return;
	while (json_next_element(&element)) {
		const char *name = json_decode_str(d, &element);
		const struct str_value *cap;

		if (!name)
			continue;
		cap = str_lookup(oci_capability_names, name);
		if (cap)
			*set |= UINT64_C(1) << cap->value;
		else if (*name)
			unknown_capability(d, &element, &caps->unknown);
	}
}

static const struct json_field capabilities_fields[] = {
	FIELD_CUSTOM("bounding", 0, decode_capabilities),
	FIELD_CUSTOM("effective", 0, decode_capabilities),
	FIELD_CUSTOM("inheritable", 0, decode_capabilities),
	FIELD_CUSTOM("permitted", 0, decode_capabilities),
	FIELD_CUSTOM("ambient", 0, decode_capabilities),
};

static JSON_TABLE(capabilities_table, oci_capabilities, capabilities_fields);

static void decode_scheduler_flags(struct json_decoder *d,
                                   const struct json_place *place, void *object)
{
	struct oci_scheduler *scheduler = object;

	scheduler->flags = json_decode_bits(d, place, oci_scheduler_flags,
	                                    "scheduler flag");
}

static const struct json_field scheduler_fields[] = {
	FIELD_WORD(struct oci_scheduler, policy, "policy", JSON_REQUIRED,
	           oci_scheduler_policies, "scheduling policy"),
	FIELD_I64(struct oci_scheduler, nice, "nice", 0),
	FIELD_I64(struct oci_scheduler, priority, "priority", 0),
	FIELD_CUSTOM("flags", 0, decode_scheduler_flags),
	FIELD_OPT_U64(struct oci_scheduler, runtime, "runtime", 0),
	FIELD_OPT_U64(struct oci_scheduler, deadline, "deadline", 0),
	FIELD_OPT_U64(struct oci_scheduler, period, "period", 0),
};

static JSON_TABLE(scheduler_table, oci_scheduler, scheduler_fields);

static const struct json_field io_priority_fields[] = {
	FIELD_WORD(struct oci_io_priority, io_class, "class", JSON_REQUIRED,
	           oci_io_classes, "I/O class"),
	FIELD_I64(struct oci_io_priority, priority, "priority", 0),
};

static JSON_TABLE(io_priority_table, oci_io_priority, io_priority_fields);

static const struct json_field cpu_affinity_fields[] = {
	FIELD_STR(struct oci_cpu_affinity, initial, "initial", 0),
	FIELD_STR(struct oci_cpu_affinity, final, "final", 0),
};

static JSON_TABLE(cpu_affinity_table, oci_cpu_affinity, cpu_affinity_fields);

/* clang-format off */
static const struct json_field process_fields[] = {
	FIELD_BOOL(struct oci_process, terminal, "terminal", 0),
	FIELD_OBJECT(struct oci_process, console_size, "consoleSize", 0,
	             console_size_table),
	FIELD_OBJECT(struct oci_process, user, "user", 0, user_table),
	FIELD_STRINGS(struct oci_process, args, "args", JSON_REQUIRED),
	FIELD_STRINGS(struct oci_process, env, "env", 0),
	FIELD_STR(struct oci_process, cwd, "cwd",
	          JSON_REQUIRED | JSON_ABSOLUTE),
	FIELD_OBJECT_SET(struct oci_process, capabilities, "capabilities", 0,
	                 capabilities_table),
	FIELD_ARRAY(struct oci_process, rlimits, rlimits_count, "rlimits", 0,
	            rlimit_table),
	FIELD_BOOL(struct oci_process, no_new_privileges, "noNewPrivileges", 0),
	FIELD_OPT_I64(struct oci_process, oom_score_adj, "oomScoreAdj", 0),
	FIELD_STR(struct oci_process, apparmor_profile, "apparmorProfile", 0),
	FIELD_STR(struct oci_process, selinux_label, "selinuxLabel", 0),
	FIELD_OBJECT_SET(struct oci_process, scheduler, "scheduler",
	                 JSON_EMPTY_IS_NONE, scheduler_table),
	FIELD_OBJECT_SET(struct oci_process, io_priority, "ioPriority",
	                 JSON_EMPTY_IS_NONE, io_priority_table),
	FIELD_OBJECT(struct oci_process, exec_cpus, "execCPUAffinity", 0,
	             cpu_affinity_table),
};
/* clang-format on */

JSON_TABLE(oci_process_table, oci_process, process_fields);
