/* SPDX-License-Identifier: Apache-2.0 */
/* runf events */
#include <errno.h>
#include <limits.h>
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
		struct str_decimal number;
		size_t length;
		uint64_t unit;
		int result = str_take_decimal(&next, &number);

		if (result < 0)
			return result;
		length = strcspn(next, "0123456789.");
		unit = unit_ns(next, length);
		if (!*next && total == 0)
			unit = 1000000000;
		if (!unit)
			return -EINVAL;
		total +=
			(unsigned __int128)number.value * unit / number.divisor;
		next += length;
	} while (*next);
	total /= 1000000;
	if (total == 0 || total > INT_MAX)
		return -ERANGE;
	*ret_ms = (unsigned int)total;
	return 0;
}

static int events_print(void *context, const char *json)
{
	struct runf_error why;

	(void)context;
	return report_output(json, &why);
}

static int events_run(struct cli *cli, void *values, struct runf_error *err)
{
	const struct events_values *given = values;
	struct runf_events_options options = {
		.size = sizeof(options),
		.interval_ms = 5000,
		.once = given->stats,
		.event = events_print,
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
