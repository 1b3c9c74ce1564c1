/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of JSON as integers, exact or refused. */
#include <ctype.h>
#include <errno.h>

#include "json/json.h"

/* More than any text can take back by a fraction: the sum stays exact. */
#define EXPONENT_MAX (INT64_C(10) * (int64_t)JSON_MAX_BYTES)

/* VALUE times ten to the power of SCALE. */
static int scale_up(uint64_t *value, int64_t scale)
{
	if (*value == 0)
		return 0;
	while (scale-- > 0)
		if (__builtin_mul_overflow(*value, 10, value))
			return -ERANGE;
	return 0;
}

static int64_t read_exponent(const char *text)
{
	int64_t exponent = 0;
	bool negative = *text == '-';

	if (*text == '-' || *text == '+')
		text++;
	for (; isdigit((unsigned char)*text); text++)
		if (exponent < EXPONENT_MAX)
			exponent = exponent * 10 + (*text - '0');
	return negative ? -exponent : exponent;
}

/*
 * Zeros are held back until a digit follows, so that those at the end only
 * count as scale and 5.0 is whole.
 */
static int read_magnitude(const char *text, uint64_t *ret_value)
{
	bool fraction = false;
	uint64_t value = 0;
	int64_t scale = 0;
	int64_t zeros = 0;

	for (; *text && *text != 'e' && *text != 'E'; text++) {
		if (*text == '.') {
			fraction = true;
			continue;
		}
		scale -= fraction;
		zeros++;
		if (*text == '0')
			continue;
		if (scale_up(&value, zeros) < 0 ||
		    __builtin_add_overflow(value, *text - '0', &value))
			return -ERANGE;
		zeros = 0;
	}
	scale += zeros;
	if (*text)
		scale += read_exponent(text + 1);
	if (value && scale < 0)
		return -EINVAL;
	if (scale_up(&value, scale) < 0)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int json_to_u64(const struct json_value *number, uint64_t *ret_value)
{
	uint64_t value;
	int result;

	if (number->type != JSON_NUMBER)
		return -EINVAL;
	result = read_magnitude(number->text + (*number->text == '-'), &value);
	if (result < 0)
		return result;
	if (value && *number->text == '-')
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int json_to_i64(const struct json_value *number, int64_t *ret_value)
{
	bool negative;
	uint64_t value;
	int result;

	if (number->type != JSON_NUMBER)
		return -EINVAL;
	negative = *number->text == '-';
	result = read_magnitude(number->text + negative, &value);
	if (result < 0)
		return result;
	if (value > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	/* Negated before the cast: INT64_MIN has no positive counterpart. */
	*ret_value = (int64_t)(negative ? -value : value);
	return 0;
}
