/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever answers a filter's notifications, and what they are told. */
#pragma once

#include <sys/types.h>

#include "engine/state.h"
#include "seccomp/seccomp.h"

/*
 * The agent gets one connection for each process: one message, the container
 * process state, with the filter's listener, and then its end. The parent
 * connects before anything is made; the process that loads the filter holds
 * the socket until then, which may be long after the parent has gone.
 */
struct listener {
	int socket; /* connected, or -1: nothing notifies */
	const char *head;
	struct state_text state;
	char *buffer;
	size_t size;
};

#define LISTENER_NONE ((struct listener){ .socket = -1 })

/* FACTS are of the container. Nothing is done where nothing notifies. */
int listener_connect(struct arena *arena, const struct plan_seccomp *plan,
                     const struct state_facts *facts,
                     struct listener *ret_listener, struct error *err);

/* Whose filter it is, as the agent sees them. */
struct listener_who {
	pid_t pid;  /* of the process */
	pid_t init; /* of the container */
	enum status status;
};

/*
 * seccomp_install(), by the process itself. A call that needs the agent's
 * answer can be made when this returns. Allocates nothing.
 */
int listener_install(const struct listener *listener,
                     const struct seccomp_program *program,
                     const struct listener_who *who, struct error *err);
