/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of lib/ share. */
#pragma once

#include <runf/runf.h>

#include "base/arena.h"
#include "base/error.h"
#include "engine/engine.h"

struct runf {
	struct arena arena; /* which this struct itself is in */
	struct engine engine;
	void (*log)(void *context, enum runf_log_level level, const char *text);
	void *log_context;
};

/* Hand ERR to the caller, who may not want it. Returns RESULT. */
int lib_return(int result, const struct error *err, struct runf_error *ret_err);

/* A copy of TEXT for the caller. */
int lib_return_text(int result, const char *text, char **ret_text,
                    const struct error *err, struct runf_error *ret_err);

/*
 * Copy the caller's options of GIVEN bytes over ours of SIZE: what an older
 * caller does not know is zero, what a newer one wants and we do not know
 * must be zero.
 */
int lib_take_options(void *ours, size_t size, const void *theirs, size_t given,
                     struct error *err);
