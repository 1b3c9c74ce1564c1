/* SPDX-License-Identifier: Apache-2.0 */
/* Small questions about strings, and strict numbers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool str_equal(const char *a, const char *b)
{
	/* Tables are searched by it: most words differ at once. */
	return *a == *b && strcmp(a, b) == 0;
}

/* The text behind PREFIX if TEXT starts with it, else NULL. */
static inline const char *str_after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

bool str_has_suffix(const char *text, const char *suffix);

/*
 * The whole of TEXT as a number in BASE (10, 8; 0 accepts 0x and 0 prefixes):
 * no sign for the unsigned one, no space, nothing behind it. Returns 0,
 * -EINVAL or -ERANGE; *RET_VALUE is written only on success.
 */
int str_to_u64(const char *text, int base, uint64_t *ret_value);
int str_to_u32(const char *text, int base, uint32_t *ret_value);
int str_to_i64(const char *text, int base, int64_t *ret_value);

/*
 * The next part of a list of numbers and ranges, "0-3,7": *RET_LAST is
 * *RET_FIRST for a number alone. Returns 1 with *LIST behind it, 0 at the
 * end, or -EINVAL.
 */
int str_next_range(const char **list, uint32_t *ret_first, uint32_t *ret_last);

/*
 * Digits with at most one point among them, at *TEXT: VALUE / DIVISOR. *TEXT
 * moves behind them. Returns 0, -EINVAL or -ERANGE.
 */
struct str_decimal {
	uint64_t value;
	uint64_t divisor;
};

int str_take_decimal(const char **text, struct str_decimal *ret_decimal);

/* A row of a word table; the table ends with a NULL name. */
struct str_value {
	const char *name;
	uint64_t value;
};

/* The row whose name is NAME, or NULL. */
const struct str_value *str_lookup(const struct str_value *table,
                                   const char *name);
/* The first name whose value is VALUE, or NULL. */
const char *str_name_of(const struct str_value *table, uint64_t value);
