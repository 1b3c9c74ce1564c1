/* SPDX-License-Identifier: Apache-2.0 */
/* One error: what went wrong, of which kind, with the path that led there. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static void error_append(char *text, size_t size, const char *more)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s", more);
}

__attribute__((format(printf, 4, 0))) static int error_setv(
	struct error *err, enum error_kind kind, int code, const char *format,
	va_list args)
{
	if (code >= 0)
		code = -EINVAL;
	if (!err)
		return code;
	err->code = code;
	err->kind = kind;
	vsnprintf(err->text, sizeof(err->text), format, args);
	if (kind == ERROR_SYSTEM) {
		error_append(err->text, sizeof(err->text), ": ");
		error_append(err->text, sizeof(err->text), strerror(-code));
	}
	return code;
}

int error_set(struct error *err, enum error_kind kind, int code,
              const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = error_setv(err, kind, code, format, args);
	va_end(args);
	return result;
}

int error_system(struct error *err, int code, const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = error_setv(err, ERROR_SYSTEM, code, format, args);
	va_end(args);
	return result;
}

int error_wrap(struct error *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	if (!err)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	error_append(text, sizeof(text), ": ");
	error_append(text, sizeof(text), err->text);
	memcpy(err->text, text, sizeof(text));
	return err->code;
}

const char *error_kind_name(enum error_kind kind)
{
	static const char *const names[] = {
		[ERROR_NONE] = "none",
		[ERROR_SYSTEM] = "system",
		[ERROR_CONFIG] = "config",
		[ERROR_USAGE] = "usage",
		[ERROR_NOT_FOUND] = "not-found",
		[ERROR_EXISTS] = "exists",
		[ERROR_STATE] = "state",
		[ERROR_UNSUPPORTED] = "unsupported",
		[ERROR_PROGRAM] = "program",
		[ERROR_HOOK] = "hook",
		[ERROR_INTERNAL] = "internal",
	};

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : "internal";
}
