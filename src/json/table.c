/* SPDX-License-Identifier: Apache-2.0 */
/* JSON objects to structs by tables. */
#include "json/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"

static void __attribute__((format(printf, 4, 0)))
report(struct json_decoder *d, const struct json_place *place, bool warning,
       const char *format, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, args);
	d->fault(d, place->value, warning, json_place_path(d->arena, place),
	         arena_strdup(d->arena, text));
}

void json_fault(struct json_decoder *d, const struct json_place *place,
                const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(d, place, false, format, args);
	va_end(args);
}

void json_warning(struct json_decoder *d, const struct json_place *place,
                  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(d, place, true, format, args);
	va_end(args);
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",       [JSON_BOOL] = "a boolean",
		[JSON_NUMBER] = "a number", [JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",  [JSON_OBJECT] = "an object",
	};

	return names[type];
}

bool json_is(struct json_decoder *d, const struct json_place *place,
             enum json_type type)
{
	if (place->value->type == type)
		return true;
	json_fault(d, place, "must be %s, not %s", json_type_name(type),
	           json_type_name(place->value->type));
	return false;
}

const char *json_decode_str(struct json_decoder *d,
                            const struct json_place *place)
{
	if (place->value->type == JSON_NULL)
		return "";
	return json_is(d, place, JSON_STRING) ? place->value->text : NULL;
}

const struct str_value *json_decode_word(struct json_decoder *d,
                                         const struct json_place *place,
                                         const struct str_value *words,
                                         const char *what)
{
	const char *text = json_decode_str(d, place);
	const struct str_value *word = text ? str_lookup(words, text) : NULL;

	if (text && !word)
		json_fault(d, place, "unknown %s %s", what,
		           json_quote(d->arena, text));
	return word;
}

uint64_t json_decode_bits(struct json_decoder *d,
                          const struct json_place *place,
                          const struct str_value *words, const char *what)
{
	struct json_place element = { .parent = place };
	uint64_t bits = 0;

	if (!json_is(d, place, JSON_ARRAY))
		return 0;
	while (json_next_element(&element)) {
		const struct str_value *word =
			json_decode_word(d, &element, words, what);

		if (word)
			bits |= word->value;
	}
	return bits;
}

/* Whether a string satisfies what its row asks for. */
static bool check_string(struct json_decoder *d, const struct json_place *place,
                         const struct json_field *field, const char *text)
{
	if (field->words)
		return json_decode_word(d, place, field->words, field->what);
	if (!(field->flags & JSON_ABSOLUTE) || path_is_absolute(text))
		return true;
	json_fault(d, place, "%s is not an absolute path",
	           json_quote(d->arena, text));
	return false;
}

static void decode_string(struct json_decoder *d,
                          const struct json_place *place,
                          const struct json_field *field, const char **member)
{
	const char *text = json_decode_str(d, place);

	if (!text)
		return;
	if (*text) {
		if (check_string(d, place, field, text))
			*member = text;
	} else if (field->flags & JSON_REQUIRED) {
		json_fault(d, place, "must not be empty");
	}
}

static bool decode_bool(struct json_decoder *d, const struct json_place *place,
                        bool *member)
{
	if (!json_is(d, place, JSON_BOOL))
		return false;
	*member = place->value->boolean;
	return true;
}

/* What json_to_u64() or json_to_i64() had to say. */
static bool number_fault(struct json_decoder *d, const struct json_place *place,
                         int result, int64_t min, uint64_t max)
{
	const char *text = place->value->text;

	if (result == -EINVAL)
		json_fault(d, place, "%.40s is not a whole number", text);
	else
		json_fault(d, place,
		           "%.40s is out of range (%" PRIi64 " to %" PRIu64 ")",
		           text, min, max);
	return false;
}

static bool decode_unsigned(struct json_decoder *d,
                            const struct json_place *place, uint64_t max,
                            uint64_t *ret_value)
{
	uint64_t value = 0;
	int result;

	if (!json_is(d, place, JSON_NUMBER))
		return false;
	result = json_to_u64(place->value, &value);
	if (value > max)
		result = -ERANGE;
	if (result < 0)
		return number_fault(d, place, result, 0, max);
	*ret_value = value;
	return true;
}

static bool decode_i64(struct json_decoder *d, const struct json_place *place,
                       int64_t *member)
{
	int result;

	if (!json_is(d, place, JSON_NUMBER))
		return false;
	result = json_to_i64(place->value, member);
	if (result < 0)
		return number_fault(d, place, result, INT64_MIN, INT64_MAX);
	return true;
}

static bool decode_u32(struct json_decoder *d, const struct json_place *place,
                       uint32_t *member)
{
	uint64_t value;

	if (!decode_unsigned(d, place, UINT32_MAX, &value))
		return false;
	*member = (uint32_t)value;
	return true;
}

static bool decode_u64(struct json_decoder *d, const struct json_place *place,
                       uint64_t *member)
{
	return decode_unsigned(d, place, UINT64_MAX, member);
}

static void decode_u16(struct json_decoder *d, const struct json_place *place,
                       uint16_t *member)
{
	uint64_t value;

	if (decode_unsigned(d, place, UINT16_MAX, &value))
		*member = (uint16_t)value;
}

static void decode_word(struct json_decoder *d, const struct json_place *place,
                        const struct json_field *field, uint32_t *member)
{
	const struct str_value *word;

	word = json_decode_word(d, place, field->words, field->what);
	if (word)
		*member = (uint32_t)word->value;
}

bool json_next_element(struct json_place *element)
{
	if (element->value) {
		element->value = element->value->next;
		element->index++;
	} else {
		element->value = element->parent->value->first;
	}
	return element->value != NULL;
}

/* A member's own pointer type is not known here. */
static void store_pointer(void *member, const void *pointer)
{
	memcpy(member, &pointer, sizeof(pointer));
}

const char **json_decode_strings(struct json_decoder *d,
                                 const struct json_place *place)
{
	struct json_place element = { .parent = place };
	const char **items;

	items = arena_new_array(d->arena, const char *, place->value->length);
	while (json_next_element(&element)) {
		const char *text = json_decode_str(d, &element);

		items[element.index] = text ? text : "";
	}
	return items;
}

static void decode_strings(struct json_decoder *d,
                           const struct json_place *place,
                           const struct json_field *field, const char ***member)
{
	struct json_place element = { .parent = place };

	*member = json_decode_strings(d, place);
	while (json_next_element(&element))
		if (element.value->type == JSON_STRING)
			check_string(d, &element, field, element.value->text);
}

static void decode_u32s(struct json_decoder *d, const struct json_place *place,
                        uint32_t **items)
{
	struct json_place element = { .parent = place };

	*items = arena_new_array(d->arena, uint32_t, place->value->length);
	while (json_next_element(&element))
		if (element.value->type != JSON_NULL)
			decode_u32(d, &element, &(*items)[element.index]);
}

static void decode_objects(struct json_decoder *d,
                           const struct json_place *place,
                           const struct json_table *table, void *member)
{
	struct json_place element = { .parent = place };
	char *object;

	object = arena_array(d->arena, place->value->length, table->size);
	store_pointer(member, object);
	for (; json_next_element(&element); object += table->size)
		json_decode_object(d, &element, table, object);
}

static void decode_list(struct json_decoder *d, const struct json_place *place,
                        const struct json_field *field, void *member,
                        size_t *count)
{
	if (!json_is(d, place, JSON_ARRAY))
		return;
	if (!place->value->length && field->flags & JSON_REQUIRED)
		json_fault(d, place, "must not be empty");
	if (!place->value->length)
		return;
	*count = place->value->length;
	if (field->kind == JSON_FIELD_STRINGS)
		decode_strings(d, place, field, member);
	else if (field->kind == JSON_FIELD_U32S)
		decode_u32s(d, place, member);
	else
		decode_objects(d, place, field->table, member);
}

/*
 * Open addressing over the pairs stored so far, because a map may be as long
 * as the document. A slot holds an index plus one. Pairs are read and written
 * as an array of texts: that is what they are, under any name.
 */
struct pair_index {
	uint32_t *slots;
	size_t mask;
	const char **pairs;
};

/* Key and value of the pair that the slot value NUMBER, from 1, stands for. */
static const char **pair_at(const struct pair_index *index, size_t number)
{
	return &index->pairs[2 * (number - 1)];
}

static uint32_t *find_slot(const struct pair_index *index, const char *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (const char *c = key; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	for (i = hash & index->mask; index->slots[i]; i = (i + 1) & index->mask)
		if (str_equal(*pair_at(index, index->slots[i]), key))
			break;
	return &index->slots[i];
}

static void warn_of_duplicate(struct json_decoder *d,
                              const struct json_place *place)
{
	json_warning(d, place,
	             "the key stands here twice: the last one counts");
}

static void decode_map(struct json_decoder *d, const struct json_place *place,
                       void *member, size_t *count)
{
	struct json_place entry = { .parent = place };
	struct pair_index index = { .mask = 15 };

	if (!json_is(d, place, JSON_OBJECT) || !place->value->length)
		return;
	index.pairs = arena_new_array(d->arena, const char *,
	                              2 * place->value->length);
	while (index.mask < place->value->length * 2)
		index.mask = index.mask * 2 + 1;
	index.slots = arena_new_array(d->arena, uint32_t, index.mask + 1);
	while (json_next_element(&entry)) {
		const char *key = entry.value->key;
		uint32_t *slot = find_slot(&index, key);
		const char *value;

		entry.key = key;
		if (*slot)
			warn_of_duplicate(d, &entry);
		else
			*slot = (uint32_t)++ * count;
		value = json_decode_str(d, &entry);
		pair_at(&index, *slot)[0] = key;
		pair_at(&index, *slot)[1] = value ? value : "";
	}
	store_pointer(member, index.pairs);
}

/* False if leaving VALUE away would change nothing. */
static bool has_effect(const struct json_value *value)
{
	uint64_t number = 1;

	switch (value->type) {
	case JSON_NULL: return false;
	case JSON_BOOL: return value->boolean;
	case JSON_NUMBER: return json_to_u64(value, &number) < 0 || number;
	case JSON_STRING:
	case JSON_ARRAY: return value->length > 0;
	case JSON_OBJECT: break;
	}
	return true;
}

/*
 * Writers like {"weight": 0}, so one level of an object is looked into. An
 * object in there has a name, and that is an effect: {"eth0": {}}.
 */
static void decode_unsupported(struct json_decoder *d,
                               const struct json_place *place)
{
	const struct json_value *member = place->value;
	bool effect = has_effect(member);

	if (member->type == JSON_OBJECT) {
		effect = false;
		for (member = member->first; member; member = member->next)
			effect = effect || has_effect(member);
	}
	if (effect)
		json_fault(d, place, "not supported yet");
}

static void decode_new(struct json_decoder *d, const struct json_place *place,
                       const struct json_table *table, void *member)
{
	void *object = arena_alloc(d->arena, table->size);

	json_decode_object(d, place, table, object);
	store_pointer(member, object);
}

static void decode_opt_bool(struct json_decoder *d,
                            const struct json_place *place,
                            struct opt_bool *member)
{
	member->set = decode_bool(d, place, &member->value);
}

static void decode_opt_u32(struct json_decoder *d,
                           const struct json_place *place,
                           struct opt_u32 *member)
{
	member->set = decode_u32(d, place, &member->value);
}

static void decode_opt_i64(struct json_decoder *d,
                           const struct json_place *place,
                           struct opt_i64 *member)
{
	member->set = decode_i64(d, place, &member->value);
}

static void decode_opt_u64(struct json_decoder *d,
                           const struct json_place *place,
                           struct opt_u64 *member)
{
	member->set = decode_u64(d, place, &member->value);
}

/* One row whose key is there. */
static void decode_field(struct json_decoder *d, const struct json_place *place,
                         const struct json_field *field, void *object)
{
	void *member = (char *)object + field->offset;
	void *beside = (char *)object + field->beside;

	switch (field->kind) {
	case JSON_FIELD_STR: decode_string(d, place, field, member); break;
	case JSON_FIELD_BOOL: decode_bool(d, place, member); break;
	case JSON_FIELD_U16: decode_u16(d, place, member); break;
	case JSON_FIELD_U32: decode_u32(d, place, member); break;
	case JSON_FIELD_I64: decode_i64(d, place, member); break;
	case JSON_FIELD_U64: decode_u64(d, place, member); break;
	case JSON_FIELD_OPT_BOOL: decode_opt_bool(d, place, member); break;
	case JSON_FIELD_OPT_U32: decode_opt_u32(d, place, member); break;
	case JSON_FIELD_OPT_I64: decode_opt_i64(d, place, member); break;
	case JSON_FIELD_OPT_U64: decode_opt_u64(d, place, member); break;
	case JSON_FIELD_WORD: decode_word(d, place, field, member); break;
	case JSON_FIELD_STRINGS:
	case JSON_FIELD_U32S:
	case JSON_FIELD_ARRAY:
		decode_list(d, place, field, member, beside);
		break;
	case JSON_FIELD_MAP: decode_map(d, place, member, beside); break;
	case JSON_FIELD_OBJECT:
		json_decode_object(d, place, field->table, member);
		break;
	case JSON_FIELD_OBJECT_SET:
		if (field->flags & JSON_EMPTY_IS_NONE &&
		    place->value->type == JSON_OBJECT && !place->value->length)
			break;
		json_decode_object(d, place, field->table, member);
		*(bool *)beside = true; /* the defaults may clear it */
		break;
	case JSON_FIELD_OBJECT_NEW:
		decode_new(d, place, field->table, member);
		break;
	case JSON_FIELD_CUSTOM: field->decode(d, place, object); break;
	case JSON_FIELD_UNSUPPORTED: decode_unsupported(d, place); break;
	}
}

/*
 * Find each member's row. Members mostly come in the order of the table, so
 * the search starts behind the last row found.
 */
static void match_members(struct json_decoder *d,
                          const struct json_place *place,
                          const struct json_table *table,
                          const struct json_value **found)
{
	struct json_place at = { .parent = place };
	size_t row = 0;

	while (json_next_element(&at)) {
		size_t left = table->count;

		at.key = at.value->key;
		while (left && !str_equal(table->fields[row].key, at.key)) {
			row = row + 1 < table->count ? row + 1 : 0;
			left--;
		}
		if (!left)
			continue;
		if (found[row])
			warn_of_duplicate(d, &at);
		found[row] = at.value;
	}
}

void json_decode_object(struct json_decoder *d, const struct json_place *place,
                        const struct json_table *table, void *object)
{
	const struct json_value *found[JSON_MAX_FIELDS] = { NULL };

	if (table->defaults)
		memcpy(object, table->defaults, table->size);
	if (place->value->type != JSON_NULL && !json_is(d, place, JSON_OBJECT))
		return;
	if (place->value->type == JSON_OBJECT)
		match_members(d, place, table, found);
	for (size_t i = 0; i < table->count; i++) {
		const struct json_field *field = &table->fields[i];
		struct json_place at = { place, field->key, 0, found[i] };

		if (at.value && at.value->type != JSON_NULL) {
			decode_field(d, &at, field, object);
		} else if (field->flags & JSON_REQUIRED) {
			at.value = place->value;
			json_fault(d, &at, "missing");
		}
	}
}
