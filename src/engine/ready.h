/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3): the container tells the caller's service manager it is ready. */
#pragma once

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "store/store.h"

/*
 * Where NOTIFY_SOCKET is set at create, the container gets a directory of its
 * own, read-only, for a socket that is bound in it by whoever starts the
 * program and goes on listening: run in the foreground until the end, run
 * --detach and start until the container is ready. What comes is passed on.
 */
struct ready {
	int socket; /* the container's end is bound to it, or -1 */
	int host;   /* connected to $NOTIFY_SOCKET, or -1 */
};

#define auto_ready cleanup_with(ready_close)
#define READY_NONE ((struct ready){ .socket = -1, .host = -1 })

/* $NOTIFY_SOCKET, or NULL where that is unset or empty. */
const char *ready_wanted(void);

/* The directory for the socket, in the container's. */
int ready_make_dir(const struct store_dir *dir, struct error *err);

/*
 * Bind and connect. Nothing is done where the container has no such directory
 * or $NOTIFY_SOCKET is not set.
 */
int ready_listen(const struct store_dir *dir, struct ready *ret_ready,
                 struct error *err);
void ready_close(struct ready *ready);

/*
 * Pass one message on. What it says of process ids is left out, for they are
 * the container's own. Returns 1 if it said READY=1, else 0.
 */
int ready_pass(const struct ready *ready);

/*
 * Pass on until it is ready, then say that PID is the main process and wait
 * until that has been understood; or until the process behind PIDFD ends.
 */
void ready_wait(const struct ready *ready, pid_t pid, int pidfd);
