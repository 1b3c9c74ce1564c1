/* SPDX-License-Identifier: Apache-2.0 */
/* Stay with a process in the foreground: signals, terminal, its end. */
#include "engine/foreground.h"

#include <unistd.h>

#include "base/fd.h"
#include "engine/ready.h"
#include "sys/process.h"
#include "tty/relay.h"

int foreground_enter(struct foreground *foreground, bool reap,
                     struct error *err)
{
	sigset_t all;

	sigfillset(&all);
	foreground->reap = reap;
	foreground->signals = sys_signalfd(&all);
	if (foreground->signals < 0)
		return error_system(err, foreground->signals, "make signalfd");
	sys_set_signal_mask(&all, &foreground->mask);
	foreground->adopting = sys_get_child_subreaper() > 0;
	if (reap)
		sys_set_child_subreaper(1);
	return 0;
}

void foreground_leave(struct foreground *foreground)
{
	fd_close(&foreground->signals);
	sys_set_signal_mask(&foreground->mask, NULL);
	if (foreground->reap && !foreground->adopting)
		sys_set_child_subreaper(0);
}

static void foreground_pass(void *ready)
{
	ready_pass(ready);
}

int foreground_wait(struct foreground *foreground,
                    const struct foreground_process *process, int *ret_status,
                    struct error *err)
{
	bool terminal = process->master >= 0;
	bool notified = process->ready && process->ready->socket >= 0;
	struct tty_session session = {
		.pid = process->pid,
		.pidfd = process->pidfd,
		.signals = foreground->signals,
		.master = process->master,
		.watched = notified ? process->ready->socket : -1,
		.watch = foreground_pass,
		.context = process->ready,
		.in = terminal ? STDIN_FILENO : -1,
		.out = terminal ? STDOUT_FILENO : -1,
		.reap = foreground->reap,
	};

	return tty_wait(&session, ret_status, err);
}
