/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that only takes notes: linked in the place of sys/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Every call is one line, "openat2 /proc"; what returns a descriptor returns
 * a real one, so that leaks can be counted. Files look as their paths say.
 */
void fake_reset(void);
const char *fake_log(void);
size_t fake_calls(void);
/* The call number N, from 1, returns CODE; 0: none does. */
void fake_fail(size_t n, int code);
/* openat2() of this path says ENOENT once. */
void fake_missing(const char *path);
