/* SPDX-License-Identifier: Apache-2.0 */
/* exec's process: into the container, and on to the program. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>

#include "base/fd.h"
#include "engine/execution.h"
#include "engine/sync.h"
#include "ns/ns.h"
#include "proc/proc.h"
#include "rootfs/rootfs.h"
#include "sys/file.h"
#include "sys/ns.h"
#include "sys/process.h"
#include "tty/console.h"

/*
 * The parent has joined the pid namespace for us. Root of the host may enter
 * all others from outside and the user namespace last; somebody else gets
 * his power only from the user namespace, so that comes first.
 */
static int exec_join(const struct execution *x, struct error *err)
{
	int others = x->namespaces & ~(CLONE_NEWPID | CLONE_NEWUSER);
	int user = x->namespaces & CLONE_NEWUSER;
	int first = x->facts.uid == 0 ? others : user;
	int second = x->facts.uid == 0 ? user : others;
	int result = 0;

	if (first)
		result = sys_setns(x->found.pidfd, first);
	if (result == 0 && second)
		result = sys_setns(x->found.pidfd, second);
	if (result < 0)
		return error_system(err, result,
		                    "join the container's namespaces");
	if (x->root >= 0) {
		result = sys_fchdir(x->root);
		if (result == 0)
			result = sys_chroot(".");
		if (result < 0)
			return error_system(err, result,
			                    "enter the container's root");
	}
	return 0;
}

static int exec_terminal(const struct execution *x, struct error *err)
{
	auto_close int root =
		sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	auto_close int master = -1;
	auto_close int slave = -1;
	struct tty_console want = {
		.root = root,
		.rows = x->process->rows,
		.columns = x->process->columns,
		.uid = x->process->uid,
	};
	int result;

	if (root < 0)
		return error_system(err, root, "open the container's root");
	result = tty_open_console(&want, &master, &slave, err);
	if (result < 0)
		return result;
	result = sync_send(x->sync[1], SYNC_CONSOLE, 0, master);
	if (result < 0)
		return error_system(err, result, "hand over the terminal");
	return tty_become_controlling(slave, err);
}

static int exec_lsm(const struct execution *x, struct error *err)
{
	static const struct plan nothing;
	struct rootfs rootfs;
	int procfs;

	if (!x->process->apparmor && !x->process->selinux)
		return 0;
	rootfs_begin(&rootfs, &nothing, NULL);
	procfs = rootfs_proc(&rootfs, err);
	return procfs < 0 ? procfs : proc_set_lsm(procfs, x->process, err);
}

/* PID is how the parent sees it: who is told of the filter sees the same. */
static int exec_filter(const struct execution *x, pid_t pid, struct error *err)
{
	struct listener_who who = {
		.pid = pid,
		.init = (pid_t)x->found.record.pid,
		.status = STATUS_RUNNING,
	};
	int result = listener_install(&x->listener, &x->seccomp, &who, err);

	return result < 0 ? result : proc_drop_held(x->process, err);
}

static int exec_become(const struct execution *x, char *path, char *home,
                       struct error *err)
{
	int result = proc_prepare(x->process, err);

	if (result == 0 && x->process->terminal)
		result = exec_terminal(x, err);
	else if (result == 0)
		result = proc_own_stdio(x->process, err);
	if (result == 0)
		result = exec_lsm(x, err);
	if (result == 0)
		result = proc_set_rlimits(0, x->process, err);
	if (result == 0)
		result = proc_close_fds(x->process, err);
	if (result < 0)
		return result;
	proc_home(x->process, home);
	result = proc_become(x->process, err);
	if (result == 0)
		result = proc_find_program(x->process, path, err);
	return result;
}

static int exec_run(const struct execution *x, struct error *err)
{
	char home[PROC_HOME_SIZE];
	char path[PATH_MAX];
	pid_t pid = 0;
	int result = 0;

	home[0] = '\0';
	sys_set_pdeathsig(SIGKILL);
	sys_reset_signals();
	/* Before the first namespace is joined: CVE-2016-9962. */
	if (x->facts.uid == 0)
		result = sys_set_dumpable(0);
	if (result < 0)
		return error_system(err, result, "become undumpable");
	result = exec_join(x, err);
	if (result == 0)
		result = exec_become(x, path, home, err);
	if (result == 0)
		result = sync_expect(x->sync[1], SYNC_GO, &pid, err);
	if (result == 0) {
		sys_set_pdeathsig(0);
		if (x->process->no_new_privs)
			result = proc_no_new_privs(err);
	}
	if (result == 0)
		result = exec_filter(x, pid, err);
	return result < 0 ? result : proc_exec(x->process, path, home, err);
}

void execution_child(const struct execution *x)
{
	struct error err = { .code = 0 };

	sys_close(x->sync[0]);
	sys_close(x->found.dir.fd);
	sys_close(x->engine->store.fd);
	sys_close(x->engine->self_mount);
	sys_close(x->console);
	exec_run(x, &err);
	sync_send_error(x->sync[1], &err);
	sys_exit(1);
}
