/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for the calls of every child, whatever it is to become. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "plan/plan.h"

extern const size_t rules_count;

/* True if the notes keep all rules; else it is printed which not, and where. */
bool rules_check(const struct plan *plan, bool exec);
