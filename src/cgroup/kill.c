/* SPDX-License-Identifier: Apache-2.0 */
/* Signals for all processes of a container. */
#include <errno.h>
#include <signal.h>

#include "base/fd.h"
#include "cgroup/internal.h"
#include "sys/file.h"
#include "sys/process.h"

/* Processes whose descriptors are open at the same time. */
#define BATCH 64

/*
 * A number read from cgroup.procs may belong to another process by the time
 * it is used. So each is made a descriptor first, and signalled only if the
 * number is in the cgroup still: then the descriptor is of that process.
 */
static int signal_batch(int dir, const int32_t *pids, size_t count, int signal)
{
	auto_arena struct arena arena = { 0 };
	struct pid_list now = { .arena = &arena };
	int fds[BATCH];
	int result;
	size_t i;

	for (i = 0; i < count; i++)
		fds[i] = sys_pidfd_open(pids[i]);
	result = pid_list_read(&now, dir);
	pid_list_sort(&now);
	for (i = 0; i < count; i++) {
		if (result == 0 && fds[i] >= 0 && pid_list_has(&now, pids[i]))
			result = sys_pidfd_send_signal(fds[i], signal);
		if (result == -ESRCH)
			result = 0;
		fd_close(&fds[i]);
	}
	return result;
}

/* Returns how many there were. */
static int signal_all(int dir, int signal)
{
	auto_arena struct arena arena = { 0 };
	struct pid_list list = { .arena = &arena };
	int result = pid_list_read(&list, dir);
	size_t done = 0;

	pid_list_sort(&list);
	while (result == 0 && done < list.count) {
		size_t left = list.count - done;
		size_t count = left < BATCH ? left : BATCH;

		result = signal_batch(dir, list.pids + done, count, signal);
		done += count;
	}
	return result < 0 ? result : (int)list.count;
}

/* Frozen processes do not fork; without a freezer, until none is left. */
static int kill_one_by_one(const struct plan_cgroup_dir *plan, int dir)
{
	uint64_t started = 0;
	int result;

	if (dir_freeze(plan, dir, true) == 0) {
		result = signal_all(dir, SIGKILL);
		dir_freeze(plan, dir, false);
		return result < 0 ? result : 0;
	}
	do
		result = signal_all(dir, SIGKILL);
	while (result > 0 && cgroup_pause(&started));
	return result > 0 ? -ETIMEDOUT : result;
}

int dir_kill(const struct plan_cgroup_dir *plan, int dir)
{
	/* Since Linux 5.14. */
	if (dir_is_v2(plan) && sys_write_file(dir, "cgroup.kill", "1") == 0)
		return 0;
	return kill_one_by_one(plan, dir);
}

int cgroup_kill(const struct plan_cgroup *plan, int signal, struct error *err)
{
	const struct plan_cgroup_dir *main;
	auto_close int dir = -1;
	int result = cgroup_need_main_dir(plan, &main, err);

	if (result < 0)
		return result;
	dir = dir_open(main);
	if (cgroup_is_gone(dir))
		return 0;
	if (dir < 0)
		result = dir;
	else if (signal == SIGKILL)
		result = dir_kill(main, dir);
	else
		result = signal_all(dir, signal);
	if (result < 0)
		return error_system(err, result,
		                    "send signal %d to cgroup %s%s", signal,
		                    main->mount, main->path);
	return 0;
}
