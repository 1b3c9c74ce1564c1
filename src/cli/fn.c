/* SPDX-License-Identifier: Apache-2.0 */
/* runf fn: the program runf-fn, which has what runf itself does not need. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fail.h"
#include "sys/file.h"
#include "sys/process.h"

#define PROGRAM "runf-fn"

/* Beside this program: two of one build belong together. */
static void fn_execute_beside(char *const args[])
{
	char path[PATH_MAX + sizeof(PROGRAM)];
	char *slash;

	if (sys_readlinkat(AT_FDCWD, "/proc/self/exe", path, PATH_MAX) < 0)
		return;
	slash = strrchr(path, '/');
	if (!slash)
		return;
	strcpy(slash + 1, PROGRAM);
	sys_execve(path, args, environ);
}

static int fn_run(struct cli *cli, void *values, struct runf_error *err)
{
	char **args = cli->words.rest - 1;

	(void)values;
	if (cli->globals.root)
		return fail_usage(err, "--root before fn has no meaning: "
		                       "runf fn --root DIR ...");
	/* In place of "fn": the words behind it follow. */
	args[0] = (char[]){ PROGRAM };
	fn_execute_beside(args);
	execvp(PROGRAM, args);
	if (errno != ENOENT)
		return fail_system(err, -errno, "execute " PROGRAM);
	return fail_with(err, RUNF_ERROR_UNSUPPORTED, -ENOENT,
	                 PROGRAM " is neither beside runf nor in PATH: it is "
	                         "built where libmicrohttpd and libarchive "
	                         "are (Debian's libmicrohttpd-dev, "
	                         "libarchive-dev)");
}

const struct cli_command command_fn = {
	.name = "fn",
	.arguments = "COMMAND ...",
	.summary = "deploy, invoke and serve functions (runf-fn)",
	.flags = COMMAND_TAKES_ALL,
	.run = fn_run,
};
