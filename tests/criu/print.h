/* SPDX-License-Identifier: Apache-2.0 */
/* Any protobuf message as lines of text. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

/* "PREFIXname.member value" for every field that is there. */
void print_message(FILE *out, const char *prefix,
                   const ProtobufCMessage *message);
