/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Runtime API (2018-06-01) as a state machine: what a function's runtime
 * may ask when, and what it is answered. It knows neither sockets nor time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fn/invocation.h"

enum api_state {
	API_INIT,      /* `next` has not been asked for yet */
	API_PARKED,    /* `next` waits for an invocation */
	API_RUNNING,   /* it has been given one, and has not answered it */
	API_ANSWERING, /* the body of its answer is coming */
	API_ANSWERED,  /* and is here; `next` has not been asked for again */
};

enum api_call {
	API_NEXT,
	API_RESPONSE,
	API_ERROR,
	API_INIT_ERROR,
};

struct api {
	enum api_state state;
	char id[INVOCATION_ID_SIZE]; /* of the invocation: RUNNING and later */
	/* It broke a rule: it may finish what it does, but is not used again. */
	bool spoiled;
};

/* How a call is answered if it is refused; all is constant. */
struct api_refusal {
	unsigned int status; /* 0: it is not refused */
	const char *body;
};

/*
 * METHOD and PATH as a request has them. *RET_ID, of API_RESPONSE and
 * API_ERROR, points into *PATH and has RET_LENGTH bytes.
 */
struct api_refusal api_parse(const char *method, const char *path,
                             enum api_call *ret_call, const char **ret_id,
                             size_t *ret_length);

/*
 * CALL has come, the head of it; then API is in the state that follows it.
 * Refused, it is spoiled and otherwise as before.
 */
struct api_refusal api_begin(struct api *api, enum api_call call,
                             const char *id, size_t length);
/* From PARKED: the one that waits gets invocation ID. */
void api_dispatch(struct api *api, const char *id);
/* From ANSWERING: all of it is here. */
void api_finish(struct api *api);
/* From ANSWERING: the connection broke. It may try again. */
void api_break(struct api *api);

#define API_ACCEPTED "{\"status\":\"OK\"}\n"

extern const struct api_refusal api_too_large;
