/* SPDX-License-Identifier: Apache-2.0 */
/* Where debug lines and warnings go: a sink owned by whoever reports. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 3, 0))) static void log_line(
	const struct log *log, enum log_level level, const char *format,
	va_list args)
{
	char text[1024];

	if (!log || !log->emit || level > log->level)
		return;
	vsnprintf(text, sizeof(text), format, args);
	log->emit(log->context, level, text);
}

void log_error(const struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(log, LOG_LEVEL_ERROR, format, args);
	va_end(args);
}

void log_debug(const struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(log, LOG_LEVEL_DEBUG, format, args);
	va_end(args);
}

void log_warning(const struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(log, LOG_LEVEL_WARNING, format, args);
	va_end(args);
}
