/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's side of a relay: borrowed descriptors, given back as found. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/cleanup.h"

/*
 * O_NONBLOCK belongs to the open file description, which a shell and the
 * rest of a pipeline share: they would see EAGAIN. So terminals and pipes
 * are opened once more; where that fails the flag is set and taken back.
 */
struct tty_end {
	int fd;    /* to use; -1: there is none */
	bool own;  /* FD is another description: close it */
	int flags; /* to give back; -1: nothing was changed */
};

void tty_end_open(struct tty_end *end, int fd, int access);
void tty_end_close(struct tty_end *end);

/* A terminal in raw mode; FD is -1 if it is none. */
struct tty_raw {
	int fd;
	struct termios before;
};

void tty_raw_enter(struct tty_raw *raw, int fd);
void tty_raw_leave(struct tty_raw *raw);

#define auto_tty_end cleanup_with(tty_end_close)
#define auto_tty_raw cleanup_with(tty_raw_leave)
