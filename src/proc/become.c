/* SPDX-License-Identifier: Apache-2.0 */
/* Working directory and credentials: from root of the container to its user. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <string.h>

#include "base/fd.h"
#include "proc/proc.h"
#include "sys/file.h"
#include "sys/process.h"

#define CWD_MODE 0755

/* ---- working directory */

/* Enter NAME below *DIR, made if it is missing. Magic links lead out. */
static int descend(int *dir, const char *name)
{
	const int flags = O_PATH | O_DIRECTORY;
	int next = sys_openat2(*dir, name, flags, 0, RESOLVE_NO_MAGICLINKS);

	if (next == -ENOENT) {
		int result = sys_mkdirat(*dir, name, CWD_MODE);

		/* What is wrong is that it is missing. */
		if (result == -EROFS)
			return -ENOENT;
		if (result < 0 && result != -EEXIST)
			return result;
		next = sys_openat2(*dir, name, flags, 0, RESOLVE_NO_MAGICLINKS);
	}
	if (next < 0)
		return next;
	fd_close(dir);
	*dir = next;
	return 0;
}

/* Enter PATH part by part. The umask is set anew later. */
static int make_cwd(const char *path)
{
	auto_close int dir = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	char name[NAME_MAX + 1];

	if (dir < 0)
		return dir;
	sys_umask(0);
	for (;;) {
		size_t length;
		int result;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (length == 0)
			return sys_fchdir(dir);
		if (length > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		result = descend(&dir, name);
		if (result < 0)
			return result;
	}
}

static int enter_cwd(const char *path)
{
	int result = sys_chdir(path);

	return result == -ENOENT ? make_cwd(path) : result;
}

/* A link to a descriptor of the host would lead out of the container. */
static int check_cwd(const char *path, struct error *err)
{
	char cwd[PATH_MAX];
	int result = sys_getcwd(cwd, sizeof(cwd));

	if (result < 0)
		return error_system(err, result, "process.cwd \"%s\"", path);
	if (cwd[0] != '/')
		return error_set(err, ERROR_CONFIG, -EPERM,
		                 "process.cwd \"%s\": lies outside of the "
		                 "container",
		                 path);
	return 0;
}

/* ---- credentials */

/*
 * A user namespace made by an unprivileged user forbids setgroups() for good
 * (/proc/PID/setgroups), also to its root. Nothing can be taken away there.
 */
static bool is_forbidden_setgroups(int result)
{
	uint64_t effective;
	uint64_t rest;

	return result == -EPERM && sys_capget(&effective, &rest, &rest) == 0 &&
	       effective >> CAP_SETGID & 1;
}

static int set_groups(const struct plan_process *process, struct error *err)
{
	int result;

	if (process->keep_groups)
		return 0;
	result = sys_setgroups(process->groups_count, process->groups);
	if (process->groups_count == 0 && is_forbidden_setgroups(result))
		return 0;
	if (result < 0)
		return error_system(err, result, "set additional groups");
	return 0;
}

static int set_ids(const struct plan_process *process, struct error *err)
{
	const struct plan_caps *caps = &process->caps;
	int result = 0;

	/* Leaving root would clear what is to be kept. exec() resets it. */
	if (process->uid != 0 &&
	    (caps->permitted | caps->inheritable | caps->held))
		result = sys_set_keepcaps(1);
	if (result < 0)
		return error_system(err, result, "keep capabilities");
	result = sys_setresgid(process->gid);
	if (result < 0)
		return error_system(err, result, "become group %u",
		                    process->gid);
	result = sys_setresuid(process->uid);
	if (result < 0)
		return error_system(err, result, "become user %u",
		                    process->uid);
	return 0;
}

/*
 * With HELD besides. What runf does not have itself it cannot give: the
 * specification wants the rest granted then, not a failure. *MASK becomes what
 * was possible.
 */
static int set_caps(const struct plan_caps *caps, uint64_t held, uint64_t *mask)
{
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
	int result;

	result = sys_capset(caps->effective | held, caps->permitted | held,
	                    caps->inheritable);
	if (result != -EPERM)
		return result;
	result = sys_capget(&effective, &permitted, &inheritable);
	if (result < 0)
		return result;
	*mask = permitted;
	return sys_capset((caps->effective | held) & permitted,
	                  (caps->permitted | held) & permitted,
	                  caps->inheritable & (permitted | inheritable));
}

/*
 * Lowering the other sets has lowered the ambient one already. What cannot be
 * raised is no failure either.
 */
static int set_ambient(const struct plan_caps *caps, uint64_t mask)
{
	uint64_t wanted = caps->ambient & mask;
	int result = 0;
	int cap;

	if (caps->inheritable & caps->permitted)
		result = sys_clear_ambient();
	for (cap = 0; result == 0 && cap <= caps->last; cap++) {
		if (wanted >> cap & 1)
			result = sys_raise_ambient(cap);
		if (result == -EPERM)
			result = 0;
	}
	return result;
}

static int set_credentials(const struct plan_process *process,
                           struct error *err)
{
	uint64_t mask = ~UINT64_C(0);
	int result = set_groups(process, err);

	if (result == 0)
		result = set_ids(process, err);
	if (result < 0)
		return result;
	result = set_caps(&process->caps, process->caps.held, &mask);
	if (result < 0)
		return error_system(err, result, "set capabilities");
	result = set_ambient(&process->caps, mask);
	if (result < 0)
		return error_system(err, result, "set ambient capabilities");
	return 0;
}

int proc_drop_held(const struct plan_process *process, struct error *err)
{
	uint64_t mask;
	int result = 0;

	if (process->caps.held)
		result = set_caps(&process->caps, 0, &mask);
	if (result < 0)
		return error_system(err, result,
		                    "drop what loading the filter needed");
	return 0;
}

int proc_become(const struct plan_process *process, struct error *err)
{
	int entered = enter_cwd(process->cwd);
	int result;

	/* The user may enter what a root without power over files may not. */
	if (entered < 0 && entered != -EACCES)
		return error_system(err, entered, "process.cwd \"%s\"",
		                    process->cwd);
	result = set_credentials(process, err);
	if (result < 0)
		return result;
	if (entered < 0)
		entered = sys_chdir(process->cwd);
	if (entered < 0)
		return error_system(err, entered, "process.cwd \"%s\"",
		                    process->cwd);
	sys_umask(process->umask);
	return check_cwd(process->cwd, err);
}
