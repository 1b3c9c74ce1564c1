/* SPDX-License-Identifier: Apache-2.0 */
/* Run one hook with the state on its standard input and a deadline. */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/*
 * Execute HOOK in CWD (NULL: where the caller is), with STATE_JSON as its
 * standard input, and wait. A hook that ends with another status than 0, by
 * a signal, or not within its timeout (it is killed then) is an ERROR_HOOK
 * which carries the end of what the hook said. Allocates nothing: init calls
 * it too. The caller may not have SIGCHLD ignored.
 */
int hook_run(const struct plan_hook *hook, const char *state_json,
             const char *cwd, struct error *err);
