/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of a unit that are known only when the files are written. */
#pragma once

#include "plan/plan.h"

/* A CPU quota in microseconds of each PERIOD; UINT64_MAX is none. */
void plan_unit_add_cpu(struct arena *arena, struct plan_unit *unit,
                       uint64_t quota, uint64_t period);
