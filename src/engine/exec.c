/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a running container. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "engine/creation.h"
#include "engine/execution.h"
#include "engine/foreground.h"
#include "engine/later.h"
#include "engine/spawn.h"
#include "engine/sync.h"
#include "ns/ns.h"
#include "oci/oci.h"
#include "plan/decide.h"
#include "probe/probe.h"
#include "proc/proc.h"
#include "rdt/rdt.h"
#include "sys/file.h"
#include "sys/ns.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "tty/console.h"

static void execution_begin(struct execution *x, struct engine *engine,
                            const struct runf_exec_options *options)
{
	memset(x, 0, sizeof(*x));
	x->engine = engine;
	x->options = options;
	x->found = FOUND_NONE;
	x->cgroup = CGROUP_NONE;
	x->root = -1;
	x->console = -1;
	x->listener = LISTENER_NONE;
	x->master = -1;
	x->sync[0] = -1;
	x->sync[1] = -1;
	x->pidfd = -1;
}

/* A process that did not come to its program is ended; nothing else is. */
static void execution_end(struct execution *x)
{
	fd_close(&x->sync[0]);
	fd_close(&x->sync[1]);
	if (x->pid > 0)
		spawn_end(x->pid, x->pidfd);
	fd_close(&x->pidfd);
	cgroup_close(&x->cgroup);
	fd_close(&x->root);
	fd_close(&x->console);
	fd_close(&x->listener.socket);
	fd_close(&x->master);
	lifecycle_release(&x->found);
	arena_release(&x->arena);
}

#define auto_execution cleanup_with(execution_end)

static int execution_find(struct execution *x, const char *id,
                          struct error *err)
{
	const struct runf_exec_options *o = x->options;
	int result = later_find(x->engine, &x->arena, id, STORE_UNLOCKED,
	                        &x->found, err);

	if (result < 0)
		return result;
	if (x->found.status == STATUS_PAUSED && o->ignore_paused)
		return 0;
	return lifecycle_check(VERB_EXEC, x->found.status, id, err);
}

static int execution_check(const struct execution *x, struct error *err)
{
	const struct runf_exec_options *o = x->options;
	bool console = o->console_socket || o->console_fd > 0;

	if (!x->engine->self_protected)
		return error_set(
			err, ERROR_INTERNAL, -EPERM,
			"the program is not protected against being overwritten through /proc/self/exe");
	if (console && !x->process->terminal)
		return error_set(
			err, ERROR_USAGE, -EINVAL,
			"--console-socket is given, but the process has no terminal");
	if (o->detach && x->process->terminal && !console)
		return error_set(
			err, ERROR_USAGE, -EINVAL,
			"a detached process with a terminal needs --console-socket");
	return creation_check_kept_fds(x->process, err);
}

/* Everything is read and decided before anything is started. */
static int execution_load(struct execution *x, struct error *err)
{
	struct plan_options options = { .preserve_fds =
		                                x->options->preserve_fds };
	const struct oci_process *process;
	int result = later_read_spec(&x->arena, &x->found, &x->spec, err);

	if (result == 0)
		options.keep_groups = plan_keeps_groups(x->spec);
	if (result == 0)
		result = probe_facts(&x->arena, &x->facts, err);
	if (result == 0)
		result = execution_read_process(x, &process, err);
	if (result == 0)
		result = plan_process(&x->arena, process, &x->facts, &options,
		                      &x->process, err);
	if (result == 0) {
		plan_process_linux(&x->arena, x->spec->linux_, x->process);
		plan_process_cpus(&x->arena, process, x->process);
	}
	if (result == 0)
		result = plan_spec_seccomp(&x->arena, x->spec,
		                           x->process->no_new_privs,
		                           &x->seccomp_plan, err);
	if (result == 0)
		result = seccomp_prepare(&x->arena, &x->seccomp_plan,
		                         x->engine->store.fd, &x->engine->log,
		                         &x->seccomp, err);
	if (result < 0)
		return result;
	plan_hold_caps(x->process, &x->seccomp_plan);
	x->namespaces = oci_all_namespaces(x->spec);
	return execution_check(x, err);
}

static int execution_connect_listener(struct execution *x, struct error *err)
{
	struct oci_map annotations =
		state_annotations(&x->arena, &x->found.record);
	const struct state_facts facts = {
		.id = x->found.record.id,
		.bundle = x->found.record.bundle,
		.annotations = &annotations,
	};

	return listener_connect(&x->arena, &x->seccomp_plan, &facts,
	                        &x->listener, err);
}

static int execution_connect(struct execution *x, struct error *err)
{
	const struct runf_exec_options *o = x->options;
	int result = 0;

	if (o->console_socket || o->console_fd > 0)
		result = tty_connect_console(o->console_socket, o->console_fd,
		                             &x->console, err);
	if (result == 0 && x->seccomp_plan.notify)
		result = execution_connect_listener(x, err);
	return result;
}

/* The cgroup's directory, and init's root if that is no namespace's own. */
static int execution_open(struct execution *x, struct error *err)
{
	char path[64];
	int result = 0;

	if (x->found.cgroup.mode != PLAN_CGROUP_DISABLED)
		result = cgroup_open(&x->found.cgroup, x->options->cgroup,
		                     &x->cgroup, err);
	if (result == 0 && !(x->namespaces & CLONE_NEWNS)) {
		snprintf(path, sizeof(path), "/proc/%d/root",
		         (int)x->found.record.pid);
		x->root = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
		if (x->root < 0)
			return error_system(err, x->root, "open \"%s\"", path);
	}
	return result < 0 ? result : execution_connect(x, err);
}

/* clone3 into the leaf; where that has children, into init's own cgroup. */
static pid_t execution_clone(struct execution *x, struct error *err)
{
	pid_t pid = sys_clone(0, x->cgroup.leaf, &x->pidfd);

	if (pid == -EBUSY && !x->options->cgroup) {
		auto_close int cgroup = -1;
		int result = cgroup_open_of_pid(&x->found.cgroup,
		                                (pid_t)x->found.record.pid,
		                                &cgroup, err);

		if (result < 0)
			return result;
		pid = sys_clone(0, cgroup, &x->pidfd);
	}
	if (pid == -EOPNOTSUPP || pid == -EBUSY || pid == -EACCES) {
		x->outside_cgroup = true;
		pid = sys_clone(0, -1, &x->pidfd);
	}
	return pid < 0 ? error_system(err, pid, "clone the process") : pid;
}

/* From here to the next call the caller's, and so the child's, CPUs. */
static int execution_initial_cpus(struct execution *x, struct error *err)
{
	int result;

	if (!x->process->initial_cpus.list)
		return 0;
	result = sys_get_affinity(0, x->cpus, sizeof(x->cpus));
	if (result < 0)
		return error_system(err, result, "ask for the CPUs");
	x->cpus_size = (size_t)result;
	return proc_set_cpus(0, &x->process->initial_cpus, err);
}

static void execution_restore_cpus(struct execution *x)
{
	if (x->cpus_size)
		sys_set_affinity(0, x->cpus, x->cpus_size);
	x->cpus_size = 0;
}

/* The bridge's side: what it clones is the process to execute. */
static void execution_bridge(const struct execution *x)
{
	struct plan_ns_step steps[] = {
		{ .actor = PLAN_IN_BRIDGE,
		  .verb = PLAN_NS_JOIN,
		  .flags = CLONE_NEWPID },
		{ .actor = PLAN_IN_BRIDGE, .verb = PLAN_NS_CLONE },
	};
	const struct plan_namespaces ns = {
		.steps = steps,
		.count = ARRAY_SIZE(steps),
	};
	struct error err = { .code = 0 };
	int nothing;
	int result;

	sys_set_pdeathsig(SIGKILL);
	result = spawn_bridge(&ns, &x->found.pidfd, x->sync[1], &err);
	if (result == 0)
		result = sync_expect(x->sync[1], SYNC_CHILD, &nothing, &err);
	if (result == 0)
		execution_child(x);
	sync_send_error(x->sync[1], &err);
	sys_exit(1);
}

/*
 * The pid namespace is joined by the parent: it holds for children only, so
 * one clone is enough, and the parent goes back. In a user namespace it has
 * no power to go back, which is why another process joins: the bridge.
 */
static int execution_spawn(struct execution *x, struct error *err)
{
	bool bridge = x->namespaces & CLONE_NEWPID && x->facts.user_namespace;
	bool join = x->namespaces & CLONE_NEWPID && !bridge;
	struct ns_saved saved = { .count = 0 };
	sigset_t all;
	sigset_t before;
	pid_t pid;
	int result = sys_socketpair(SOCK_SEQPACKET, x->sync);

	if (result < 0)
		return error_system(err, result, "make the sync socket");
	if (join) {
		result = ns_save(CLONE_NEWPID, &saved, err);
		if (result < 0)
			return result;
		result = sys_setns(x->found.pidfd, CLONE_NEWPID);
		if (result < 0) {
			ns_restore(&saved, NULL);
			return error_system(
				err, result,
				"join the container's pid namespace");
		}
	}
	sigfillset(&all);
	sys_set_signal_mask(&all, &before);
	pid = execution_clone(x, err);
	if (pid == 0 && bridge)
		execution_bridge(x);
	if (pid == 0)
		execution_child(x);
	sys_set_signal_mask(&before, NULL);
	fd_close(&x->sync[1]);
	fd_close(&x->listener.socket);
	if (join)
		result = ns_restore(&saved, err);
	if (pid < 0)
		return pid;
	x->pid = pid;
	return bridge ? spawn_cross_bridge(x->sync[0], &x->pid, &x->pidfd, err)
	              : result;
}

/* The move gives the process all CPUs of the cpuset. */
static int execution_join(struct execution *x, struct error *err)
{
	const struct plan_bits *cpus = &x->process->cpus;
	int result = later_join(&x->cgroup, x->pid, x->outside_cgroup, err);

	if (result == 0 && cpus->list)
		result = proc_set_cpus(x->pid, cpus, err);
	return result;
}

/* What must hold before the program runs. */
static int execution_place(struct execution *x, struct error *err)
{
	auto_close int procfs = -1;
	int result = 0;

	if (x->cgroup.count &&
	    (x->found.cgroup.mode == PLAN_CGROUP_V1 || x->outside_cgroup))
		result = execution_join(x, err);
	if (result == 0)
		result = rdt_join(&x->found.rdt, x->pid, err);
	if (result == 0)
		result = proc_set_priorities(x->pid, x->process, err);
	if (result == 0 && x->process->oom_score_adj.set) {
		procfs = ns_open_procfs(err);
		result = procfs < 0
		                 ? procfs
		                 : proc_set_oom(procfs, x->pid,
		                                x->process->oom_score_adj.value,
		                                err);
	}
	return result;
}

/* Serve the child until execve closes its end of the socket. */
static int execution_listen(struct execution *x, struct error *err)
{
	for (;;) {
		struct sync_message message;
		int fds[SYNC_FDS_MAX];
		int result = sync_receive(x->sync[0], &message, fds);

		if (result == 0)
			return 0;
		if (result < 0)
			return error_system(err, result, "receive from child");
		if (message.type == SYNC_ERROR) {
			*err = message.error;
			return err->code;
		}
		if (message.type != SYNC_CONSOLE || fds[0] < 0)
			continue;
		x->master = fds[0];
		if (x->console >= 0)
			result = tty_send_console(x->console, x->master, err);
		if (result < 0)
			return result;
	}
}

static int execution_start(struct execution *x, const char *id,
                           struct error *err)
{
	int result = execution_find(x, id, err);

	if (result == 0)
		result = execution_load(x, err);
	if (result == 0)
		result = execution_open(x, err);
	if (result == 0)
		result = execution_initial_cpus(x, err);
	if (result == 0)
		result = execution_spawn(x, err);
	execution_restore_cpus(x);
	if (result == 0)
		result = execution_place(x, err);
	if (result == 0)
		result = sync_tell(x->sync[0], SYNC_GO, x->pid, err);
	/* The child has closed its copy: nobody waits for this. */
	fd_close(&x->engine->self_mount);
	if (result == 0)
		result = execution_listen(x, err);
	if (result == 0)
		result = pid_announce(x->options->pid_file,
		                      x->options->pidfd_socket, x->pid,
		                      x->pidfd, err);
	if (result == 0 && x->options->pid)
		*x->options->pid = x->pid;
	return result;
}

int engine_exec(struct engine *engine, const char *id,
                const struct runf_exec_options *options, int *ret_status,
                struct error *err)
{
	auto_execution struct execution x;
	struct foreground foreground;
	int result;

	execution_begin(&x, engine, options);
	if (options->detach) {
		result = execution_start(&x, id, err);
		if (result == 0) {
			x.pid = 0; /* it is on its own */
			*ret_status = 0;
		}
		return result;
	}
	result = foreground_enter(&foreground, false, err);
	if (result < 0)
		return result;
	result = execution_start(&x, id, err);
	if (result == 0)
		result = foreground_wait(
			&foreground,
			&(struct foreground_process){ .pid = x.pid,
		                                      .pidfd = x.pidfd,
		                                      .master = x.master },
			ret_status, err);
	foreground_leave(&foreground);
	if (result == 0)
		x.pid = 0; /* collected */
	return result;
}
