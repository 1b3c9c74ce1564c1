/* SPDX-License-Identifier: Apache-2.0 */
/* runf update */
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/document.h"

struct update_values {
	const char *resources;
	struct opt_i64 blkio_weight;
	struct opt_i64 cpu_burst;
	struct opt_i64 cpu_idle;
	struct opt_i64 cpu_period;
	struct opt_i64 cpu_quota;
	struct opt_i64 cpu_rt_period;
	struct opt_i64 cpu_rt_runtime;
	struct opt_i64 cpu_share;
	const char *cpuset_cpus;
	const char *cpuset_mems;
	struct opt_i64 memory;
	struct opt_i64 memory_reservation;
	struct opt_i64 memory_swap;
	struct opt_i64 kernel_memory;
	struct opt_i64 kernel_memory_tcp;
	struct opt_i64 pids_limit;
	const char *l3_cache_schema;
	const char *mem_bw_schema;
};

#define VALUES struct update_values

static const struct cli_option update_options[] = {
	OPTION_TEXT('r', "resources", "FILE", VALUES, resources,
	            "read the limits from FILE (- for stdin)"),
	OPTION_INTEGER(0, "blkio-weight", "N", VALUES, blkio_weight,
	               "block IO weight, 10 to 1000"),
	OPTION_INTEGER(0, "cpu-period", "USEC", VALUES, cpu_period,
	               "period of the CPU quota"),
	OPTION_INTEGER(0, "cpu-quota", "USEC", VALUES, cpu_quota,
	               "CPU time per period; -1: no limit"),
	OPTION_INTEGER(0, "cpu-burst", "USEC", VALUES, cpu_burst,
	               "CPU time that may be saved up"),
	OPTION_INTEGER(0, "cpu-idle", "0|1", VALUES, cpu_idle,
	               "1: run only when nobody else does"),
	OPTION_INTEGER(0, "cpu-rt-period", "USEC", VALUES, cpu_rt_period,
	               "period of real-time scheduling"),
	OPTION_INTEGER(0, "cpu-rt-runtime", "USEC", VALUES, cpu_rt_runtime,
	               "real-time CPU time per period"),
	OPTION_INTEGER(0, "cpu-share", "N", VALUES, cpu_share,
	               "CPU shares, 2 to 262144"),
	OPTION_TEXT(0, "cpuset-cpus", "LIST", VALUES, cpuset_cpus,
	            "CPUs to run on"),
	OPTION_TEXT(0, "cpuset-mems", "LIST", VALUES, cpuset_mems,
	            "memory nodes to use"),
	OPTION_BYTES(0, "memory", VALUES, memory, "memory; -1: no limit"),
	OPTION_BYTES(0, "memory-reservation", VALUES, memory_reservation,
	             "memory that is protected"),
	OPTION_BYTES(0, "memory-swap", VALUES, memory_swap,
	             "memory and swap together; -1: no limit"),
	OPTION_BYTES(0, "kernel-memory", VALUES, kernel_memory,
	             "accepted and ignored"),
	OPTION_BYTES(0, "kernel-memory-tcp", VALUES, kernel_memory_tcp,
	             "accepted and ignored"),
	OPTION_INTEGER(0, "pids-limit", "N", VALUES, pids_limit,
	               "processes; -1: no limit"),
	OPTION_TEXT(0, "l3-cache-schema", "TEXT", VALUES, l3_cache_schema,
	            "share of L3 cache, as resctrl has it"),
	OPTION_TEXT(0, "mem-bw-schema", "TEXT", VALUES, mem_bw_schema,
	            "memory bandwidth, as resctrl has it"),
	OPTIONS_END,
};

#undef VALUES

static void put_integer(struct json_writer *w, const char *key,
                        struct opt_i64 value)
{
	if (value.set)
		json_put_i64(w, key, value.value);
}

static void put_text(struct json_writer *w, const char *key, const char *value)
{
	if (value)
		json_put_str(w, key, value);
}

static void update_put_cpu(struct json_writer *w,
                           const struct update_values *given)
{
	json_open_object(w, "cpu");
	put_integer(w, "shares", given->cpu_share);
	put_integer(w, "quota", given->cpu_quota);
	put_integer(w, "burst", given->cpu_burst);
	put_integer(w, "period", given->cpu_period);
	put_integer(w, "realtimeRuntime", given->cpu_rt_runtime);
	put_integer(w, "realtimePeriod", given->cpu_rt_period);
	put_integer(w, "idle", given->cpu_idle);
	put_text(w, "cpus", given->cpuset_cpus);
	put_text(w, "mems", given->cpuset_mems);
	json_close_object(w);
}

static void update_put_rdt(struct json_writer *w,
                           const struct update_values *given)
{
	if (!given->l3_cache_schema && !given->mem_bw_schema)
		return;
	json_open_object(w, "intelRdt");
	put_text(w, "l3CacheSchema", given->l3_cache_schema);
	put_text(w, "memBwSchema", given->mem_bw_schema);
	json_close_object(w);
}

/* Objects that stay empty change nothing. */
static const char *update_write(struct arena *arena,
                                const struct update_values *given)
{
	struct json_writer w = { .buf.arena = arena, .indent = "" };

	json_open_object(&w, NULL);
	json_open_object(&w, "memory");
	put_integer(&w, "limit", given->memory);
	put_integer(&w, "reservation", given->memory_reservation);
	put_integer(&w, "swap", given->memory_swap);
	json_close_object(&w);
	update_put_cpu(&w, given);
	if (given->pids_limit.set) {
		json_open_object(&w, "pids");
		put_integer(&w, "limit", given->pids_limit);
		json_close_object(&w);
	}
	if (given->blkio_weight.set) {
		json_open_object(&w, "blockIO");
		put_integer(&w, "weight", given->blkio_weight);
		json_close_object(&w);
	}
	update_put_rdt(&w, given);
	json_close_object(&w);
	return buf_str(&w.buf);
}

/*
 * The schemas beside the resources of a document, as other runtimes take both.
 * What is no document the library refuses, and says where.
 */
static const char *update_join(struct arena *arena, const char *document,
                               const struct update_values *given)
{
	struct json_writer w = { .buf.arena = arena, .indent = "" };
	const struct json_value *root;
	const struct json_value *item;

	if (json_parse(arena, document, strlen(document), "", &root, NULL) <
	            0 ||
	    root->type != JSON_OBJECT)
		return document;
	json_open_object(&w, NULL);
	for (item = root->first; item; item = item->next)
		if (!str_equal(item->key, "intelRdt"))
			json_put_value(&w, item->key, item);
	update_put_rdt(&w, given);
	json_close_object(&w);
	return buf_str(&w.buf);
}

static int update_run(struct cli *cli, void *values, struct runf_error *err)
{
	const struct update_values *given = values;
	const char *json = NULL;
	int result = 0;

	if (given->resources)
		result = document_read(&cli->arena, given->resources, &json,
		                       err);
	else
		json = update_write(&cli->arena, given);
	if (result == 0 && given->resources &&
	    (given->l3_cache_schema || given->mem_bw_schema))
		json = update_join(&cli->arena, json, given);
	if (result < 0)
		return result;
	return runf_update(cli->runf, cli->words.items[0], json, err);
}

const struct cli_command command_update = {
	.name = "update",
	.arguments = "ID",
	.summary = "change limits of a container",
	.options = update_options,
	.values_size = sizeof(struct update_values),
	.words_min = 1,
	.words_max = 1,
	.flags = COMMAND_OPENS,
	.run = update_run,
};
