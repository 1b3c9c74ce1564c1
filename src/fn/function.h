/* SPDX-License-Identifier: Apache-2.0 */
/* A function as it was deployed: an OCI bundle, and how it is to be used. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#define FUNCTION_MEMORY_MB_MIN 128
#define FUNCTION_MEMORY_MB_MAX 10240
#define FUNCTION_TIMEOUT_S_MAX 900
#define FUNCTION_NAME_MAX      64

/*
 *   ROOT/                              /var/lib/runf-fn
 *     functions/NAME/current           symbolic link to versions/SHA
 *     functions/NAME/versions/SHA/     an OCI bundle: written beside, renamed
 *         config.json                  with the limits, and what is below as
 *                                      annotations org.runf.fn.*
 *         boost.json                   the same without the CPU quota
 *         rootfs/ task/ opt/           as the kind of deployment needs
 *     spool/NAME/{new,dead}/           accepted asynchronous invocations
 *     usage.jsonl                      one line for each invocation
 */
struct function {
	const char *name;
	const char *version; /* SHA-256 of what was deployed, 64 digits */
	const char *bundle;  /* absolute path of the version's directory */
	const char *handler; /* _HANDLER, or "" */
	uint32_t memory_mb;
	uint32_t timeout_s;
	uint32_t init_timeout_s;
	uint32_t tmp_mb;
	uint32_t concurrency; /* sandboxes at the same time */
	uint32_t provisioned; /* kept initialized and frozen */
	uint32_t retries;     /* of an asynchronous invocation */
	uint32_t max_age_s;
	uint32_t pids; /* processes and threads */
	/* What the CPU quota will be once it is no longer withheld. */
	uint64_t cpu_quota_us;
	uint64_t cpu_period_us;
};

/* NAME's current version. -ENOENT (ERROR_NOT_FOUND) if there is none. */
int function_load(struct arena *arena, const char *root, const char *name,
                  struct function *ret_function, struct error *err);

/*
 * Say that FUNCTION's version is being used: delete leaves it alone as long as
 * the descriptor that is returned is open, here or in a process that
 * inherited it. -ENOENT (ERROR_NOT_FOUND): it was deleted after it was loaded.
 */
int function_hold(const struct function *function, struct error *err);

/* [A-Za-z0-9_-]{1,64} */
bool function_name_is_valid(const char *name);

/* 1,769 MB are one CPU: the quota in a period of 100 ms. */
uint64_t function_cpu_quota_us(uint32_t memory_mb, uint64_t period_us);
