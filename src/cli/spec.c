/* SPDX-License-Identifier: Apache-2.0 */
/* runf spec */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "cli/fail.h"
#include "sys/file.h"
#include "sys/process.h"

#define SPEC_NAME "config.json"

struct spec_values {
	const char *bundle;
	const char *file;
	bool rootless;
};

static const struct cli_option spec_options[] = {
	OPTION_TEXT('b', "bundle", "DIR", struct spec_values, bundle,
	            "where to write it (default: current directory)"),
	OPTION_TEXT('f', "file", "FILE", struct spec_values, file,
	            "its name there (default: config.json)"),
	OPTION_SWITCH(0, "rootless", struct spec_values, rootless,
	              "for a user without privileges"),
	OPTIONS_END,
};

/* Give the finished file its name, unless that is taken. */
static int spec_publish(int dir, const char *temporary, const char *name)
{
	int result = sys_renameat2(dir, temporary, dir, name, RENAME_NOREPLACE);

	/* Some file systems cannot; that nothing is there was seen before. */
	if (result == -EINVAL)
		result = sys_renameat2(dir, temporary, dir, name, 0);
	return result;
}

/* Whole or not at all: a reader never sees half a document. */
static int spec_write(int dir, const char *name, const char *json)
{
	auto_close int file = -1;
	char temporary[PATH_MAX];
	int result;

	if (sys_faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	result = snprintf(temporary, sizeof(temporary), "%s.%d", name,
	                  sys_getpid());
	if (result >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	file = sys_openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (file < 0)
		return file;
	result = sys_write_all(file, json, strlen(json));
	if (result == 0)
		result = spec_publish(dir, temporary, name);
	if (result < 0)
		sys_unlinkat(dir, temporary, 0);
	return result;
}

static int spec_run(struct cli *cli, void *values, struct runf_error *err)
{
	const struct spec_values *given = values;
	const char *bundle = given->bundle ? given->bundle : ".";
	const char *name = given->file ? given->file : SPEC_NAME;
	auto_close int dir =
		sys_openat(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0);
	char *json;
	int result;

	(void)cli;
	if (dir < 0)
		return fail_system(err, dir, "open bundle '%s'", bundle);
	result = runf_spec(given->rootless, &json, err);
	if (result < 0)
		return result;
	result = spec_write(dir, name, json);
	runf_free_text(json);
	if (result < 0)
		return fail_system(err, result, "write %s/%s", bundle, name);
	return 0;
}

const struct cli_command command_spec = {
	.name = "spec",
	.arguments = "",
	.summary = "write a sample config.json",
	.options = spec_options,
	.values_size = sizeof(struct spec_values),
	.run = spec_run,
};
