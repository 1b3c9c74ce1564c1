/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard input, output and error of one process, as containerd names them:
 * FIFOs (which the payload itself holds: nothing is copied), files, loggers,
 * or a terminal, whose bytes the shim does copy. SIGPIPE has to be ignored.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "loop/loop.h"

/* As in the request; NULL or empty: not connected. */
struct io_paths {
	const char *in;
	const char *out; /* PATH, fifo://PATH, file://PATH, binary://PATH?k=v */
	const char *err;
	bool terminal;
};

struct io_owner {
	/* Of binary loggers: what they are told of the container. */
	const char *container;
	const char *namespace_;
	uid_t uid; /* who may reopen the payload's ends (io_uid), or -1 */
	gid_t gid;
	/* How long a logger may take to get ready, and to end; 0: long enough. */
	uint64_t logger_ready_ms;
	uint64_t logger_end_ms;
};

struct io;

/* RESULT 0, or a negative errno with ERR: IO is then to be closed. */
typedef void io_ready(void *context, int result, const struct error *err);

/*
 * Open what PATHS name, without waiting for any other end. Only a logger has to
 * get ready first: READY is called once, from the loop or before this returns.
 * Everything else the shim may hold meanwhile.
 */
struct io *io_open(struct loop *loop, const struct io_paths *paths,
                   const struct io_owner *owner, io_ready *ready,
                   void *context);

/*
 * After READY: the payload's descriptors 0, 1 and 2; -1 stands for /dev/null,
 * and for all three with a terminal. They stay io's.
 */
void io_payload_fds(const struct io *io, int ret_fds[3]);
/* The payload holds them now (or never will): drop the shim's copies. */
void io_handed_over(struct io *io);
/*
 * With a terminal: its master, io's from now on, also if this fails. Copying
 * begins. Before io_finish().
 */
int io_take_terminal(struct io *io, int master, struct error *err);
int io_resize(struct io *io, uint16_t width, uint16_t height,
              struct error *err);
/* The client has no more input: the payload reads the end of its file. */
void io_close_stdin(struct io *io);
/*
 * The process has ended: what the shim holds of its output goes as soon as
 * everything is copied. DRAINED is called once, from the loop or before this
 * returns: at the latest after MS milliseconds, when a grandchild still holds
 * an end.
 */
void io_finish(struct io *io, uint64_t ms, void (*drained)(void *context),
               void *context);
/*
 * NULL is nothing. A logger is told to end, and ended if it does not; like each
 * child of the shim it is collected by whoever does that.
 */
void io_close(struct io *io);
