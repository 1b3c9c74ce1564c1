/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: shortest forms, no surrogates. */
#include "json/utf8.h"

static bool is_between(unsigned char byte, unsigned char low,
                       unsigned char high)
{
	return byte >= low && byte <= high;
}

/* The limits of the second byte keep out long forms and surrogates. */
static size_t length_by_lead(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t length;

	if (is_between(s[0], 0xc2, 0xdf))
		length = 2;
	else if (is_between(s[0], 0xe0, 0xef))
		length = 3;
	else if (is_between(s[0], 0xf0, 0xf4))
		length = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	return length <= left && is_between(s[1], low, high) ? length : 0;
}

size_t utf8_length(const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t length;

	if (s[0] < 0x80)
		return 1;
	length = length_by_lead(s, left);
	for (size_t i = 2; i < length; i++)
		if (!is_between(s[i], 0x80, 0xbf))
			return 0;
	return length;
}

bool utf8_is_valid(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length) {
		size_t step = utf8_length(text + i, length - i);

		if (step == 0)
			return false;
		i += step;
	}
	return true;
}
