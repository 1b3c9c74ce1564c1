/* SPDX-License-Identifier: Apache-2.0 */
/* A function in a zip archive, with layers, on a runtime's bundle. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/libexec.h"
#include "base/path.h"
#include "base/str.h"
#include "fn/deploy.h"
#include "fn/tool.h"
#include "sys/file.h"

/* Where the runtime's files are: as its config says, else in rootfs/. */
static int find_runtime(struct deployment *deployment, struct content *content,
                        struct error *err)
{
	struct arena *arena = deployment->arena;
	char *path = realpath(deployment->runtime, NULL);
	const struct json_value *config = NULL;
	const struct json_value *root = NULL;
	const char *file;
	struct stat found;
	int result = 0;

	if (!path)
		return error_system(err, -errno, "runtime bundle \"%s\"",
		                    deployment->runtime);
	deployment->rootfs = arena_printf(arena, "%s/rootfs", path);
	file = arena_printf(arena, "%s/config.json", path);
	if (sys_fstatat(AT_FDCWD, file, &found, 0) == 0)
		result = deploy_read_json(arena, file, &config, err);
	if (result == 0 && config) {
		deploy_take_process(deployment, config);
		root = json_get(config, "root");
		root = root && root->type == JSON_OBJECT
		               ? json_get(root, "path")
		               : NULL;
		if (root && root->type == JSON_STRING)
			deployment->rootfs = path_clean(
				arena, path_join(arena, path, root->text));
		result = content_add_file(content, "runtime config", file, err);
	}
	free(path);
	if (result < 0)
		return result;
	if (sys_fstatat(AT_FDCWD, deployment->rootfs, &found, 0) < 0 ||
	    !S_ISDIR(found.st_mode))
		return error_set(err, ERROR_NOT_FOUND, -ENOENT,
		                 "runtime bundle \"%s\": %s is no directory",
		                 deployment->runtime, deployment->rootfs);
	content_add(content, "runtime", deployment->rootfs);
	return 0;
}

static int zip_describe(struct deployment *deployment, struct content *content,
                        const char *work, struct error *err)
{
	size_t i;
	int result = content_add_file(content, "zip", deployment->zip, err);

	(void)work;
	for (i = 0; i < deployment->layers.count && result == 0; i++)
		result = content_add_file(content, "layer",
		                          deployment->layers.items[i], err);
	deployment->has_task = true;
	return result < 0 ? result : find_runtime(deployment, content, err);
}

/* Unpack FILE into DIR; *LEFT is the number of bytes that it may have. */
static int unpack(const struct deployment *deployment, const char *file,
                  const char *dir, uint64_t *left, struct error *err)
{
	struct arena *arena = deployment->arena;
	const char *const args[] = {
		arena_printf(arena, "%s/unzip", libexec_dir(RUNF_LIBEXEC)),
		dir,
		arena_printf(arena, "%" PRIu64, *left),
		arena_printf(arena, "%" PRIu64, deployment->max_mb),
		deployment->shows ? "progress" : "quiet",
		NULL,
	};
	auto_close int input = sys_openat(AT_FDCWD, file, O_RDONLY, 0);
	const struct tool tool = {
		.args = args,
		.package = "libarchive13, for it",
		.input = input,
		.shows = deployment->shows,
	};
	const char *output;
	uint64_t used;
	int result;

	if (input < 0)
		return error_system(err, input, "open \"%s\"", file);
	result = tool_run(arena, &tool, &output, err);
	if (result < 0)
		return error_wrap(err, "\"%s\"", file);
	if (str_to_u64(output, 10, &used) < 0 || used > *left)
		return error_set(err, ERROR_INTERNAL, -EPROTO,
		                 "\"%s\": unzip answers \"%.80s\"", file,
		                 output);
	*left -= used;
	return 0;
}

/* The first that is there; one that cannot be executed is a mistake. */
static int find_bootstrap(struct deployment *deployment, const char *work,
                          struct error *err)
{
	struct arena *arena = deployment->arena;

	const struct {
		const char *dir;
		const char *file;
		const char *inside;
	} places[] = {
		{ arena_printf(arena, "%s/task", work), "bootstrap",
		  "/var/task/bootstrap" },
		{ arena_printf(arena, "%s/opt", work), "bootstrap",
		  "/opt/bootstrap" },
		{ deployment->rootfs, "var/runtime/bootstrap",
		  "/var/runtime/bootstrap" },
	};

	const char **args = arena_new_array(arena, const char *, 2);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		int result = deploy_find_program(places[i].dir, places[i].file);

		if (result == -ENOENT)
			continue;
		if (result < 0)
			return error_set(err, ERROR_CONFIG, result,
			                 "%s is no executable file: chmod +x "
			                 "it, and pack it again",
			                 places[i].inside);
		args[0] = places[i].inside;
		deployment->args = args;
		return 0;
	}
	return error_set(err, ERROR_CONFIG, -ENOENT,
	                 "no bootstrap: neither bootstrap in the archive, nor "
	                 "in a layer, nor /var/runtime/bootstrap in the "
	                 "runtime \"%s\"",
	                 deployment->runtime);
}

static int zip_fill(struct deployment *deployment, const char *work,
                    struct error *err)
{
	struct arena *arena = deployment->arena;
	const char *task = arena_printf(arena, "%s/task", work);
	const char *opt = arena_printf(arena, "%s/opt", work);
	uint64_t left = deployment->max_mb << 20;
	int result = sys_mkdirat(AT_FDCWD, task, 0755);
	size_t i;

	if (result == 0)
		result = sys_mkdirat(AT_FDCWD, opt, 0755);
	if (result < 0)
		return error_system(err, result, "make directories in %s",
		                    work);
	result = unpack(deployment, deployment->zip, task, &left, err);
	for (i = 0; i < deployment->layers.count && result == 0; i++)
		result = unpack(deployment, deployment->layers.items[i], opt,
		                &left, err);
	deployment->root_path = deployment->rootfs;
	return result < 0 ? result : find_bootstrap(deployment, work, err);
}

const struct deploy_kind deploy_zip = { zip_describe, zip_fill };
