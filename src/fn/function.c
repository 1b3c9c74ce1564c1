/* SPDX-License-Identifier: Apache-2.0 */
/* A function that was deployed, read back. */
#include "fn/function.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/str.h"
#include "fn/policy.h"
#include "json/json.h"
#include "sys/file.h"

#define VERSIONS       "versions/"
#define VERSION_DIGITS 64

static int no_function(const char *name, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, -ENOENT,
	                 "there is no function \"%s\": runf-fn list shows "
	                 "those that are deployed",
	                 name);
}

/* Follow `current`: the digits in ARENA. */
static int read_current(struct arena *arena, const char *root, const char *name,
                        const char **ret_version, struct error *err)
{
	char target[PATH_MAX];
	const char *link =
		arena_printf(arena, "%s/functions/%s/current", root, name);
	ssize_t length = sys_readlinkat(AT_FDCWD, link, target, sizeof(target));
	const char *version;

	if (length == -ENOENT)
		return no_function(name, err);
	if (length < 0)
		return error_system(err, (int)length, "read link %s", link);
	version = str_after(target, VERSIONS);
	if (!version || strlen(version) != VERSION_DIGITS ||
	    strspn(version, "0123456789abcdef") != VERSION_DIGITS)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "%s leads to \"%s\", which is no version: "
		                 "deploy it again",
		                 link, target);
	*ret_version = arena_strdup(arena, version);
	return 0;
}

static int read_config(struct arena *arena, const char *path,
                       const struct json_value **ret_root, struct error *err)
{
	auto_close int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	struct stat found;
	size_t length = 0;
	ssize_t got = fd < 0 ? fd : sys_fstat(fd, &found);
	char *text;

	if (got == 0 && (size_t)found.st_size > JSON_MAX_BYTES)
		got = -EFBIG;
	if (got < 0)
		return error_system(err, (int)got, "open %s", path);
	text = arena_alloc(arena, (size_t)found.st_size + 1);
	while (length < (size_t)found.st_size &&
	       (got = sys_read(fd, text + length,
	                       (size_t)found.st_size - length)) > 0)
		length += (size_t)got;
	if (got < 0)
		return error_system(err, (int)got, "read %s", path);
	return json_parse(arena, text, length, path, ret_root, err);
}

/* The value behind a path of keys, or NULL. */
static const struct json_value *find(const struct json_value *root,
                                     const char *const *keys)
{
	for (; root && *keys; keys++)
		root = root->type == JSON_OBJECT ? json_get(root, *keys) : NULL;
	return root;
}

static const char *annotation(const struct json_value *annotations,
                              struct arena *arena, const char *name)
{
	const struct json_value *found;

	if (!annotations || annotations->type != JSON_OBJECT)
		return NULL;
	found = json_get(annotations,
	                 arena_printf(arena, FN_ANNOTATION "%s", name));
	return found && found->type == JSON_STRING ? found->text : NULL;
}

static int read_limits(struct arena *arena,
                       const struct json_value *annotations,
                       struct function *function, struct error *err)
{
	const char *handler = annotation(annotations, arena, "handler");
	int result = 0;
	size_t i;

	policy_set_defaults(function);
	if (handler)
		function->handler = handler;
	for (i = 0; i < POLICY_LIMITS && result == 0; i++) {
		const struct policy_limit *limit = &policy_limits[i];
		const char *text = annotation(annotations, arena, limit->name);
		int64_t value;

		if (!text)
			result = error_set(err, ERROR_CONFIG, -EINVAL,
			                   "the annotation " FN_ANNOTATION
			                   "%s is missing",
			                   limit->name);
		else if (str_to_i64(text, 10, &value) < 0)
			result = error_set(err, ERROR_CONFIG, -EINVAL,
			                   "the annotation " FN_ANNOTATION
			                   "%s is \"%s\", which is no number",
			                   limit->name, text);
		else
			result = policy_set_limit(limit, value, function, err);
	}
	return result < 0 ? result : policy_check(function, err);
}

/* What config.json has may have been changed by its owner: it counts. */
static void read_quota(const struct json_value *root, struct function *function)
{
	static const char *const quota_keys[] = { "linux", "resources", "cpu",
		                                  "quota", NULL };
	static const char *const period_keys[] = { "linux", "resources", "cpu",
		                                   "period", NULL };
	const struct json_value *quota = find(root, quota_keys);
	const struct json_value *period = find(root, period_keys);
	uint64_t value;

	function->cpu_quota_us = 0;
	if (quota && quota->type == JSON_NUMBER &&
	    json_to_u64(quota, &value) == 0)
		function->cpu_quota_us = value;
	if (period && period->type == JSON_NUMBER &&
	    json_to_u64(period, &value) == 0)
		function->cpu_period_us = value;
}

int function_load(struct arena *arena, const char *root, const char *name,
                  struct function *ret_function, struct error *err)
{
	static const char *const keys[] = { "annotations", NULL };
	struct function function = { .name = arena_strdup(arena, name) };
	const struct json_value *config;
	int result;

	if (!function_name_is_valid(name))
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "\"%s\" is no name of a function: 1 to 64 "
		                 "letters, digits, - and _",
		                 name);
	result = read_current(arena, root, name, &function.version, err);
	if (result < 0)
		return result;
	function.bundle = arena_printf(arena, "%s/functions/%s/" VERSIONS "%s",
	                               root, name, function.version);
	result = read_config(
		arena, arena_printf(arena, "%s/config.json", function.bundle),
		&config, err);
	if (result < 0)
		return error_wrap(err, "function %s", name);
	result = read_limits(arena, find(config, keys), &function, err);
	if (result < 0)
		return error_wrap(err, "%s/config.json", function.bundle);
	read_quota(config, &function);
	*ret_function = function;
	return 0;
}

int function_hold(const struct function *function, struct error *err)
{
	auto_close int fd = sys_openat(AT_FDCWD, function->bundle,
	                               O_RDONLY | O_DIRECTORY, 0);
	struct stat found;
	int result = fd < 0 ? fd : sys_flock(fd, LOCK_SH);

	/* Whoever deletes a version holds the lock and empties it first. */
	if (result == 0)
		result = sys_fstatat(fd, "config.json", &found, 0);
	if (result == -ENOENT)
		return error_set(err, ERROR_NOT_FOUND, result,
		                 "version %.12s of function \"%s\" was deleted",
		                 function->version, function->name);
	if (result < 0)
		return error_system(err, result, "lock %s", function->bundle);
	return take_fd(&fd);
}
