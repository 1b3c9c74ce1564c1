/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that write a plan as JSON share. */
#pragma once

#include "base/str.h"
#include "json/json.h"
#include "plan/plan.h"

/* Nothing, where the value is NULL or false. */
void write_text(struct json_writer *w, const char *key, const char *value);
void write_true(struct json_writer *w, const char *key, bool value);
void write_strings(struct json_writer *w, const char *key, char *const *items);

/*
 * The names of the bits of FLAGS with commas between, nothing if there are
 * none; what has no name stands there as a number.
 */
void write_flags(struct json_writer *w, const char *key,
                 const struct str_value *names, uint64_t flags);

/* "0644" */
void write_mode(struct json_writer *w, const char *key, uint32_t mode);

void write_process(struct json_writer *w, const struct plan_process *process);
void write_cgroup(struct json_writer *w, const struct plan_cgroup *cgroup);
void write_rdt(struct json_writer *w, const struct plan_rdt *rdt);
void write_seccomp(struct json_writer *w, const struct plan_seccomp *seccomp);
