/* SPDX-License-Identifier: Apache-2.0 */
/* The Lambda invoke API, metrics and health, over HTTP. */
#pragma once

#include "fn/http.h"
#include "fn/pool.h"
#include "fn/spool.h"

/* Of an asynchronous event and of a response, too. */
#define LAMBDA_BODIES_MAX ((uint64_t)1 << 30) /* of all requests together */

struct lambda {
	struct pool *pool;
	struct spool *spool;
	uint64_t body_bytes; /* that requests hold now */
	uint64_t requests;   /* under way */
	bool stopping;
};

/* Each port's context is the struct lambda. */
extern const struct http_service lambda_service;
