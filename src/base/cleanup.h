/* SPDX-License-Identifier: Apache-2.0 */
/* Release by scope: a variable marked auto_* gives back what it holds. */
#pragma once

#include <stddef.h>

#define cleanup_with(function) __attribute__((cleanup(function)))

/* Take a pointer out of a variable that would release it. */
#define take_ptr(variable)                                      \
	__extension__({                                         \
		__typeof__(variable) *take_place = &(variable); \
		__typeof__(variable) take_value = *take_place;  \
		*take_place = NULL;                             \
		take_value;                                     \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
