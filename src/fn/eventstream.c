/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message is, all in network order: its length, the length of its headers,
 * the CRC of these; headers; payload; the CRC of all before. A header is a
 * name behind its length (8 bits), a type (7: text), a value behind its length
 * (16 bits).
 */
#include "fn/eventstream.h"

#include <stdbool.h>
#include <string.h>

#include "fn/crc32.h"

#define PRELUDE     12
#define HEADER_TEXT 7

static void put_u32(uint8_t *place, uint32_t value)
{
	place[0] = (uint8_t)(value >> 24);
	place[1] = (uint8_t)(value >> 16);
	place[2] = (uint8_t)(value >> 8);
	place[3] = (uint8_t)value;
}

static uint8_t *put_header(uint8_t *place, const char *name, const char *value)
{
	size_t names = strlen(name);
	size_t values = strlen(value);

	*place++ = (uint8_t)names;
	memcpy(place, name, names);
	place += names;
	*place++ = HEADER_TEXT;
	*place++ = (uint8_t)(values >> 8);
	*place++ = (uint8_t)values;
	memcpy(place, value, values);
	return place + values;
}

size_t eventstream_frame(enum eventstream_event event, const void *payload,
                         size_t size, uint8_t head[EVENTSTREAM_HEAD_MAX],
                         uint8_t tail[EVENTSTREAM_TAIL])
{
	bool chunk = event == EVENTSTREAM_PAYLOAD_CHUNK;
	uint8_t *end = head + PRELUDE;
	uint32_t crc;
	size_t length;

	end = put_header(end, ":message-type", "event");
	end = put_header(end, ":event-type",
	                 chunk ? "PayloadChunk" : "InvokeComplete");
	end = put_header(end, ":content-type",
	                 chunk ? "application/octet-stream"
	                       : "application/json");
	length = (size_t)(end - head);
	put_u32(head, (uint32_t)(length + size + EVENTSTREAM_TAIL));
	put_u32(head + 4, (uint32_t)(length - PRELUDE));
	put_u32(head + 8, crc32_add(0, head, 8));
	crc = crc32_add(crc32_add(0, head, length), payload, size);
	put_u32(tail, crc);
	return length;
}
