/* SPDX-License-Identifier: Apache-2.0 */
/* The AWS SDKs' framing of a streamed answer (vnd.amazon.eventstream). Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define EVENTSTREAM_TYPE "application/vnd.amazon.eventstream"
/* Before and behind the payload of the events below. */
#define EVENTSTREAM_HEAD_MAX 160
#define EVENTSTREAM_TAIL     4
/* What one message may carry (16 MiB in the protocol). */
#define EVENTSTREAM_PAYLOAD_MAX ((size_t)1024 * 1024)

enum eventstream_event {
	EVENTSTREAM_PAYLOAD_CHUNK,   /* the bytes as they are */
	EVENTSTREAM_INVOKE_COMPLETE, /* JSON: ErrorCode, ErrorDetails, ... */
};

/*
 * A message around PAYLOAD: what comes before it, into HEAD, and behind it,
 * into TAIL. Returns the bytes of the head.
 */
size_t eventstream_frame(enum eventstream_event event, const void *payload,
                         size_t size, uint8_t head[EVENTSTREAM_HEAD_MAX],
                         uint8_t tail[EVENTSTREAM_TAIL]);
