/* SPDX-License-Identifier: Apache-2.0 */
/* runf-fn usage: what usage.jsonl sums up to */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "fn/options.h"
#include "fn/table.h"
#include "json/json.h"
#include "sys/file.h"

struct usage_values {
	bool json;
};

static const struct cli_option usage_options[] = {
	OPTION_SWITCH(0, "json", struct usage_values, json,
	              "print an array of objects"),
	OPTIONS_END,
};

/* A sum of what is known; UNKNOWN counts the lines that say null. */
struct sum {
	const char *name;
	uint64_t invocations;
	uint64_t errors;
	uint64_t cold;
	uint64_t billed_ms;
	uint64_t mb_ms; /* billed milliseconds times MB */
	uint64_t cpu_us;
	uint64_t cpu_unknown;
	uint64_t max_memory;
	uint64_t memory_unknown;
};

struct usage {
	struct arena *arena;
	const char *only; /* NULL: all functions */
	struct sum *sums;
	size_t count;
	uint64_t bad_lines;
};

static const char *text_of(const struct json_value *line, const char *key)
{
	const struct json_value *value = json_get(line, key);

	return value && value->type == JSON_STRING ? value->text : NULL;
}

/* False if it is null, missing or no number. */
static bool number_of(const struct json_value *line, const char *key,
                      uint64_t *ret_number)
{
	const struct json_value *value = json_get(line, key);

	return value && value->type == JSON_NUMBER &&
	       json_to_u64(value, ret_number) == 0;
}

static struct sum *find_sum(struct usage *usage, const char *name)
{
	struct sum *sum;
	size_t i;

	for (i = 0; i < usage->count; i++)
		if (str_equal(usage->sums[i].name, name))
			return &usage->sums[i];
	sum = arena_push(usage->arena, usage->sums, usage->count);
	sum->name = arena_strdup(usage->arena, name);
	return sum;
}

static void add_resources(struct sum *sum, const struct json_value *line)
{
	uint64_t user, system, memory;

	if (number_of(line, "cpu_user_us", &user) &&
	    number_of(line, "cpu_system_us", &system))
		sum->cpu_us += user + system;
	else
		sum->cpu_unknown++;
	if (!number_of(line, "max_memory_bytes", &memory))
		sum->memory_unknown++;
	else if (memory > sum->max_memory)
		sum->max_memory = memory;
}

static bool add_line(struct usage *usage, const struct json_value *line)
{
	const char *name, *status, *start;
	uint64_t billed_ms, memory_mb;
	struct sum *sum;

	if (line->type != JSON_OBJECT)
		return false;
	name = text_of(line, "fn");
	status = text_of(line, "status");
	start = text_of(line, "start");
	if (!name || !status || !number_of(line, "billed_ms", &billed_ms) ||
	    !number_of(line, "memory_mb", &memory_mb))
		return false;
	if (usage->only && !str_equal(usage->only, name))
		return true;
	sum = find_sum(usage, name);
	sum->invocations++;
	sum->errors += !str_equal(status, "ok");
	sum->cold += start && str_equal(start, "cold");
	sum->billed_ms += billed_ms;
	sum->mb_ms += billed_ms * memory_mb;
	add_resources(sum, line);
	return true;
}

/* Line by line: the file may be large. */
static int read_lines(struct usage *usage, const char *path, struct error *err)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t length;

	/* Nothing was ever invoked. */
	if (fd == -ENOENT)
		return 0;
	if (!file)
		return error_system(err, fd < 0 ? fd : -ENOMEM, "open %s",
		                    path);
	while ((length = getline(&text, &size, file)) > 0) {
		struct arena arena = { 0 };
		const struct json_value *line;
		struct json_fault fault;

		if (json_scan(&arena, text, (size_t)length, &line, &fault) <
		            0 ||
		    !add_line(usage, line))
			usage->bad_lines++;
		arena_release(&arena);
	}
	free(text);
	fclose(file);
	return 0;
}

static int compare_sums(const void *a, const void *b)
{
	return strcmp(((const struct sum *)a)->name,
	              ((const struct sum *)b)->name);
}

/* VALUE is not the whole truth if only some lines say it. */
static const char *with_doubt(struct arena *arena, const struct sum *sum,
                              uint64_t unknown, const char *value)
{
	if (unknown == sum->invocations)
		return "-";
	return unknown ? arena_printf(arena, ">=%s", value) : value;
}

static const char *seconds(struct arena *arena, uint64_t ms)
{
	return arena_printf(arena, "%" PRIu64 ".%03" PRIu64 " s", ms / 1000,
	                    ms % 1000);
}

/* Thousandths of a GB-second: MB-milliseconds / 1024, to the nearest. */
static const char *gb_seconds(struct arena *arena, uint64_t mb_ms)
{
	uint64_t gb_ms = (mb_ms + 512) / 1024;

	return arena_printf(arena, "%" PRIu64 ".%03" PRIu64, gb_ms / 1000,
	                    gb_ms % 1000);
}

static void add_row(struct table *table, const struct sum *sum)
{
	struct arena *arena = table->arena;

	table_add(table, sum->name);
	table_add(table, arena_printf(arena, "%" PRIu64, sum->invocations));
	table_add(table, arena_printf(arena, "%" PRIu64, sum->errors));
	table_add(table, arena_printf(arena, "%" PRIu64, sum->cold));
	table_add(table, seconds(arena, sum->billed_ms));
	table_add(table, gb_seconds(arena, sum->mb_ms));
	table_add(table, with_doubt(arena, sum, sum->cpu_unknown,
	                            seconds(arena, sum->cpu_us / 1000)));
	table_add(table,
	          with_doubt(arena, sum, sum->memory_unknown,
	                     arena_printf(arena, "%" PRIu64 " MB",
	                                  (sum->max_memory + 1048575) >> 20)));
}

static void add_json(struct json_writer *w, const struct sum *sum)
{
	json_open_object(w, NULL);
	json_put_str(w, "name", sum->name);
	json_put_u64(w, "invocations", sum->invocations);
	json_put_u64(w, "errors", sum->errors);
	json_put_u64(w, "cold", sum->cold);
	json_put_u64(w, "billed_ms", sum->billed_ms);
	json_put_number(w, "gb_seconds", gb_seconds(w->buf.arena, sum->mb_ms));
	if (sum->cpu_unknown == sum->invocations)
		json_put_null(w, "cpu_us");
	else
		json_put_u64(w, "cpu_us", sum->cpu_us);
	json_put_u64(w, "cpu_unknown", sum->cpu_unknown);
	if (sum->memory_unknown == sum->invocations)
		json_put_null(w, "max_memory_bytes");
	else
		json_put_u64(w, "max_memory_bytes", sum->max_memory);
	json_put_u64(w, "memory_unknown", sum->memory_unknown);
	json_close_object(w);
}

static int usage_write(const struct usage *usage, bool json, struct error *err)
{
	static const struct table_column columns[] = {
		{ "NAME", false }, { "INVOCATIONS", true }, { "ERRORS", true },
		{ "COLD", true },  { "BILLED", true },      { "GB-S", true },
		{ "CPU", true },   { "MAX MEMORY", true },
	};
	struct table table = {
		.arena = usage->arena,
		.columns = columns,
		.count = ARRAY_SIZE(columns),
		.colour =
			table_wants_colour(isatty(STDOUT_FILENO),
		                           getenv("NO_COLOR"), getenv("TERM")),
	};
	struct json_writer w = { .buf.arena = usage->arena, .indent = "\t" };
	size_t i;

	json_open_array(&w, NULL);
	for (i = 0; i < usage->count; i++) {
		if (json)
			add_json(&w, &usage->sums[i]);
		else
			add_row(&table, &usage->sums[i]);
	}
	json_close_array(&w);
	buf_add_char(&w.buf, '\n');
	if (!json) {
		w.buf = (struct buf){ .arena = usage->arena };
		table_write(&table, &w.buf);
	}
	return fn_print(buf_str(&w.buf), err);
}

static int usage_run(const struct fn_globals *globals, char **args)
{
	struct usage_values given = { false };
	struct cli_words words;
	struct error err;
	int result = fn_parse(globals, &fn_usage, args, &given, &words, &err);
	struct usage usage = { .arena = globals->arena };

	if (result == 0) {
		usage.only = words.items[0];
		result = read_lines(&usage,
		                    arena_printf(globals->arena,
		                                 "%s/usage.jsonl",
		                                 globals->root),
		                    &err);
		if (usage.count)
			qsort(usage.sums, usage.count, sizeof(*usage.sums),
			      compare_sums);
		if (usage.bad_lines)
			fn_warn("%" PRIu64 " lines of %s/usage.jsonl cannot "
			        "be read: they are left out",
			        usage.bad_lines, globals->root);
		if (result == 0)
			result = usage_write(&usage, given.json, &err);
	}
	return result < 0 ? fn_fail(&fn_usage, &err) : 0;
}

const struct fn_command fn_usage = {
	.name = "usage",
	.usage = "[NAME]",
	.summary = "sum up what functions have used",
	.options = usage_options,
	.words_max = 1,
	.run = usage_run,
};
