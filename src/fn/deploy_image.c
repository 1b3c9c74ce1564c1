/* SPDX-License-Identifier: Apache-2.0 */
/* A function that is an image: in an OCI layout, or in a registry. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/str.h"
#include "fn/deploy.h"
#include "fn/tool.h"
#include "fn/versions.h"
#include "sys/file.h"

#define REF_NAME "org.opencontainers.image.ref.name"
#define TAG      "function"
/* Beside what becomes the version, and removed before. */
#define LAYOUT   ".layout"
#define UNPACKED ".image"

/* REF as skopeo wants it, with its credentials, into LAYOUT. */
static int fetch(struct deployment *deployment, const char *work,
                 struct error *err)
{
	struct arena *arena = deployment->arena;
	const char *ref = deployment->image;
	const char *const args[] = {
		"skopeo",
		"copy",
		strstr(ref, "://") ? ref
				   : arena_printf(arena, "docker://%s", ref),
		arena_printf(arena, "oci:%s/" LAYOUT ":" TAG, work),
		NULL,
	};
	const struct tool tool = {
		.args = args,
		.package = "skopeo",
		.input = -1,
		.shows = deployment->shows,
	};

	if (*ref == '-')
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "\"%s\" is no reference of an image", ref);
	deployment->layout = arena_printf(arena, "%s/" LAYOUT ":" TAG, work);
	return tool_run(arena, &tool, NULL, err);
}

static const char *text_of(const struct json_value *object, const char *key)
{
	const struct json_value *value = object && object->type == JSON_OBJECT
	                                         ? json_get(object, key)
	                                         : NULL;

	return value && value->type == JSON_STRING ? value->text : NULL;
}

/* The digest of the manifest that TAG names in the layout DIR. */
static int find_digest(struct arena *arena, const char *dir, const char *tag,
                       const char **ret_digest, struct error *err)
{
	const struct json_value *root;
	const struct json_value *each;
	const char *file = arena_printf(arena, "%s/index.json", dir);
	int result = deploy_read_json(arena, file, &root, err);

	if (result < 0)
		return error_wrap(err, "OCI layout \"%s\"", dir);
	each = json_get(root, "manifests");
	each = each && each->type == JSON_ARRAY ? each->first : NULL;
	for (; each; each = each->next) {
		const char *digest = text_of(each, "digest");
		const char *name =
			each->type == JSON_OBJECT
				? text_of(json_get(each, "annotations"),
		                          REF_NAME)
				: NULL;

		if (digest && name && str_equal(name, tag)) {
			*ret_digest = digest;
			return 0;
		}
	}
	return error_set(err, ERROR_NOT_FOUND, -ENOENT,
	                 "OCI layout \"%s\" has no image \"%s\"", dir, tag);
}

static int image_describe(struct deployment *deployment,
                          struct content *content, const char *work,
                          struct error *err)
{
	struct arena *arena = deployment->arena;
	const char *digest = NULL;
	const char *tag;
	int result = deployment->image ? fetch(deployment, work, err) : 0;

	if (result < 0)
		return result;
	tag = strrchr(deployment->layout, ':');
	if (!tag || tag == deployment->layout || !tag[1])
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "\"%s\": expected DIR:TAG",
		                 deployment->layout);
	result = find_digest(arena,
	                     arena_strndup(arena, deployment->layout,
	                                   (size_t)(tag - deployment->layout)),
	                     tag + 1, &digest, err);
	/* It names the image's config and layers, by their digests. */
	if (result == 0)
		content_add(content, "image", digest);
	return result;
}

static int image_fill(struct deployment *deployment, const char *work,
                      struct error *err)
{
	struct arena *arena = deployment->arena;
	const char *bundle = arena_printf(arena, "%s/" UNPACKED, work);
	const char *const args[] = {
		"umoci", "--log=error", "unpack", "--image", deployment->layout,
		bundle,  NULL,
	};
	const struct tool tool = {
		.args = args,
		.package = "umoci",
		.input = -1,
		.shows = deployment->shows,
	};
	const struct json_value *config;
	int result = tool_run(arena, &tool, NULL, err);

	if (result < 0)
		return result;
	result = deploy_read_json(arena,
	                          arena_printf(arena, "%s/config.json", bundle),
	                          &config, err);
	if (result < 0)
		return result;
	deploy_take_process(deployment, config);
	deployment->rootfs = arena_printf(arena, "%s/rootfs", work);
	deployment->root_path = "rootfs";
	result = sys_renameat2(AT_FDCWD,
	                       arena_printf(arena, "%s/rootfs", bundle),
	                       AT_FDCWD, deployment->rootfs, 0);
	if (result < 0)
		return error_system(err, result, "rename %s/rootfs", bundle);
	result = versions_remove_tree(bundle, err);
	return result < 0
	               ? result
	               : versions_remove_tree(
				 arena_printf(arena, "%s/" LAYOUT, work), err);
}

const struct deploy_kind deploy_image = { image_describe, image_fill };
