/* SPDX-License-Identifier: Apache-2.0 */
/* A process that makes the network namespace while init mounts. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/*
 * It makes the namespace, brings the loopback up, sends the namespace's
 * descriptor and ends. Init, who inherits the socket, receives it.
 */
struct net_helper {
	pid_t pid; /* 0: there is none */
	int pidfd;
	int socket; /* where the descriptor arrives */
};

#define NET_HELPER_NONE ((struct net_helper){ .pidfd = -1, .socket = -1 })

/* By the parent, before it clones init. */
int net_helper_start(struct net_helper *ret_helper, struct error *err);

/* By init: enter the namespace, waiting for it if need be. */
int net_helper_take(const struct net_helper *helper, struct error *err);

/* By the parent, once init has its socket: wait until it is done, close. */
void net_helper_collect(struct net_helper *helper);

/* By the parent: end it if it is still there, collect it, close. */
void net_helper_end(struct net_helper *helper);
