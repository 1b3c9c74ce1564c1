/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for containerd's log, in the form of logrus, which it expects. */
#include <fcntl.h>
#include <stdio.h>

#include "base/time.h"
#include "shim/shim.h"
#include "sys/file.h"

#define LINE_MAX_BYTES 2048

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* TEXT between quotes; what is no plain character becomes a question mark. */
static size_t log_quote(char *line, size_t used, size_t size, const char *text)
{
	for (; *text && used + 4 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			line[used++] = '\\';
		line[used++] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	line[used++] = '"';
	line[used++] = '\n';
	return used;
}

/* Never waits: of a full FIFO the line is lost, not the container. */
static void log_emit(void *context, enum log_level level, const char *text)
{
	const struct shim *shim = context;
	char now[TIME_TEXT_SIZE];
	char line[LINE_MAX_BYTES];
	int used;

	if (shim->log_fd < 0)
		return;
	time_now_text(now);
	used = snprintf(line, sizeof(line), "time=\"%s\" level=%s msg=\"", now,
	                level_names[level]);
	sys_write(shim->log_fd, line,
	          log_quote(line, (size_t)used, sizeof(line), text));
}

void log_open(struct shim *shim, enum log_level level)
{
	/* containerd holds both ends; without it there is no reader. */
	shim->log_fd = sys_openat(AT_FDCWD, "log", O_WRONLY | O_NONBLOCK, 0);
	shim->log.level = level;
	shim->log.emit = log_emit;
	shim->log.context = shim;
}
