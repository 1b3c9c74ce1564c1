/* SPDX-License-Identifier: Apache-2.0 */
/* runf checkpoint */
#include "cli/cli.h"
#include "cli/criu.h"

#define CHECKPOINT struct runf_checkpoint_options

static const struct cli_option checkpoint_options[] = {
	OPTIONS_CRIU(CHECKPOINT, criu.),
	OPTION_TEXT(0, "parent-path", "DIR", CHECKPOINT, parent_path,
	            "the pre-dump before, relative to image-path"),
	OPTION_SWITCH(0, "pre-dump", CHECKPOINT, pre_dump,
	              "only memory; the container runs on"),
	OPTION_SWITCH(0, "leave-running", CHECKPOINT, leave_running,
	              "let the container run on"),
	OPTION_TEXT(0, "page-server", "ADDRESS:PORT", CHECKPOINT, page_server,
	            "send memory there"),
	OPTION_NUMBER(0, "status-fd", CHECKPOINT, status_fd,
	              "descriptor told when lazy pages can be had"),
	OPTION_SWITCH(0, "tcp-skip-in-flight", CHECKPOINT, tcp_skip_in_flight,
	              "leave out connections that are being made"),
	OPTION_SWITCH(0, "link-remap", CHECKPOINT, link_remap,
	              "link removed files that are open anew"),
	OPTIONS_END,
};

static int checkpoint_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct runf_checkpoint_options *options = values;

	options->size = sizeof(*options);
	options->criu.size = sizeof(options->criu);
	return runf_checkpoint(cli->runf, cli->words.items[0], options, err);
}

const struct cli_command command_checkpoint = {
	.name = "checkpoint",
	.arguments = "ID",
	.summary = "write a running container to files",
	.options = checkpoint_options,
	.values_size = sizeof(struct runf_checkpoint_options),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS,
	.run = checkpoint_run,
};
