/* SPDX-License-Identifier: Apache-2.0 */
/* What a function may have: limits, share of the CPU, environment. Pure. */
#include "fn/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "json/json.h"

/* As AWS Lambda has it: so much memory comes with one CPU. */
#define MB_PER_CPU 1769

/* The kernel takes no shorter quota. */
#define QUOTA_MIN_US 1000

#define HANDLER_MAX 128

#define LIMIT(name, unit, min, max, fallback, member)     \
	{                                                 \
		name, unit, min, max, fallback,           \
			offsetof(struct function, member) \
	}

const struct policy_limit policy_limits[POLICY_LIMITS] = {
	LIMIT("memory", "MB", FUNCTION_MEMORY_MB_MIN, FUNCTION_MEMORY_MB_MAX,
	      128, memory_mb),
	LIMIT("timeout", "s", 1, FUNCTION_TIMEOUT_S_MAX, 3, timeout_s),
	LIMIT("init-timeout", "s", 1, FUNCTION_TIMEOUT_S_MAX, 10,
	      init_timeout_s),
	LIMIT("tmp", "MB", 1, 10240, 512, tmp_mb),
	LIMIT("concurrency", "", 1, 10000, 1000, concurrency),
	LIMIT("provisioned", "", 0, 10000, 0, provisioned),
	LIMIT("retries", "", 0, 10, 2, retries),
	LIMIT("max-age", "s", 60, 21600, 21600, max_age_s),
	LIMIT("pids", "", 16, 32768, FN_PIDS_MAX, pids),
};

/* In the order of the document that lists them. */
static const char *const reserved[] = {
	"AWS_LAMBDA_RUNTIME_API",
	"_HANDLER",
	"AWS_EXECUTION_ENV",
	"LAMBDA_TASK_ROOT",
	"LAMBDA_RUNTIME_DIR",
	"AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_REGION",
	"AWS_DEFAULT_REGION",
	"TZ",
};

uint64_t function_cpu_quota_us(uint32_t memory_mb, uint64_t period_us)
{
	uint64_t quota = memory_mb * period_us / MB_PER_CPU;

	return quota < QUOTA_MIN_US ? QUOTA_MIN_US : quota;
}

bool function_name_is_valid(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                             "0123456789_-");

	return length >= 1 && length <= 64 && !name[length];
}

void policy_set_defaults(struct function *function)
{
	size_t i;

	for (i = 0; i < POLICY_LIMITS; i++)
		*policy_place(&policy_limits[i], function) =
			policy_limits[i].fallback;
	function->handler = "";
}

int policy_set_limit(const struct policy_limit *limit, int64_t value,
                     struct function *function, struct error *err)
{
	if (value < limit->min || value > limit->max)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "%s %" PRId64 " is out of range: from %" PRIu32
		                 " to %" PRIu32 "%s%s",
		                 limit->name, value, limit->min, limit->max,
		                 *limit->unit ? " " : "", limit->unit);
	*policy_place(limit, function) = (uint32_t)value;
	return 0;
}

int policy_check(struct function *function, struct error *err)
{
	const char *each;

	if (function->provisioned > function->concurrency)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "provisioned %" PRIu32
		                 " is more than concurrency %" PRIu32,
		                 function->provisioned, function->concurrency);
	if (strlen(function->handler) > HANDLER_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "handler has %zu bytes: at most %d",
		                 strlen(function->handler), HANDLER_MAX);
	for (each = function->handler; *each; each++)
		if ((unsigned char)*each <= ' ' || *each == '\177')
			return error_set(err, ERROR_USAGE, -EINVAL,
			                 "handler \"%s\" has a blank in it",
			                 function->handler);
	function->cpu_period_us = FN_PERIOD_US;
	function->cpu_quota_us =
		function_cpu_quota_us(function->memory_mb, FN_PERIOD_US);
	return 0;
}

bool policy_is_reserved(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		if (strlen(reserved[i]) == length &&
		    memcmp(reserved[i], name, length) == 0)
			return true;
	return false;
}

int policy_check_variable(const char *text, struct error *err)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz"
	                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                             "0123456789_");

	if (!length || text[length] != '=' || (*text >= '0' && *text <= '9'))
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "environment \"%s\": expected NAME=VALUE, "
		                 "NAME of letters, digits and _",
		                 text);
	return 0;
}

struct environment {
	struct arena *arena;
	const char **items;
	size_t count;
};

/* In place of what had its name, else behind the others. */
static void environment_set(struct environment *environment, const char *text)
{
	size_t length = strcspn(text, "=");
	const char **place;
	size_t i;

	if (!text[length])
		return;
	for (i = 0; i < environment->count; i++)
		if (strncmp(environment->items[i], text, length + 1) == 0)
			break;
	place = i < environment->count
	                ? &environment->items[i]
	                : arena_push(environment->arena, environment->items,
	                             environment->count);
	*place = text;
}

static void environment_set_all(struct environment *environment,
                                const char *const *items)
{
	for (; items && *items; items++)
		environment_set(environment, *items);
}

const char **policy_environment(struct arena *arena,
                                const struct function *function,
                                const char *const *base,
                                const char *const *given)
{
	static const char *const defaults[] = {
		"PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"LD_LIBRARY_PATH=/lib64:/usr/lib64:/var/runtime:"
		"/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
		"LANG=C.UTF-8",
		"HOME=/tmp",
		NULL,
	};
	static const char *const fixed[] = {
		"AWS_LAMBDA_RUNTIME_API=" FN_API,
		"AWS_EXECUTION_ENV=AWS_Lambda_runf",
		"LAMBDA_TASK_ROOT=/var/task",
		"LAMBDA_RUNTIME_DIR=/var/runtime",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_LOG_STREAM_NAME=$LATEST",
		"AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1",
		"TZ=:UTC",
		NULL,
	};
	struct environment environment = { .arena = arena };

	environment_set_all(&environment, defaults);
	environment_set_all(&environment, base);
	environment_set_all(&environment, given);
	environment_set_all(&environment, fixed);
	environment_set(&environment,
	                arena_printf(arena, "_HANDLER=%s", function->handler));
	environment_set(&environment,
	                arena_printf(arena, "AWS_LAMBDA_FUNCTION_NAME=%s",
	                             function->name));
	environment_set(&environment,
	                arena_printf(arena,
	                             "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%" PRIu32,
	                             function->memory_mb));
	environment_set(&environment,
	                arena_printf(arena,
	                             "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/%s",
	                             function->name));
	*arena_push(arena, environment.items, environment.count) = NULL;
	return environment.items;
}
