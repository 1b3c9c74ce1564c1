/* SPDX-License-Identifier: Apache-2.0 */
/* Make a container, the parent's side up to the clone; and undo it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/str.h"
#include "engine/creation.h"
#include "engine/later.h"
#include "engine/spawn.h"
#include "engine/sync.h"
#include "plan/decide.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "tty/console.h"

/* Descriptors that a plan may need beside its sources. */
#define SPARE_DESCRIPTORS 64

#define FIRST_KEPT_FD 3

void creation_begin(struct creation *c, struct engine *engine, const char *id,
                    const struct runf_create_options *options, bool gated)
{
	memset(c, 0, sizeof(*c));
	c->engine = engine;
	c->id = id;
	c->options = options;
	c->gated = gated;
	c->dir.fd = -1;
	c->maker = MAKER_NONE;
	c->net = NET_HELPER_NONE;
	c->console = -1;
	c->listener = LISTENER_NONE;
	c->ready = READY_NONE;
	c->gate = -1;
	c->sync[0] = -1;
	c->sync[1] = -1;
	c->master = -1;
	c->pidfd = -1;
	c->unit = CGROUP_UNIT_NONE;
	c->cgroup = CGROUP_NONE;
}

int creation_check_kept_fds(const struct plan_process *process,
                            struct error *err)
{
	int end = FIRST_KEPT_FD + (int)(process ? process->keep_fds : 0);
	int fd;

	for (fd = FIRST_KEPT_FD; fd < end; fd++)
		if (sys_get_cloexec(fd) != 0)
			return error_set(
				err, ERROR_USAGE, -EBADF,
				"file descriptor %d is to be preserved, but the caller did not pass it",
				fd);
	return 0;
}

/* What contradicts itself, before anything is made. */
static int creation_check(struct creation *c, struct error *err)
{
	const struct plan_process *process = c->plan->process;
	bool terminal = process && process->terminal;
	int result;

	if (!c->engine->self_protected)
		return error_set(
			err, ERROR_INTERNAL, -EPERM,
			"the program is not protected against being overwritten through /proc/self/exe");
	result = creation_check_kept_fds(process, err);
	if (result < 0)
		return result;
	if (creation_has_console(c) && !terminal)
		return error_set(
			err, ERROR_USAGE, -EINVAL,
			"--console-socket is given, but process.terminal is false");
	if (c->gated && terminal && !creation_has_console(c))
		return error_set(
			err, ERROR_USAGE, -EINVAL,
			"process.terminal is true: a detached container needs --console-socket");
	return 0;
}

bool creation_has_console(const struct creation *c)
{
	return c->options->console_socket || c->options->console_fd > 0;
}

int creation_connect_console(struct creation *c, struct error *err)
{
	if (!creation_has_console(c))
		return 0;
	return tty_connect_console(c->options->console_socket,
	                           c->options->console_fd, &c->console, err);
}

/* Compile or find the filter; reach whoever waits for it or the terminal. */
static int creation_prepare(struct creation *c, struct error *err)
{
	int result = seccomp_prepare(&c->arena, &c->plan->seccomp,
	                             c->engine->store.fd, &c->engine->log,
	                             &c->seccomp, err);

	if (result == 0)
		result = creation_connect_console(c, err);
	if (result == 0 && c->plan->seccomp.notify) {
		struct state_facts facts = creation_state_facts(c);

		result = listener_connect(&c->arena, &c->plan->seccomp, &facts,
		                          &c->listener, err);
	}
	return result;
}

static int creation_make_cgroup(struct creation *c, struct error *err)
{
	const struct plan_cgroup *plan = &c->plan->cgroup;
	int result = 0;

	if (plan->unit.name) {
		result = cgroup_start_unit(plan, &c->arena, &c->unit, &c->place,
		                           err);
		c->has_unit = result == 0;
	}
	return result < 0 ? result : cgroup_create(c->place, &c->cgroup, err);
}

static int creation_claim_groups(struct creation *c, struct error *err)
{
	const struct plan *plan = c->plan;
	int result = 0;

	if (plan->host_root)
		result = rootfs_number_of(plan->rootfs, &c->root_below, err);
	if (result == 0 && (plan->cgroup.mode != PLAN_CGROUP_DISABLED ||
	                    plan->rdt.root || plan->host_root))
		result = store_write_journal(
			&c->dir,
			lifecycle_journal(&c->arena, plan, c->root_below), err);
	if (result == 0 && plan->cgroup.mode != PLAN_CGROUP_DISABLED)
		result = creation_make_cgroup(c, err);
	if (result == 0 && plan->rdt.root) {
		struct plan_rdt rdt = plan->rdt;

		result = rdt_create(&plan->rdt, &rdt.made, err);
		if (result == 0)
			c->rdt = rdt;
	}
	return result;
}

int creation_mount_root(struct creation *c, struct error *err)
{
	if (!c->plan->host_root)
		return 0;
	c->root_on_host = true;
	return rootfs_mount_on_host(c->plan->host_root, err);
}

static int creation_claim_notify(struct creation *c, struct error *err)
{
	int result = ready_make_dir(&c->dir, err);

	if (result == 0 && !c->gated)
		result = ready_listen(&c->dir, &c->ready, err);
	return result;
}

/* The id, the note of what may be left over, the cgroup with its limits. */
int creation_claim(struct creation *c, struct error *err)
{
	int result = store_add(&c->engine->store, c->id, &c->dir, err);

	if (result < 0)
		return result;
	result = creation_claim_groups(c, err);
	if (result == 0 && c->plan->notify)
		result = creation_claim_notify(c, err);
	if (result < 0)
		return result;
	if (c->gated) {
		c->gate = sys_listen_unix(SOCK_DGRAM, c->dir.fd, STORE_GATE,
		                          0600);
		if (c->gate < 0)
			return error_system(err, c->gate,
			                    "make the start gate");
	}
	return 0;
}

/* Many binds need many descriptors; init gets its own limit later. */
static void creation_raise_descriptors(size_t needed)
{
	struct rlimit limit;

	if (sys_prlimit(0, RLIMIT_NOFILE, NULL, &limit) < 0 ||
	    limit.rlim_cur >= needed + SPARE_DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max;
	sys_prlimit(0, RLIMIT_NOFILE, &limit, NULL);
}

static int creation_open_sources(struct creation *c, struct error *err)
{
	size_t count = c->plan->sources_count;

	creation_raise_descriptors(count);
	c->sources = arena_new_array(&c->arena, struct rootfs_source, count);
	c->source_fds = arena_new_array(&c->arena, int, count);
	for (; c->sources_open < count; c->sources_open++) {
		struct rootfs_source *source = &c->sources[c->sources_open];
		int result = rootfs_open_source(
			&c->plan->sources[c->sources_open], source, err);

		if (result < 0)
			return result;
		c->source_fds[c->sources_open] = source->fd;
	}
	return 0;
}

/* What init's own hooks are told; it cannot build texts itself. */
static void creation_prepare_hooks(struct creation *c)
{
	struct state_facts facts = creation_state_facts(c);

	if (c->plan->hooks[PLAN_HOOK_CREATE_CONTAINER].count ||
	    c->plan->hooks[PLAN_HOOK_START_CONTAINER].count)
		state_text_prepare(&c->arena, &facts, &c->hook_state);
}

static int creation_spawn(struct creation *c, struct error *err)
{
	struct spawned spawned = { .pidfd = -1 };
	int cgroup = c->cgroup.leaf;
	pid_t pid;
	int result = sys_socketpair(SOCK_SEQPACKET, c->sync);

	if (result < 0)
		return error_system(err, result, "make the sync socket");
	creation_prepare_hooks(c);
	/*
	 * Linux 6.18 kills what is cloned into a cgroup in which cgroup.kill
	 * was used once: a leaf that is not new is entered by a write.
	 */
	c->outside_cgroup = cgroup >= 0 && !c->cgroup.made[0];
	pid = spawn_process(&c->plan->ns, c->source_fds,
	                    c->outside_cgroup ? -1 : cgroup, &spawned, err);
	if (spawned.outside)
		c->outside_cgroup = true;
	if (pid == 0)
		init_main(c);
	c->pid = spawned.pid;
	c->pidfd = spawned.pidfd;
	fd_close(&c->sync[1]);
	/* The agent waits for its end: init alone holds it. */
	fd_close(&c->listener.socket);
	if (pid < 0)
		return pid;
	if (!spawned.bridge)
		return 0;
	/* The bridge says who init is, and is gone. */
	return spawn_cross_bridge(c->sync[0], &c->pid, &c->pidfd, err);
}

int creation_open_store(struct creation *c, struct error *err)
{
	return engine_open_store(c->engine, true, err);
}

int creation_run_phases(struct creation *c, const struct creation_phase *phases,
                        size_t count, struct error *err)
{
	size_t i;

	for (i = 0; i < count; i++) {
		uint64_t begin = trace_now(c->trace);
		int result = phases[i].run(c, err);

		trace_span(c->trace, phases[i].name, NULL, begin);
		if (result < 0)
			return result;
	}
	return 0;
}

int creation_make(struct creation *c, struct error *err)
{
	static const struct creation_phase phases[] = {
		{ "check", creation_check },
		{ "store", creation_open_store },
		{ "filter and sockets", creation_prepare },
		{ "claim id and cgroup", creation_claim },
		{ "mount the root", creation_mount_root },
		{ "open sources", creation_open_sources },
		{ "clone init", creation_spawn },
		{ "namespaces, mounts beside init", creation_help },
		{ "devices, record, words with init", creation_converse },
	};

	return creation_run_phases(c, phases, ARRAY_SIZE(phases), err);
}

void creation_keep(struct creation *c)
{
	store_dir_close(&c->dir);
	cgroup_close(&c->cgroup);
	c->rdt = (struct plan_rdt){ 0 };
	c->pid = 0;
	c->has_unit = false;
	c->hooks_ran = false;
	c->root_on_host = false;
}

/*
 * As if it had never been: processes, cgroup, hooks' due, directory. If the
 * cgroup stays, the directory does too: `delete --force` finds it there.
 */
static void creation_undo(struct creation *c)
{
	struct error why = { .code = 0 };
	int result;

	if (c->pid > 0)
		spawn_end(c->pid, c->pidfd);
	cgroup_release_unit(&c->unit);
	result = cgroup_undo(&c->cgroup, &why);
	if (c->has_unit)
		later_stop_unit(c->engine, c->place, c->id);
	if (result == 0)
		result = rdt_remove(&c->rdt, &why);
	if (c->hooks_ran)
		creation_run_poststop(c);
	if (result == 0 && c->root_on_host)
		result = rootfs_unmount_on_host(c->plan->rootfs, c->root_below,
		                                &why);
	if (result == 0 && c->dir.fd >= 0)
		result = store_remove(&c->engine->store, &c->dir, &why);
	if (result < 0)
		log_warning(&c->engine->log, "container \"%s\": %s", c->id,
		            why.text);
}

void creation_end(struct creation *c)
{
	size_t i;

	fd_close(&c->sync[0]);
	fd_close(&c->sync[1]);
	for (i = 0; i < c->sources_open; i++)
		fd_close(&c->sources[i].fd);
	maker_end(&c->maker);
	net_undo(&c->net);
	creation_undo(c);
	fd_close(&c->console);
	fd_close(&c->listener.socket);
	ready_close(&c->ready);
	fd_close(&c->gate);
	fd_close(&c->master);
	fd_close(&c->pidfd);
	store_dir_close(&c->dir);
	arena_release(&c->arena);
}

static int create_traced(struct engine *engine, const char *id,
                         const struct runf_create_options *options,
                         struct trace *trace, struct error *err)
{
	static const struct creation_phase phases[] = {
		{ "load", creation_load },
		{ "make", creation_make },
		{ "announce the pid", creation_announce_pid },
	};
	auto_creation struct creation c;
	int result;

	creation_begin(&c, engine, id, options, true);
	c.trace = trace;
	result = creation_run_phases(&c, phases, ARRAY_SIZE(phases), err);
	if (result < 0)
		return result;
	creation_keep(&c);
	return 0;
}

int engine_create(struct engine *engine, const char *id,
                  const struct runf_create_options *options, struct error *err)
{
	struct trace *trace = NULL;
	int result = 0;

	if (options->trace)
		result = trace_begin(options->trace, engine->began_ns, &trace,
		                     err);
	if (result == 0)
		result = create_traced(engine, id, options, trace, err);
	return trace_end(trace, result, err);
}
