/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever ends below the shim is waited for here. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "shim/shim.h"
#include "sys/file.h"
#include "sys/process.h"

/* More than that are no processes that somebody will ask for. */
#define ORPHANS_MAX 1024

/* The exit status as shells and containerd count it. */
static int exit_status_of(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED ? info->si_status
	                                   : 128 + info->si_status;
}

static bool reaper_remove(struct orphan **list, pid_t pid, struct orphan *ret)
{
	for (; *list; list = &(*list)->next) {
		struct orphan *found = *list;

		if (found->pid != pid)
			continue;
		*list = found->next;
		*ret = *found;
		free(found);
		return true;
	}
	return false;
}

static void reaper_add(struct orphan **list, const struct orphan *orphan)
{
	struct orphan *copy = malloc(sizeof(*copy));

	if (!copy)
		return;
	*copy = *orphan;
	copy->next = *list;
	*list = copy;
}

/* Whatever is asked for was remembered not long ago: the first ones stay. */
static void reaper_drop(struct shim *shim, size_t keep)
{
	struct orphan **list = &shim->orphans;

	shim->orphans_count = 0;
	while (*list && shim->orphans_count < keep) {
		list = &(*list)->next;
		shim->orphans_count++;
	}
	while (*list) {
		struct orphan *gone = *list;

		*list = gone->next;
		free(gone);
	}
}

/* Many at once may end below a container whose pids are the host's. */
static void reaper_keep(struct shim *shim, const struct orphan *orphan)
{
	reaper_add(&shim->orphans, orphan);
	if (++shim->orphans_count > 2 * ORPHANS_MAX)
		reaper_drop(shim, ORPHANS_MAX);
}

void reaper_add_worker(struct shim *shim, pid_t pid)
{
	struct orphan worker = { .pid = pid };

	reaper_add(&shim->workers, &worker);
}

void reaper_expect(struct shim *shim)
{
	shim->starting++;
}

void reaper_settle(struct shim *shim)
{
	shim->starting--;
	if (!shim->starting)
		reaper_drop(shim, 0);
}

bool reaper_take_orphan(struct shim *shim, pid_t pid, int *ret_status,
                        struct timespec *ret_when)
{
	struct orphan found;

	if (!reaper_remove(&shim->orphans, pid, &found))
		return false;
	*ret_status = found.status;
	*ret_when = found.when;
	return true;
}

static void reaper_take(struct shim *shim, const siginfo_t *info)
{
	struct orphan ended = {
		.pid = info->si_pid,
		.status = exit_status_of(info),
	};
	struct process *process = process_of_pid(shim, ended.pid);
	struct orphan worker;

	clock_gettime(CLOCK_REALTIME, &ended.when);
	if (process)
		process_ended(process, ended.status, &ended.when);
	else if (!reaper_remove(&shim->workers, ended.pid, &worker) &&
	         shim->starting)
		reaper_keep(shim, &ended);
}

static void reaper_ready(struct loop_source *source, uint32_t events)
{
	struct shim *shim = loop_owner(source, struct shim, signals);
	struct signalfd_siginfo signals[8];
	ssize_t got = sys_read(source->fd, signals, sizeof(signals));
	size_t i;

	(void)events;
	for (i = 0; got > 0 && i < (size_t)got / sizeof(signals[0]); i++)
		if (signals[i].ssi_signo != SIGCHLD)
			daemon_end(shim);
	for (;;) {
		siginfo_t info = { .si_pid = 0 };

		if (sys_waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 ||
		    info.si_pid == 0)
			break;
		reaper_take(shim, &info);
	}
}

int reaper_open(struct shim *shim, struct error *err)
{
	sigset_t set;
	int result;

	/* Of SIGTERM the containers are to know nothing: they go on. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sys_set_signal_mask(&set, NULL);
	shim->signals.fd = sys_signalfd(&set);
	shim->signals.events = EPOLLIN;
	shim->signals.ready = reaper_ready;
	result = shim->signals.fd;
	if (result >= 0)
		result = loop_add(&shim->loop, &shim->signals);
	if (result < 0)
		return error_system(err, result, "wait for signals");
	return 0;
}
