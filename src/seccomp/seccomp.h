/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filter: made ready by the parent, loaded by the child. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "plan/plan.h"
#include "sys/helper.h"

/* What seccomp(2) takes. */
struct seccomp_program {
	const struct sock_filter *filter;
	uint16_t length; /* instructions */
	uint32_t flags;
	bool flags_default; /* a kernel without them does without */
	bool needed;
};

/*
 * Compiling a profile takes longer than all the rest of a start, so the
 * result is kept below STATE_ROOT, a directory that only its owner can
 * write, in .cache/seccomp (made when first needed). STATE_ROOT may be -1:
 * nothing is kept. A cache that cannot be used is no error.
 *
 * Called by the parent before clone. The filter lives in ARENA.
 */
int seccomp_prepare(struct arena *arena, const struct plan_seccomp *plan,
                    int state_root, const struct log *log,
                    struct seccomp_program *ret_program, struct error *err);

/*
 * Load into the calling process, if needed; in the child: allocates nothing.
 * Needs no_new_privs or CAP_SYS_ADMIN. (seccomp_load() is libseccomp's.)
 * A filter that notifies needs LETTER: its listener is away when this returns.
 */
int seccomp_install(const struct seccomp_program *program,
                    const struct sys_letter *letter, struct error *err);
