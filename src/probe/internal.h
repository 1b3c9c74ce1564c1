/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of probe/ only. */
#pragma once

#include "base/error.h"
#include "plan/facts.h"

/* facts->kernel, last_cap, selinux, apparmor. */
int probe_kernel(struct facts *facts, struct error *err);

/* facts->uid, gid, user_namespace, caps. */
int probe_self(struct facts *facts, struct error *err);
