/* SPDX-License-Identifier: Apache-2.0 */
/* Where debug lines and warnings go: a sink owned by whoever reports. */
#pragma once

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* EMIT may be NULL: silence. TEXT is one line without its end. */
struct log {
	enum log_level level; /* lines above it are dropped */
	void (*emit)(void *context, enum log_level level, const char *text);
	void *context;
};

/*
 * LOG may be NULL. Never in place of returning an error: log_error() is for
 * what befell a container, not for what a function could not do.
 */
void log_error(const struct log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_debug(const struct log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_warning(const struct log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
