/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle whose configuration has what a scenario asks for. */
#pragma once

#include <sys/types.h>

enum bundle_with {
	BUNDLE_WAITING = 1 << 0, /* the program waits to be killed */
	BUNDLE_SECCOMP = 1 << 1,
	BUNDLE_USER = 1 << 2,  /* a new user namespace */
	BUNDLE_HOOKS = 1 << 3, /* one of each kind */
	BUNDLE_BINDS = 1 << 4, /* a tree, a file, a tmpfs with content */
	BUNDLE_TERMINAL = 1 << 5,
	BUNDLE_LIMITS = 1 << 6,    /* memory, pids, devices */
	BUNDLE_JOIN_NET = 1 << 7,  /* the network namespace of this process */
	BUNDLE_JOIN_PID = 1 << 8,  /* the pid namespace of this process */
	BUNDLE_JOIN_USER = 1 << 9, /* another user namespace, and its network */
	BUNDLE_PRIVILEGES = 1 << 10, /* no no_new_privs: seccomp early */
	BUNDLE_ROOT = 1 << 11,       /* the root is handed over as mounts */
	BUNDLE_UNIT = 1 << 12,       /* of systemd, named as the id */
};

/*
 * All below one new directory of /tmp: bundle/, with rootfs/ and config.json,
 * and root/ for the state.
 */
struct bundle {
	char top[64];
	char bundle[80];
	char rootfs[96];
	char state[80];
	char console[96]; /* a socket that somebody listens at */
	pid_t holder;     /* who is in the other user namespace, or 0 */
	unsigned int with;
};

/* Make it for the program PAYLOAD. Exits on failure, as all of these. */
void bundle_make(struct bundle *ret_bundle, const char *payload,
                 unsigned int with);
/* A new rootfs, with nothing in it but the program. */
void bundle_refresh(const struct bundle *bundle);
void bundle_remove(const struct bundle *bundle);
