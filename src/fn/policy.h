/* SPDX-License-Identifier: Apache-2.0 */
/* What a function may have: limits, share of the CPU, environment. Pure. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "fn/function.h"

#define FN_ANNOTATION "org.runf.fn."
#define FN_API        "127.0.0.1:9001"
#define FN_PERIOD_US  100000
#define FN_PIDS_MAX   1024

/* One number of a function: an option of deploy, and an annotation. */
struct policy_limit {
	const char *name;
	const char *unit; /* "MB", "s", or "" */
	uint32_t min;
	uint32_t max;
	uint32_t fallback;
	size_t offset; /* of the uint32_t in struct function */
};

#define POLICY_LIMITS 9

extern const struct policy_limit policy_limits[POLICY_LIMITS];

static inline uint32_t *policy_place(const struct policy_limit *limit,
                                     struct function *function)
{
	return (uint32_t *)(void *)((char *)function + limit->offset);
}

/* All that nobody set. */
void policy_set_defaults(struct function *function);
/* VALUE is from outside: -EINVAL with its name and range if it is out of it. */
int policy_set_limit(const struct policy_limit *limit, int64_t value,
                     struct function *function, struct error *err);
/*
 * What limits say about each other, and the handler. Fills in the CPU quota.
 * 0, or -EINVAL.
 */
int policy_check(struct function *function, struct error *err);

/* True if the platform sets NAME (LENGTH bytes), whatever the user wants. */
bool policy_is_reserved(const char *name, size_t length);
/* TEXT is NAME=VALUE and NAME is [A-Za-z_][A-Za-z0-9_]*. */
int policy_check_variable(const char *text, struct error *err);

/*
 * The environment, NULL-terminated: defaults, then BASE (of the image or the
 * runtime), then GIVEN by the user, then what is the platform's; of each name
 * the last. BASE and GIVEN end in NULL, or are NULL.
 */
const char **policy_environment(struct arena *arena,
                                const struct function *function,
                                const char *const *base,
                                const char *const *given);
