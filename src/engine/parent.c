/* SPDX-License-Identifier: Apache-2.0 */
/* What the parent does while init makes itself at home. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>

#include "base/fd.h"
#include "engine/creation.h"
#include "engine/later.h"
#include "engine/sync.h"
#include "ns/ns.h"
#include "oci/spec.h"
#include "proc/proc.h"
#include "sys/file.h"
#include "sys/process.h"
#include "tty/console.h"

struct state_facts creation_state_facts(const struct creation *c)
{
	return (struct state_facts){
		.id = c->id,
		.bundle = c->plan->bundle,
		.annotations = &c->spec->annotations,
	};
}

/*
 * Inside a user namespace init can lower its limits but not raise them: lift
 * the hard ones here, and leave the rest, which might hinder it, to init.
 */
static int creation_lift_rlimits(struct creation *c, struct error *err)
{
	const struct plan_process *process = c->plan->process;
	size_t i;

	for (i = 0; i < process->rlimits_count; i++) {
		const struct plan_rlimit *wanted = &process->rlimits[i];
		struct rlimit limit;
		int result =
			sys_prlimit(c->pid, wanted->resource, NULL, &limit);

		if (result == 0 && wanted->hard > limit.rlim_max) {
			limit.rlim_max = wanted->hard;
			result = sys_prlimit(c->pid, wanted->resource, &limit,
			                     NULL);
		}
		if (result < 0)
			return error_system(err, result,
			                    "raise hard limit %d to %llu",
			                    wanted->resource,
			                    (unsigned long long)wanted->hard);
	}
	return 0;
}

/* What is written about init in procfs: its maps, and its place when memory ends. */
static int creation_write_procfs(struct creation *c, struct error *err)
{
	const struct plan_process *process = c->plan->process;
	auto_close int procfs = -1;
	int result = 0;

	if (!c->plan->ns.idmap.needed &&
	    !(process && process->oom_score_adj.set))
		return 0;
	procfs = ns_open_procfs(err);
	if (procfs < 0)
		return procfs;
	/* The maps first: init waits for them. */
	if (c->plan->ns.idmap.needed) {
		result =
			ns_write_idmap(procfs, c->pid, &c->plan->ns.idmap, err);
		if (result == 0)
			result = sync_tell(c->sync[0], SYNC_IDMAP, 0, err);
	}
	if (result == 0 && process && process->oom_score_adj.set)
		result = proc_set_oom(procfs, c->pid,
		                      process->oom_score_adj.value, err);
	if (result == 0 && process && (c->plan->ns.created & CLONE_NEWUSER))
		result = creation_lift_rlimits(c, err);
	return result;
}

bool creation_has_runtime_hooks(const struct creation *c)
{
	return c->plan->hooks[PLAN_HOOK_PRESTART].count ||
	       c->plan->hooks[PLAN_HOOK_CREATE_RUNTIME].count;
}

static bool creation_has_container_hooks(const struct creation *c)
{
	return c->plan->hooks[PLAN_HOOK_CREATE_CONTAINER].count;
}

/* Again when hooks have run: until then the container is being created. */
int creation_write_record(struct creation *c, struct error *err)
{
	const struct oci_map *annotations = &c->spec->annotations;
	struct store_record record = {
		.id = c->id,
		.bundle = c->plan->bundle,
		.rootfs = c->plan->rootfs,
		.created = c->created,
		.pid = c->pid,
		.owner = c->facts.uid,
		.creating = !c->hooks_ran && (creation_has_runtime_hooks(c) ||
		                              creation_has_container_hooks(c)),
		.poststart = c->plan->hooks[PLAN_HOOK_POSTSTART].count > 0,
		.poststop = c->plan->hooks[PLAN_HOOK_POSTSTOP].count > 0,
		.root_on_host = c->root_on_host,
		.root_below = c->root_below,
		.root_mounts = (uint32_t)c->options->rootfs_count,
		.annotations_count = annotations->count,
	};
	bool alive;
	size_t i;
	int result;

	if (!c->hooks_ran)
		time_now_text(c->created);
	lifecycle_save_cgroup(&c->arena, c->place, &c->cgroup, &record);
	lifecycle_save_rdt(&c->rdt, &record);
	record.annotations = arena_new_array(&c->arena, struct store_annotation,
	                                     annotations->count);
	for (i = 0; i < annotations->count; i++)
		record.annotations[i] = (struct store_annotation){
			annotations->pairs[i].key, annotations->pairs[i].value
		};
	result = lifecycle_start_time(c->pid, &record.start_time, &alive);
	if (result < 0)
		return error_system(err, result, "read the start time of init");
	return store_write_record(&c->arena, &c->dir, &record, err);
}

/* Before any hook looks for them. */
static int creation_move_net(struct creation *c, struct error *err)
{
	const struct plan_net *net = &c->plan->net;
	auto_close int procfs = -1;
	auto_close int own = -1;
	char path[32];

	if (!net->args)
		return 0;
	if (net->joined)
		return net_move(net, c->source_fds[net->source], &c->net, err);
	procfs = ns_open_procfs(err);
	if (procfs < 0)
		return procfs;
	snprintf(path, sizeof(path), "%d/ns/net", (int)c->pid);
	own = sys_openat(procfs, path, O_RDONLY, 0);
	if (own < 0)
		return error_system(err, own,
		                    "open the container's network namespace");
	return net_move(net, own, &c->net, err);
}

bool creation_moves_init(const struct creation *c)
{
	return c->cgroup.count &&
	       (c->plan->cgroup.mode == PLAN_CGROUP_V1 || c->outside_cgroup);
}

/* All that init need not wait for at once, in the order it may ask for it. */
static int creation_work(struct creation *c, struct error *err)
{
	int result = creation_write_procfs(c, err);

	if (result == 0)
		result = creation_move_net(c, err);
	if (result == 0 && creation_moves_init(c)) {
		result = later_join(&c->cgroup, c->pid, c->outside_cgroup, err);
		if (result == 0)
			result = sync_tell(c->sync[0], SYNC_CGROUP, 0, err);
	}
	if (result == 0)
		cgroup_release_unit(&c->unit);
	if (result == 0)
		result = maker_collect(&c->maker, err);
	if (result == 0 && c->cgroup.count)
		result = cgroup_apply_devices(&c->cgroup, err);
	if (result == 0)
		result = rdt_join(&c->rdt, c->pid, err);
	if (result == 0 && c->plan->process)
		result = proc_set_priorities(c->pid, c->plan->process, err);
	if (result == 0)
		result = store_write_config(&c->dir, c->config,
		                            c->config_length, err);
	if (result == 0)
		result = creation_write_record(c, err);
	return result;
}

int creation_run_runtime_hooks(struct creation *c, struct error *err)
{
	struct state_facts facts = creation_state_facts(c);
	const char *state =
		state_for_hooks(&c->arena, &facts, STATUS_CREATING, c->pid);
	const char *bundle = c->plan->bundle;
	int result;

	c->hooks_ran = true;
	result = state_run_hooks(&c->plan->hooks[PLAN_HOOK_PRESTART], state,
	                         bundle, err);
	if (result < 0)
		return error_wrap(err, "prestart hook");
	result = state_run_hooks(&c->plan->hooks[PLAN_HOOK_CREATE_RUNTIME],
	                         state, bundle, err);
	return result < 0 ? error_wrap(err, "createRuntime hook") : 0;
}

static int creation_serve_hooks(struct creation *c, struct error *err)
{
	int result = creation_run_runtime_hooks(c, err);

	if (result == 0)
		result = sync_tell(c->sync[0], SYNC_HOOKS_RAN, 0, err);
	return result < 0 ? result
	                  : sync_tell(c->sync[0], SYNC_GO, c->pid, err);
}

void creation_run_poststop(struct creation *c)
{
	const struct plan_hook_list *hooks =
		&c->plan->hooks[PLAN_HOOK_POSTSTOP];
	struct state_facts facts = creation_state_facts(c);
	const char *state =
		state_for_hooks(&c->arena, &facts, STATUS_STOPPED, 0);

	state_run_poststop(hooks, state, c->plan->bundle, &c->engine->log);
}

/* The master goes to whoever listens at the console socket, or stays here. */
int creation_take_console(struct creation *c, int master, struct error *err)
{
	c->master = master;
	if (c->console < 0)
		return 0;
	return tty_send_console(c->console, master, err);
}

/* Init has gone without a word: say what its end tells. */
static int creation_explain_end(struct creation *c, struct error *err)
{
	siginfo_t info = { .si_code = 0 };
	uint64_t kills = 0;

	sys_waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOWAIT);
	if (c->cgroup.count)
		cgroup_oom_count(c->place, &kills);
	if (kills)
		return error_set(
			err, ERROR_SYSTEM, -ENOMEM,
			"container init was OOM-killed (memory limit too low?)");
	if (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)
		return error_set(err, ERROR_INTERNAL, -EPIPE,
		                 "container init was killed by signal %d",
		                 info.si_status);
	return error_set(err, ERROR_INTERNAL, -EPIPE,
	                 "container init ended with status %d", info.si_status);
}

/*
 * Serve init until it is ready (gated) or has executed the program, which
 * closes its end of the socket.
 */
static int creation_listen(struct creation *c, struct error *err)
{
	for (;;) {
		struct sync_message message;
		int fds[SYNC_FDS_MAX];
		int result = sync_receive(c->sync[0], &message, fds);

		if (result == 0)
			return c->gated ? creation_explain_end(c, err) : 0;
		if (result < 0)
			return error_system(err, result, "receive from init");
		if (message.type == SYNC_READY)
			return 0;
		if (message.type == SYNC_CONSOLE && fds[0] >= 0) {
			result = creation_take_console(c, fds[0], err);
		} else if (message.type == SYNC_RUN_HOOKS) {
			result = creation_serve_hooks(c, err);
		} else if (message.type == SYNC_ERROR) {
			*err = message.error;
			return err->code;
		}
		if (result < 0)
			return result;
	}
}

int creation_blame_init(struct creation *c, int result, struct error *err)
{
	struct sync_message message;

	sys_pidfd_send_signal(c->pidfd, SIGKILL);
	while (sync_receive(c->sync[0], &message, NULL) == 1) {
		if (message.type != SYNC_ERROR)
			continue;
		*err = message.error;
		return err->code;
	}
	return result;
}

int creation_converse(struct creation *c, struct error *err)
{
	int result = creation_work(c, err);

	if (result < 0)
		return creation_blame_init(c, result, err);
	if (creation_has_container_hooks(c))
		c->hooks_ran = true;
	if (!creation_has_runtime_hooks(c))
		result = sync_tell(c->sync[0], SYNC_GO, c->pid, err);
	/* Init takes its copy along with the host's mounts: see there. */
	fd_close(&c->engine->self_mount);
	if (result < 0 || !c->gated)
		return result;
	return creation_await_exec(c, err);
}

int creation_await_exec(struct creation *c, struct error *err)
{
	int result = creation_listen(c, err);

	if (result == 0 && c->hooks_ran)
		result = creation_write_record(c, err);
	return result;
}
