/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in arenas. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "ttrpc/ttrpc.h"

/* In ARENA; NULL if BYTES are no such message. */
void *message_unpack(const ProtobufCMessageDescriptor *descriptor,
                     struct arena *arena, struct ttrpc_bytes bytes);

struct ttrpc_bytes message_pack(struct arena *arena,
                                const ProtobufCMessage *message);
