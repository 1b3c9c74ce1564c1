/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs after create share. */
#pragma once

#include "base/error.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"

/*
 * Check the id, open the state root and find the container. "Does not exist"
 * is also the answer where there is no state root.
 */
int later_find(struct engine *engine, struct arena *arena, const char *id,
               enum store_lock lock, struct found *ret_found,
               struct error *err);

/* The saved config.json. */
int later_read_spec(struct arena *arena, const struct found *found,
                    const struct oci_spec **ret_spec, struct error *err);

/* Hooks of KIND from the saved config.json. */
int later_hooks(struct arena *arena, const struct found *found,
                enum plan_hook_kind kind, struct plan_hook_list *ret_hooks,
                struct error *err);

/* The state as hooks get it, with another status. */
const char *later_state(struct arena *arena, const struct found *found,
                        enum status status);

/* Kill every process of the container and wait until init has ended. */
int later_kill(const struct found *found, struct error *err);

/* cgroup_join(), by systemd where we may not: OUTSIDE as its LEAF_TOO. */
struct cgroup;
int later_join(const struct cgroup *cgroup, pid_t pid, bool outside,
               struct error *err);

/* Its processes are gone. A failure is only a warning. */
void later_stop_unit(struct engine *engine, const struct plan_cgroup *plan,
                     const char *id);

/* Steps 11 to 13: cgroup, poststop hooks, directory. Init has ended. */
int later_destroy(struct engine *engine, struct arena *arena,
                  struct found *found, struct error *err);
