/* SPDX-License-Identifier: Apache-2.0 */
/* runf create */
#include "cli/bundle.h"
#include "cli/cli.h"

static const struct cli_option create_options[] = {
	OPTIONS_BUNDLE(struct runf_create_options, ),
	OPTIONS_SOCKETS(struct runf_create_options, ),
	OPTIONS_CONTAINER(struct runf_create_options, ),
	OPTION_TRACE(struct runf_create_options, ),
	OPTIONS_END,
};

static int create_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct runf_create_options *options = values;

	options->size = sizeof(*options);
	return runf_create(cli->runf, cli->words.items[0], options, err);
}

const struct cli_command command_create = {
	.name = "create",
	.arguments = "ID",
	.summary = "make a container; its program waits for start",
	.options = create_options,
	.values_size = sizeof(struct runf_create_options),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS | COMMAND_PROTECTS | COMMAND_CREATES,
	.run = create_run,
};
