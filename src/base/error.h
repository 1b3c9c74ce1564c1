/* SPDX-License-Identifier: Apache-2.0 */
/* One error: what went wrong, of which kind, with the path that led there. */
#pragma once

#include <stddef.h>

/*
 * The kind decides the exit status (cli) and the status of a task call
 * (shim); the text is for people.
 */
enum error_kind {
	ERROR_NONE,
	ERROR_SYSTEM,      /* a system call failed; code is -errno */
	ERROR_CONFIG,      /* config.json, process.json or a profile is wrong */
	ERROR_USAGE,       /* the command line is wrong */
	ERROR_NOT_FOUND,   /* no such container */
	ERROR_EXISTS,      /* the container exists already */
	ERROR_STATE,       /* the container is in the wrong state */
	ERROR_UNSUPPORTED, /* this host or this build cannot do it */
	ERROR_PROGRAM,     /* the container's program cannot be executed */
	ERROR_HOOK,        /* a hook failed */
	ERROR_INTERNAL,    /* runf itself is wrong */
};

/*
 * Plain data, so that it works after clone, needs no allocation and crosses
 * the sync socket unchanged. Text is lower case without a full stop, and is
 * cut (never overrun) at its size.
 */
struct error {
	int code; /* negative errno */
	enum error_kind kind;
	char text[512];
};

/*
 * Describe a failure. CODE is a negative errno; for ERROR_SYSTEM its text is
 * appended. ERR may be NULL. Returns CODE, so that callers can say
 * `return error_set(...)`.
 */
int error_set(struct error *err, enum error_kind kind, int code,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* error_set(ERROR_SYSTEM): "FORMAT: strerror". */
int error_system(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "FORMAT: " before the text already there. Returns err->code. */
int error_wrap(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The word for KIND in machine-readable output, e.g. "not-found". */
const char *error_kind_name(enum error_kind kind);
