/* SPDX-License-Identifier: Apache-2.0 */
/* Another program that does a part of the work, and what it says about it. */
#include "fn/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/process.h"

#define OUTPUT_MAX       4096
#define STATUS_NOT_THERE 127

static void become_tool(const struct tool *tool, int output)
	__attribute__((noreturn));

static void become_tool(const struct tool *tool, int output)
{
	int input = tool->input;
	int result = 0;

	if (input < 0)
		input = sys_openat(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	if (input < 0)
		result = input;
	if (result >= 0)
		result = sys_dup3(input, STDIN_FILENO, 0);
	if (result >= 0)
		result = sys_dup3(output, STDOUT_FILENO, 0);
	if (result >= 0 && !tool->shows)
		result = sys_dup3(output, STDERR_FILENO, 0);
	if (result >= 0)
		result = sys_close_range(STDERR_FILENO + 1, ~0U, 0);
	sys_reset_signals();
	sys_set_pdeathsig(SIGKILL);
	if (result >= 0) {
		execvp(tool->args[0], (char *const *)(uintptr_t)tool->args);
		result = -errno;
	}
	dprintf(STDOUT_FILENO, "%s", strerror(-result));
	sys_exit(STATUS_NOT_THERE);
}

/* The last OUTPUT_MAX bytes. */
static void read_output(int fd, char text[2 * OUTPUT_MAX + 1])
{
	size_t used = 0;
	ssize_t got;

	while ((got = sys_read(fd, text + used, 2 * OUTPUT_MAX - used)) > 0) {
		used += (size_t)got;
		if (used > OUTPUT_MAX) {
			memmove(text, text + used - OUTPUT_MAX, OUTPUT_MAX);
			used = OUTPUT_MAX;
		}
	}
	while (used && (text[used - 1] == '\n' || text[used - 1] == ' '))
		used--;
	text[used] = '\0';
}

static int judge(const struct tool *tool, const siginfo_t *info,
                 const char *output, struct error *err)
{
	const char *line = strrchr(output, '\n');

	line = line ? line + 1 : output;
	if (info->si_code != CLD_EXITED)
		return error_set(err, ERROR_SYSTEM, -EIO,
		                 "%s was killed by signal %d%s", tool->args[0],
		                 info->si_status,
		                 info->si_status == SIGSYS
		                         ? " (its system call filter)"
		                         : "");
	if (info->si_status == STATUS_NOT_THERE)
		return error_set(err, ERROR_UNSUPPORTED, -ENOENT,
		                 "execute %s: %s (Debian has it in the package "
		                 "%s)",
		                 tool->args[0], line, tool->package);
	if (info->si_status)
		return error_set(err, ERROR_CONFIG, -EINVAL, "%s: %s",
		                 strrchr(tool->args[0], '/')
		                         ? strrchr(tool->args[0], '/') + 1
		                         : tool->args[0],
		                 *line ? line : "failed, and gave no reason");
	return 0;
}

int tool_run(struct arena *arena, const struct tool *tool,
             const char **ret_output, struct error *err)
{
	char *output = arena_alloc(arena, 2 * OUTPUT_MAX + 1);
	auto_close int read_end = -1;
	auto_close int write_end = -1;
	auto_close int pidfd = -1;
	siginfo_t info;
	int ends[2];
	int result = sys_pipe2(ends, 0);
	pid_t pid;

	if (result < 0)
		return error_system(err, result, "make a pipe");
	read_end = ends[0];
	write_end = ends[1];
	pid = sys_clone(0, -1, &pidfd);
	if (pid == 0)
		become_tool(tool, write_end);
	if (pid < 0)
		return error_system(err, pid, "clone");
	fd_close(&write_end);
	read_output(read_end, output);
	result = sys_waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
	if (result < 0)
		return error_system(err, result, "wait for %s", tool->args[0]);
	result = judge(tool, &info, output, err);
	if (result == 0 && ret_output)
		*ret_output = output;
	return result;
}
