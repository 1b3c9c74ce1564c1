/* SPDX-License-Identifier: Apache-2.0 */
/* Enter namespaces: interpret the steps that plan/namespaces.c decided. */
#include "ns/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/file.h"
#include "sys/ns.h"
#include "sys/process.h"

#define JOINS_MAX 8 /* there are no more types */

/* As they are called in /proc/PID/ns. */
static const struct str_value ns_names[] = {
	{ "pid", CLONE_NEWPID },
	{ "time", CLONE_NEWTIME },
	{ "ipc", CLONE_NEWIPC },
	{ "net", CLONE_NEWNET },
	{ "uts", CLONE_NEWUTS },
	{ "cgroup", CLONE_NEWCGROUP },
	{ "mnt", CLONE_NEWNS },
	{ "user", CLONE_NEWUSER },
	{ NULL, 0 },
};

static const char *ns_name(int type)
{
	const char *name = str_name_of(ns_names, (uint64_t)type);

	return name ? name : "unknown";
}

/* /proc/self/ns/NAME; the last step is a magic link and meant to be. */
static int open_own(int procfs, const char *name)
{
	auto_close int dir =
		sys_openat2(procfs, "self/ns", O_PATH | O_DIRECTORY, 0,
	                    RESOLVE_BENEATH | RESOLVE_NO_XDEV);

	if (dir < 0)
		return dir;
	return sys_openat(dir, name, O_RDONLY, 0);
}

/* setns() refuses the user namespace the caller is in with EINVAL. */
static bool is_own_user_ns(int fd)
{
	auto_close int procfs = ns_open_procfs(NULL);
	auto_close int own = -1;
	struct stat here;
	struct stat there;

	if (procfs < 0)
		return false;
	own = open_own(procfs, "user");
	return own >= 0 && sys_fstat(own, &here) == 0 &&
	       sys_fstat(fd, &there) == 0 && here.st_ino == there.st_ino &&
	       here.st_dev == there.st_dev;
}

static int join(const struct plan_ns_step *step, const int *fds,
                struct error *err)
{
	int result = sys_setns(fds[step->source], step->flags);

	if (result == -EINVAL && step->flags == CLONE_NEWUSER &&
	    is_own_user_ns(fds[step->source]))
		return 0;
	if (result < 0)
		return error_system(err, result, "join the %s namespace",
		                    ns_name(step->flags));
	return 0;
}

/*
 * unshare() makes a time namespace for children only. As the process has one
 * thread it can enter that one itself, which a fork would cost otherwise.
 */
static int enter_time(const char *offsets, struct error *err)
{
	auto_close int procfs = ns_open_procfs(err);
	auto_close int fd = -1;
	int result;

	if (procfs < 0)
		return procfs;
	result = sys_unshare(CLONE_NEWTIME);
	if (result < 0)
		return error_system(err, result, "unshare the time namespace");
	if (offsets) {
		result = sys_write_beneath(procfs, "self/timens_offsets",
		                           offsets);
		if (result < 0)
			return error_system(err, result, "set time offsets");
	}
	fd = open_own(procfs, "time_for_children");
	result = fd < 0 ? fd : sys_setns(fd, CLONE_NEWTIME);
	if (result < 0)
		return error_system(err, result, "enter the time namespace");
	return 0;
}

/*
 * In a user namespace that was joined the maps are not known: without a root
 * (EINVAL) the caller stays who it is.
 */
static int become_root(const struct plan_idmap *idmap, struct error *err)
{
	int result = sys_setresgid(idmap->root_gid);

	if (result < 0 && (idmap->needed || result != -EINVAL))
		return error_system(err, result,
		                    "become group %u of the user namespace",
		                    idmap->root_gid);
	result = sys_setresuid(idmap->root_uid);
	if (result < 0 && (idmap->needed || result != -EINVAL))
		return error_system(err, result,
		                    "become user %u of the user namespace",
		                    idmap->root_uid);
	return 0;
}

int ns_apply(const struct plan_namespaces *ns, const struct plan_ns_step *step,
             const int *fds, struct error *err)
{
	int result;

	switch (step->verb) {
	case PLAN_NS_JOIN: return join(step, fds, err);
	case PLAN_NS_OFFSETS: return enter_time(ns->time_offsets, err);
	case PLAN_NS_BECOME_ROOT: return become_root(&ns->idmap, err);
	case PLAN_NS_UNSHARE:
		result = sys_unshare(step->flags);
		if (result < 0)
			return error_system(err, result,
			                    "unshare the %s namespace",
			                    ns_name(step->flags));
		return 0;
	case PLAN_NS_CLONE:
	case PLAN_NS_WAIT_IDMAP:
	case PLAN_NS_TAKE: break;
	}
	return error_set(err, ERROR_INTERNAL, -EINVAL,
	                 "namespace step %d is not for ns_apply()",
	                 (int)step->verb);
}

int ns_join_many(const struct plan_ns_step *steps, size_t count, const int *fds,
                 struct error *err)
{
	const struct plan_ns_step *refused[JOINS_MAX];
	size_t refused_count = 0;
	size_t i;
	int result;

	for (i = 0; i < count; i++) {
		result = join(&steps[i], fds, err);
		if (result == -EPERM && refused_count < JOINS_MAX)
			refused[refused_count++] = &steps[i];
		else if (result < 0)
			return result;
	}
	for (i = 0; i < refused_count; i++) {
		result = join(refused[i], fds, err);
		if (result < 0)
			return result;
	}
	return 0;
}

static void close_saved(struct ns_saved *saved)
{
	while (saved->count > 0)
		fd_close(&saved->fds[--saved->count]);
}

int ns_save(int types, struct ns_saved *ret_saved, struct error *err)
{
	auto_close int procfs = -1;
	struct ns_saved saved = { .count = 0 };
	const struct str_value *row;

	if (types != 0) {
		procfs = ns_open_procfs(err);
		if (procfs < 0)
			return procfs;
	}
	for (row = ns_names; row->name; row++) {
		int type = (int)row->value;
		int fd;

		if (!(types & type) || saved.count == NS_SAVED_MAX)
			continue;
		fd = open_own(procfs, row->name);
		if (fd < 0) {
			close_saved(&saved);
			return error_system(err, fd,
			                    "remember the %s namespace",
			                    row->name);
		}
		saved.types[saved.count] = type;
		saved.fds[saved.count++] = fd;
	}
	*ret_saved = saved;
	return 0;
}

int ns_restore(struct ns_saved *saved, struct error *err)
{
	int first = 0;
	size_t i;

	for (i = 0; i < saved->count; i++) {
		int result = sys_setns(saved->fds[i], saved->types[i]);

		if (result < 0 && first == 0)
			first = error_system(err, result,
			                     "go back to the %s namespace",
			                     ns_name(saved->types[i]));
	}
	close_saved(saved);
	return first;
}

int ns_set_hostname(const char *name, struct error *err)
{
	int result = sys_sethostname(name, strlen(name));

	if (result < 0)
		return error_system(err, result, "set hostname \"%s\"", name);
	return 0;
}

int ns_set_domainname(const char *name, struct error *err)
{
	int result = sys_setdomainname(name, strlen(name));

	if (result < 0)
		return error_system(err, result, "set domainname \"%s\"", name);
	return 0;
}

int ns_loopback_up(struct error *err)
{
	int result = sys_loopback_up();

	if (result < 0)
		return error_system(err, result, "bring up the loopback");
	return 0;
}
