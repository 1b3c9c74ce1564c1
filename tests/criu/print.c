/* SPDX-License-Identifier: Apache-2.0 */
/* Any protobuf message as lines of text, by what its descriptor tells. */
#include "tests/criu/print.h"

#include <stdbool.h>

static void print_enum(FILE *out, const ProtobufCEnumDescriptor *type,
                       int value)
{
	const ProtobufCEnumValue *known =
		protobuf_c_enum_descriptor_get_value(type, value);

	if (known)
		fprintf(out, "%s\n", known->name);
	else
		fprintf(out, "%d\n", value);
}

static void print_value(FILE *out, const char *prefix,
                        const ProtobufCFieldDescriptor *field,
                        const void *value)
{
	char name[256];

	snprintf(name, sizeof(name), "%s%s", prefix, field->name);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		snprintf(name, sizeof(name), "%s%s.", prefix, field->name);
		print_message(out, name, *(ProtobufCMessage *const *)value);
		return;
	}
	fprintf(out, "%s ", name);
	if (field->type == PROTOBUF_C_TYPE_STRING)
		fprintf(out, "%s\n", *(const char *const *)value);
	else if (field->type == PROTOBUF_C_TYPE_BOOL)
		fprintf(out, "%s\n",
		        *(const protobuf_c_boolean *)value ? "true" : "false");
	else if (field->type == PROTOBUF_C_TYPE_ENUM)
		print_enum(out, field->descriptor, *(const int *)value);
	else
		fprintf(out, "%d\n", *(const int *)value);
}

/* How far the elements of a repeated field are apart. */
static size_t element_size(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_STRING ||
	                       field->type == PROTOBUF_C_TYPE_MESSAGE
	               ? sizeof(void *)
	               : sizeof(int);
}

static bool is_there(const ProtobufCFieldDescriptor *field,
                     const char *quantifier, const void *value)
{
	if (field->label == PROTOBUF_C_LABEL_REQUIRED)
		return true;
	if (field->type == PROTOBUF_C_TYPE_STRING ||
	    field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(const void *const *)value != NULL;
	return *(const protobuf_c_boolean *)quantifier;
}

void print_message(FILE *out, const char *prefix,
                   const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	unsigned int i;
	size_t k;

	for (i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		const char *value = (const char *)message + field->offset;
		const char *quantifier =
			(const char *)message + field->quantifier_offset;

		if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			if (is_there(field, quantifier, value))
				print_value(out, prefix, field, value);
			continue;
		}
		for (k = 0; k < *(const size_t *)quantifier; k++)
			print_value(out, prefix, field,
			            *(const char *const *)value +
			                    k * element_size(field));
	}
}
