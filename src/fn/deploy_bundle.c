/* SPDX-License-Identifier: Apache-2.0 */
/* A function that is an OCI bundle: its files are copied. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "fn/deploy.h"
#include "fn/options.h"
#include "fn/tool.h"
#include "sys/file.h"

/* What the function will not have, though its bundle says so. */
static void warn_of_the_rest(const struct json_value *config)
{
	const struct json_value *mounts = json_get(config, "mounts");
	const struct json_value *each =
		mounts && mounts->type == JSON_ARRAY ? mounts->first : NULL;

	for (; each; each = each->next) {
		const struct json_value *type = each->type == JSON_OBJECT
		                                        ? json_get(each, "type")
		                                        : NULL;
		const struct json_value *where =
			type ? json_get(each, "destination") : NULL;

		if (type && type->type == JSON_STRING && where &&
		    where->type == JSON_STRING && str_equal(type->text, "bind"))
			fn_warn("the mount at %s of the bundle is left out: "
			        "copy what it has into the root",
			        where->text);
	}
	if (json_get(config, "hooks"))
		fn_warn("the hooks of the bundle are left out");
}

static int tree_digest(const char *path, char hex[CONTENT_DIGITS + 1],
                       struct error *err)
{
	struct content content;
	int result;

	content_begin(&content);
	result = content_add_tree(&content, path, err);
	content_end(&content, hex);
	return result;
}

static int bundle_describe(struct deployment *deployment,
                           struct content *content, const char *work,
                           struct error *err)
{
	struct arena *arena = deployment->arena;
	char *real = realpath(deployment->bundle, NULL);
	int code = errno;
	const char *path = real ? arena_strdup(arena, real) : NULL;
	const char *file;
	const struct json_value *config;
	const struct json_value *root;
	int result;

	(void)work;
	free(real);
	if (!path)
		return error_system(err, -code, "bundle \"%s\"",
		                    deployment->bundle);
	file = arena_printf(arena, "%s/config.json", path);
	result = deploy_read_json(arena, file, &config, err);
	if (result < 0)
		return result;
	deploy_take_process(deployment, config);
	warn_of_the_rest(config);
	root = json_get(config, "root");
	root = root && root->type == JSON_OBJECT ? json_get(root, "path")
	                                         : NULL;
	deployment->rootfs = path_clean(
		arena, path_join(arena, path,
	                         root && root->type == JSON_STRING ? root->text
	                                                           : "rootfs"));
	result = tree_digest(deployment->rootfs, deployment->tree, err);
	if (result < 0)
		return result;
	content_add(content, "tree", deployment->tree);
	return content_add_file(content, "bundle config", file, err);
}

/*
 * A version never changes, whoever goes on working at the bundle: a copy
 * then, which shares blocks where the file system can.
 */
static int bundle_fill(struct deployment *deployment, const char *work,
                       struct error *err)
{
	struct arena *arena = deployment->arena;
	const char *copy = arena_printf(arena, "%s/rootfs", work);
	const char *const args[] = {
		"cp",
		"-a",
		"--reflink=auto",
		"--one-file-system",
		"--",
		arena_printf(arena, "%s/.", deployment->rootfs),
		copy,
		NULL,
	};
	const struct tool tool = {
		.args = args,
		.package = "coreutils",
		.input = -1,
	};
	char tree[CONTENT_DIGITS + 1];
	int result = sys_mkdirat(AT_FDCWD, copy, 0755);

	if (result < 0)
		return error_system(err, result, "make directory %s", copy);
	result = tool_run(arena, &tool, NULL, err);
	if (result == 0)
		result = tree_digest(copy, tree, err);
	if (result < 0)
		return result;
	if (!str_equal(tree, deployment->tree))
		return error_set(err, ERROR_STATE, -EBUSY,
		                 "%s changed while it was copied: try again",
		                 deployment->rootfs);
	deployment->rootfs = copy;
	deployment->root_path = "rootfs";
	return 0;
}

const struct deploy_kind deploy_bundle = { bundle_describe, bundle_fill };
