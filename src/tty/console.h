/* SPDX-License-Identifier: Apache-2.0 */
/* A container's pseudo-terminal: made inside it, handed to the caller. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Who calls what: the parent connects to --console-socket before it clones,
 * so that a bad path costs nothing. Init opens the pair in the container's
 * own devpts and sends the master to the parent, which passes it on or
 * relays it itself. All but the two socket functions are safe between clone
 * and exec.
 */

/*
 * Connect to the unix stream socket PATH; longer than sun_path is fine. NULL:
 * a copy of GIVEN, which is connected.
 */
int tty_connect_console(const char *path, int given, int *ret_fd,
                        struct error *err);

/*
 * One message: the slave's name ("/dev/pts/0") with MASTER as its only
 * descriptor. The caller closes both.
 */
int tty_send_console(int socket, int master, struct error *err);

struct tty_console {
	int root;      /* O_PATH of the container's root directory */
	uint16_t rows; /* both 0: leave the size alone */
	uint16_t columns;
	uid_t uid; /* becomes the slave's owner, as the caller sees uids */
};

/*
 * A new pair of the devpts that is mounted at /dev/pts below WANT->root,
 * whatever symbolic links the image put there: what is found is verified to
 * be devpts, and the slave is opened through the master, by no name.
 */
int tty_open_console(const struct tty_console *want, int *ret_master,
                     int *ret_slave, struct error *err);

#define TTY_NAME_SIZE 32

/* "/dev/pts/N" for the slave of MASTER. */
int tty_name(int master, char ret_name[TTY_NAME_SIZE], struct error *err);

/*
 * Make SLAVE the controlling terminal of this session (setsid was called)
 * and descriptors 0, 1 and 2. SLAVE itself stays open, close-on-exec.
 */
int tty_become_controlling(int slave, struct error *err);
