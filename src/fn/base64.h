/* SPDX-License-Identifier: Apache-2.0 */
/* Base 64 of RFC 4648, with padding. */
#pragma once

#include "base/arena.h"

const char *base64_encode(struct arena *arena, const void *bytes, size_t size);
/* NULL: TEXT is not base 64. A NUL stands behind the bytes. */
char *base64_decode(struct arena *arena, const char *text, size_t *ret_size);
