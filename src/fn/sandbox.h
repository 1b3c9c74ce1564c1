/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container in which a function's runtime asks for work: librunf makes it, the
 * Runtime API (2018-06-01) is served on 127.0.0.1:9001 of its own network
 * namespace.
 */
#pragma once

#include <runf/runf.h>
#include <stdbool.h>

#include "base/log.h"
#include "fn/function.h"
#include "fn/invocation.h"
#include "loop/loop.h"

/* What all sandboxes of a program share. */
struct sandbox_host {
	struct loop *loop;
	const char *root;  /* of the functions */
	const char *state; /* of the containers: /run/runf-fn */
	struct log log;
	bool no_boost;     /* the quota holds from the beginning */
	int log_fd;        /* where the functions' own stdout and stderr go */
	struct http *http; /* the Runtime API of all of them */
	/* The sandboxes' own. */
	struct runf *runf;
	struct sandbox *sandboxes;
	char *containers; /* STATE/containers */
	int null_fd;
	unsigned int boosted; /* that initialize without a quota now */
	unsigned int boosted_max;
	bool closing;
};

enum sandbox_state {
	SANDBOX_CREATING,
	SANDBOX_CREATED, /* ready, but nothing of the function has run */
	SANDBOX_INIT,    /* started; `next` has not been asked for yet */
	SANDBOX_IDLE,    /* waits in `next` */
	SANDBOX_FROZEN,  /* the same, and frozen */
	SANDBOX_BUSY,
	SANDBOX_GONE, /* being deleted */
};

struct sandbox;

struct sandbox_owner {
	/* Each new state, from the loop. With GONE it must not be used again. */
	void (*changed)(struct sandbox *sandbox, void *context);
	void *context;
};

/*
 * The program becomes a subreaper. Containers are kept in STATE/containers,
 * where the runtime's own commands find them (--root).
 */
int sandbox_host_open(struct sandbox_host *host, struct error *err);
/* End them all; runs the loop until they are gone. */
void sandbox_host_close(struct sandbox_host *host);

/*
 * Make one for FUNCTION (copied). It comes to SANDBOX_CREATED and stays there
 * until it is started, or goes to GONE, with the reason in sandbox_error().
 */
int sandbox_new(struct sandbox_host *host, const struct function *function,
                const struct sandbox_owner *owner, struct sandbox **ret_sandbox,
                struct error *err);
/* From CREATED: run the runtime, so that it initializes. */
void sandbox_start(struct sandbox *sandbox);
/*
 * CREATING, CREATED, INIT, IDLE or FROZEN: do INVOCATION, which is not taken by another.
 * It ends with invocation->done(), whatever happens; after anything but OK and
 * an ordinary error of the function the sandbox goes.
 */
void sandbox_invoke(struct sandbox *sandbox, struct invocation *invocation);
/* From IDLE; thawed by the next invocation. */
void sandbox_freeze(struct sandbox *sandbox);
/* Kill and delete; what it was doing ends with an error. */
void sandbox_end(struct sandbox *sandbox);

enum sandbox_state sandbox_state(const struct sandbox *sandbox);
const struct function *sandbox_function(const struct sandbox *sandbox);
const struct error *sandbox_error(const struct sandbox *sandbox);
