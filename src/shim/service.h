/* SPDX-License-Identifier: Apache-2.0 */
/* The task service of containerd, v2 and v3. */
#pragma once

#include "ttrpc/ttrpc.h"

/* A ttrpc_serve; CONTEXT is the shim. */
void service_serve(void *context, struct ttrpc_call call,
                   const struct ttrpc_request *request);
