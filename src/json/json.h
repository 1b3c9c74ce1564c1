/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text to a tree that remembers lines, and back (yajl). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/* Larger or deeper documents are refused. */
#define JSON_MAX_BYTES  ((size_t)16 * 1024 * 1024)
#define JSON_MAX_DEPTH  64
#define JSON_MAX_VALUES 1000000U

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/*
 * One value. Children are a list through `next`, in document order. A
 * duplicate key is kept; json_get() finds the last one, as most readers do.
 */
struct json_value {
	enum json_type type;
	uint32_t offset; /* byte in the text where the value stands */
	const char *key; /* in an object: the member's name */
	size_t length;   /* of a string or a number's text; or of children */

	union {
		bool boolean;
		const char *text; /* string (NUL-free) or number as written */
		struct json_value *first;
	};
	struct json_value *next;
};

/*
 * Parse TEXT. A byte order mark, comments, trailing garbage, invalid UTF-8,
 * \u0000 in a string (it would cut paths) and what exceeds the limits are
 * errors that name the line. NAME names the document in errors.
 */
int json_parse(struct arena *arena, const char *text, size_t length,
               const char *name, const struct json_value **ret_root,
               struct error *err);

/* The same, saying apart where and what the fault is (-EINVAL). */
struct json_fault {
	unsigned int line;
	const char *text;
};

int json_scan(struct arena *arena, const char *text, size_t length,
              const struct json_value **ret_root, struct json_fault *fault);

const struct json_value *json_get(const struct json_value *object,
                                  const char *key);

/* "a string", "an object" ... */
const char *json_type_name(enum json_type type);

/* The line, from 1, of byte OFFSET of TEXT. */
unsigned int json_line(const char *text, uint32_t offset);

/*
 * A number as written, as an integer: an exponent or a fraction is accepted
 * when the value is whole (1e3, 5.0). Returns 0, -EINVAL or -ERANGE.
 */
int json_to_i64(const struct json_value *number, int64_t *ret_value);
int json_to_u64(const struct json_value *number, uint64_t *ret_value);

/*
 * Writing: keys and values in order; commas, quotes and escapes are put
 * where they belong; slashes are not escaped. INDENT is "" for compact
 * output. KEY is NULL inside an array.
 */
struct json_writer {
	struct buf buf; /* set buf.arena */
	const char *indent;
	unsigned int depth;
	bool more; /* something stands before on this level */
};

void json_open_object(struct json_writer *w, const char *key);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w, const char *key);
void json_close_array(struct json_writer *w);
/* VALUE NULL is null; bytes that are not UTF-8 become U+FFFD. */
void json_put_str(struct json_writer *w, const char *key, const char *value);
void json_put_i64(struct json_writer *w, const char *key, int64_t value);
void json_put_u64(struct json_writer *w, const char *key, uint64_t value);
/* TEXT is a number in JSON's own form. */
void json_put_number(struct json_writer *w, const char *key, const char *text);
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_null(struct json_writer *w, const char *key);
/* A parsed value again, numbers as they were written. */
void json_put_value(struct json_writer *w, const char *key,
                    const struct json_value *value);

/* TEXT quoted and escaped for a message; a long one is cut. */
const char *json_quote(struct arena *arena, const char *text);

/*
 * Whether TEXT is one JSON value, as RFC 8259 has it: also with a NUL in its
 * strings and with any number of values, since nothing is made of it.
 */
bool json_is_valid(const char *text, size_t length);
