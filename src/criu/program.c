/* SPDX-License-Identifier: Apache-2.0 */
/* Where CRIU is, and what it finds its own helpers by. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/str.h"
#include "criu/criu.h"
#include "sys/file.h"

#define PROGRAM "criu"

/* Clients call with hardly an environment. */
#define DEFAULT_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The environment, with PATH; *RET_PATH is its value. */
static char *const *make_env(struct arena *arena, const char **ret_path)
{
	const char *path = NULL;
	size_t count = 0;
	char **env;
	size_t i;

	while (environ[count])
		count++;
	env = arena_new_array(arena, char *, count + 2);
	for (i = 0; i < count; i++) {
		env[i] = environ[i];
		if (!path)
			path = str_after(environ[i], "PATH=");
	}
	if (!path || !*path) {
		env[count] = arena_strdup(arena, "PATH=" DEFAULT_PATH);
		path = DEFAULT_PATH;
	}
	*ret_path = path;
	return env;
}

static const char *search(struct arena *arena, const char *path,
                          const char *name)
{
	while (*path) {
		size_t length = strcspn(path, ":");
		const char *file =
			arena_printf(arena, "%.*s/%s", (int)length, path, name);

		if (length > 0 && sys_faccessat(AT_FDCWD, file, X_OK, 0) == 0)
			return file;
		path += length;
		path += *path == ':';
	}
	return NULL;
}

int criu_find(struct arena *arena, const char *wanted,
              struct criu_program *ret_program, struct error *err)
{
	const char *name = wanted ? wanted : PROGRAM;
	struct criu_program program = { 0 };
	const char *path;

	program.env = make_env(arena, &path);
	if (strchr(name, '/')) {
		if (sys_faccessat(AT_FDCWD, name, X_OK, 0) == 0)
			program.path = name;
	} else {
		program.path = search(arena, path, name);
	}
	if (!program.path)
		return error_set(err, ERROR_UNSUPPORTED, -ENOENT,
		                 "there is no program \"%s\": checkpoint and "
		                 "restore need CRIU (package criu)",
		                 name);
	*ret_program = program;
	return 0;
}
