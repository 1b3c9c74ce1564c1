/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: shortest forms, no surrogates. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * How many of the LEFT (at least one) bytes at TEXT are its first character;
 * 0 if they are not UTF-8.
 */
size_t utf8_length(const char *text, size_t left);

bool utf8_is_valid(const char *text, size_t length);
