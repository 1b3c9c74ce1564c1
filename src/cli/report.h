/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller is told: the error on stderr, lines in the log file. */
#pragma once

#include <runf/error.h>
#include <runf/runf.h>
#include <stdbool.h>

/*
 * Clients parse both: stderr stays empty unless the command fails, and the
 * log file gets one object per failure and nothing else at the level that
 * is set by default.
 */
struct report {
	enum runf_log_level level;
	bool json;
	int fd; /* the log file, or -1: lines go to stderr */
};

/* Open (append, or make) the log file PATH. */
int report_open(struct report *report, const char *path,
                struct runf_error *err);

/* The failure: to stderr always, in one write, and to the log file. */
void report_failure(const struct report *report, const struct runf_error *err);

/* A line of the library's; struct runf_options calls it with the report. */
void report_line(void *context, enum runf_log_level level, const char *text);

/* TEXT to stdout; with a line end, should it have none. */
int report_output(const char *text, struct runf_error *err);
