/* SPDX-License-Identifier: Apache-2.0 */
/* Network devices of the host for the container, moved by a helper. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "plan/plan.h"

/* The helper while it waits for our word; pid 0: there is none. */
struct net_helper {
	pid_t pid;
	int pidfd;
	int socket;
};

#define NET_HELPER_NONE ((struct net_helper){ .pidfd = -1, .socket = -1 })

/*
 * Move the devices of NET into the network namespace NETNS. A failure moves
 * none. The helper stays with it: whatever ends us before net_keep(), even
 * SIGKILL, has it move them back.
 */
int net_move(const struct plan_net *net, int netns,
             struct net_helper *ret_helper, struct error *err);

/* They stay where they are now: nobody comes back to them. */
void net_keep(struct net_helper *helper);

/* Move them back, while their namespace is still there. */
void net_undo(struct net_helper *helper);
