/* SPDX-License-Identifier: Apache-2.0 */
/* Small questions about strings, and strict numbers. */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

bool str_has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text);
	size_t tail = strlen(suffix);

	return length >= tail && str_equal(text + length - tail, suffix);
}

int str_to_u64(const char *text, int base, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, base);
	if (errno)
		return -errno;
	if (*end)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

int str_to_u32(const char *text, int base, uint32_t *ret_value)
{
	uint64_t value;
	int result = str_to_u64(text, base, &value);

	if (result < 0)
		return result;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret_value = (uint32_t)value;
	return 0;
}

int str_to_i64(const char *text, int base, int64_t *ret_value)
{
	const char *digits = *text == '-' ? text + 1 : text;
	long long value;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return -EINVAL;
	errno = 0;
	value = strtoll(text, &end, base);
	if (errno)
		return -errno;
	if (*end)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

/* Digits at *TEXT, which moves behind them. */
static int take_number(const char **text, uint32_t *ret_number)
{
	char digits[16];
	size_t length = strspn(*text, "0123456789");

	if (!length || length >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, *text, length);
	digits[length] = '\0';
	*text += length;
	return str_to_u32(digits, 10, ret_number) < 0 ? -EINVAL : 0;
}

int str_next_range(const char **list, uint32_t *ret_first, uint32_t *ret_last)
{
	const char *text = *list;
	uint32_t first;
	uint32_t last;

	if (!*text)
		return 0;
	if (take_number(&text, &first) < 0)
		return -EINVAL;
	last = first;
	if (*text == '-') {
		text++;
		if (take_number(&text, &last) < 0 || last < first)
			return -EINVAL;
	}
	if (*text == ',' && text[1])
		text++;
	else if (*text)
		return -EINVAL;
	*list = text;
	*ret_first = first;
	*ret_last = last;
	return 1;
}

int str_take_decimal(const char **text, struct str_decimal *ret_decimal)
{
	struct str_decimal decimal = { 0, 1 };
	const char *next = *text;
	bool point = false;

	if (!isdigit((unsigned char)*next))
		return -EINVAL;
	for (; isdigit((unsigned char)*next) || (*next == '.' && !point);
	     next++) {
		if (*next == '.') {
			point = true;
			continue;
		}
		if (decimal.value > INT64_MAX / 10 ||
		    decimal.divisor > INT64_MAX / 10)
			return -ERANGE;
		decimal.value =
			decimal.value * 10 + (unsigned int)(*next - '0');
		decimal.divisor *= point ? 10 : 1;
	}
	*text = next;
	*ret_decimal = decimal;
	return 0;
}

const struct str_value *str_lookup(const struct str_value *table,
                                   const char *name)
{
	for (; table->name; table++)
		if (str_equal(table->name, name))
			return table;
	return NULL;
}

const char *str_name_of(const struct str_value *table, uint64_t value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}
