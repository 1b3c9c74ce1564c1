/* SPDX-License-Identifier: Apache-2.0 */
/* One command for many containers: those whose id a pattern matches. */
#pragma once

#include "cli/cli.h"

/*
 * ACT on each container whose id the extended regular expression PATTERN
 * matches somewhere. One that fails keeps no other from its turn; the first
 * failure is returned. That none matches is no error.
 */
int regex_each(struct cli *cli, const char *pattern,
               int (*act)(struct cli *cli, const char *id, const void *context,
                          struct runf_error *err),
               const void *context, struct runf_error *err);
