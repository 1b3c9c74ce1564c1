/* SPDX-License-Identifier: Apache-2.0 */
/* Values for D-Bus as text, in the form that GVariant gave them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/*
 * TYPE is one complete D-Bus type. A basic value is one token; an array is
 * the number of its elements and then these; a tuple and a dictionary's entry
 * are their members; a variant is its type and then its value. Numbers are in
 * decimal, booleans "0" and "1".
 */
struct variant {
	const char *type;
	const char **tokens;
	size_t count;
};

/*
 * `true`, `5`, `uint64 5`, `'text'`, `['a', 'b']`, `@as []`, `(1, 'a')`,
 * `{'a': 1}`, `<5>`, `b'bytes'`: what has no type of its own takes that of
 * its neighbours or else is an int32, a double or a string. ERR says what is
 * wrong with TEXT, and is ERROR_CONFIG.
 */
int variant_parse(struct arena *arena, const char *text,
                  struct variant *ret_variant, struct error *err);

/* SECONDS, any number or 'infinity', as microseconds of type t. */
int variant_to_usec(struct arena *arena, const struct variant *seconds,
                    struct variant *ret_usec, struct error *err);

/* A value of one token. */
struct variant variant_of(struct arena *arena, const char *type,
                          const char *token);
void variant_add(struct arena *arena, struct variant *variant,
                 const char *token);
