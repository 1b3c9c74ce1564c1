/* SPDX-License-Identifier: Apache-2.0 */
/* A pair of terminals, for the tests of tty/. */
#pragma once

#include <check.h>
#include <fcntl.h>

#include "sys/tty.h"

static inline void pty_make(int *ret_master, int *ret_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(sys_pty_unlock(master), 0);
	*ret_slave = sys_pty_peer(master);
	ck_assert_int_ge(*ret_slave, 0);
	*ret_master = master;
}
