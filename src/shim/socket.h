/* SPDX-License-Identifier: Apache-2.0 */
/* Where a shim is found: one socket for all containers of a group. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

#define SOCKET_DIR "/run/containerd/s"

/*
 * The socket's path below DIR for GROUP in NAMESPACE of the containerd that
 * serves at ADDRESS: readable where it fits into an address and needs no quotes, else a digest.
 */
const char *socket_path(struct arena *arena, const char *dir,
                        const char *address, const char *namespace_,
                        const char *group);

/*
 * 1 if somebody serves at PATH already. Else 0, with *RET_LISTENER: a new
 * socket, in place of one that nobody serves any more. Two that come at the
 * same time get one each of these.
 */
int socket_claim(const char *path, int *ret_listener, struct error *err);

/*
 * Before a shim ends of itself: false if containerd was sent here by a `start`
 * within the last SECONDS, and may not have come yet. Else nobody will be sent
 * here any more.
 */
bool socket_retire(const char *path, unsigned int seconds);
/* Of a socket that is served: nobody else puts his there. */
void socket_remove(const char *path);
/* Only if nobody serves there any more. */
void socket_remove_stale(const char *path);
