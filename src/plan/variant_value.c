/* SPDX-License-Identifier: Apache-2.0 */
/* Values for D-Bus that are made, not read. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "plan/variant.h"

#define USEC_PER_SEC UINT64_C(1000000)

void variant_add(struct arena *arena, struct variant *variant,
                 const char *token)
{
	*arena_push(arena, variant->tokens, variant->count) = token;
}

struct variant variant_of(struct arena *arena, const char *type,
                          const char *token)
{
	struct variant variant = { .type = type };

	variant_add(arena, &variant, token);
	return variant;
}

int variant_to_usec(struct arena *arena, const struct variant *seconds,
                    struct variant *ret_usec, struct error *err)
{
	const char *text = seconds->tokens[0];
	uint64_t usec = UINT64_MAX;
	uint64_t whole;
	double number;

	if (str_equal(seconds->type, "d")) {
		number = strtod(text, NULL) * (double)USEC_PER_SEC;
		if (!(number >= 0 && number < (double)INT64_MAX))
			goto wrong;
		usec = (uint64_t)number;
	} else if (seconds->count == 1 && str_to_u64(text, 10, &whole) == 0 &&
	           strchr("ynqiuxt", *seconds->type)) {
		if (whole > UINT64_MAX / USEC_PER_SEC)
			goto wrong;
		usec = whole * USEC_PER_SEC;
	} else if (!str_equal(seconds->type, "s") ||
	           !str_equal(text, "infinity")) {
		goto wrong;
	}
	*ret_usec =
		variant_of(arena, "t", arena_printf(arena, "%" PRIu64, usec));
	return 0;
wrong:
	return error_set(err, ERROR_CONFIG, -EINVAL,
	                 "\"%s\" is not a number of seconds", text);
}
