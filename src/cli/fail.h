/* SPDX-License-Identifier: Apache-2.0 */
/* Failures that the command line finds itself. */
#pragma once

#include <runf/error.h>

/* Both return the code, so that callers can say `return fail_usage(...)`. */

/* -EINVAL, RUNF_ERROR_USAGE: the command line is wrong. */
int fail_usage(struct runf_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* CODE, RUNF_ERROR_SYSTEM: "FORMAT: strerror". */
int fail_system(struct runf_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* CODE with another kind. */
int fail_with(struct runf_error *err, enum runf_error_kind kind, int code,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Put "WHAT: " before the text already there. Returns err->code. */
int fail_wrap(struct runf_error *err, const char *what);
