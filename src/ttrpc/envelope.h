/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a frame: a call's name and payload, or its outcome. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ttrpc/ttrpc.h"

/* A frame that is to be sent, made by malloc. */
struct envelope {
	struct envelope *next;
	size_t size;
	size_t sent;
	uint8_t bytes[];
};

/* NULL without memory. What is too large for a frame becomes an error. */
struct envelope *envelope_answer(uint32_t stream, struct ttrpc_bytes payload);
struct envelope *envelope_error(uint32_t stream, enum ttrpc_code code,
                                const char *text);
/* 0, -ENOMEM or -EMSGSIZE. */
int envelope_request(uint32_t stream, const struct ttrpc_client_call *call,
                     struct envelope **ret_envelope);

/*
 * Send on SOCKET, which does not block. 1 when all of it has gone, 0 when the
 * socket takes no more, or a negative errno.
 */
int envelope_send(struct envelope *envelope, int socket);

/*
 * Take a frame's data apart. What comes out holds memory in MEMORY until it is
 * given back. 0; -EBADMSG, also for what needs many times its size in memory.
 */
int envelope_read_request(const uint8_t *data, size_t size,
                          struct ttrpc_request *ret_request, void **ret_memory);
void envelope_free_request(void *memory);

struct envelope_response {
	enum ttrpc_code code;
	const char *text;
	struct ttrpc_bytes payload;
};

int envelope_read_response(const uint8_t *data, size_t size,
                           struct envelope_response *ret_response,
                           void **ret_memory);
void envelope_free_response(void *memory);
