/* SPDX-License-Identifier: Apache-2.0 */
/* Writing through a trusted procfs: id maps (or their helpers), sysctls. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "ns/ns.h"
#include "sys/file.h"
#include "sys/process.h"

/* fs/proc/internal.h's PROC_ROOT_INO */
#define PROC_ROOT_INODE 1

/* user_namespaces(7): at most 340 lines; three numbers of ten digits each. */
#define MAP_ARGS  (340 * 3)
#define MAP_BYTES ((size_t)340 * 33)

#define NAME_SIZE 64

int ns_open_procfs(struct error *err)
{
	auto_close int fd =
		sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0);
	struct statfs fs;
	struct stat st;
	int result = fd;

	if (result >= 0)
		result = sys_fstatfs(fd, &fs);
	if (result >= 0)
		result = sys_fstat(fd, &st);
	if (result < 0)
		return error_system(err, result, "open /proc");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
		return error_set(err, ERROR_UNSUPPORTED, -ENODEV,
		                 "/proc is not a procfs");
	return take_fd(&fd);
}

static int write_map(int procfs, pid_t pid, const char *file, const char *text,
                     struct error *err)
{
	char path[NAME_SIZE];
	int result;

	snprintf(path, sizeof(path), "%d/%s", (int)pid, file);
	result = sys_write_beneath(procfs, path, text);
	if (result < 0)
		return error_system(err, result, "write %s", file);
	return 0;
}

/* ---- the helpers that may map what /etc/subuid grants */

/* In the child: as execvp(3), which is not ours to call. */
static void exec_in_path(const char *name, char **argv)
{
	const char *path = getenv("PATH");
	char file[4096];

	if (!path)
		path = "/usr/bin:/bin";
	while (*path != '\0') {
		int length = (int)strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/%s", length, path, name);
		sys_execve(file, argv, environ);
		path += length;
		path += *path == ':';
	}
	sys_exit(127);
}

static int run_helper(const char *name, char **argv, struct error *err)
{
	auto_close int pidfd = -1;
	siginfo_t info;
	int result;
	pid_t pid = sys_clone(0, -1, &pidfd);

	if (pid == 0)
		exec_in_path(name, argv);
	result = pid < 0 ? pid : sys_waitid(P_PIDFD, pidfd, &info, WEXITED);
	if (result < 0)
		return error_system(err, result, "run %s", name);
	if (info.si_code == CLD_EXITED && info.si_status == 0)
		return 0;
	if (info.si_code == CLD_EXITED && info.si_status == 127)
		return error_set(err, ERROR_UNSUPPORTED, -ENOENT,
		                 "%s: not found in $PATH (package uidmap)",
		                 name);
	return error_set(err, ERROR_SYSTEM, -EPERM,
	                 "%s: refused the mapping (status %d)", name,
	                 info.si_status);
}

/* NAME PID and the numbers of MAP, each its own argument. */
static int map_by_helper(const char *name, pid_t pid, const char *map,
                         struct error *err)
{
	char text[MAP_BYTES + 1];
	char number[NAME_SIZE];
	char title[NAME_SIZE];
	char *argv[MAP_ARGS + 3] = { title, number };
	size_t length = strlen(map);
	size_t count = 2;
	size_t i;

	if (length > MAP_BYTES)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "id mappings: more than 340");
	memcpy(text, map, length + 1);
	snprintf(number, sizeof(number), "%d", (int)pid);
	snprintf(title, sizeof(title), "%s", name);
	for (i = 0; i < length && count < MAP_ARGS + 2; i++) {
		if (i == 0 || text[i - 1] == '\0')
			argv[count++] = &text[i];
		if (text[i] == ' ' || text[i] == '\n')
			text[i] = '\0';
	}
	argv[count] = NULL;
	return run_helper(name, argv, err);
}

int ns_write_idmap(int procfs, pid_t pid, const struct plan_idmap *map,
                   struct error *err)
{
	int result;

	if (map->use_helpers) {
		result = map_by_helper("newuidmap", pid, map->uid_map, err);
		if (result == 0)
			result = map_by_helper("newgidmap", pid, map->gid_map,
			                       err);
		return result;
	}
	result = write_map(procfs, pid, "uid_map", map->uid_map, err);
	if (result == 0 && map->deny_setgroups)
		result = write_map(procfs, pid, "setgroups", "deny", err);
	if (result == 0)
		result = write_map(procfs, pid, "gid_map", map->gid_map, err);
	return result;
}

int ns_set_sysctl(int procfs, const struct plan_sysctl *sysctl,
                  struct error *err)
{
	char path[4096];
	int length = snprintf(path, sizeof(path), "sys/%s", sysctl->path);
	int result = length < (int)sizeof(path) ? 0 : -ENAMETOOLONG;

	if (result == 0)
		result = sys_write_beneath(procfs, path, sysctl->value);
	if (result < 0)
		return error_system(err, result, "sysctl %s = \"%s\"",
		                    sysctl->key, sysctl->value);
	return 0;
}
