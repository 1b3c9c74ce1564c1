/* SPDX-License-Identifier: Apache-2.0 */
/* ttrpc's frames: cut out of a stream of bytes. */
#include "ttrpc/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static void put_u32(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 24);
	bytes[1] = (uint8_t)(value >> 16);
	bytes[2] = (uint8_t)(value >> 8);
	bytes[3] = (uint8_t)value;
}

static uint32_t get_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

void frame_encode(const struct frame_header *header,
                  uint8_t ret_bytes[FRAME_HEADER_SIZE])
{
	put_u32(ret_bytes, header->size);
	put_u32(ret_bytes + 4, header->stream);
	ret_bytes[8] = header->type;
	ret_bytes[9] = header->flags;
}

struct frame_header frame_decode(const uint8_t bytes[FRAME_HEADER_SIZE])
{
	return (struct frame_header){
		.size = get_u32(bytes),
		.stream = get_u32(bytes + 4),
		.type = bytes[8],
		.flags = bytes[9],
	};
}

static bool is_oversized(const struct frame_header *header)
{
	return header->size > FRAME_DATA_MAX;
}

void frame_reader_release(struct frame_reader *reader)
{
	free(reader->data);
	*reader = (struct frame_reader){ .skip = reader->skip };
}

/* How many bytes of the frame that begins with USED BYTES are sure to come. */
static size_t frame_size(const uint8_t *bytes, size_t used)
{
	struct frame_header header;

	if (used < FRAME_HEADER_SIZE)
		return FRAME_HEADER_SIZE;
	header = frame_decode(bytes);
	return is_oversized(&header) ? FRAME_HEADER_SIZE
	                             : FRAME_HEADER_SIZE + header.size;
}

/* Add COUNT bytes to a frame of WHOLE: memory follows what has come. */
static int reader_keep(struct frame_reader *reader, const uint8_t *bytes,
                       size_t count, size_t whole)
{
	size_t needed = reader->used + count;

	if (needed > reader->capacity) {
		size_t capacity = 2 * reader->capacity;
		uint8_t *data;

		if (capacity > whole)
			capacity = whole;
		if (capacity < needed)
			capacity = needed;
		data = realloc(reader->data, capacity);
		if (!data)
			return -ENOMEM;
		reader->data = data;
		reader->capacity = capacity;
	}
	memcpy(reader->data + reader->used, bytes, count);
	reader->used = needed;
	return 0;
}

/* A frame, or an oversized one's header, is complete at BYTES. */
static int reader_deliver(struct frame_reader *reader, const uint8_t *bytes,
                          frame_take *take, void *context)
{
	struct frame_header header = frame_decode(bytes);

	if (is_oversized(&header)) {
		reader->skip = header.size;
		return take(context, &header, NULL);
	}
	return take(context, &header, bytes + FRAME_HEADER_SIZE);
}

/* Part of a frame has come before. Returns how many bytes were used. */
static ssize_t reader_continue(struct frame_reader *reader,
                               const uint8_t *bytes, size_t size,
                               frame_take *take, void *context)
{
	size_t whole = frame_size(reader->data, reader->used);
	size_t count = whole - reader->used;
	int result;

	if (count > size)
		count = size;
	result = reader_keep(reader, bytes, count, whole);
	if (result < 0)
		return result;
	if (reader->used == frame_size(reader->data, reader->used)) {
		result = reader_deliver(reader, reader->data, take, context);
		frame_reader_release(reader);
	}
	return result < 0 ? result : (ssize_t)count;
}

/* Nothing of a frame has come before: if it is all here, nothing is copied. */
static ssize_t reader_begin(struct frame_reader *reader, const uint8_t *bytes,
                            size_t size, frame_take *take, void *context)
{
	size_t whole = frame_size(bytes, size);
	int result;

	if (size < whole) {
		result = reader_keep(reader, bytes, size, whole);
		return result < 0 ? result : (ssize_t)size;
	}
	result = reader_deliver(reader, bytes, take, context);
	return result < 0 ? result : (ssize_t)whole;
}

int frame_feed(struct frame_reader *reader, const uint8_t *bytes, size_t size,
               frame_take *take, void *context)
{
	while (size) {
		ssize_t used;

		if (reader->skip) {
			used = reader->skip < size ? (ssize_t)reader->skip
			                           : (ssize_t)size;
			reader->skip -= (uint32_t)used;
		} else if (reader->used) {
			used = reader_continue(reader, bytes, size, take,
			                       context);
		} else {
			used = reader_begin(reader, bytes, size, take, context);
		}
		if (used < 0)
			return (int)used;
		bytes += used;
		size -= (size_t)used;
	}
	return 0;
}
