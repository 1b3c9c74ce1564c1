/* SPDX-License-Identifier: Apache-2.0 */
/* The options of struct runf_create_options, which several commands share. */
#include "cli/bundle.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "cli/fail.h"

/* The next of words with commas between; one behind a backslash is its own. */
static char *take_word(struct arena *arena, const char **rest)
{
	const char *from = *rest;
	size_t length = 0;

	while (from[length] && from[length] != ',')
		length += from[length] == '\\' && from[length + 1] ? 2 : 1;
	*rest = from + length + (from[length] == ',');
	return arena_strndup(arena, from, length);
}

/* They are the last: all that follows is one of them. */
static void take_options(struct arena *arena, const char *text,
                         struct runf_mount *mount)
{
	const char **words = NULL;
	size_t count = 0;

	while (*text)
		*arena_push(arena, words, count) = take_word(arena, &text);
	*arena_push(arena, words, count) = NULL;
	mount->options = words;
}

static int take_mount(struct arena *arena, const char *text,
                      struct runf_mount *mount, struct runf_error *err)
{
	const char *rest = text;

	while (*rest) {
		const char *options = str_after(rest, "options=");
		const char *word = options ? "" : take_word(arena, &rest);
		const char *type = str_after(word, "type=");
		const char *source = str_after(word, "source=");
		const char *target = str_after(word, "target=");

		if (options) {
			take_options(arena, options, mount);
			break;
		}
		if (!type && !source && !target)
			return fail_usage(err,
			                  "invalid value \"%s\" for option "
			                  "--rootfs-mount: \"%s\" is none of "
			                  "type=, source=, target=, options=",
			                  text, word);
		if (type)
			mount->type = type;
		else if (source)
			mount->source = source;
		else
			mount->target = target;
	}
	return 0;
}

int bundle_take_rootfs(struct arena *arena, const struct cli_list *given,
                       struct runf_create_options *options,
                       struct runf_error *err)
{
	struct runf_mount *mounts;
	size_t i;
	int result = 0;

	/* A plain start needs no arena here: its first page is a fault. */
	if (!given->count)
		return 0;
	mounts = arena_new_array(arena, struct runf_mount, given->count);
	for (i = 0; i < given->count && result == 0; i++)
		result = take_mount(arena, given->items[i], &mounts[i], err);
	options->rootfs = mounts;
	options->rootfs_count = given->count;
	return result;
}
