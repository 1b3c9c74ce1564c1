/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ttrpc's frames: cut out of a stream of bytes. No system call is made here.
 *
 *	byte 0     4        8      9       10
 *	     size  stream   type   flags   SIZE bytes of data      big endian
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER_SIZE 10
#define FRAME_DATA_MAX    ((size_t)4 << 20)

enum frame_type {
	FRAME_REQUEST = 1,
	FRAME_RESPONSE = 2,
	FRAME_DATA = 3,
};

enum frame_flag {
	FRAME_REMOTE_CLOSED = 1,
	FRAME_REMOTE_OPEN = 2,
	FRAME_NO_DATA = 4,
};

struct frame_header {
	uint32_t size;
	uint32_t stream;
	uint8_t type;
	uint8_t flags;
};

void frame_encode(const struct frame_header *header,
                  uint8_t ret_bytes[FRAME_HEADER_SIZE]);
struct frame_header frame_decode(const uint8_t bytes[FRAME_HEADER_SIZE]);

/* Zeroed: between two frames. Holds memory only within a frame. */
struct frame_reader {
	uint8_t *data; /* the header and what there is of the data */
	size_t used;
	size_t capacity;
	uint32_t skip; /* what is still to come of a frame that is too large */
};

/*
 * One frame. DATA is valid during the call; NULL if HEADER says more than
 * FRAME_DATA_MAX: what comes of it is skipped. A negative result ends the
 * stream.
 */
typedef int frame_take(void *context, const struct frame_header *header,
                       const uint8_t *data);

/*
 * Go on with SIZE more BYTES, all of which are used up. 0, -ENOMEM, or TAKE's
 * negative result; nothing may be fed after an error.
 */
int frame_feed(struct frame_reader *reader, const uint8_t *bytes, size_t size,
               frame_take *take, void *context);
void frame_reader_release(struct frame_reader *reader);
