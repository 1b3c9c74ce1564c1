/* SPDX-License-Identifier: Apache-2.0 */
/* Where the time of a start goes: spans of the parent and of init. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * A trace is memory that parent and init share, so that init records without
 * sending anything. Every function takes NULL, which is the usual case, and
 * then does nothing at all.
 */
struct trace;

/*
 * Open FILE and begin; the spans are written there by trace_end(). BEGAN (ns,
 * CLOCK_MONOTONIC) is when the program did, or 0.
 */
int trace_begin(const char *file, uint64_t began, struct trace **ret_trace,
                struct error *err);

/*
 * Write it as the Chrome trace event format has it (Perfetto opens it).
 * RESULT and ERR are those of what was traced: returned as they are, unless
 * only the writing has failed.
 */
int trace_end(struct trace *trace, int result, struct error *err);

/* Now, as the beginning of a span. */
uint64_t trace_now(const struct trace *trace);

/*
 * A span from BEGIN to now. WHAT is a literal (the parent reads it where init
 * had it); DETAIL, which may be NULL, is copied and perhaps cut.
 */
void trace_span(struct trace *trace, const char *what, const char *detail,
                uint64_t begin);

/* From here on this process is init. */
void trace_is_init(struct trace *trace);
