/* SPDX-License-Identifier: Apache-2.0 */
/* The foreground: stay with a process until it ends. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct tty_session {
	pid_t pid; /* a child of this process */
	int pidfd;
	/*
	 * sys_signalfd() of the signals that the caller has blocked: all,
	 * for nothing that is delivered otherwise can be passed on.
	 */
	int signals;
	int master; /* the process's terminal, or -1; its owner is the caller */
	int in;     /* what is typed, or -1; used with a terminal only */
	int out;    /* what is shown, or -1 */
	bool reap;  /* collect every other child too (child subreaper) */
	/* Called with CONTEXT whenever WATCHED is readable; NULL: nothing. */
	void (*watch)(void *context);
	void *context;
	int watched;
};

/*
 * Wait for the process and collect it: *RET_STATUS is its exit status, or
 * 128 + N after signal N. Meanwhile every signal but SIGCHLD, SIGPIPE and
 * SIGURG is passed on to it.
 *
 * With a terminal, IN is put into raw mode (and back, whatever happens),
 * SIGWINCH sets the size instead of being passed on, and bytes are copied
 * both ways. No descriptor that is shared with others becomes non-blocking
 * where that can be avoided, and a side that does not read stops nothing
 * else. What the process wrote before it ended is still delivered: if OUT
 * takes it slowly that takes its time, but SIGHUP, SIGINT, SIGQUIT and
 * SIGTERM then end the wait.
 */
int tty_wait(const struct tty_session *session, int *ret_status,
             struct error *err);
