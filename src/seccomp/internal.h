/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of seccomp/ share: compiler, ENOSYS stub and cache. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>

#include "seccomp/seccomp.h"

/*
 * Raise it when the same plan compiles to other instructions than before:
 * it is part of the cache's key.
 */
#define SECCOMP_FORMAT 1

/* PLAN as instructions, with the stub in front. */
int seccomp_compile(struct arena *arena, const struct plan_seccomp *plan,
                    struct seccomp_program *ret_program, struct error *err);

/* More architectures than libseccomp knows. */
#define SECCOMP_ARCHS_MAX 32

/* Architecture tokens of libseccomp, the native one first. */
struct seccomp_archs {
	uint32_t tokens[SECCOMP_ARCHS_MAX];
	size_t count;
};

#define SECCOMP_STUB_BLOCK 8
#define SECCOMP_STUB_MAX   (SECCOMP_ARCHS_MAX * SECCOMP_STUB_BLOCK)

/*
 * The instructions that answer ENOSYS to system calls newer than all that
 * PLAN names, and pass on to what follows them otherwise. Returns how many
 * there are; 0 where the default action leaves no need.
 */
size_t seccomp_stub(const struct plan_seccomp *plan,
                    const struct seccomp_archs *archs,
                    struct sock_filter ret_stub[SECCOMP_STUB_MAX]);

/* Bytes that determine a filter, filled up to a multiple of 8, their hash. */
struct seccomp_key {
	const void *bytes;
	size_t length;
	char name[33];
};

void seccomp_key_make(struct arena *arena, const struct plan_seccomp *plan,
                      struct seccomp_key *ret_key);

/* True with filter and length filled in when the cache has KEY. */
bool seccomp_cache_read(struct arena *arena, int state_root,
                        const struct seccomp_key *key,
                        struct seccomp_program *ret_program);
/* Add or replace; a failure is only logged. */
void seccomp_cache_write(int state_root, const struct seccomp_key *key,
                         const struct seccomp_program *program,
                         const struct log *log);
