/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in arenas. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <time.h>

#include "base/arena.h"
#include "ttrpc/ttrpc.h"

/* In ARENA; NULL if BYTES are no such message. */
void *message_unpack(const ProtobufCMessageDescriptor *descriptor,
                     struct arena *arena, struct ttrpc_bytes bytes);

struct ttrpc_bytes message_pack(struct arena *arena,
                                const ProtobufCMessage *message);

/* A message of task.proto without anything; the generated macros cast const away. */
#define MESSAGE(type, name)                        \
	__extension__({                            \
		Msg__##type message_new;           \
		msg__##name##__init(&message_new); \
		message_new;                       \
	})

struct Msg__Time message_time(const struct timespec *time);

/* The generated structs want strings that could be written to. */
static inline char *message_text(const char *text)
{
	return (char *)(uintptr_t)(text ? text : "");
}
