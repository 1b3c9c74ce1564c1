/* SPDX-License-Identifier: Apache-2.0 */
/* The container's init, from its first instruction to execve. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "base/fd.h"
#include "engine/creation.h"
#include "engine/gate.h"
#include "engine/spawn.h"
#include "engine/sync.h"
#include "ns/ns.h"
#include "proc/proc.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/ns.h"
#include "sys/process.h"
#include "tty/console.h"

/*
 * This process shares nothing with the parent but descriptors. From here to
 * execve nothing allocates; what is needed was made ready before the clone.
 */
struct init {
	const struct creation *c;
	const struct plan *plan;
	struct rootfs rootfs;
	int sync;
	int slave;            /* of the terminal, or -1 */
	int report;           /* where errors go: sync, later the gate's pipe */
	unsigned int arrived; /* bit n: message n came before it was due */
	pid_t pid;            /* its own, as the parent sees it: with SYNC_GO */
	int made[SYNC_FDS_MAX]; /* namespaces that came, and... */
	int32_t made_code;      /* ...why there are none */
	int mounts[SYNC_FDS_MAX];
};

/*
 * Wait for one of the parent's messages. The parent runs ahead: what comes
 * before it is asked for is remembered.
 */
static int init_await(struct init *init, enum sync_type type, struct error *err)
{
	while (!(init->arrived & 1U << type)) {
		struct sync_message message;
		int fds[SYNC_FDS_MAX];
		int result = sync_receive(init->sync, &message, fds);

		if (result < 0)
			return error_system(err, result,
			                    "receive from the parent");
		/* The parent is gone: so is the purpose. */
		if (result == 0)
			sys_exit(1);
		if (message.type > SYNC_ERROR)
			return error_set(err, ERROR_INTERNAL, -EPROTO,
			                 "unknown message %d",
			                 (int)message.type);
		if (message.type == SYNC_NAMESPACES) {
			memcpy(init->made, fds, sizeof(fds));
			init->made_code = message.value;
		} else if (message.type == SYNC_MOUNTS) {
			memcpy(init->mounts, fds, sizeof(fds));
		}
		if (message.type == SYNC_GO)
			init->pid = message.value;
		init->arrived |= 1U << message.type;
	}
	return 0;
}

/* Enter what the maker made: each descriptor is of the next type. */
static int init_take(struct init *init, int flags, struct error *err)
{
	static const int types[] = { CLONE_NEWNET, CLONE_NEWIPC };
	int result = init_await(init, SYNC_NAMESPACES, err);
	size_t next = 0;
	size_t i;

	if (result < 0)
		return result;
	if (init->made_code < 0)
		return error_system(err, init->made_code, "make namespaces");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (!(flags & types[i]))
			continue;
		result = sys_setns(init->made[next], types[i]);
		if (result < 0)
			return error_system(err, result,
			                    "enter a new namespace");
		fd_close(&init->made[next++]);
	}
	return 0;
}

static int init_namespace(struct init *init, const struct plan_ns_step *step,
                          struct error *err)
{
	if (step->verb == PLAN_NS_WAIT_IDMAP)
		return init_await(init, SYNC_IDMAP, err);
	/* It would be rooted where init is now. */
	if (step->flags & CLONE_NEWCGROUP && init->c->outside_cgroup &&
	    init_await(init, SYNC_CGROUP, err) < 0)
		return err->code;
	if (step->verb == PLAN_NS_TAKE)
		return init_take(init, step->flags, err);
	return ns_apply(&init->plan->ns, step, init->c->source_fds, err);
}

static int init_keyring(struct init *init, const char *name, struct error *err)
{
	const struct plan_process *process = init->plan->process;
	int result = 0;

	if (process && process->selinux) {
		int procfs = rootfs_proc(&init->rootfs, err);

		result = procfs < 0 ? procfs
		                    : proc_label_keys(procfs, process, err);
	}
	if (result < 0)
		return result;
	result = sys_join_session_keyring(name);
	/* A kernel without keys, or a quota that is used up, needs none. */
	if (result >= 0 || result == -ENOSYS || result == -EDQUOT)
		return 0;
	return error_system(err, result, "make session keyring \"%s\"", name);
}

static int init_console(struct init *init, struct error *err)
{
	const struct plan_process *process = init->plan->process;
	struct tty_console want = {
		.root = init->rootfs.root,
		.rows = process->rows,
		.columns = process->columns,
		.uid = process->uid,
	};
	auto_close int master = -1;
	int result = tty_open_console(&want, &master, &init->slave, err);

	if (result == 0)
		result = rootfs_bind_console(&init->rootfs, init->slave, err);
	if (result < 0)
		return result;
	result = sync_send(init->sync, SYNC_CONSOLE, 0, master);
	if (result < 0)
		return error_system(err, result, "hand over the terminal");
	return 0;
}

static int init_sysctl(struct init *init, const struct plan_sysctl *sysctl,
                       struct error *err)
{
	int procfs = rootfs_proc(&init->rootfs, err);

	return procfs < 0 ? procfs : ns_set_sysctl(procfs, sysctl, err);
}

static int init_runtime_hooks(struct init *init, struct error *err)
{
	int result = sync_send(init->sync, SYNC_RUN_HOOKS, 0, -1);

	if (result < 0)
		return error_system(err, result, "ask for hooks");
	return init_await(init, SYNC_HOOKS_RAN, err);
}

static int init_own_hooks(struct init *init, enum plan_hook_kind kind,
                          enum status status, const char *cwd,
                          struct error *err)
{
	const struct plan_hook_list *hooks = &init->plan->hooks[kind];

	if (!hooks->count)
		return 0;
	return state_run_hooks(hooks,
	                       state_text_fill(&init->c->hook_state, status,
	                                       sys_getpid()),
	                       cwd, err);
}

/*
 * The mount that the program runs from is attached nowhere, and whoever closes
 * such a one last waits for RCU: init on its way to execve, or the parent,
 * whose wait then meets init's when that leaves the host's root. So it goes
 * with the host's mounts: attached to any file of this namespace, for the
 * moment until they are unmounted all at once. If it cannot be, there is one
 * wait more.
 */
static void init_drop_program(int program)
{
	int file = sys_openat(AT_FDCWD, "/proc/version", O_PATH, 0);

	if (file >= 0)
		(void)sys_move_mount(program, "", file, "",
		                     MOVE_MOUNT_F_EMPTY_PATH |
		                             MOVE_MOUNT_T_EMPTY_PATH);
	sys_close(file);
}

static int init_leave_host(struct init *init, const struct plan_step *step,
                           struct error *err)
{
	int program = init->c->engine->self_mount;

	if (program >= 0 && step->kind == PLAN_STEP_PIVOT)
		init_drop_program(program);
	sys_close(program);
	return rootfs_apply(&init->rootfs, step, err);
}

/* What the parent has made: a mount is attached, a file in one is there. */
static int init_beside(struct init *init, const struct plan_step *step,
                       struct error *err)
{
	int *fd = &init->mounts[step->beside - 1];
	int result;

	if (step->kind != PLAN_STEP_MOUNT)
		return 0;
	result = init_await(init, SYNC_MOUNTS, err);
	if (result == 0)
		result = rootfs_place_beside(&init->rootfs, &step->mount, *fd,
		                             err);
	fd_close(fd);
	return result;
}

static int init_step(struct init *init, const struct plan_step *step,
                     struct error *err)
{
	if (step->beside)
		return init_beside(init, step, err);
	switch (step->kind) {
	case PLAN_STEP_NAMESPACE: return init_namespace(init, &step->ns, err);
	case PLAN_STEP_KEYRING: return init_keyring(init, step->text, err);
	case PLAN_STEP_LOOPBACK: return ns_loopback_up(err);
	case PLAN_STEP_HOSTNAME: return ns_set_hostname(step->text, err);
	case PLAN_STEP_DOMAINNAME: return ns_set_domainname(step->text, err);
	case PLAN_STEP_CONSOLE: return init_console(init, err);
	case PLAN_STEP_RUNTIME_HOOKS: return init_runtime_hooks(init, err);
	case PLAN_STEP_CONTAINER_HOOKS:
		if (init_own_hooks(init, PLAN_HOOK_CREATE_CONTAINER,
		                   STATUS_CREATING, init->plan->bundle, err))
			return error_wrap(err, "createContainer hook");
		return 0;
	case PLAN_STEP_SYSCTL: return init_sysctl(init, &step->sysctl, err);
	case PLAN_STEP_WAIT_CGROUP: return init_await(init, SYNC_CGROUP, err);
	case PLAN_STEP_PIVOT:
	case PLAN_STEP_MOVE_ROOT:
	case PLAN_STEP_CHROOT: return init_leave_host(init, step, err);
	case PLAN_STEP_CUT:
	case PLAN_STEP_ROOT:
	case PLAN_STEP_ROOT_MOUNT:
	case PLAN_STEP_HOST_ROOT:
	case PLAN_STEP_MOUNT:
	case PLAN_STEP_DEVICE:
	case PLAN_STEP_LINK:
	case PLAN_STEP_PROPAGATION:
	case PLAN_STEP_READONLY_ROOT:
	case PLAN_STEP_MASK:
	case PLAN_STEP_READONLY: break;
	}
	return rootfs_apply(&init->rootfs, step, err);
}

/* Everything around the process: namespaces and the file tree. */
static int init_surroundings(struct init *init, struct error *err)
{
	size_t i;

	for (i = 0; i < init->plan->steps_count; i++) {
		const struct plan_step *step = &init->plan->steps[i];
		uint64_t begin = trace_now(init->c->trace);
		int result = init_step(init, step, err);

		trace_span(init->c->trace, plan_step_name(step->kind),
		           plan_step_detail(step), begin);
		if (result < 0)
			return result;
	}
	return 0;
}

static int init_lsm(struct init *init, struct error *err)
{
	const struct plan_process *process = init->plan->process;
	int procfs;

	if (!process->apparmor && !process->selinux)
		return 0;
	procfs = rootfs_proc(&init->rootfs, err);
	return procfs < 0 ? procfs : proc_set_lsm(procfs, process, err);
}

/* The filter, and behind it nothing is left to be done with power. */
static int init_filter(struct init *init, struct error *err)
{
	struct listener_who who = {
		.pid = init->pid,
		.init = init->pid,
		.status = STATUS_CREATING,
	};
	int result = listener_install(&init->c->listener, &init->c->seccomp,
	                              &who, err);

	return result < 0 ? result : proc_drop_held(init->plan->process, err);
}

/* The process itself, as far as it can go before `start`. */
static int init_become(struct init *init, char *path, char *home,
                       struct error *err)
{
	const struct plan_process *process = init->plan->process;
	int result = 0;

	if (init->slave >= 0)
		result = tty_become_controlling(init->slave, err);
	else
		result = proc_own_stdio(process, err);
	if (result == 0)
		result = init_lsm(init, err);
	if (result == 0)
		result = proc_set_rlimits(0, process, err);
	if (result == 0)
		result = proc_close_fds(process, err);
	if (result < 0)
		return result;
	proc_home(process, home);
	result = proc_become(process, err);
	if (result == 0)
		result = proc_find_program(process, path, err);
	return result;
}

/* Until the parent has done its part and, if gated, `start` has come. */
static int init_hold(struct init *init, struct error *err)
{
	int result = init_await(init, SYNC_GO, err);

	if (result < 0)
		return result;
	/* From here on the container outlives whoever made it. */
	sys_set_pdeathsig(0);
	if (!init->c->gated)
		return 0;
	result = sync_send(init->sync, SYNC_READY, 0, -1);
	if (result < 0)
		return error_system(err, result, "report readiness");
	fd_close(&init->sync);
	init->report = -1;
	result = gate_wait(init->c->gate, err);
	if (result >= 0)
		init->report = result;
	return result < 0 ? result : 0;
}

/* The program, at last. Returns only on failure. */
static int init_execute(struct init *init, const char *path, char *home,
                        struct error *err)
{
	const struct plan_process *process = init->plan->process;
	int result = 0;

	if (!process)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "config.json has no process to start");
	if (init_own_hooks(init, PLAN_HOOK_START_CONTAINER, STATUS_CREATED,
	                   NULL, err))
		return error_wrap(err, "startContainer hook");
	if (process->no_new_privs)
		result = proc_no_new_privs(err);
	/* Two calls at most are left, whatever the filter refuses. */
	if (result == 0)
		result = init_filter(init, err);
	return result < 0 ? result : proc_exec(process, path, home, err);
}

static int init_prepare(struct init *init, struct error *err)
{
	uint64_t begin = trace_now(init->c->trace);
	int result = proc_prepare(init->plan->process, err);

	trace_span(init->c->trace, "session, cpus, bounding set", NULL, begin);
	return result;
}

static int init_run(struct init *init, struct error *err)
{
	const struct plan_process *process = init->plan->process;
	bool hooks = init->plan->hooks[PLAN_HOOK_CREATE_CONTAINER].count > 0;
	char home[PROC_HOME_SIZE];
	char path[PATH_MAX];
	uint64_t begin;
	int result = 0;

	home[0] = '\0';
	sys_set_pdeathsig(SIGKILL);
	sys_reset_signals();
	/*
	 * Early, so that it happens while the parent works; but a hook that
	 * init runs is to have what the bounding set takes away.
	 */
	if (process && !hooks)
		result = init_prepare(init, err);
	if (result == 0)
		result = init_surroundings(init, err);
	if (result == 0 && process && hooks)
		result = init_prepare(init, err);
	begin = trace_now(init->c->trace);
	if (result == 0 && process)
		result = init_become(init, path, home, err);
	trace_span(init->c->trace, "become", NULL, begin);
	begin = trace_now(init->c->trace);
	if (result == 0)
		result = init_hold(init, err);
	trace_span(init->c->trace, "wait for the parent", NULL, begin);
	if (result < 0)
		return result;
	return init_execute(init, path, home, err);
}

static bool init_has_bridge(const struct plan_namespaces *ns)
{
	size_t i;

	for (i = 0; i < ns->count; i++)
		if (ns->steps[i].actor == PLAN_IN_BRIDGE)
			return true;
	return false;
}

/*
 * Nobody inside a joined namespace may look into this process, be it the
 * bridge or init. Without root the parent could not either.
 */
static int init_hide(const struct init *init, struct error *err)
{
	int result = init->c->facts.uid == 0 ? sys_set_dumpable(0) : 0;

	return result < 0 ? error_system(err, result, "become undumpable") : 0;
}

/* If there is a bridge, this process is it, and its child returns. */
static int init_cross_bridge(struct init *init, struct error *err)
{
	int result;

	if (!init_has_bridge(&init->plan->ns))
		return 0;
	sys_set_pdeathsig(SIGKILL);
	result = spawn_bridge(&init->plan->ns, init->c->source_fds, init->sync,
	                      err);
	/* Not to overtake what the bridge says of us. */
	return result < 0 ? result : init_await(init, SYNC_CHILD, err);
}

/* The gate's pipe takes the bare error, the sync socket a message. */
static void init_report(const struct init *init, const struct error *err)
{
	if (init->report == init->sync && init->sync >= 0)
		sync_send_error(init->sync, err);
	else if (init->report >= 0)
		(void)sys_write(init->report, err, sizeof(*err));
}

void init_main(const struct creation *c)
{
	struct init init = {
		.c = c,
		.plan = c->plan,
		.sync = c->sync[1],
		.report = c->sync[1],
		.slave = -1,
	};
	struct error err = { .code = 0 };
	int result;

	/*
	 * The directory's lock lives as long as any copy of its descriptor;
	 * and what leads to the host has no business in here.
	 */
	sys_close(c->dir.fd);
	sys_close(c->engine->store.fd);
	sys_close(c->console);
	if (c->plan->notify) {
		sys_close(c->ready.socket);
		sys_close(c->ready.host);
	}
	sys_close(c->sync[0]);
	trace_is_init(c->trace);
	rootfs_begin(&init.rootfs, c->plan, c->sources);
	result = init_hide(&init, &err);
	if (result == 0)
		result = init_cross_bridge(&init, &err);
	if (result == 0)
		init_run(&init, &err);
	init_report(&init, &err);
	sys_exit(1);
}
