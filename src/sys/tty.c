/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals. */
#include "sys/tty.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/internal.h"

int sys_pty_unlock(int master)
{
	int locked = 0;

	return (int)SYS_RESULT(ioctl(master, TIOCSPTLCK, &locked));
}

int sys_pty_peer(int master)
{
	return (int)SYS_RESULT(
		ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

int sys_pty_number(int master)
{
	unsigned int number;

	if (ioctl(master, TIOCGPTN, &number) < 0)
		return -errno;
	return (int)number;
}

int sys_tty_set_size(int tty, uint16_t rows, uint16_t columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	return (int)SYS_RESULT(ioctl(tty, TIOCSWINSZ, &size));
}

int sys_tty_get_size(int tty, uint16_t *ret_rows, uint16_t *ret_columns)
{
	struct winsize size;

	if (ioctl(tty, TIOCGWINSZ, &size) < 0)
		return -errno;
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
	return 0;
}

int sys_tty_take(int tty)
{
	return (int)SYS_RESULT(ioctl(tty, TIOCSCTTY, 0));
}

int sys_tty_get(int tty, struct termios *ret_settings)
{
	return (int)SYS_RESULT(tcgetattr(tty, ret_settings));
}

int sys_tty_set(int tty, const struct termios *settings)
{
	return (int)SYS_RETRY(tcsetattr(tty, TCSADRAIN, settings));
}
