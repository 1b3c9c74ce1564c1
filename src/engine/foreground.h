/* SPDX-License-Identifier: Apache-2.0 */
/* Stay with a process in the foreground: signals, terminal, its end. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct ready;

struct foreground {
	sigset_t mask; /* as it was */
	int signals;   /* signalfd, or -1 */
	bool reap;
	bool adopting; /* the caller was a subreaper before */
};

/*
 * Block all signals and read them from a descriptor instead; with REAP adopt
 * orphans. Undone by foreground_leave(), whatever happened in between.
 */
int foreground_enter(struct foreground *foreground, bool reap,
                     struct error *err);
void foreground_leave(struct foreground *foreground);

/* What is waited for. */
struct foreground_process {
	pid_t pid;
	int pidfd;
	int master;          /* its terminal, or -1 */
	struct ready *ready; /* passed on meanwhile; may be NULL */
};

int foreground_wait(struct foreground *foreground,
                    const struct foreground_process *process, int *ret_status,
                    struct error *err);
