/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint and restore: CRIU as a child that is asked by its RPC. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "plan/criu.h"

/*
 * `criu swrk FD` serves the connected SOCK_SEQPACKET socket FD: one request,
 * while it works on that notifications which have to be answered, and one
 * response; then it ends. A build without protobuf-c has all of this, but it
 * answers with ERROR_UNSUPPORTED.
 */

/* True if this build can speak to CRIU at all. */
bool criu_is_built_in(void);

/* How the program is found and what it runs in. */
struct criu_program {
	const char *path; /* criu_find() */
	char *const *env; /* with a PATH: it calls ip, tar and iptables */
};

/*
 * WANTED (NULL: "criu") as a path: looked up in PATH unless it has a slash.
 * ERROR_UNSUPPORTED, which names the package, if there is none.
 */
int criu_find(struct arena *arena, const char *wanted,
              struct criu_program *ret_program, struct error *err);

/* Its version as in CRIU_VERSION. */
int criu_ask_version(struct arena *arena, const struct criu_program *program,
                     int *ret_version, struct error *err);

/* What this kernel and CRIU can do together. */
struct criu_features {
	bool memory_tracking;
	bool lazy_pages;
};

int criu_ask_features(struct arena *arena, const struct criu_program *program,
                      struct criu_features *ret_features, struct error *err);

/* A descriptor in place of what KEY names in the images. */
struct criu_inherit {
	const char *key;
	int fd;
};

/*
 * The request: what was decided, and what is so at this moment. Descriptors
 * are the caller's; CRIU gets them under the same numbers.
 */
struct criu_request {
	const struct plan_criu *plan;
	pid_t pid;          /* to be dumped */
	mode_t umask;       /* for the images: they hold what was in memory */
	const char *images; /* directories */
	const char *work;
	const char *log;       /* name of a file in WORK */
	const char *config;    /* a file of options of its own, or NULL */
	const char **external; /* "mnt[/data]:/srv/data" */
	size_t external_count;
	const struct criu_inherit *inherit;
	size_t inherit_count;
	/*
	 * CRIU, and so what it restores, sees nothing above the cgroup that
	 * `started` has moved it to.
	 */
	bool cgroup_namespace;
};

enum criu_event {
	CRIU_SETUP_NAMESPACES, /* pid: init, whose namespaces are empty */
	CRIU_POST_RESTORE,     /* pid: init; nothing of it runs yet */
	CRIU_ORPHAN_TERMINAL, /* fd: master of a terminal whose owner is gone */
	CRIU_OTHER,
};

/*
 * Who is told meanwhile. Failure makes CRIU give up; its cause is the error
 * of the whole. FD, -1 but for terminals, is closed afterwards. `started`,
 * if not NULL, comes before all else: pid is CRIU's, which waits for it.
 */
struct criu_listener {
	int (*notify)(void *context, enum criu_event event, pid_t pid, int fd,
	              struct error *err);
	int (*started)(void *context, pid_t pid, struct error *err);
	void *context;
};

/* CRIU could not do it, for reasons that its log tells best. */
#define CRIU_FAILED (-EREMOTEIO)

/*
 * Have it done. *RET_PID is init's where something is restored: a child of
 * this process. CRIU_FAILED, the listener's error, or that CRIU could not be
 * spoken to.
 */
int criu_run(struct arena *arena, const struct criu_program *program,
             const struct criu_request *request,
             const struct criu_listener *listener, pid_t *ret_pid,
             struct error *err);
