/* SPDX-License-Identifier: Apache-2.0 */
/* A deployment under way, and the kinds of what is deployed. */
#pragma once

#include "fn/command.h"
#include "fn/content.h"
#include "fn/function.h"
#include "json/json.h"

struct deployment {
	struct arena *arena;
	struct function function; /* its limits and handler; then its version */
	bool shows;               /* somebody watches */

	/* As given. One of zip, bundle, layout and image is not NULL. */
	const char *zip;
	struct cli_list layers;
	const char *runtime;
	const char *bundle;
	const char *layout;
	const char *image;
	struct cli_list env;
	uint64_t max_mb;

	/* What the kind found: for the config. */
	const char *rootfs;            /* on the host */
	const char *root_path;         /* the same, as the config has it */
	char tree[CONTENT_DIGITS + 1]; /* of the bundle's files */
	bool has_task;
	/* `process` of the image, the bundle or the runtime, or NULL. */
	const struct json_value *process;
	const char *const *args; /* in place of process.args, or NULL */
	const char *const *env_base;
};

struct deploy_kind {
	/*
	 * Add to CONTENT all that tells this from another deployment. WORK is
	 * an empty directory, which becomes the version if there is none with
	 * this content.
	 */
	int (*describe)(struct deployment *deployment, struct content *content,
	                const char *work, struct error *err);
	/* Make the version's tree in WORK. */
	int (*fill)(struct deployment *deployment, const char *work,
	            struct error *err);
};

extern const struct deploy_kind deploy_zip;
extern const struct deploy_kind deploy_bundle;
extern const struct deploy_kind deploy_image; /* a layout, too */

/* A JSON file. */
int deploy_read_json(struct arena *arena, const char *path,
                     const struct json_value **ret_root, struct error *err);
/* Take `process` of the config CONFIG. */
void deploy_take_process(struct deployment *deployment,
                         const struct json_value *config);
/* A list of strings, NULL-terminated; NULL if it is none. */
const char *const *deploy_strings(struct arena *arena,
                                  const struct json_value *list);

/*
 * 0 if FILE below DIR, which is a root of its own, is a program; -ENOENT; or
 * -EACCES: it is there, but not executable.
 */
int deploy_find_program(const char *dir, const char *file);
/* The directories that mounts of the config need, made where missing. */
int deploy_make_mount_points(const struct deployment *deployment,
                             struct error *err);
