/* SPDX-License-Identifier: Apache-2.0 */
/* runf-fn list */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "fn/options.h"
#include "fn/policy.h"
#include "fn/table.h"
#include "fn/versions.h"
#include "json/json.h"
#include "sys/file.h"

struct list_values {
	bool json;
};

static const struct cli_option list_options[] = {
	OPTION_SWITCH(0, "json", struct list_values, json,
	              "print an array of objects"),
	OPTIONS_END,
};

/* One function, with what stands beside its config. */
struct listed {
	struct function function;
	struct timespec deployed;
	size_t versions;
};

static int read_one(const struct fn_globals *globals, const char *name,
                    struct listed *ret_listed, struct error *err)
{
	struct arena *arena = globals->arena;
	struct listed listed = { .versions = 0 };
	struct versions_list versions;
	struct stat found;
	int result = function_load(arena, globals->root, name, &listed.function,
	                           err);

	if (result == 0)
		result = versions_read(arena,
		                       arena_printf(arena, "%s/functions/%s",
		                                    globals->root, name),
		                       &versions, err);
	if (result < 0)
		return result;
	listed.versions = versions.count;
	/* The link itself: when it was switched. */
	if (sys_fstatat(AT_FDCWD,
	                arena_printf(arena, "%s/functions/%s/current",
	                             globals->root, name),
	                &found, AT_SYMLINK_NOFOLLOW) == 0)
		listed.deployed = found.st_mtim;
	*ret_listed = listed;
	return 0;
}

static void add_json(struct json_writer *w, const struct listed *listed)
{
	struct function function = listed->function;
	char time[TIME_TEXT_SIZE];
	size_t i;

	time_text(&listed->deployed, time);
	json_open_object(w, NULL);
	json_put_str(w, "name", function.name);
	json_put_str(w, "version", function.version);
	json_put_str(w, "deployed", time);
	json_put_u64(w, "versions", listed->versions);
	json_put_str(w, "bundle", function.bundle);
	json_put_str(w, "handler", function.handler);
	for (i = 0; i < POLICY_LIMITS; i++)
		json_put_u64(w, policy_limits[i].name,
		             *policy_place(&policy_limits[i], &function));
	json_put_u64(w, "cpu-quota-us", function.cpu_quota_us);
	json_put_u64(w, "cpu-period-us", function.cpu_period_us);
	json_close_object(w);
}

static void add_row(struct table *table, const struct listed *listed)
{
	struct arena *arena = table->arena;
	const struct function *function = &listed->function;
	char time[TIME_TEXT_SIZE];

	time_text(&listed->deployed, time);
	table_add(table, function->name);
	table_add(table, arena_strndup(arena, function->version, 12));
	table_add(table,
	          arena_printf(arena, "%" PRIu32 " MB", function->memory_mb));
	table_add(table, arena_printf(arena, "%.2f",
	                              (double)function->cpu_quota_us /
	                                      (double)function->cpu_period_us));
	table_add(table,
	          arena_printf(arena, "%" PRIu32 " s", function->timeout_s));
	table_add(table,
	          arena_printf(arena, "%" PRIu32, function->provisioned));
	table_add(table, arena_printf(arena, "%.16sZ", time));
	table_add(table, *function->handler ? function->handler : "-");
}

static int list(const struct fn_globals *globals, bool json, struct error *err)
{
	static const struct table_column columns[] = {
		{ "NAME", false },     { "VERSION", false },
		{ "MEMORY", true },    { "CPU", true },
		{ "TIMEOUT", true },   { "PROVISIONED", true },
		{ "DEPLOYED", false }, { "HANDLER", false },
	};
	struct arena *arena = globals->arena;
	struct table table = {
		.arena = arena,
		.columns = columns,
		.count = ARRAY_SIZE(columns),
		.colour =
			table_wants_colour(isatty(STDOUT_FILENO),
		                           getenv("NO_COLOR"), getenv("TERM")),
	};
	struct json_writer w = { .buf.arena = arena, .indent = "\t" };
	const char **names;
	size_t count, i;
	int result = versions_names(
		arena, arena_printf(arena, "%s/functions", globals->root),
		&names, &count, err);

	if (result < 0)
		return result;
	json_open_array(&w, NULL);
	for (i = 0; i < count; i++) {
		struct listed listed;

		result = read_one(globals, names[i], &listed, err);
		/* Being made, or being deleted. */
		if (result == -ENOENT)
			continue;
		if (result < 0)
			fn_warn("%s", err->text);
		else if (json)
			add_json(&w, &listed);
		else
			add_row(&table, &listed);
	}
	json_close_array(&w);
	buf_add_char(&w.buf, '\n');
	if (!json) {
		w.buf = (struct buf){ .arena = arena };
		table_write(&table, &w.buf);
	}
	return fn_print(buf_str(&w.buf), err);
}

static int list_run(const struct fn_globals *globals, char **args)
{
	struct list_values given = { false };
	struct cli_words words;
	struct error err;
	int result = fn_parse(globals, &fn_list, args, &given, &words, &err);

	if (result == 0)
		result = list(globals, given.json, &err);
	return result < 0 ? fn_fail(&fn_list, &err) : 0;
}

const struct fn_command fn_list = {
	.name = "list",
	.usage = "",
	.summary = "list the functions that are deployed",
	.options = list_options,
	.run = list_run,
};
