/* SPDX-License-Identifier: Apache-2.0 */
/* What the stages of a container's making say to each other. */
#pragma once

#include <stdint.h>

#include "base/error.h"

/*
 * One SOCK_SEQPACKET pair, parent (and the namespaces' maker) at one end,
 * bridge and init at the other.
 * Its end closes by execve: the parent reads end-of-file and knows that the
 * program runs (or that init died, which it sees by other means).
 *
 *   who            message            meaning
 *   ------         -------            -------
 *   parent         SYNC_IDMAP         the user namespace has its maps
 *   bridge         SYNC_CHILD         value: init's pid; I am going
 *   parent         SYNC_CHILD         to init behind a bridge: I know you
 *   init           SYNC_CONSOLE       one descriptor: the pty's master
 *   init           SYNC_RUN_HOOKS     my namespaces stand, nothing is mounted
 *                                     over the host yet: run yours
 *   parent         SYNC_HOOKS_RAN
 *   parent         SYNC_CGROUP        you are in every cgroup you shall be in
 *   maker          SYNC_NAMESPACES    value: 0, or why there are none; a
 *                                     descriptor of the network's, then ipc's
 *   parent         SYNC_MOUNTS        a descriptor of each mount made beside
 *   parent         SYNC_GO            limits, devices and record are in place;
 *                                     value: the pid of whom it goes to
 *   init           SYNC_READY         all is done but what `start` asks for
 *   bridge, init   SYNC_ERROR         the error object; the sender ends
 *
 * SYNC_GO may be sent long before init waits for it: then it does not wait.
 * SYNC_READY is sent only when there is a gate (create, not run).
 */
enum sync_type {
	SYNC_IDMAP = 1,
	SYNC_CHILD,
	SYNC_CONSOLE,
	SYNC_RUN_HOOKS,
	SYNC_HOOKS_RAN,
	SYNC_CGROUP,
	SYNC_NAMESPACES,
	SYNC_MOUNTS,
	SYNC_GO,
	SYNC_READY,
	SYNC_ERROR,
};

struct sync_message {
	enum sync_type type;
	int32_t value;
	struct error error; /* SYNC_ERROR only */
};

/* FD is sent along unless it is negative. 0, or a negative errno. */
int sync_send(int socket, enum sync_type type, int32_t value, int fd);
/* With COUNT descriptors, at most SYNC_FDS_MAX. */
int sync_send_fds(int socket, enum sync_type type, const int *fds,
                  size_t count);

/*
 * Send TYPE with VALUE. 0 also if the peer is gone: its last words, or its end,
 * say why. Any other failure would have it wait for ever.
 */
int sync_tell(int socket, enum sync_type type, int32_t value,
              struct error *err);

/* ERR goes over as it is. Failure is not reported: there is nobody left. */
void sync_send_error(int socket, const struct error *err);

/* As many descriptors as a message can have. */
#define SYNC_FDS_MAX 4

/*
 * The next message. Returns 1, 0 at end-of-file, or a negative errno.
 * RET_FDS (SYNC_FDS_MAX of them, or NULL) receive the descriptors that came;
 * the others are -1.
 */
int sync_receive(int socket, struct sync_message *ret_message, int *ret_fds);

/*
 * Wait for a message of TYPE; anything else is an error. End-of-file means
 * that the peer is gone: -EPIPE. RET_VALUE may be NULL.
 */
int sync_expect(int socket, enum sync_type type, int32_t *ret_value,
                struct error *err);
