/* SPDX-License-Identifier: Apache-2.0 */
/* A process that makes namespaces for init while init mounts. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/*
 * It makes the namespaces, brings the loopback up, sends SYNC_NAMESPACES with
 * their descriptors to init over the parent's end of the sync socket, and
 * ends.
 */
struct maker {
	pid_t pid; /* 0: there is none */
	int pidfd;
};

#define MAKER_NONE ((struct maker){ .pidfd = -1 })

/* FLAGS are CLONE_NEW*, SOCKET is the parent's end. Once init is there. */
int maker_start(int flags, int socket, struct maker *ret_maker,
                struct error *err);

/*
 * Wait until it is done. An error if it could not even tell init how it went:
 * init would wait for ever.
 */
int maker_collect(struct maker *maker, struct error *err);

/* End it if it is still there, and collect it. */
void maker_end(struct maker *maker);
