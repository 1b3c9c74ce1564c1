/* SPDX-License-Identifier: Apache-2.0 */
/* From what runf means to bytes that CRIU understands, and back. */
#pragma once

#include "criu/criu.h"

/* A message without end is none of CRIU's. */
#define WIRE_MESSAGE_MAX ((size_t)64 * 1024)

struct wire_bytes {
	void *bytes;
	size_t size;
};

/* Requests, in ARENA. */
struct wire_bytes wire_ask_version(struct arena *arena);
struct wire_bytes wire_ask_features(struct arena *arena);
struct wire_bytes wire_request(struct arena *arena,
                               const struct criu_request *request, int images,
                               int work);
/* The answer to a notification. */
struct wire_bytes wire_acknowledge(struct arena *arena, bool success);

/* What came, as far as it is of interest. */
struct wire_message {
	bool is_notification;
	enum criu_event event;
	pid_t pid; /* of a notification or a restored process, else 0 */
	bool success;
	int error;        /* an errno, or 0 */
	const char *text; /* CRIU's own words about it, or NULL */
	int version;      /* 0: not told */
	struct criu_features features;
};

/* -EBADMSG if it is no message. */
int wire_read(struct arena *arena, const void *bytes, size_t size,
              struct wire_message *ret_message);
