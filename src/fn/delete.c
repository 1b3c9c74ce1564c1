/* SPDX-License-Identifier: Apache-2.0 */
/* runf-fn delete */
#include <errno.h>

#include "base/str.h"
#include "fn/options.h"
#include "fn/versions.h"
#include "sys/file.h"

struct delete_values {
	bool old;
	bool wait;
};

static const struct cli_option delete_options[] = {
	OPTION_SWITCH(0, "old", struct delete_values, old,
	              "only versions that are not the current one"),
	OPTION_SWITCH(0, "wait", struct delete_values, wait,
	              "until nobody uses it any more"),
	OPTIONS_END,
};

static int refuse_used(const char *name, const char *version, struct error *err)
{
	return error_set(err, ERROR_STATE, -EBUSY,
	                 "version %.12s of \"%s\" is being used: stop what "
	                 "runs it, or say --wait",
	                 version, name);
}

/* Those before; what somebody uses stays, and is no error. */
static int delete_old(const struct versions *versions,
                      const struct versions_list *list, bool wait,
                      struct error *err)
{
	size_t i;
	int result = 0;

	for (i = 0; i < list->count && result >= 0; i++) {
		if (list->current && str_equal(list->items[i], list->current))
			continue;
		result = versions_remove(versions, list->items[i], wait, err);
		if (result == 1)
			fn_warn("version %.12s stays: it is being used",
			        list->items[i]);
	}
	return result < 0 ? result : 0;
}

/*
 * The current one first: once that has gone nobody can begin to use the
 * function, for its link leads nowhere.
 */
static int delete_all(const struct versions *versions,
                      const struct versions_list *list, const char *name,
                      bool wait, struct error *err)
{
	int result = 0;
	size_t i;

	for (i = 0; i < list->count && !wait; i++)
		if (versions_is_used(versions, list->items[i]))
			return refuse_used(name, list->items[i], err);
	if (list->current)
		result = versions_remove(versions, list->current, wait, err);
	if (result == 1)
		return refuse_used(name, list->current, err);
	if (result == 0)
		sys_unlinkat(versions->dir, "current", 0);
	for (i = 0; i < list->count && result == 0; i++) {
		result = versions_remove(versions, list->items[i], wait, err);
		if (result == 1)
			return refuse_used(name, list->items[i], err);
	}
	return result;
}

static int delete_function(const struct fn_globals *globals, const char *name,
                           const struct delete_values *given, struct error *err)
{
	struct versions versions = { .dir = -1 };
	struct versions_list list;
	int result = versions_open(globals->arena, globals->root, name, false,
	                           &versions, err);

	if (result == 0)
		result = versions_read(globals->arena, versions.path, &list,
		                       err);
	/* Only what a deploy that was killed has left. */
	if (result == 0 && !list.count && !list.current)
		result = error_set(err, ERROR_NOT_FOUND, -ENOENT,
		                   "there is no function \"%s\"", name);
	if (result == 0)
		result = given->old ? delete_old(&versions, &list, given->wait,
		                                 err)
		                    : delete_all(&versions, &list, name,
		                                 given->wait, err);
	versions_close(&versions);
	return result;
}

static int delete_run(const struct fn_globals *globals, char **args)
{
	struct delete_values given = { false };
	struct cli_words words;
	struct error err;
	int result = fn_parse(globals, &fn_delete, args, &given, &words, &err);

	if (result == 0)
		result = delete_function(globals, words.items[0], &given, &err);
	return result < 0 ? fn_fail(&fn_delete, &err) : 0;
}

const struct fn_command fn_delete = {
	.name = "delete",
	.usage = "NAME",
	.summary = "remove a function, or its earlier versions",
	.options = delete_options,
	.words_min = 1,
	.words_max = 1,
	.run = delete_run,
};
