/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules: reduced to what matters, and compiled to eBPF. */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "oci/spec.h"

/*
 * A list of allowed devices, as v1's whitelist: each requested access (read,
 * write, mknod) is decided by the last rule that names the device and that
 * access; what no rule names is decided by `allow_rest`.
 */
struct device_rules {
	struct oci_device_rule *items; /* in order */
	size_t count;
	bool allow_rest;
};

/*
 * RULES with the devices every container has behind them, without rules
 * that decide nothing. No rules at all mean no restriction; any rule makes
 * the list one of allowed devices. Unrestricted: count 0 and allow_rest.
 */
int device_rules_reduce(struct arena *arena,
                        const struct oci_device_rule *rules, size_t count,
                        struct device_rules *ret_rules, struct error *err);

static inline bool device_rules_are_moot(const struct device_rules *rules)
{
	return rules->count == 0 && rules->allow_rest;
}

/* The BPF_PROG_TYPE_CGROUP_DEVICE program that enforces RULES. */
int device_rules_compile(struct arena *arena, const struct device_rules *rules,
                         const struct bpf_insn **ret_program,
                         size_t *ret_length, struct error *err);
