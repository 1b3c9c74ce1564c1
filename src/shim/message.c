/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in arenas. */
#include "shim/message.h"

#include <task.pb-c.h>

static void *take_memory(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void leave_memory(void *arena, void *pointer)
{
	(void)arena;
	(void)pointer;
}

void *message_unpack(const ProtobufCMessageDescriptor *descriptor,
                     struct arena *arena, struct ttrpc_bytes bytes)
{
	ProtobufCAllocator allocator = { take_memory, leave_memory, arena };

	return protobuf_c_message_unpack(descriptor, &allocator, bytes.size,
	                                 bytes.data);
}

struct ttrpc_bytes message_pack(struct arena *arena,
                                const ProtobufCMessage *message)
{
	struct ttrpc_bytes bytes = {
		.size = protobuf_c_message_get_packed_size(message),
	};
	void *data = arena_alloc(arena, bytes.size);

	protobuf_c_message_pack(message, data);
	bytes.data = data;
	return bytes;
}

struct Msg__Time message_time(const struct timespec *time)
{
	Msg__Time message = MESSAGE(Time, time);

	message.seconds = time->tv_sec;
	message.nanos = (int32_t)time->tv_nsec;
	return message;
}
