/* SPDX-License-Identifier: Apache-2.0 */
/* containerd-shim-runf-v2: the command line that containerd uses. */
#include <errno.h>
#include <limits.h>
#include <runf/runf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "shim/actions.h"
#include "sys/process.h"

enum option_kind {
	OPTION_TEXT,
	OPTION_SWITCH,
};

struct option {
	const char *name;
	enum option_kind kind;
	size_t offset; /* in struct shim_args */
};

#define OPTION(kind, name, member)                                      \
	{                                                               \
		name, OPTION_##kind, offsetof(struct shim_args, member) \
	}

static const struct option options[] = {
	OPTION(TEXT, "namespace", namespace_),
	OPTION(TEXT, "address", address),
	OPTION(TEXT, "publish-binary", publish),
	OPTION(TEXT, "id", id),
	OPTION(TEXT, "bundle", bundle),
	/* Of other versions: without a meaning here. */
	OPTION(TEXT, "socket", socket_dir),
	OPTION(TEXT, "debug-socket", socket_dir),
	OPTION(SWITCH, "debug", debug),
	OPTION(SWITCH, "info", info),
	OPTION(SWITCH, "v", version),
};

static const struct option *option_find(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (strlen(options[i].name) == length &&
		    strncmp(options[i].name, name, length) == 0)
			return &options[i];
	return NULL;
}

static int fail_usage(const char *what, const char *value)
{
	fprintf(stderr, "containerd-shim-runf-v2: %s \"%s\"\n", what, value);
	return -EINVAL;
}

/* As Go's package flag has it: -x v, -x=v, --x v; then the action. */
static int args_parse(struct shim_args *args, char **words)
{
	for (; *words && **words == '-'; words++) {
		const char *name = *words + ((*words)[1] == '-' ? 2 : 1);
		const char *value = strchr(name, '=');
		size_t length = value ? (size_t)(value - name) : strlen(name);
		const struct option *option = option_find(name, length);
		char *at = (char *)args + (option ? option->offset : 0);

		if (!option)
			return fail_usage("there is no option", *words);
		if (option->kind == OPTION_SWITCH) {
			*(bool *)(void *)at =
				!value || str_equal(value + 1, "true");
			continue;
		}
		if (!value && !words[1])
			return fail_usage("a value is missing after", *words);
		*(const char **)(void *)at = value ? value + 1 : *++words;
	}
	args->action = *words;
	return 0;
}

/* Both are parts of paths. */
static bool args_name_is_bad(const char *name)
{
	return !name || !*name || strchr(name, '/') || str_equal(name, ".") ||
	       str_equal(name, "..");
}

int main(int argc, char **argv, char **env)
{
	struct shim_args args = { .argv = argv, .env = env };

	/* What containerd leaves open by mistake would stay with the shim. */
	sys_close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	if (argc < 1 || args_parse(&args, argv + 1) < 0)
		return EXIT_FAILURE;
	if (args.version) {
		printf("containerd-shim-runf-v2:\n  Version:  %s\n  Revision: %s\n",
		       runf_version(), runf_commit());
		return EXIT_SUCCESS;
	}
	if (args.info)
		return info_main();
	if (!args.action) {
		fail_usage("an action is needed: start or delete, not", "");
		return EXIT_FAILURE;
	}
	if (args_name_is_bad(args.namespace_) || args_name_is_bad(args.id)) {
		fail_usage("-namespace and -id have to be names; -id is",
		           args.id ? args.id : "");
		return EXIT_FAILURE;
	}
	if (str_equal(args.action, "start"))
		return start_main(&args);
	if (str_equal(args.action, "delete"))
		return delete_main(&args);
	fail_usage("there is no action", args.action);
	return EXIT_FAILURE;
}
