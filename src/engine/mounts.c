/* SPDX-License-Identifier: Apache-2.0 */
/* mounts: add and remove some while the container runs. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/path.h"
#include "engine/later.h"
#include "engine/spawn.h"
#include "engine/sync.h"
#include "oci/oci.h"
#include "plan/decide.h"
#include "probe/probe.h"
#include "rootfs/rootfs.h"
#include "sys/file.h"
#include "sys/ns.h"
#include "sys/process.h"
#include "sys/socket.h"

/*
 * The parent opens what is the host's. A child enters the namespaces that a
 * file system may belong to (but not that of processes: nobody inside sees
 * it), and does the work there, through descriptors.
 */
struct change {
	struct arena arena;
	struct found found;
	const struct oci_spec *spec; /* of the container */
	const struct oci_spec *wanted;
	struct facts facts;
	bool add;
	/* add */
	const struct plan *plan;
	struct rootfs_source *sources;
	size_t sources_count;
	/* remove */
	const char **paths;
	int *fds;
};

static void change_end(struct change *c)
{
	while (c->sources_count > 0)
		fd_close(&c->sources[--c->sources_count].fd);
	lifecycle_release(&c->found);
	arena_release(&c->arena);
}

#define auto_change cleanup_with(change_end)

static int change_open_sources(struct change *c, struct error *err)
{
	const struct plan *plan = c->plan;

	c->sources = arena_new_array(&c->arena, struct rootfs_source,
	                             plan->sources_count);
	for (; c->sources_count < plan->sources_count; c->sources_count++) {
		const struct plan_source *planned =
			&plan->sources[c->sources_count];
		struct rootfs_source *source = &c->sources[c->sources_count];
		int result = 0;

		source->fd = -1;
		if (planned->kind == PLAN_SOURCE_FS && !planned->uid_map)
			continue; /* made inside */
		result = rootfs_open_source(planned, source, err);
		/* The same path inside would be something else. */
		if (result == 0 && source->fd < 0)
			result = error_system(err, -EPERM, "open %s",
			                      planned->path);
		if (result < 0)
			return result;
	}
	return 0;
}

static int change_load(struct change *c, struct error *err)
{
	static const struct oci_spec nothing;
	size_t count = c->wanted->mounts_count;
	size_t i;
	int result = later_read_spec(&c->arena, &c->found, &c->spec, err);

	if (result == 0)
		result = probe_facts(&c->arena, &c->facts, err);
	if (result == 0)
		result = plan_hot_mounts(&c->arena, c->spec,
		                         c->add ? c->wanted : &nothing,
		                         &c->facts, c->found.record.bundle,
		                         &c->plan, err);
	if (result < 0 || c->add)
		return result < 0 ? result : change_open_sources(c, err);
	c->paths = arena_new_array(&c->arena, const char *, count);
	c->fds = arena_new_array(&c->arena, int, count);
	for (i = 0; i < count; i++)
		c->paths[i] =
			path_clean(&c->arena, c->wanted->mounts[i].destination);
	return 0;
}

/* ---- inside */

static int change_enter(const struct change *c, struct error *err)
{
	int all = c->plan->ns.all;
	int others = all & (CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET);
	int user = all & CLONE_NEWUSER;
	bool root = c->facts.uid == 0;
	int result = root ? sys_set_dumpable(0) : 0;

	/* As exec does: whoever is no root gets his power from the first. */
	if (result == 0 && user && !root)
		result = sys_setns(c->found.pidfd, user);
	if (result == 0)
		result = sys_setns(c->found.pidfd, others);
	if (result == 0 && user && root)
		result = sys_setns(c->found.pidfd, user);
	/* Who it maps no root for stays who he is. */
	if (result == 0 && user && sys_setresgid(0) == 0)
		sys_setresuid(0);
	if (result < 0)
		return error_system(err, result,
		                    "join the container's namespaces");
	return 0;
}

static int change_work(struct change *c, struct error *err)
{
	auto_close int own_fds =
		sys_openat(AT_FDCWD, "/proc/self/fd", O_PATH | O_DIRECTORY, 0);
	int result;

	if (own_fds < 0)
		return error_system(err, own_fds, "open /proc/self/fd");
	result = change_enter(c, err);
	if (result < 0)
		return result;
	if (c->add)
		return rootfs_add_mounts(c->plan, c->sources, own_fds, err);
	return rootfs_remove_mounts(c->paths, c->fds, c->wanted->mounts_count,
	                            own_fds, err);
}

static void change_child(struct change *c, int socket)
	__attribute__((noreturn));

static void change_child(struct change *c, int socket)
{
	struct error err = { .code = 0 };

	sys_close(c->found.dir.fd);
	sys_set_pdeathsig(0);
	if (change_work(c, &err) < 0)
		sync_send_error(socket, &err);
	else
		sync_send(socket, SYNC_READY, 0, -1);
	sys_exit(0);
}

/* ---- and back */

static int change_await(int socket, struct error *err)
{
	struct sync_message message;
	int result = sync_receive(socket, &message, NULL);

	if (result == 1 && message.type == SYNC_READY)
		return 0;
	if (result == 1 && message.type == SYNC_ERROR) {
		*err = message.error;
		return err->code;
	}
	return error_system(err, result < 0 ? result : -EPIPE,
	                    "hear from inside the container");
}

static int change_run(struct change *c, struct error *err)
{
	int pidfd = -1;
	siginfo_t ended;
	int ends[2];
	int result = sys_socketpair(SOCK_SEQPACKET, ends);
	pid_t pid;

	if (result < 0)
		return error_system(err, result, "make a socket");
	pid = sys_clone(0, -1, &pidfd);
	if (pid == 0)
		change_child(c, ends[1]);
	fd_close(&ends[1]);
	if (pid < 0)
		result = error_system(err, pid, "clone");
	else
		result = change_await(ends[0], err);
	fd_close(&ends[0]);
	if (pid > 0)
		sys_waitid(P_PIDFD, (id_t)pidfd, &ended, WEXITED);
	fd_close(&pidfd);
	return result;
}

int engine_mounts(struct engine *engine, const char *id, const char *mounts,
                  bool add, struct error *err)
{
	struct change c auto_change = { .found = FOUND_NONE, .add = add };
	int result =
		later_find(engine, &c.arena, id, STORE_LOCKED, &c.found, err);

	if (result == 0)
		result = lifecycle_check(VERB_MOUNTS, c.found.status, id, err);
	if (result == 0 && !engine->self_protected)
		result = error_set(
			err, ERROR_INTERNAL, -EPERM,
			"the program is not protected against being overwritten through /proc/self/exe");
	if (result == 0)
		result = oci_read_mounts(&c.arena, mounts, "mounts", &c.wanted,
		                         err);
	if (result == 0)
		result = change_load(&c, err);
	return result < 0 ? result : change_run(&c, err);
}
