/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

/* TIOCSPTLCK: the other end of MASTER may be opened. */
int sys_pty_unlock(int master);
/* TIOCGPTPEER (Linux 4.13): the other end of MASTER, by no path. */
int sys_pty_peer(int master);
/* TIOCGPTN: N of /dev/pts/N. */
int sys_pty_number(int master);
int sys_tty_set_size(int tty, uint16_t rows, uint16_t columns);
int sys_tty_get_size(int tty, uint16_t *ret_rows, uint16_t *ret_columns);
/* TIOCSCTTY: TTY becomes the controlling terminal of this session. */
int sys_tty_take(int tty);
int sys_tty_get(int tty, struct termios *ret_settings);
/* TCSADRAIN. */
int sys_tty_set(int tty, const struct termios *settings);
