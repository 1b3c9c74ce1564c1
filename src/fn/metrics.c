/* SPDX-License-Identifier: Apache-2.0 */
/* What one function's invocations add up to, as Prometheus reads it. */
#include "fn/metrics.h"

#include "base/cleanup.h"

static const char *const status_names[METRICS_STATUSES] = {
	[INVOCATION_OK] = "ok",     [INVOCATION_ERROR] = "error",
	[INVOCATION_OOM] = "oom",   [INVOCATION_TIMEOUT] = "timeout",
	[INVOCATION_EXIT] = "exit", [INVOCATION_FAILED] = "failed",
};
static const char *const start_names[METRICS_STARTS] = {
	[START_COLD] = "cold",
	[START_CREATED] = "created",
	[START_FROZEN] = "frozen",
	[START_IDLE] = "idle",
};
static const char *const state_names[SANDBOX_STATES] = {
	[SANDBOX_CREATING] = "creating", [SANDBOX_CREATED] = "created",
	[SANDBOX_INIT] = "init",         [SANDBOX_IDLE] = "idle",
	[SANDBOX_FROZEN] = "frozen",     [SANDBOX_BUSY] = "busy",
	[SANDBOX_GONE] = "gone",
};

static const struct {
	uint64_t us;
	const char *seconds;
} buckets[METRICS_BUCKETS] = {
	{ 250, "0.00025" },   { 500, "0.0005" }, { 1000, "0.001" },
	{ 2500, "0.0025" },   { 5000, "0.005" }, { 10000, "0.01" },
	{ 25000, "0.025" },   { 50000, "0.05" }, { 100000, "0.1" },
	{ 500000, "0.5" },    { 1000000, "1" },  { 10000000, "10" },
	{ 100000000, "100" },
};

/* Of what the host cannot know nothing is counted. */
static void add_known(uint64_t *sum, uint64_t value)
{
	if (value != UINT64_MAX)
		*sum += value;
}

void metrics_add(struct metrics *metrics, const struct invocation *invocation,
                 enum invocation_status status)
{
	const struct invocation_cost *cost = &invocation->cost;
	size_t i = 0;

	metrics->count[status][cost->start]++;
	while (i < METRICS_BUCKETS && cost->duration_us > buckets[i].us)
		i++;
	metrics->bucket[i]++;
	add_known(&metrics->duration_us, cost->duration_us);
	metrics->billed_ms += invocation_billed_ms(cost);
	add_known(&metrics->cpu_us, cost->cpu_user_us);
	add_known(&metrics->cpu_us, cost->cpu_system_us);
	if (cost->max_memory_bytes != UINT64_MAX &&
	    cost->max_memory_bytes > metrics->memory_peak)
		metrics->memory_peak = cost->max_memory_bytes;
	add_known(&metrics->in_bytes, cost->in_bytes);
	add_known(&metrics->out_bytes, cost->out_bytes);
}

static void begin(struct buf *buf, const char *name, const char *type,
                  const char *help)
{
	buf_printf(buf, "# HELP runf_fn_%s %s\n# TYPE runf_fn_%s %s\n", name,
	           help, name, type);
}

/* A function's name needs no escapes: function_name_is_valid(). */
static void put(struct buf *buf, const char *name,
                const struct metrics_row *row, uint64_t value)
{
	buf_printf(buf, "runf_fn_%s{function=\"%s\"} %llu\n", name,
	           row->function, (unsigned long long)value);
}

static void put_micro(struct buf *buf, const char *name,
                      const struct metrics_row *row, uint64_t us)
{
	buf_printf(buf, "runf_fn_%s{function=\"%s\"} %llu.%06llu\n", name,
	           row->function, (unsigned long long)(us / 1000000),
	           (unsigned long long)(us % 1000000));
}

static void write_invocations(struct buf *buf, const struct metrics_row *row)
{
	size_t status, start;

	for (status = 0; status < METRICS_STATUSES; status++)
		for (start = 0; start < METRICS_STARTS; start++)
			buf_printf(buf,
			           "runf_fn_invocations_total{function=\"%s\","
			           "status=\"%s\",start=\"%s\"} %llu\n",
			           row->function, status_names[status],
			           start_names[start],
			           (unsigned long long)
			                   row->metrics->count[status][start]);
}

static void write_durations(struct buf *buf, const struct metrics_row *row)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i <= METRICS_BUCKETS; i++) {
		sum += row->metrics->bucket[i];
		buf_printf(buf,
		           "runf_fn_duration_seconds_bucket{function=\"%s\","
		           "le=\"%s\"} %llu\n",
		           row->function,
		           i < METRICS_BUCKETS ? buckets[i].seconds : "+Inf",
		           (unsigned long long)sum);
	}
	put_micro(buf, "duration_seconds_sum", row, row->metrics->duration_us);
	put(buf, "duration_seconds_count", row, sum);
}

static void write_sandboxes(struct buf *buf, const struct metrics_row *row)
{
	size_t i;

	for (i = 0; i < SANDBOX_GONE; i++)
		buf_printf(buf,
		           "runf_fn_sandboxes{function=\"%s\",state=\"%s\"} "
		           "%u\n",
		           row->function, state_names[i], row->sandboxes[i]);
}

/* What a table below gives is one number of a row. */
enum single {
	SINGLE_THROTTLED,
	SINGLE_BILLED,
	SINGLE_MEMORY_LIMIT,
	SINGLE_MEMORY_PEAK,
	SINGLE_SPOOLED,
	SINGLE_IN,
	SINGLE_OUT,
};

static uint64_t single_value(enum single which, const struct metrics_row *row)
{
	switch (which) {
	case SINGLE_THROTTLED: return row->metrics->throttled;
	case SINGLE_BILLED: return row->metrics->billed_ms;
	case SINGLE_MEMORY_LIMIT: return row->memory_limit;
	case SINGLE_MEMORY_PEAK: return row->metrics->memory_peak;
	case SINGLE_SPOOLED: return row->spooled;
	case SINGLE_IN: return row->metrics->in_bytes;
	case SINGLE_OUT: return row->metrics->out_bytes;
	}
	return 0;
}

static const struct {
	enum single which;
	const char *name;
	const char *type;
	const char *help;
} singles[] = {
	{ SINGLE_THROTTLED, "throttled_total", "counter",
	  "Invocations that a cap refused." },
	{ SINGLE_BILLED, "billed_milliseconds_total", "counter",
	  "Milliseconds to pay for." },
	{ SINGLE_MEMORY_LIMIT, "memory_limit_bytes", "gauge",
	  "What the sandboxes may use." },
	{ SINGLE_MEMORY_PEAK, "memory_peak_bytes", "gauge",
	  "The most that a sandbox used." },
	{ SINGLE_SPOOLED, "spooled", "gauge",
	  "Asynchronous invocations that wait." },
	{ SINGLE_IN, "request_bytes_total", "counter", "Payloads." },
	{ SINGLE_OUT, "response_bytes_total", "counter", "Responses." },
};

void metrics_write(struct buf *buf, const struct metrics_row *rows,
                   size_t count)
{
	size_t i, j;

	begin(buf, "invocations_total", "counter",
	      "Invocations that have ended.");
	for (i = 0; i < count; i++)
		write_invocations(buf, &rows[i]);
	begin(buf, "duration_seconds", "histogram",
	      "From the handing over of an event to its response.");
	for (i = 0; i < count; i++)
		write_durations(buf, &rows[i]);
	begin(buf, "sandboxes", "gauge", "Sandboxes by state.");
	for (i = 0; i < count; i++)
		write_sandboxes(buf, &rows[i]);
	begin(buf, "cpu_seconds_total", "counter", "CPU time of invocations.");
	for (i = 0; i < count; i++)
		put_micro(buf, "cpu_seconds_total", &rows[i],
		          rows[i].metrics->cpu_us);
	for (j = 0; j < ARRAY_SIZE(singles); j++) {
		begin(buf, singles[j].name, singles[j].type, singles[j].help);
		for (i = 0; i < count; i++)
			put(buf, singles[j].name, &rows[i],
			    single_value(singles[j].which, &rows[i]));
	}
}

static void put_server(struct buf *buf, const char *name, const char *type,
                       const char *help, uint64_t value)
{
	begin(buf, name, type, help);
	buf_printf(buf, "runf_fn_%s %llu\n", name, (unsigned long long)value);
}

void metrics_write_server(struct buf *buf, const struct metrics_server *server)
{
	put_server(buf, "requests", "gauge", "Requests under way.",
	           server->requests);
	put_server(buf, "evicted_total", "counter",
	           "Sandboxes that had to go at rest.", server->evicted);
	put_server(buf, "spool_events", "gauge", "Events in the spool.",
	           server->spool_events);
	put_server(buf, "spool_bytes", "gauge", "Bytes in the spool.",
	           server->spool_bytes);
}
