/* SPDX-License-Identifier: Apache-2.0 */
/* What a request of the Lambda invoke API is about. Pure. */
#include "fn/lambda_route.h"

#include "base/str.h"

#define INVOKE_PATH   "/2015-03-31/functions/"
#define STREAM_PATH   "/2021-11-15/functions/"
#define QUALIFIER_MIN 8

/* NAME, NAME:QUALIFIER, ACCOUNT:function:NAME..., or a whole ARN. */
static void parse_target(const char *text, size_t length,
                         struct lambda_target *target)
{
	static const char mark[] = "function:";
	const char *end = text + length;
	const char *place = memmem(text, length, mark, sizeof(mark) - 1);
	const char *colon;

	*target = (struct lambda_target){ .name = "" };
	if (place)
		text = place + sizeof(mark) - 1;
	colon = memchr(text, ':', (size_t)(end - text));
	length = (size_t)((colon ? colon : end) - text);
	if (length >= sizeof(target->name))
		return;
	if (colon) {
		size_t rest = (size_t)(end - colon - 1);

		if (rest >= sizeof(target->qualifier))
			return;
		memcpy(target->qualifier, colon + 1, rest);
	}
	memcpy(target->name, text, length);
	if (!function_name_is_valid(target->name))
		target->name[0] = '\0';
}

static enum lambda_route parse_function(const char *rest, const char *verb,
                                        enum lambda_route route,
                                        struct lambda_target *target)
{
	const char *slash = strchr(rest, '/');

	if (!slash || !str_equal(slash, verb))
		return LAMBDA_UNKNOWN;
	parse_target(rest, (size_t)(slash - rest), target);
	return route;
}

static enum lambda_route parse_path(const char *path,
                                    struct lambda_target *target)
{
	const char *rest;

	if (str_equal(path, "/metrics"))
		return LAMBDA_METRICS;
	if (str_equal(path, "/healthz"))
		return LAMBDA_HEALTH;
	rest = str_after(path, INVOKE_PATH);
	if (rest)
		return parse_function(rest, "/invocations", LAMBDA_INVOKE,
		                      target);
	rest = str_after(path, STREAM_PATH);
	if (rest)
		return parse_function(rest, "/response-streaming-invocations",
		                      LAMBDA_STREAM, target);
	return LAMBDA_UNKNOWN;
}

enum lambda_route lambda_parse(const char *method, const char *path,
                               struct lambda_target *ret_target)
{
	enum lambda_route route = parse_path(path, ret_target);
	bool get = route == LAMBDA_METRICS || route == LAMBDA_HEALTH;

	if (route == LAMBDA_UNKNOWN || str_equal(method, get ? "GET" : "POST"))
		return route;
	return LAMBDA_METHOD;
}

enum lambda_type lambda_parse_type(const char *text)
{
	static const struct str_value types[] = {
		{ "RequestResponse", LAMBDA_SYNC },
		{ "Event", LAMBDA_EVENT },
		{ "DryRun", LAMBDA_DRY_RUN },
		{ NULL, 0 },
	};
	const struct str_value *type = text ? str_lookup(types, text) : types;

	return type ? (enum lambda_type)type->value : LAMBDA_NO_TYPE;
}

bool lambda_qualifies(const char *qualifier, const char *version)
{
	if (!*qualifier || str_equal(qualifier, "$LATEST"))
		return true;
	return strlen(qualifier) >= QUALIFIER_MIN &&
	       str_after(version, qualifier) != NULL;
}
