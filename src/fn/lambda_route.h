/* SPDX-License-Identifier: Apache-2.0 */
/* What a request of the Lambda invoke API is about. Pure. */
#pragma once

#include <stdbool.h>

#include "fn/function.h"

enum lambda_route {
	LAMBDA_INVOKE,
	LAMBDA_STREAM,
	LAMBDA_METRICS,
	LAMBDA_HEALTH,
	LAMBDA_UNKNOWN, /* no such path */
	LAMBDA_METHOD,  /* another method is needed */
};

enum lambda_type {
	LAMBDA_SYNC,
	LAMBDA_EVENT,
	LAMBDA_DRY_RUN,
	LAMBDA_NO_TYPE, /* a word that is none of them */
};

struct lambda_target {
	char name[65];
	char qualifier[129]; /* "" without one */
};

/* The target is written for INVOKE and STREAM, a name that is none as "". */
enum lambda_route lambda_parse(const char *method, const char *path,
                               struct lambda_target *ret_target);
/* X-Amz-Invocation-Type; NULL is RequestResponse. */
enum lambda_type lambda_parse_type(const char *text);
/*
 * "", $LATEST, or at least eight digits that VERSION begins with: only what is
 * deployed now can be called.
 */
bool lambda_qualifies(const char *qualifier, const char *version);
