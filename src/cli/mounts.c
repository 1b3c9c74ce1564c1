/* SPDX-License-Identifier: Apache-2.0 */
/* runf mounts */
#include "base/str.h"
#include "cli/cli.h"
#include "cli/document.h"
#include "cli/fail.h"

static int mounts_run(struct cli *cli, void *values, struct runf_error *err)
{
	const struct cli_words *words = &cli->words;
	bool add = str_equal(words->items[0], "add");
	const char *mounts;
	int result;

	(void)values;
	if (!add && !str_equal(words->items[0], "remove"))
		return fail_usage(err, "\"%s\" is neither add nor remove",
		                  words->items[0]);
	result = document_read(&cli->arena, words->items[2], &mounts, err);
	if (result < 0)
		return result;
	if (add)
		return runf_mounts_add(cli->runf, words->items[1], mounts, err);
	return runf_mounts_remove(cli->runf, words->items[1], mounts, err);
}

const struct cli_command command_mounts = {
	.name = "mounts",
	.arguments = "add|remove ID FILE",
	.summary = "mount in a container that runs, or unmount",
	.words_min = 3,
	.words_max = 3,
	.flags = COMMAND_OPENS | COMMAND_PROTECTS,
	.run = mounts_run,
};
