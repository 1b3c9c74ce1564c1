/* SPDX-License-Identifier: Apache-2.0 */
/* What this host can do, asked once and cheaply. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "plan/facts.h"

/* Everything a plan needs to know. */
int probe_facts(struct arena *arena, struct facts *ret_facts,
                struct error *err);

/*
 * How cgroups are mounted. The usual host, one v2 tree at /sys/fs/cgroup,
 * costs one system call; its controllers stay unread (NULL).
 */
int probe_cgroup(struct arena *arena, struct facts_cgroup *ret_cgroup,
                 struct error *err);
