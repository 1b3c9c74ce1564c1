/* SPDX-License-Identifier: Apache-2.0 */
/* One invocation: what goes in, what comes out, and what it cost. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fn/function.h"

#define INVOCATION_PAYLOAD_MAX ((size_t)6 * 1024 * 1024 + 100)
#define INVOCATION_ID_SIZE     37 /* a UUID and its NUL */

enum invocation_status {
	INVOCATION_OK,
	INVOCATION_ERROR, /* the function says so, or its runtime broke rules */
	INVOCATION_TIMEOUT, /* Sandbox.Timeout */
	INVOCATION_OOM,
	INVOCATION_EXIT,   /* Runtime.ExitError */
	INVOCATION_FAILED, /* by us: nothing of the function has run */
};

enum invocation_start {
	START_COLD,    /* the sandbox was made for it */
	START_CREATED, /* it was created ahead */
	START_FROZEN,
	START_IDLE,
};

/* What is measured; UINT64_MAX: the host cannot know. Times in us. */
struct invocation_cost {
	enum invocation_start start;
	uint64_t create_us;
	uint64_t init_us;
	uint64_t duration_us;
	uint64_t max_memory_bytes;
	bool max_memory_is_older; /* an earlier one may have needed it */
	uint64_t cpu_user_us;
	uint64_t cpu_system_us;
	uint64_t throttled_us;
	uint64_t oom_kills;
	uint64_t in_bytes;
	uint64_t out_bytes;
};

struct invocation {
	char id[INVOCATION_ID_SIZE];
	const char *kind;    /* "sync", "async", "stream", "feed" */
	const char *payload; /* borrowed until it is done */
	size_t payload_size;
	const char *client_context; /* or NULL */
	uint64_t deadline_ms;       /* since 1970; set when it begins */
	/*
	 * Bytes of the response, as they come (once for a response that is not
	 * streamed). Returns 0, or a negative errno: nobody wants more.
	 */
	int (*output)(struct invocation *invocation, const void *bytes,
	              size_t size);
	/*
	 * The end: the last call. ERROR_TYPE is NULL, or as in
	 * X-Amz-Function-Error's payload ("Sandbox.Timeout"); the payload of an
	 * error came through OUTPUT.
	 */
	void (*done)(struct invocation *invocation,
	             enum invocation_status status, const char *error_type);
	void *context;
	struct invocation_cost cost;
};

/* A random one (version 4). */
void invocation_make_id(char ret_id[INVOCATION_ID_SIZE]);

/* Milliseconds to pay for: rounded up, init included. */
uint64_t invocation_billed_ms(const struct invocation_cost *cost);

/* START, END and REPORT lines as AWS Lambda writes them, in ARENA. */
const char *invocation_start_line(struct arena *arena,
                                  const struct invocation *invocation,
                                  const struct function *function);
const char *invocation_end_lines(struct arena *arena,
                                 const struct invocation *invocation,
                                 const struct function *function,
                                 enum invocation_status status);

/* Append one line to ROOT/usage.jsonl. */
int meter_write(const char *root, const struct function *function,
                const struct invocation *invocation,
                enum invocation_status status, struct error *err);
