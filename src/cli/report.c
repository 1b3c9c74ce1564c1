/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller is told: the error on stderr, lines in the log file. */
#include "cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "cli/fail.h"
#include "json/json.h"
#include "sys/file.h"

#define LOG_MODE 0644

static const char *const level_names[] = {
	[RUNF_LOG_ERROR] = "error",
	[RUNF_LOG_WARNING] = "warning",
	[RUNF_LOG_INFO] = "info",
	[RUNF_LOG_DEBUG] = "debug",
};

int report_open(struct report *report, const char *path, struct runf_error *err)
{
	const char *file = str_after(path, "file:");
	int fd;

	if (str_after(path, "syslog:") || str_after(path, "journald:"))
		return fail_with(err, RUNF_ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                 "--log \"%s\": only files can be written to",
		                 path);
	fd = sys_openat(AT_FDCWD, file ? file : path,
	                O_WRONLY | O_APPEND | O_CREAT, LOG_MODE);
	if (fd < 0)
		return fail_system(err, fd, "open log file '%s'", path);
	report->fd = fd;
	return 0;
}

/* Errors quote what a hostile image may have chosen: no escape sequences. */
static void report_to_stderr(const char *prefix, const char *text)
{
	char line[sizeof(((struct runf_error *)0)->text) + 64];
	size_t used = (size_t)snprintf(line, sizeof(line), "runf: %s%.*s",
	                               prefix, (int)sizeof(line) - 32, text);
	size_t i;

	for (i = 0; i < used; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == '\177')
			line[i] = '?';
	line[used++] = '\n';
	/* In one write: conmon reads just once. */
	sys_write(STDERR_FILENO, line, used);
}

static void report_to_log(const struct report *report,
                          enum runf_log_level level, const char *text,
                          const char *kind)
{
	auto_arena struct arena arena = { 0 };
	struct json_writer line = { .buf.arena = &arena, .indent = "" };
	char now[TIME_TEXT_SIZE];

	time_now_text(now);
	if (report->json) {
		json_open_object(&line, NULL);
		json_put_str(&line, "level", level_names[level]);
		json_put_str(&line, "msg", text);
		json_put_str(&line, "time", now);
		if (kind)
			json_put_str(&line, "code", kind);
		json_close_object(&line);
		buf_add_char(&line.buf, '\n');
	} else {
		buf_printf(&line.buf, "%s %s: %s\n", now, level_names[level],
		           text);
	}
	sys_write(report->fd, line.buf.data, line.buf.length);
}

void report_failure(const struct report *report, const struct runf_error *err)
{
	report_to_stderr("", err->text);
	if (report->fd >= 0)
		report_to_log(report, RUNF_LOG_ERROR, err->text,
		              runf_error_kind_name(err->kind));
}

void report_line(void *context, enum runf_log_level level, const char *text)
{
	const struct report *report = context;
	char prefix[16];

	if (level > report->level)
		return;
	if (report->fd >= 0) {
		report_to_log(report, level, text, NULL);
		return;
	}
	snprintf(prefix, sizeof(prefix), "%s: ", level_names[level]);
	report_to_stderr(prefix, text);
}

int report_output(const char *text, struct runf_error *err)
{
	size_t length = strlen(text);
	int result = sys_write_all(STDOUT_FILENO, text, length);

	if (result == 0 && (length == 0 || text[length - 1] != '\n'))
		result = sys_write_all(STDOUT_FILENO, "\n", 1);
	if (result < 0)
		return fail_system(err, result, "write to stdout");
	return 0;
}
