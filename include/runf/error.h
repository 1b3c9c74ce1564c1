/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong in a call of librunf. */
#ifndef RUNF_ERROR_H
#define RUNF_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* Why a call failed; decides the exit status of the command line. */
enum runf_error_kind {
	RUNF_ERROR_NONE,
	RUNF_ERROR_SYSTEM,      /* a system call failed; code is -errno */
	RUNF_ERROR_CONFIG,      /* a document (config.json...) is wrong */
	RUNF_ERROR_USAGE,       /* options contradict each other */
	RUNF_ERROR_NOT_FOUND,   /* there is no such container */
	RUNF_ERROR_EXISTS,      /* the id is taken */
	RUNF_ERROR_STATE,       /* the container is not in a state for this */
	RUNF_ERROR_UNSUPPORTED, /* this host or this build cannot do it */
	RUNF_ERROR_PROGRAM,     /* the container's program cannot be executed */
	RUNF_ERROR_HOOK,        /* a hook failed */
	RUNF_ERROR_INTERNAL     /* runf itself is wrong */
};

/*
 * Given by the caller (NULL where it does not care) and written only when a
 * call fails. Plain data: nothing to release.
 */
struct runf_error {
	int code; /* a negative errno */
	enum runf_error_kind kind;
	char text[512]; /* one line, lower case, without a full stop */
};

/* A stable word for KIND, e.g. "not-found", for machine-readable output. */
const char *runf_error_kind_name(enum runf_error_kind kind);

#ifdef __cplusplus
}
#endif

#endif
