/* SPDX-License-Identifier: Apache-2.0 */
/* Small files that the shim leaves in a bundle, and what it reads there. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

/* Below it a directory for each of containerd's namespaces: states. */
#define BUNDLE_ROOT "/run/containerd/runf"

/*
 * The name under which containers of one pod find the same shim: that of
 * their sandbox in config.json's annotations, or ID.
 */
const char *bundle_group(struct arena *arena, const char *bundle,
                         const char *id);

/* What containerd 1.x and later shims look for: init.pid, address. */
void bundle_write_pid(const char *bundle, pid_t pid);
int bundle_write(const char *bundle, const char *name, const char *text,
                 struct error *err);
/* NULL if it is not there. */
const char *bundle_read(struct arena *arena, const char *bundle,
                        const char *name);

/* For `delete`, when there is no shim any more: where the state is. */
int bundle_note_root(const char *bundle, const char *root,
                     const char *namespace_, struct error *err);
const char *bundle_root(struct arena *arena, const char *bundle,
                        const char *namespace_);

/* True if PID is not the first process of its pid namespace. */
bool bundle_shares_pids(struct arena *arena, pid_t pid);
