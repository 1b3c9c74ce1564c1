/* SPDX-License-Identifier: Apache-2.0 */
/* Base 64 of RFC 4648, with padding. */
#include "fn/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *base64_encode(struct arena *arena, const void *bytes, size_t size)
{
	char *text = arena_alloc(arena, (size + 2) / 3 * 4 + 1);
	const uint8_t *from = bytes;
	char *to = text;

	for (; size; from += 3) {
		uint32_t word = (uint32_t)from[0] << 16;

		if (size > 1)
			word |= (uint32_t)from[1] << 8;
		if (size > 2)
			word |= from[2];
		*to++ = digits[word >> 18];
		*to++ = digits[word >> 12 & 63];
		*to++ = digits[word >> 6 & 63];
		*to++ = digits[word & 63];
		if (size < 3) {
			memset(to - (3 - size), '=', 3 - size);
			break;
		}
		size -= 3;
	}
	return text;
}

char *base64_decode(struct arena *arena, const char *text, size_t *ret_size)
{
	size_t length = strlen(text);
	size_t padding = 0;
	char *bytes = arena_alloc(arena, length / 4 * 3 + 1);
	size_t size = 0;
	uint32_t word = 0;
	size_t i;

	while (padding < 2 && padding < length &&
	       text[length - 1 - padding] == '=')
		padding++;
	if (length % 4)
		return NULL;
	for (i = 0; i < length; i++) {
		const char *digit =
			i < length - padding ? strchr(digits, text[i]) : digits;

		if (!digit)
			return NULL;
		word = word << 6 | (uint32_t)(digit - digits);
		if (i % 4 < 3)
			continue;
		bytes[size++] = (char)(word >> 16);
		bytes[size++] = (char)(word >> 8);
		bytes[size++] = (char)word;
		word = 0;
	}
	bytes[size - padding] = '\0';
	*ret_size = size - padding;
	return bytes;
}
