/* SPDX-License-Identifier: Apache-2.0 */
/* A process that makes namespaces for init while init mounts. */
#include "engine/maker.h"

#include <errno.h>
#include <signal.h>

#include "base/fd.h"
#include "engine/sync.h"
#include "sys/helper.h"
#include "sys/process.h"

int maker_start(int flags, int socket, struct maker *ret_maker,
                struct error *err)
{
	const struct sys_ns_maker task = {
		.flags = flags,
		.socket = socket,
		.word = SYNC_NAMESPACES,
	};
	int pidfd = -1;
	pid_t pid = sys_spawn_ns_maker(&task, &pidfd);

	if (pid < 0)
		return error_system(err, pid, "start the namespaces' maker");
	*ret_maker = (struct maker){ .pid = pid, .pidfd = pidfd };
	return 0;
}

int maker_collect(struct maker *maker, struct error *err)
{
	siginfo_t info = { .si_code = 0 };
	int result;

	if (maker->pid <= 0)
		return 0;
	result = sys_waitid(P_PIDFD, (id_t)maker->pidfd, &info, WEXITED);
	fd_close(&maker->pidfd);
	maker->pid = 0;
	if (result < 0)
		return error_system(err, result,
		                    "wait for the namespaces' maker");
	if (info.si_code != CLD_EXITED)
		return error_set(
			err, ERROR_INTERNAL, -EPIPE,
			"the namespaces' maker was killed by signal %d",
			info.si_status);
	return 0;
}

void maker_end(struct maker *maker)
{
	struct error ignored;

	if (maker->pid > 0)
		sys_pidfd_send_signal(maker->pidfd, SIGKILL);
	maker_collect(maker, &ignored);
}
