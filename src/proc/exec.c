/* SPDX-License-Identifier: Apache-2.0 */
/* Find the program, and become it. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>

#include "proc/proc.h"
#include "sys/file.h"
#include "sys/process.h"

#define FIRST_FD 3

/* Where close_range() cannot set close-on-exec (before Linux 5.11). */
#define FALLBACK_LAST_FD 65535

/* The words that engines look for: strerror(3) in lower case. */
static int program_error(struct error *err, int code, const char *name)
{
	char reason[128];

	snprintf(reason, sizeof(reason), "%s", strerror(-code));
	reason[0] = (char)tolower((unsigned char)reason[0]);
	if (code == -EISDIR)
		return error_set(err, ERROR_PROGRAM, code,
		                 "exec: \"%s\": is a directory: permission "
		                 "denied",
		                 name);
	return error_set(err, ERROR_PROGRAM, code, "exec: \"%s\": %s", name,
	                 reason);
}

/* 0 if PATH can be executed by the caller as far as it can be told before. */
static int check_program(const char *path)
{
	struct stat st;
	int result = sys_faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);

	/* A directory without x is one all the same. */
	if (result < 0 && result != -EACCES)
		return result;
	if (sys_fstatat(AT_FDCWD, path, &st, 0) < 0)
		return result < 0 ? result : -ENOENT;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? result : -EACCES;
}

/* Copy the first part of *PATHS and NAME; "" stands for the cwd. */
static int next_candidate(const char **paths, const char *name,
                          char path[PATH_MAX])
{
	int length = (int)strcspn(*paths, ":");
	int written = snprintf(path, PATH_MAX, "%.*s/%s", length ? length : 1,
	                       length ? *paths : ".", name);

	*paths += length;
	if (**paths == ':')
		(*paths)++;
	else
		*paths = NULL;
	return written < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* As execvp(3): the first that can be executed, else the worst refusal. */
static int search(const struct plan_process *process, char path[PATH_MAX])
{
	const char *paths = process->search_path;
	int refusal = -ENOENT;

	while (paths) {
		int result = next_candidate(&paths, process->args[0], path);

		if (result == 0)
			result = check_program(path);
		if (result == 0)
			return 0;
		if (result == -EACCES || result == -EISDIR)
			refusal = result;
	}
	return refusal;
}

int proc_find_program(const struct plan_process *process,
                      char ret_path[PATH_MAX], struct error *err)
{
	const char *name = process->args[0];
	char path[PATH_MAX];
	int result = -ENOENT;

	if (strchr(name, '/')) {
		result = strlen(name) < sizeof(path) ? check_program(name)
		                                     : -ENAMETOOLONG;
		if (result < 0)
			return program_error(err, result, name);
		memcpy(ret_path, name, strlen(name) + 1);
		return 0;
	}
	if (name[0] != '\0')
		result = search(process, path);
	if (result == -ENOENT)
		return error_set(err, ERROR_PROGRAM, result,
		                 "exec: \"%s\": executable file not found in "
		                 "$PATH",
		                 name);
	if (result < 0)
		return program_error(err, result, name);
	memcpy(ret_path, path, strlen(path) + 1);
	return 0;
}

int proc_close_fds(const struct plan_process *process, struct error *err)
{
	unsigned int end = FIRST_FD + process->keep_fds;
	unsigned int fd;
	int result;

	for (fd = FIRST_FD; fd < end; fd++) {
		result = sys_set_cloexec((int)fd, 0);
		if (result < 0)
			return error_system(err, result,
			                    "preserve file descriptor %u", fd);
	}
	result = sys_close_range(end, ~0U, CLOSE_RANGE_CLOEXEC);
	if (result != -EINVAL && result != -ENOSYS)
		return result < 0 ? error_system(err, result,
		                                 "close file descriptors")
		                  : 0;
	for (; fd <= FALLBACK_LAST_FD; fd++)
		(void)sys_set_cloexec((int)fd, 1);
	return 0;
}

int proc_no_new_privs(struct error *err)
{
	int result = sys_set_no_new_privs();

	if (result < 0)
		return error_system(err, result, "set no_new_privs");
	return 0;
}

int proc_exec(const struct plan_process *process, const char *path, char *home,
              struct error *err)
{
	int result;

	if (process->home_slot >= 0)
		process->env[process->home_slot] = home;
	result = sys_execve(path, process->args, process->env);
	return program_error(err, result, process->args[0]);
}
