/* SPDX-License-Identifier: Apache-2.0 */
/* Failures that the command line finds itself. */
#include "cli/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static int fail_v(
	struct runf_error *err, enum runf_error_kind kind, int code,
	const char *format, va_list args)
{
	err->code = code;
	err->kind = kind;
	vsnprintf(err->text, sizeof(err->text), format, args);
	return code;
}

int fail_usage(struct runf_error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_v(err, RUNF_ERROR_USAGE, -EINVAL, format, args);
	va_end(args);
	return -EINVAL;
}

int fail_system(struct runf_error *err, int code, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	fail_v(err, RUNF_ERROR_SYSTEM, code, format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
	         strerror(-code));
	return code;
}

int fail_with(struct runf_error *err, enum runf_error_kind kind, int code,
              const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_v(err, kind, code, format, args);
	va_end(args);
	return code;
}

int fail_wrap(struct runf_error *err, const char *what)
{
	char text[sizeof(err->text)];

	snprintf(text, sizeof(text), "%s", err->text);
	/* What does not fit any more is cut off, at the far end. */
	snprintf(err->text, sizeof(err->text), "%.32s: %.470s", what, text);
	return err->code;
}
