/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal of a process that a worker starts. */
#include "shim/console.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "sys/socket.h"

/* A socket on which the library sends the terminal's master to ourselves. */
int console_open(const struct job *job, int ret_pair[2], struct runf_error *err)
{
	ret_pair[0] = ret_pair[1] = -1;
	if (!job->process->paths.terminal)
		return 0;
	if (sys_socketpair(SOCK_STREAM, ret_pair) == 0)
		return 0;
	err->code = -EMFILE;
	err->kind = RUNF_ERROR_SYSTEM;
	snprintf(err->text, sizeof(err->text), "make a console socket");
	return err->code;
}

/* The library has sent it before it returned. */
void console_take(int pair[2], struct worker_answer *answer)
{
	char name[256];
	size_t count = 1;

	if (pair[0] < 0)
		return;
	if (sys_receive_fds(pair[0], name, sizeof(name), &answer->fd, &count) <
	            0 ||
	    count == 0)
		answer->fd = -1;
}
