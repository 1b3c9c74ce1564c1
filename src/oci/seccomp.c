/* SPDX-License-Identifier: Apache-2.0 */
/* `linux.seccomp`: the system call filter. */
#include "oci/internal.h"

JSON_TABLE_TYPE(oci_seccomp_arg);
JSON_TABLE_TYPE(oci_seccomp_rule);
JSON_TABLE_TYPE(oci_seccomp);

static const struct json_field arg_fields[] = {
	FIELD_U32(struct oci_seccomp_arg, index, "index", JSON_REQUIRED),
	FIELD_U64(struct oci_seccomp_arg, value, "value", 0),
	FIELD_U64(struct oci_seccomp_arg, value_two, "valueTwo", 0),
	FIELD_WORD(struct oci_seccomp_arg, op, "op", JSON_REQUIRED,
	           oci_seccomp_operators, "seccomp operator"),
};

static JSON_TABLE(arg_table, oci_seccomp_arg, arg_fields);

static const struct json_field rule_fields[] = {
	FIELD_STRINGS(struct oci_seccomp_rule, names, "names", JSON_REQUIRED),
	FIELD_WORD(struct oci_seccomp_rule, action, "action", JSON_REQUIRED,
	           oci_seccomp_actions, "seccomp action"),
	FIELD_OPT_U32(struct oci_seccomp_rule, errno_ret, "errnoRet", 0),
	FIELD_ARRAY(struct oci_seccomp_rule, args, args_count, "args", 0,
	            arg_table),
};

static const struct oci_seccomp_rule rule_unset = {
	.action = OCI_SECCOMP_UNSET,
};

static JSON_TABLE_DEFAULTS(rule_table, oci_seccomp_rule, rule_fields,
                           &rule_unset);

static void decode_flags(struct json_decoder *d, const struct json_place *place,
                         void *object)
{
	struct oci_seccomp *seccomp = object;

	seccomp->flags_set = place->value->type == JSON_ARRAY;
	seccomp->flags = (uint32_t)json_decode_bits(d, place, oci_seccomp_flags,
	                                            "seccomp flag");
}

/* clang-format off */
static const struct json_field seccomp_fields[] = {
	FIELD_WORD(struct oci_seccomp, default_action, "defaultAction", 0,
	           oci_seccomp_actions, "seccomp action"),
	FIELD_OPT_U32(struct oci_seccomp, default_errno_ret,
	              "defaultErrnoRet", 0),
	FIELD_STRINGS_OF(struct oci_seccomp, architectures, "architectures", 0,
	                 oci_seccomp_archs, "seccomp architecture"),
	FIELD_CUSTOM("flags", 0, decode_flags),
	FIELD_STR(struct oci_seccomp, listener_path, "listenerPath", 0),
	FIELD_STR(struct oci_seccomp, listener_metadata, "listenerMetadata",
	          0),
	FIELD_ARRAY(struct oci_seccomp, rules, rules_count, "syscalls", 0,
	            rule_table),
};
/* clang-format on */

static const struct oci_seccomp seccomp_unset = {
	.default_action = OCI_SECCOMP_UNSET,
};

static JSON_TABLE_DEFAULTS(seccomp_table, oci_seccomp, seccomp_fields,
                           &seccomp_unset);

/* Docker writes an object without action and rules for "no filter". */
void oci_decode_seccomp(struct json_decoder *d, const struct json_place *place,
                        void *object)
{
	struct oci_seccomp *seccomp = &((struct oci_linux *)object)->seccomp;
	struct json_place at = { place, "defaultAction", 0, place->value };

	json_decode_object(d, place, &seccomp_table.table, seccomp);
	seccomp->set = seccomp->default_action != OCI_SECCOMP_UNSET;
	if (seccomp->rules_count && !json_get(place->value, at.key))
		json_fault(d, &at, "missing");
}
