/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, errors and texts: the edges of the library. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "lib/internal.h"
#include "lib/protect.h"

#define DEFAULT_ROOT "/run/runf"

_Static_assert((int)RUNF_ERROR_INTERNAL == (int)ERROR_INTERNAL,
               "the public error kinds are the internal ones");
_Static_assert((int)RUNF_LOG_DEBUG == (int)LOG_LEVEL_DEBUG,
               "the public log levels are the internal ones");
_Static_assert(sizeof(((struct runf_error *)0)->text) ==
                       sizeof(((struct error *)0)->text),
               "an error's text fits");

int lib_return(int result, const struct error *err, struct runf_error *ret_err)
{
	if (result >= 0 || !ret_err)
		return result;
	ret_err->code = result;
	ret_err->kind = (enum runf_error_kind)err->kind;
	memcpy(ret_err->text, err->text, sizeof(ret_err->text));
	return result;
}

int lib_return_text(int result, const char *text, char **ret_text,
                    const struct error *err, struct runf_error *ret_err)
{
	struct error why = { .code = 0 };
	char *copy;

	if (result < 0)
		return lib_return(result, err, ret_err);
	copy = strdup(text);
	if (!copy)
		return lib_return(error_system(&why, -ENOMEM, "copy a text"),
		                  &why, ret_err);
	*ret_text = copy;
	return 0;
}

int lib_take_options(void *ours, size_t size, const void *theirs, size_t given,
                     struct error *err)
{
	const char *bytes = theirs;
	size_t i;

	if (given < sizeof(size_t))
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "options do not tell their size");
	for (i = size; i < given; i++)
		if (bytes[i])
			return error_set(
				err, ERROR_USAGE, -E2BIG,
				"options from a newer version of the library");
	memset(ours, 0, size);
	memcpy(ours, theirs, given < size ? given : size);
	return 0;
}

static void lib_log(void *context, enum log_level level, const char *text)
{
	const struct runf *runf = context;

	runf->log(runf->log_context, (enum runf_log_level)level, text);
}

int runf_open(const struct runf_options *options, struct runf **ret_runf,
              struct runf_error *ret_err)
{
	struct runf_options ours;
	struct error err = { .code = 0 };
	struct arena arena = { .chunks = NULL };
	struct runf *runf;
	int result;

	if (!options || !ret_runf)
		return -EINVAL;
	result = lib_take_options(&ours, sizeof(ours), options, options->size,
	                          &err);
	if (result < 0)
		return lib_return(result, &err, ret_err);
	runf = arena_new(&arena, struct runf);
	runf->engine.root =
		arena_strdup(&arena, ours.root ? ours.root : DEFAULT_ROOT);
	if (ours.criu)
		runf->engine.criu = arena_strdup(&arena, ours.criu);
	runf->log = ours.log;
	runf->log_context = ours.log_context;
	runf->engine.store.fd = -1;
	runf->engine.self_mount = protect_take_mount();
	runf->engine.cgroup_disabled = ours.cgroup_disabled;
	runf->engine.self_protected = ours.self_protected;
	runf->engine.began_ns = ours.began_ns;
	runf->engine.log.level = (enum log_level)ours.log_level;
	runf->engine.log.emit = ours.log ? lib_log : NULL;
	runf->engine.log.context = runf;
	runf->arena = arena;
	*ret_runf = runf;
	return 0;
}

void runf_close(struct runf *runf)
{
	struct arena arena;

	if (!runf)
		return;
	store_close(&runf->engine.store);
	fd_close(&runf->engine.self_mount);
	arena = runf->arena;
	arena_release(&arena);
}

void runf_free_text(char *text)
{
	free(text);
}

const char *runf_error_kind_name(enum runf_error_kind kind)
{
	return error_kind_name((enum error_kind)kind);
}

const char *runf_version(void)
{
	return RUNF_VERSION;
}

const char *runf_commit(void)
{
	return RUNF_COMMIT;
}
