/* SPDX-License-Identifier: Apache-2.0 */
/* runf events */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/fail.h"

struct events_values {
	const char *interval;
	bool stats;
};

static const struct cli_option events_options[] = {
	OPTION_TEXT(0, "interval", "TIME", struct events_values, interval,
	            "between two lines of statistics (5s)"),
	OPTION_SWITCH(0, "stats", struct events_values, stats,
	              "print the statistics of now, and exit"),
	OPTIONS_END,
};

/* Nanoseconds of the unit that TEXT starts with; 0 if it is none. */
static uint64_t unit_ns(const char *text, size_t length)
{
	static const struct str_value units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "\u00b5s", 1000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", UINT64_C(60000000000) },
		{ "h", UINT64_C(3600000000000) },
		{ NULL, 0 },
	};
	const struct str_value *unit;

	for (unit = units; unit->name; unit++)
		if (strlen(unit->name) == length &&
		    strncmp(unit->name, text, length) == 0)
			return unit->value;
	return 0;
}

/*
 * "5s", "1m30s", "1.5h", as Go writes a duration; a number alone is seconds.
 * The result is at least 1 ms.
 */
static int duration_parse(const char *text, unsigned int *ret_ms)
{
	unsigned __int128 total = 0;
	const char *next = text;

	do {
		unsigned __int128 value = 0;
		unsigned __int128 divisor = 1;
		bool point = false;
		uint64_t unit;
		size_t length;

		if (!isdigit((unsigned char)*next))
			return -EINVAL;
		for (;
		     isdigit((unsigned char)*next) || (*next == '.' && !point);
		     next++) {
			if (*next == '.') {
				point = true;
				continue;
			}
			value = value * 10 + (unsigned int)(*next - '0');
			divisor *= point ? 10 : 1;
			if (value > INT64_MAX || divisor > INT64_MAX)
				return -ERANGE;
		}
		length = strcspn(next, "0123456789.");
		unit = unit_ns(next, length);
		if (!*next && total == 0)
			unit = 1000000000;
		if (!unit)
			return -EINVAL;
		total += value * unit / divisor;
		next += length;
	} while (*next);
	total /= 1000000;
	if (total == 0 || total > INT_MAX)
		return -ERANGE;
	*ret_ms = (unsigned int)total;
	return 0;
}

struct events_sink {
	struct runf_error *err;
};

static int events_print(void *context, const char *json)
{
	const struct events_sink *sink = context;

	return report_output(json, sink->err);
}

static int events_run(struct cli *cli, void *values, struct runf_error *err)
{
	const struct events_values *given = values;
	struct events_sink sink = { .err = err };
	struct runf_events_options options = {
		.size = sizeof(options),
		.interval_ms = 5000,
		.once = given->stats,
		.event = events_print,
		.context = &sink,
	};

	if (given->interval &&
	    duration_parse(given->interval, &options.interval_ms) < 0)
		return fail_usage(err,
		                  "invalid value \"%s\" for option --interval: "
		                  "expected a time like 5s, 1m30s or 500ms",
		                  given->interval);
	return runf_events(cli->runf, cli->words.items[0], &options, err);
}

const struct cli_command command_events = {
	.name = "events",
	.arguments = "ID",
	.summary = "print what a container uses, and its memory deaths",
	.options = events_options,
	.values_size = sizeof(struct events_values),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS,
	.run = events_run,
};
