/* SPDX-License-Identifier: Apache-2.0 */
/* runf-fn deploy */
#include "fn/deploy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <runf/runf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "fn/bundle_config.h"
#include "fn/options.h"
#include "fn/policy.h"
#include "fn/versions.h"
#include "sys/file.h"

/* Lambda's limit for what is unpacked. */
#define SIZE_MB_DEFAULT 250
#define SIZE_MB_MAX     102400

/* A new form of what is written is a new version of the same content. */
#define FORM "runf-fn 1"

struct deploy_values {
	const char *zip;
	struct cli_list layers;
	const char *runtime;
	const char *bundle;
	const char *layout;
	const char *image;
	const char *handler;
	struct cli_list env;
	struct opt_i64 max_size;
	struct opt_i64 memory;
	struct opt_i64 timeout;
	struct opt_i64 init_timeout;
	struct opt_i64 tmp;
	struct opt_i64 concurrency;
	struct opt_i64 provisioned;
	struct opt_i64 retries;
	struct opt_i64 max_age;
	struct opt_i64 pids;
};

#define V struct deploy_values

static const struct cli_option deploy_options[] = {
	OPTION_TEXT(0, "zip", "FILE", V, zip, "the code, in a zip archive"),
	OPTION_LIST(0, "layer", "FILE", V, layers,
	            "zip archive for /opt; a later one wins"),
	OPTION_TEXT(0, "runtime", "BUNDLE", V, runtime,
	            "OCI bundle whose root the code runs on"),
	OPTION_TEXT(0, "bundle", "DIR", V, bundle, "an OCI bundle"),
	OPTION_TEXT(0, "layout", "DIR:TAG", V, layout,
	            "an image in an OCI layout (by umoci)"),
	OPTION_TEXT(0, "image", "REF", V, image,
	            "an image in a registry (by skopeo)"),
	OPTION_TEXT(0, "handler", "NAME", V, handler,
	            "what the runtime is to call (_HANDLER)"),
	OPTION_LIST(0, "env", "NAME=VALUE", V, env, "a variable"),
	OPTION_INTEGER(0, "memory", "MB", V, memory,
	               "128 to 10240 (128); 1769 are one CPU"),
	OPTION_INTEGER(0, "timeout", "S", V, timeout,
	               "seconds of one invocation, 1 to 900 (3)"),
	OPTION_INTEGER(0, "init-timeout", "S", V, init_timeout,
	               "seconds until the first request, 1 to 900 (10)"),
	OPTION_INTEGER(0, "tmp", "MB", V, tmp,
	               "size of /tmp, 1 to 10240 (512)"),
	OPTION_INTEGER(0, "pids", "N", V, pids,
	               "processes and threads, 16 to 32768 (1024)"),
	OPTION_INTEGER(0, "concurrency", "N", V, concurrency,
	               "sandboxes at the same time, 1 to 10000 (1000)"),
	OPTION_INTEGER(0, "provisioned", "N", V, provisioned,
	               "sandboxes kept ready by serve (0)"),
	OPTION_INTEGER(0, "retries", "N", V, retries,
	               "of an asynchronous invocation, 0 to 10 (2)"),
	OPTION_INTEGER(0, "max-age", "S", V, max_age,
	               "of an asynchronous invocation, 60 to 21600"),
	OPTION_INTEGER(0, "max-size", "MB", V, max_size,
	               "of all archives unpacked (250)"),
	OPTIONS_END,
};

int deploy_read_json(struct arena *arena, const char *path,
                     const struct json_value **ret_root, struct error *err)
{
	auto_close int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	struct buf text = { .arena = arena };
	char block[8192];
	ssize_t got = fd < 0 ? fd : 0;
	int result;

	while (fd >= 0 && (got = sys_read(fd, block, sizeof(block))) > 0) {
		if (text.length > JSON_MAX_BYTES)
			return error_system(err, -EFBIG, "read %s", path);
		buf_add(&text, block, (size_t)got);
	}
	if (got < 0)
		return error_system(err, (int)got, "read %s", path);
	result = json_parse(arena, buf_str(&text), text.length, path, ret_root,
	                    err);
	if (result == 0 && (*ret_root)->type != JSON_OBJECT)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "%s is no JSON object", path);
	return result;
}

const char *const *deploy_strings(struct arena *arena,
                                  const struct json_value *list)
{
	const struct json_value *each;
	const char **items = NULL;
	size_t count = 0;

	if (!list || list->type != JSON_ARRAY)
		return NULL;
	for (each = list->first; each; each = each->next)
		if (each->type == JSON_STRING)
			*arena_push(arena, items, count) = each->text;
	*arena_push(arena, items, count) = NULL;
	return items;
}

void deploy_take_process(struct deployment *deployment,
                         const struct json_value *config)
{
	const struct json_value *process = json_get(config, "process");

	if (!process || process->type != JSON_OBJECT)
		return;
	deployment->process = process;
	deployment->env_base =
		deploy_strings(deployment->arena, json_get(process, "env"));
}

int deploy_find_program(const char *dir, const char *file)
{
	auto_close int root = sys_openat(AT_FDCWD, dir, O_PATH, 0);
	auto_close int fd =
		root < 0 ? root
			 : sys_openat2(root, file, O_PATH, 0, RESOLVE_IN_ROOT);
	struct stat found;
	int result = fd < 0 ? fd : sys_fstat(fd, &found);

	if (result < 0)
		return result == -ENOTDIR ? -ENOENT : result;
	return S_ISREG(found.st_mode) && found.st_mode & 0111 ? 0 : -EACCES;
}

static int make_mount_point(int root, const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_close int dir = -1;
	char parent[64] = ".";
	auto_close int there = sys_openat2(root, path, O_PATH | O_DIRECTORY, 0,
	                                   RESOLVE_IN_ROOT);

	if (there != -ENOENT)
		return there < 0 ? there : 0;
	if (slash)
		memcpy(parent, path, (size_t)(slash - path));
	dir = sys_openat2(root, parent, O_RDONLY | O_DIRECTORY, 0,
	                  RESOLVE_IN_ROOT);
	return dir < 0 ? dir : sys_mkdirat(dir, slash ? slash + 1 : path, 0755);
}

int deploy_make_mount_points(const struct deployment *deployment,
                             struct error *err)
{
	/* Those of the code last: others need none. */
	static const char *const paths[] = { "proc", "dev", "sys",     "tmp",
		                             "var",  "opt", "var/task" };
	size_t count = ARRAY_SIZE(paths) - (deployment->has_task ? 0 : 3);
	auto_close int root = sys_openat(AT_FDCWD, deployment->rootfs,
	                                 O_PATH | O_DIRECTORY, 0);
	int result = root < 0 ? root : 0;
	size_t i;

	for (i = 0; i < count && result == 0; i++) {
		result = make_mount_point(root, paths[i]);
		if (result < 0)
			return error_system(err, result,
			                    "make the directory %s in %s",
			                    paths[i], deployment->rootfs);
	}
	return result < 0 ? error_system(err, result, "open %s",
	                                 deployment->rootfs)
	                  : 0;
}

/* A program of the image itself, where it says nothing. */
static int find_args(struct deployment *deployment, struct error *err)
{
	static const char *const places[] = { "/var/task/bootstrap",
		                              "/opt/bootstrap",
		                              "/var/runtime/bootstrap" };
	const char **args = arena_new_array(deployment->arena, const char *, 2);
	size_t i;

	if (!deployment->args && deployment->process)
		deployment->args =
			deploy_strings(deployment->arena,
		                       json_get(deployment->process, "args"));
	if (deployment->args && deployment->args[0])
		return 0;
	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (deploy_find_program(deployment->rootfs, places[i] + 1) ==
		    0) {
			args[0] = places[i];
			deployment->args = args;
			return 0;
		}
	return error_set(err, ERROR_CONFIG, -ENOENT,
	                 "no program: there is neither an Entrypoint or Cmd "
	                 "(process.args) nor a bootstrap in /var/task, /opt "
	                 "or /var/runtime");
}

static int write_file(const char *work, const char *name, const char *text,
                      struct error *err)
{
	auto_close int dir = sys_openat(AT_FDCWD, work, O_PATH, 0);
	auto_close int fd =
		dir < 0 ? dir
			: sys_openat(dir, name, O_WRONLY | O_CREAT | O_EXCL,
	                             0600);
	int result = fd < 0 ? fd : sys_write_all(fd, text, strlen(text));

	return result < 0 ? error_system(err, result, "write %s/%s", work, name)
	                  : 0;
}

/* A config that no runtime would take must not become a version. */
static int check_file(const struct deployment *deployment, const char *work,
                      const char *name, struct error *err)
{
	const struct runf_create_options options = {
		.size = sizeof(options),
		.bundle = work,
		.config = name,
	};
	const struct json_value *faults;
	const struct json_value *each;
	struct runf_error fault;
	char *json;
	int result = runf_check(&options, &json, &fault);

	if (result < 0)
		return fn_take_error(&fault, err);
	result = json_parse(deployment->arena, json, strlen(json), name,
	                    &faults, err);
	runf_free_text(json);
	for (each = result < 0 ? NULL : faults->first; each; each = each->next)
		if (!str_equal(json_get(each, "level")->text, "warning"))
			return error_set(err, ERROR_CONFIG, -EINVAL,
			                 "%s: %.100s: %.300s", name,
			                 json_get(each, "path")->text,
			                 json_get(each, "text")->text);
	return result;
}

static int write_configs(struct deployment *deployment, const char *work,
                         struct error *err)
{
	struct arena *arena = deployment->arena;
	const struct json_value *process = deployment->process;
	const struct json_value *cwd = process && !deployment->has_task
	                                       ? json_get(process, "cwd")
	                                       : NULL;
	const struct bundle_config config = {
		.function = &deployment->function,
		.root_path = deployment->root_path,
		.has_task = deployment->has_task,
		.args = deployment->args,
		.env = policy_environment(arena, &deployment->function,
		                          deployment->env_base,
		                          deployment->env.items),
		.cwd = deployment->has_task              ? "/var/task"
		       : cwd && cwd->type == JSON_STRING ? cwd->text
		                                         : "/",
		.user = process && !deployment->has_task
		                ? json_get(process, "user")
		                : NULL,
	};
	static const char *const names[] = { "config.json", "boost.json" };
	int result = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && result == 0; i++) {
		result = write_file(work, names[i],
		                    bundle_config_write(arena, &config, i == 1),
		                    err);
		if (result == 0)
			result = check_file(deployment, work, names[i], err);
	}
	return result;
}

/* All that is said on the command line, beside what the kind adds. */
static void describe(const struct deployment *deployment,
                     struct content *content)
{
	struct function copy = deployment->function;
	size_t i;

	content_add(content, "form", FORM);
	content_add(content, "name", copy.name);
	content_add(content, "handler", copy.handler);
	for (i = 0; i < POLICY_LIMITS; i++)
		content_add(
			content, policy_limits[i].name,
			arena_printf(deployment->arena, "%u",
		                     *policy_place(&policy_limits[i], &copy)));
	for (i = 0; i < deployment->env.count; i++)
		content_add(content, "env", deployment->env.items[i]);
}

static const struct deploy_kind *find_kind(const struct deployment *deployment)
{
	if (deployment->zip)
		return &deploy_zip;
	return deployment->bundle ? &deploy_bundle : &deploy_image;
}

static int make_version(struct deployment *deployment,
                        const struct versions *versions, const char *work,
                        struct error *err)
{
	int result = find_kind(deployment)->fill(deployment, work, err);

	if (result == 0)
		result = find_args(deployment, err);
	if (result == 0)
		result = deploy_make_mount_points(deployment, err);
	if (result == 0)
		result = write_configs(deployment, work, err);
	return result < 0 ? result
	                  : versions_commit(versions,
	                                    deployment->function.version, err);
}

/* 1: this version was there. */
static int deploy_locked(struct deployment *deployment,
                         const struct versions *versions, struct error *err)
{
	char *version = arena_alloc(deployment->arena, CONTENT_DIGITS + 1);
	struct content content;
	const char *work;
	bool known;
	int result = versions_begin(deployment->arena, versions, &work, err);

	if (result < 0)
		return result;
	content_begin(&content);
	describe(deployment, &content);
	result = find_kind(deployment)
	                 ->describe(deployment, &content, work, err);
	if (result < 0)
		return result;
	content_end(&content, version);
	deployment->function.version = version;
	known = versions_has(versions, version);
	if (!known)
		result = make_version(deployment, versions, work, err);
	if (result == 0)
		result = versions_switch(versions, version, err);
	return result < 0 ? result : known;
}

static int check_kind(const struct deploy_values *given, struct error *err)
{
	int kinds = !!given->zip + !!given->bundle + !!given->layout +
	            !!given->image;

	if (kinds != 1)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "one of --zip, --bundle, --layout and --image "
		                 "is needed, and only one");
	if (given->zip && !given->runtime)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--zip needs --runtime BUNDLE: the root file "
		                 "system that the code runs on");
	if (!given->zip && (given->runtime || given->layers.count))
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--runtime and --layer belong to --zip");
	return 0;
}

static int take_limits(const struct deploy_values *given,
                       struct function *function, struct error *err)
{
	/* In the order of policy_limits. */
	const struct opt_i64 *const values[POLICY_LIMITS] = {
		&given->memory,  &given->timeout,     &given->init_timeout,
		&given->tmp,     &given->concurrency, &given->provisioned,
		&given->retries, &given->max_age,     &given->pids,
	};
	int result = 0;
	size_t i;

	policy_set_defaults(function);
	for (i = 0; i < POLICY_LIMITS && result == 0; i++)
		if (values[i]->set)
			result = policy_set_limit(&policy_limits[i],
			                          values[i]->value, function,
			                          err);
	if (given->handler)
		function->handler = given->handler;
	return result < 0 ? result : policy_check(function, err);
}

static int take_env(const struct cli_list *env, struct error *err)
{
	size_t i;

	for (i = 0; i < env->count; i++) {
		size_t length = strcspn(env->items[i], "=");
		int result = policy_check_variable(env->items[i], err);

		if (result < 0)
			return result;
		if (policy_is_reserved(env->items[i], length))
			fn_warn("--env %.*s is left out: the platform sets it",
			        (int)length, env->items[i]);
	}
	return 0;
}

static int take_values(const struct deploy_values *given,
                       struct deployment *deployment, struct error *err)
{
	int64_t max_mb =
		given->max_size.set ? given->max_size.value : SIZE_MB_DEFAULT;
	int result = check_kind(given, err);

	if (result == 0)
		result = take_limits(given, &deployment->function, err);
	if (result == 0)
		result = take_env(&given->env, err);
	if (result < 0)
		return result;
	if (max_mb < 1 || max_mb > SIZE_MB_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "max-size %lld is out of range: from 1 to %d "
		                 "MB",
		                 (long long)max_mb, SIZE_MB_MAX);
	deployment->max_mb = (uint64_t)max_mb;
	deployment->zip = given->zip;
	deployment->layers = given->layers;
	deployment->runtime = given->runtime;
	deployment->bundle = given->bundle;
	deployment->layout = given->layout;
	deployment->image = given->image;
	deployment->env = given->env;
	deployment->shows = isatty(STDERR_FILENO);
	return 0;
}

static int deploy(const struct fn_globals *globals,
                  const struct deploy_values *given, const char *name,
                  struct error *err)
{
	struct deployment deployment = {
		.arena = globals->arena,
		.function.name = name,
	};
	struct versions versions = { .dir = -1 };
	int result = take_values(given, &deployment, err);

	if (result == 0)
		result = versions_open(globals->arena, globals->root, name,
		                       true, &versions, err);
	if (result == 0)
		result = deploy_locked(&deployment, &versions, err);
	versions_close(&versions);
	if (result < 0)
		return error_wrap(err, "\"%s\"", name);
	return fn_print(arena_printf(globals->arena, "%s %s%s\n", name,
	                             deployment.function.version,
	                             result ? " unchanged" : ""),
	                err);
}

static int deploy_run(const struct fn_globals *globals, char **args)
{
	struct deploy_values given = { .zip = NULL };
	struct cli_words words;
	struct error err;
	int result = fn_parse(globals, &fn_deploy, args, &given, &words, &err);

	if (result == 0)
		result = deploy(globals, &given, words.items[0], &err);
	return result < 0 ? fn_fail(&fn_deploy, &err) : 0;
}

const struct fn_command fn_deploy = {
	.name = "deploy",
	.usage = "NAME",
	.summary = "make a function, or a new version of it",
	.options = deploy_options,
	.words_min = 1,
	.words_max = 1,
	.run = deploy_run,
};
