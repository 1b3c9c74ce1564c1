/* SPDX-License-Identifier: Apache-2.0 */
/* Run from a copy of the program that no container can write. */
#include "lib/protect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

#include "base/fd.h"
#include "lib/internal.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

#define SELF  "/proc/self/exe"
#define NAME  "runf"
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#ifndef MFD_EXEC
#	define MFD_EXEC 0x0010U
#endif

/*
 * Container processes reach the runtime's program as /proc/PID/exe, if only
 * for the moment before init executes theirs, and a program named
 * /proc/self/exe makes init execute it again inside. What that link leads to
 * must therefore be beyond writing for root: behind a read-only mount that
 * no mount namespace holds (so nobody can remount it), or a sealed memfd.
 */
static bool protect_is_done(int self)
{
	struct statfs fs;
	int seals;

	if (sys_fstatfs(self, &fs) == 0 && fs.f_flags & ST_RDONLY)
		return true;
	seals = sys_get_seals(self);
	return seals >= 0 && (seals & SEALS) == SEALS;
}

/* A clone of the mount with nothing but the file, read-only, attached nowhere. */
static int protect_open_mount(int self)
{
	auto_close int tree =
		sys_open_tree(self, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	int result = tree;

	if (result >= 0)
		result = sys_mount_setattr(tree, "", AT_EMPTY_PATH,
		                           MOUNT_ATTR_RDONLY, 0, 0, -1);
	return result < 0 ? result : take_fd(&tree);
}

/*
 * Without executing anything: the start of a static program costs several
 * times more than to exchange its mappings.
 */
static int protect_in_place(int tree, char *const argv[], char *const env[])
{
	char path[32];
	auto_close int file = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", tree);
	file = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	return file < 0 ? file : protect_replace_image(file, argv, env);
}

static int protect_by_memfd(int self, char *const argv[], char *const env[])
{
	auto_close int memfd =
		sys_memfd_create(NAME, MFD_ALLOW_SEALING | MFD_EXEC);
	struct stat stat;
	off_t done = 0;
	int result;

	/* Before Linux 6.3 there is no MFD_EXEC, and no need to say it. */
	if (memfd == -EINVAL)
		memfd = sys_memfd_create(NAME, MFD_ALLOW_SEALING);
	result = memfd < 0 ? memfd : sys_fstat(self, &stat);
	while (result >= 0 && done < stat.st_size) {
		result = (int)sys_sendfile(memfd, self, &done,
		                           (size_t)(stat.st_size - done));
		if (result == 0)
			result = -EIO;
	}
	if (result >= 0)
		result = sys_fchmod(memfd, 0555);
	if (result >= 0)
		result = sys_add_seals(memfd, SEALS);
	return result < 0 ? result : sys_exec_fd(memfd, argv, env);
}

static int protect_mount = -1;

int protect_take_mount(void)
{
	return take_fd(&protect_mount);
}

int runf_protect_self(char *const argv[], char *const env[],
                      struct runf_error *ret_err)
{
	auto_close int self = sys_openat(AT_FDCWD, SELF, O_RDONLY, 0);
	auto_close int tree = -1;
	struct error err = { .code = 0 };
	int result = self;

	if (result >= 0 && protect_is_done(self)) {
		/* Executed by descriptor, the name became that number. */
		sys_set_name(NAME);
		return 1;
	}
	if (self >= 0)
		result = tree = protect_open_mount(self);
	if (tree >= 0 && protect_in_place(tree, argv, env) == 0) {
		protect_mount = take_fd(&tree);
		return 1;
	}
	if (tree >= 0)
		result = sys_exec_fd(tree, argv, env);
	if (result < 0 && self >= 0)
		result = protect_by_memfd(self, argv, env);
	error_system(&err, result, "protect the program " SELF);
	return lib_return(result, &err, ret_err);
}
