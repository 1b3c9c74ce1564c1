/* SPDX-License-Identifier: Apache-2.0 */
/* JSON objects as structs: tables with one row for each key. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/opt.h"
#include "base/str.h"
#include "json/json.h"
#include "json/place.h"

/*
 * A table reads one kind of struct:
 *
 *	static const struct json_field root_fields[] = {
 *		FIELD_STR(struct oci_root, path, "path", JSON_REQUIRED),
 *		FIELD_BOOL(struct oci_root, readonly, "readonly", 0),
 *	};
 *	JSON_TABLE(oci_root_table, oci_root, root_fields);
 *
 * A row that does not fit its member's type does not compile.
 *
 * Reading follows Go's rules, which all writers of these documents know:
 * null is as good as no member at all, and so is an empty string, which
 * becomes NULL. Keys without a row are ignored. Where a key stands twice the
 * last one counts, with a warning. After a fault decoding goes on, so that
 * one run finds them all; what was at fault stays zero.
 */
enum json_flags {
	JSON_REQUIRED = 1, /* absent or empty is a fault */
	JSON_ABSOLUTE = 2, /* the path, or each path of the list, starts at / */
	JSON_EMPTY_IS_NONE = 4, /* {} leaves a struct as if it were not there */
};

struct json_decoder {
	struct arena *arena;
	/* VALUE is where the fault is; TEXT says what is wrong with it. */
	void (*fault)(struct json_decoder *decoder,
	              const struct json_value *value, bool warning,
	              const char *path, const char *text);
};

enum json_kind {
	JSON_FIELD_STR,
	JSON_FIELD_BOOL,
	JSON_FIELD_U16,
	JSON_FIELD_U32,
	JSON_FIELD_I64,
	JSON_FIELD_U64,
	JSON_FIELD_OPT_BOOL,
	JSON_FIELD_OPT_U32,
	JSON_FIELD_OPT_I64,
	JSON_FIELD_OPT_U64,
	JSON_FIELD_WORD,
	JSON_FIELD_STRINGS,
	JSON_FIELD_U32S,
	JSON_FIELD_MAP,
	JSON_FIELD_OBJECT,
	JSON_FIELD_OBJECT_SET,
	JSON_FIELD_OBJECT_NEW,
	JSON_FIELD_ARRAY,
	JSON_FIELD_CUSTOM,
	JSON_FIELD_UNSUPPORTED,
};

/* Decodes PLACE, which is not null, into some member of OBJECT. */
typedef void json_decode_function(struct json_decoder *decoder,
                                  const struct json_place *place, void *object);

/* Rows are written with the FIELD_ macros below. */
struct json_field {
	const char *key;
	enum json_kind kind;
	unsigned int flags; /* enum json_flags */
	uint32_t offset;    /* of the member */
	uint32_t beside;    /* of the member's count, or of its `set` */
	const struct json_table *table;
	const struct str_value *words;
	const char *what; /* what the words are, e.g. "resource limit" */
	json_decode_function *decode;
};

#define JSON_MAX_FIELDS 64

struct json_table {
	const struct json_field *fields;
	size_t count;
	size_t size;          /* of the struct */
	const void *defaults; /* a struct to start from, or NULL for zeros */
};

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): types and members have none */

/* The union ties a table to its struct, for the rows that refer to it. */
#define JSON_TABLE_OF(tag) union json_table_of_##tag
#define JSON_TABLE_TYPE(tag)                                                   \
	JSON_TABLE_OF(tag) {                                                   \
		struct json_table table;                                       \
		struct tag *type;                                              \
	}
#define JSON_TABLE(name, tag, rows)                                            \
	JSON_TABLE_DEFAULTS(name, tag, rows, NULL)
#define JSON_TABLE_DEFAULTS(name, tag, rows, from)                             \
	const JSON_TABLE_OF(tag) name = {                                      \
		.table = { (rows), JSON_ROW_COUNT(rows), sizeof(struct tag),   \
		           (from) }                                            \
	}
#define JSON_ROW_COUNT(rows)                                                   \
	(ARRAY_SIZE(rows) + JSON_CHECK(ARRAY_SIZE(rows) <= JSON_MAX_FIELDS))

/* Compile-time checks: zero, or no program. */
#define JSON_CHECK(condition)                                                  \
	(0 * sizeof(struct {                                                   \
		_Static_assert(condition, "the row does not fit");            \
		char dummy;                                                    \
	}))
#define JSON_MEMBER_IS(owner, member, wanted)                                  \
	__builtin_types_compatible_p(__typeof__(((owner *)NULL)->member),      \
	                             wanted)
#define JSON_AT(owner, member, wanted)                                         \
	(offsetof(owner, member) +                                             \
	 JSON_CHECK(JSON_MEMBER_IS(owner, member, wanted)))
#define JSON_IS_PAIR(owner, member)                                            \
	(JSON_MEMBER_IS(owner, member->key, const char *) &&                   \
	 JSON_MEMBER_IS(owner, member->value, const char *) &&                 \
	 sizeof(*((owner *)NULL)->member) == 2 * sizeof(const char *))
#define JSON_STRUCT(rows) __typeof__(*(rows).type)
#define JSON_POINTER(rows) __typeof__((JSON_STRUCT(rows) *)NULL)

#define JSON_ROW(key_, flags_, kind_, ...)                                     \
	{ .key = (key_), .flags = (flags_), .kind = (kind_), __VA_ARGS__ }
#define JSON_SCALAR(owner, member, wanted, key, flags, kind, ...)              \
	JSON_ROW(key, flags, kind, .offset = JSON_AT(owner, member, wanted),   \
	         __VA_ARGS__)
#define JSON_LIST(owner, items, wanted, count, key, flags, kind, ...)          \
	JSON_ROW(key, flags, kind, .offset = JSON_AT(owner, items, wanted),    \
	         .beside = JSON_AT(owner, count, size_t), __VA_ARGS__)

#define FIELD_STR(owner, member, key, flags)                                   \
	JSON_SCALAR(owner, member, const char *, key, flags, JSON_FIELD_STR)
#define FIELD_BOOL(owner, member, key, flags)                                  \
	JSON_SCALAR(owner, member, bool, key, flags, JSON_FIELD_BOOL)
#define FIELD_U16(owner, member, key, flags)                                   \
	JSON_SCALAR(owner, member, uint16_t, key, flags, JSON_FIELD_U16)
#define FIELD_U32(owner, member, key, flags)                                   \
	JSON_SCALAR(owner, member, uint32_t, key, flags, JSON_FIELD_U32)
#define FIELD_I64(owner, member, key, flags)                                   \
	JSON_SCALAR(owner, member, int64_t, key, flags, JSON_FIELD_I64)
#define FIELD_U64(owner, member, key, flags)                                   \
	JSON_SCALAR(owner, member, uint64_t, key, flags, JSON_FIELD_U64)
#define FIELD_OPT_BOOL(owner, member, key, flags)                              \
	JSON_SCALAR(owner, member, struct opt_bool, key, flags,                \
	            JSON_FIELD_OPT_BOOL)
#define FIELD_OPT_U32(owner, member, key, flags)                               \
	JSON_SCALAR(owner, member, struct opt_u32, key, flags,                 \
	            JSON_FIELD_OPT_U32)
#define FIELD_OPT_I64(owner, member, key, flags)                               \
	JSON_SCALAR(owner, member, struct opt_i64, key, flags,                 \
	            JSON_FIELD_OPT_I64)
#define FIELD_OPT_U64(owner, member, key, flags)                               \
	JSON_SCALAR(owner, member, struct opt_u64, key, flags,                 \
	            JSON_FIELD_OPT_U64)

/* A string that must be one of a word table, kept as it is. */
#define FIELD_STR_OF(owner, member, key, flags, words_, what_)                 \
	JSON_SCALAR(owner, member, const char *, key, flags, JSON_FIELD_STR,   \
	            .words = (words_), .what = (what_))

/* The value of a word in an int, a uint32_t or an enum. */
#define FIELD_WORD(owner, member, key, flags, words_, what_)                   \
	JSON_ROW(key, flags, JSON_FIELD_WORD,                                  \
	         .offset = offsetof(owner, member) +                           \
	                   JSON_CHECK(JSON_MEMBER_IS(owner, member, int) ||    \
	                              JSON_MEMBER_IS(owner, member, uint32_t)),\
	         .words = (words_), .what = (what_))

/* MEMBER is a struct { const char **items; size_t count; ... }. */
#define FIELD_STRINGS(owner, member, key, flags)                               \
	JSON_LIST(owner, member.items, const char **, member.count, key,       \
	          flags, JSON_FIELD_STRINGS)
#define FIELD_STRINGS_OF(owner, member, key, flags, words_, what_)             \
	JSON_LIST(owner, member.items, const char **, member.count, key,       \
	          flags, JSON_FIELD_STRINGS, .words = (words_),                \
	          .what = (what_))

#define FIELD_U32S(owner, items, count, key, flags)                            \
	JSON_LIST(owner, items, uint32_t *, count, key, flags,                 \
	          JSON_FIELD_U32S)

/* MEMBER is a struct { struct { const char *key, *value; } *pairs; ... }. */
#define FIELD_MAP(owner, member, key, flags)                                   \
	JSON_ROW(key, flags, JSON_FIELD_MAP,                                   \
	         .offset = offsetof(owner, member.pairs) +                     \
	                   JSON_CHECK(JSON_IS_PAIR(owner, member.pairs)),      \
	         .beside = JSON_AT(owner, member.count, size_t))

/* A struct in the struct, the same with a `bool set`, one by pointer. */
#define FIELD_OBJECT(owner, member, key, flags, rows)                          \
	JSON_SCALAR(owner, member, JSON_STRUCT(rows), key, flags,              \
	            JSON_FIELD_OBJECT, .table = &(rows).table)
#define FIELD_OBJECT_SET(owner, member, key, flags, rows)                      \
	JSON_SCALAR(owner, member, JSON_STRUCT(rows), key, flags,              \
	            JSON_FIELD_OBJECT_SET, .table = &(rows).table,             \
	            .beside = JSON_AT(owner, member.set, bool))
#define FIELD_OBJECT_NEW(owner, member, key, flags, rows)                      \
	JSON_SCALAR(owner, member, JSON_POINTER(rows), key, flags,             \
	            JSON_FIELD_OBJECT_NEW, .table = &(rows).table)

/* An object whose members belong to the same struct. */
#define FIELD_INLINE(owner, key, flags, rows)                                  \
	JSON_ROW(key, flags, JSON_FIELD_OBJECT,                                \
	         .offset = JSON_CHECK(__builtin_types_compatible_p(            \
	                   owner, JSON_STRUCT(rows))),                         \
	         .table = &(rows).table)

#define FIELD_ARRAY(owner, items, count, key, flags, rows)                     \
	JSON_LIST(owner, items, JSON_POINTER(rows), count, key, flags,         \
	          JSON_FIELD_ARRAY, .table = &(rows).table)

/* What no other row can say. */
#define FIELD_CUSTOM(key, flags, function)                                     \
	JSON_ROW(key, flags, JSON_FIELD_CUSTOM, .decode = (function))

/* A key that would have an effect if it were not empty: then it is a fault. */
#define FIELD_UNSUPPORTED(key)                                                 \
	JSON_ROW(key, 0, JSON_FIELD_UNSUPPORTED, .offset = 0)

/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

/* Decode PLACE, an object, into OBJECT as TABLE says. */
void json_decode_object(struct json_decoder *decoder,
                        const struct json_place *place,
                        const struct json_table *table, void *object);

/*
 * For decode functions. They report a fault themselves and return false (or
 * NULL); outputs are then not written.
 */
void json_fault(struct json_decoder *decoder, const struct json_place *place,
                const char *format, ...) __attribute__((format(printf, 3, 4)));
void json_warning(struct json_decoder *decoder, const struct json_place *place,
                  const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool json_is(struct json_decoder *decoder, const struct json_place *place,
             enum json_type type);
/* A string's text, "" for null. */
const char *json_decode_str(struct json_decoder *decoder,
                            const struct json_place *place);
/* Step ELEMENT, at first without a value, through its parent's children. */
bool json_next_element(struct json_place *element);
/* PLACE is an array. */
const char **json_decode_strings(struct json_decoder *decoder,
                                 const struct json_place *place);
/* An array of words, their values put together; faults are left out. */
uint64_t json_decode_bits(struct json_decoder *decoder,
                          const struct json_place *place,
                          const struct str_value *words, const char *what);
const struct str_value *json_decode_word(struct json_decoder *decoder,
                                         const struct json_place *place,
                                         const struct str_value *words,
                                         const char *what);
