/* SPDX-License-Identifier: Apache-2.0 */
/* The deaths of a container's processes for want of memory. */
#pragma once

#include "engine/engine.h"
#include "engine/lifecycle.h"

/*
 * Watch the cgroup of PLAN, of which nothing is needed afterwards. It is one
 * small allocation, as it may live as long as the container.
 */
int oom_watch(const struct plan_cgroup *plan, struct runf_oom **ret_oom,
              struct error *err);

/* events.c: a container that may be asked what it uses. */
int events_find(struct engine *engine, struct arena *arena, const char *id,
                struct found *ret_found, struct error *err);
