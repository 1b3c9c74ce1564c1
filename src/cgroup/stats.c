/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses, from whichever hierarchies count it. */
#include "cgroup/stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/text.h"
#include "sys/file.h"

/* One number: FILE is one, or KEY's line in FILE has it. */
struct number {
	const char *controller; /* of v1; "" is v2 */
	const char *file;
	const char *key;
	size_t offset;
	size_t counted; /* the flag that says so */
	uint32_t scale;
};

/* clang-format off */
#define AT(member) offsetof(struct runf_stats, member)
#define ROW(controller, part, member, scale, file, key) \
	{ controller, file, key, AT(part.member), AT(part.counted), scale }
#define CPU(c, member, scale, file, key) ROW(c, cpu, member, scale, file, key)
#define MEMORY(c, member, file, key) ROW(c, memory, member, 1, file, key)
#define PIDS(c, member, file) ROW(c, pids, member, 1, file, NULL)

/* Rows of one file stand together: it is read once. */
static const struct number numbers[] = {
	CPU("", usage_ns, 1000, "cpu.stat", "usage_usec"),
	CPU("", user_ns, 1000, "cpu.stat", "user_usec"),
	CPU("", system_ns, 1000, "cpu.stat", "system_usec"),
	CPU("", periods, 1, "cpu.stat", "nr_periods"),
	CPU("", throttled_periods, 1, "cpu.stat", "nr_throttled"),
	CPU("", throttled_ns, 1000, "cpu.stat", "throttled_usec"),
	CPU("", bursts, 1, "cpu.stat", "nr_bursts"),
	CPU("", burst_ns, 1000, "cpu.stat", "burst_usec"),
	MEMORY("", memory.usage_bytes, "memory.current", NULL),
	MEMORY("", memory.limit_bytes, "memory.max", NULL),
	MEMORY("", memory.peak_bytes, "memory.peak", NULL),
	MEMORY("", memory.failures, "memory.events", "max"),
	MEMORY("", oom_kills, "memory.events", "oom_kill"),
	MEMORY("", memory_and_swap.usage_bytes, "memory.swap.current", NULL),
	MEMORY("", memory_and_swap.limit_bytes, "memory.swap.max", NULL),
	MEMORY("", memory_and_swap.failures, "memory.swap.events", "max"),
	MEMORY("", cache_bytes, "memory.stat", "file"),
	MEMORY("", rss_bytes, "memory.stat", "anon"),
	MEMORY("", kernel.usage_bytes, "memory.stat", "kernel"),
	MEMORY("", kernel_tcp.usage_bytes, "memory.stat", "sock"),
	PIDS("", current, "pids.current"),
	PIDS("", limit, "pids.max"),

	CPU("cpuacct", usage_ns, 1, "cpuacct.usage", NULL),
	CPU("cpuacct", user_ns, 1, "cpuacct.usage_user", NULL),
	CPU("cpuacct", system_ns, 1, "cpuacct.usage_sys", NULL),
	CPU("cpu", periods, 1, "cpu.stat", "nr_periods"),
	CPU("cpu", throttled_periods, 1, "cpu.stat", "nr_throttled"),
	CPU("cpu", throttled_ns, 1, "cpu.stat", "throttled_time"),
	CPU("cpu", bursts, 1, "cpu.stat", "nr_bursts"),
	CPU("cpu", burst_ns, 1, "cpu.stat", "burst_time"),
	MEMORY("memory", memory.usage_bytes, "memory.usage_in_bytes", NULL),
	MEMORY("memory", memory.limit_bytes, "memory.limit_in_bytes", NULL),
	MEMORY("memory", memory.peak_bytes, "memory.max_usage_in_bytes", NULL),
	MEMORY("memory", memory.failures, "memory.failcnt", NULL),
	MEMORY("memory", memory_and_swap.usage_bytes,
	       "memory.memsw.usage_in_bytes", NULL),
	MEMORY("memory", memory_and_swap.limit_bytes,
	       "memory.memsw.limit_in_bytes", NULL),
	MEMORY("memory", memory_and_swap.peak_bytes,
	       "memory.memsw.max_usage_in_bytes", NULL),
	MEMORY("memory", memory_and_swap.failures, "memory.memsw.failcnt",
	       NULL),
	MEMORY("memory", kernel.usage_bytes, "memory.kmem.usage_in_bytes",
	       NULL),
	MEMORY("memory", kernel.limit_bytes, "memory.kmem.limit_in_bytes",
	       NULL),
	MEMORY("memory", kernel.peak_bytes, "memory.kmem.max_usage_in_bytes",
	       NULL),
	MEMORY("memory", kernel.failures, "memory.kmem.failcnt", NULL),
	MEMORY("memory", kernel_tcp.usage_bytes,
	       "memory.kmem.tcp.usage_in_bytes", NULL),
	MEMORY("memory", kernel_tcp.limit_bytes,
	       "memory.kmem.tcp.limit_in_bytes", NULL),
	MEMORY("memory", kernel_tcp.peak_bytes,
	       "memory.kmem.tcp.max_usage_in_bytes", NULL),
	MEMORY("memory", kernel_tcp.failures, "memory.kmem.tcp.failcnt", NULL),
	MEMORY("memory", cache_bytes, "memory.stat", "total_cache"),
	MEMORY("memory", rss_bytes, "memory.stat", "total_rss"),
	MEMORY("memory", oom_kills, "memory.oom_control", "oom_kill"),
	PIDS("pids", current, "pids.current"),
	PIDS("pids", limit, "pids.max"),
};

/* clang-format on */

struct reader {
	struct arena *arena;
	struct runf_stats *stats;
	struct runf_hugetlb_stats *hugetlb;
	size_t hugetlb_count;
	const struct plan_cgroup_dir *plan;
	int dir;
	struct error *err; /* never NULL */
};

/* True if the directory at hand answers for v1's CONTROLLER, or for v2. */
static bool reader_has(const struct reader *r, const char *controller)
{
	return *controller ? dir_has(r->plan, controller) : dir_is_v2(r->plan);
}

/* *RET_TEXT is NULL where there is no such file, or it cannot tell. */
static int read_text(const struct reader *r, const char *file,
                     const char **ret_text)
{
	const char *text = NULL;
	int result = text_read(r->arena, r->dir, file, &text);

	if (cgroup_is_gone(result) || result == -EOPNOTSUPP)
		result = 0;
	if (result < 0)
		return error_system(r->err, result, "read %s%s/%s",
		                    r->plan->mount, r->plan->path, file);
	*ret_text = text;
	return 0;
}

static int read_numbers(const struct reader *r)
{
	char *stats = (char *)r->stats;
	const char *file = "";
	const char *text = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct number *row = &numbers[i];
		uint64_t value;
		int result = 0;

		if (!reader_has(r, row->controller))
			continue;
		if (!str_equal(file, row->file))
			result = read_text(r, row->file, &text);
		if (result < 0)
			return result;
		file = row->file;
		if (!text || text_number(text, row->key, &value) < 0)
			continue;
		if (value != RUNF_UNLIMITED)
			value *= row->scale;
		memcpy(stats + row->offset, &value, sizeof(value));
		*(bool *)(stats + row->counted) = true;
	}
	return 0;
}

static int read_details(const struct reader *r, const char *file,
                        const struct runf_stat **ret_items, size_t *ret_count)
{
	struct runf_stat *items = NULL;
	size_t count = 0;
	const char *text;
	const char *line;
	int result = read_text(r, file, &text);

	if (result < 0 || !text)
		return result;
	for (line = text; *line; line = text_next_line(line)) {
		size_t length = strcspn(line, " \n");
		struct runf_stat *item = arena_push(r->arena, items, count);

		item->name = arena_strndup(r->arena, line, length);
		text_number(line, item->name, &item->value);
	}
	*ret_items = items;
	*ret_count = count;
	return 0;
}

static int read_pressure(const struct reader *r, const char *file,
                         struct runf_pressure *pressure)
{
	const char *text;
	int result = read_text(r, file, &text);

	if (result == 0 && text)
		text_pressure(text, pressure);
	return result;
}

static int read_word(const struct reader *r, const char *file,
                     const char **ret_word)
{
	const char *text;
	int result = read_text(r, file, &text);

	if (result == 0 && text && *text != '\n')
		*ret_word = arena_strndup(r->arena, text, strcspn(text, "\n"));
	return result;
}

/* "254:0 Read 4096" (v1), "254:0 rbytes=4096 wbytes=0" (v2). */
static int read_io(const struct reader *r, const char *file, bool of_bytes)
{
	struct runf_io_stats *io = &r->stats->io;
	const char *text;
	int result = read_text(r, file, &text);

	if (result < 0 || !text)
		return result;
	io->counted = true;
	text_io(r->arena, text, of_bytes, io);
	return 0;
}

/* The scheduler counts what it is used for, the throttle (v1) all else. */
static int read_v1_io(const struct reader *r)
{
	int result = read_io(r, "blkio.bfq.io_service_bytes_recursive", true);

	if (result == 0)
		result = read_io(r, "blkio.bfq.io_serviced_recursive", false);
	if (result < 0 || r->stats->io.devices_count)
		return result;
	result = read_io(r, "blkio.throttle.io_service_bytes_recursive", true);
	if (result == 0)
		result = read_io(r, "blkio.throttle.io_serviced_recursive",
		                 false);
	return result;
}

static int read_hugetlb_number(const struct reader *r, const char *size,
                               const char *file, const char *key,
                               uint64_t *ret_value)
{
	const char *name = arena_printf(r->arena, "hugetlb.%s.%s", size, file);
	const char *text;
	int result = read_text(r, name, &text);

	if (result == 0 && text)
		text_number(text, key, ret_value);
	return result;
}

/* NAME is hugetlb.SIZE.current or hugetlb.SIZE.usage_in_bytes. */
static int add_hugetlb(void *context, const char *name)
{
	struct reader *r = context;
	bool is_v2 = dir_is_v2(r->plan);
	const char *current = is_v2 ? "current" : "usage_in_bytes";
	const char *size = str_after(name, "hugetlb.");
	const char *end = size ? strchr(size, '.') : NULL;
	struct runf_hugetlb_stats *one;
	int result;

	if (!end || !str_equal(end + 1, current))
		return 0;
	one = arena_push(r->arena, r->hugetlb, r->hugetlb_count);
	size = arena_strndup(r->arena, size, (size_t)(end - size));
	one->page_size = size;
	one->usage.limit_bytes = RUNF_UNLIMITED;
	result = read_hugetlb_number(r, size, current, NULL,
	                             &one->usage.usage_bytes);
	if (result == 0)
		result = read_hugetlb_number(r, size,
		                             is_v2 ? "max" : "limit_in_bytes",
		                             NULL, &one->usage.limit_bytes);
	if (result == 0)
		result = read_hugetlb_number(r, size,
		                             is_v2 ? "events" : "failcnt",
		                             is_v2 ? "max" : NULL,
		                             &one->usage.failures);
	if (result == 0 && !is_v2)
		result = read_hugetlb_number(r, size, "max_usage_in_bytes",
		                             NULL, &one->usage.peak_bytes);
	return result;
}

static int read_all_hugetlb(struct reader *r)
{
	int result = dir_each(r->dir, DT_REG, add_hugetlb, r);

	/* What read_text() found wrong is told already. */
	if (result < 0 && !r->err->code)
		return error_system(r->err, result, "list %s%s", r->plan->mount,
		                    r->plan->path);
	return result;
}

static int read_v2(struct reader *r)
{
	struct runf_stats *s = r->stats;
	int result = read_details(r, "memory.events", &s->memory.events,
	                          &s->memory.events_count);

	if (result == 0)
		result = read_io(r, "io.stat", true);
	if (result == 0)
		result = read_pressure(r, "cpu.pressure", &s->cpu.pressure);
	if (result == 0)
		result = read_pressure(r, "memory.pressure",
		                       &s->memory.pressure);
	if (result == 0)
		result = read_pressure(r, "io.pressure", &s->io.pressure);
	if (result == 0)
		result = read_word(r, "cpuset.cpus.effective", &s->cpuset.cpus);
	if (result == 0)
		result = read_word(r, "cpuset.mems.effective",
		                   &s->cpuset.memory_nodes);
	return result;
}

static int read_v1_cpus(const struct reader *r)
{
	uint64_t *times = NULL;
	size_t count = 0;
	const char *text;
	int result = read_text(r, "cpuacct.usage_percpu", &text);

	if (result < 0 || !text)
		return result;
	while (*(text += strspn(text, " \n"))) {
		text_number(text, NULL, arena_push(r->arena, times, count));
		text += strcspn(text, " \n");
	}
	r->stats->cpu.usage_of_cpu_ns = times;
	r->stats->cpu.cpus_count = count;
	return 0;
}

static int read_v1(struct reader *r)
{
	struct runf_stats *s = r->stats;
	int result = 0;

	if (reader_has(r, "cpuacct"))
		result = read_v1_cpus(r);
	if (result == 0 && reader_has(r, "blkio"))
		result = read_v1_io(r);
	if (result == 0 && reader_has(r, "cpuset"))
		result = read_word(r, "cpuset.cpus", &s->cpuset.cpus);
	if (result == 0 && reader_has(r, "cpuset"))
		result = read_word(r, "cpuset.mems", &s->cpuset.memory_nodes);
	return result;
}

static int read_dir(struct reader *r)
{
	bool is_v2 = dir_is_v2(r->plan);
	struct runf_memory_stats *memory = &r->stats->memory;
	int result = read_numbers(r);

	if (result == 0)
		result = is_v2 ? read_v2(r) : read_v1(r);
	if (result == 0 && (is_v2 || reader_has(r, "memory")))
		result = read_details(r, "memory.stat", &memory->details,
		                      &memory->details_count);
	if (result == 0 && (is_v2 || reader_has(r, "hugetlb")))
		result = read_all_hugetlb(r);
	return result;
}

/* v1's highest number, a whole number of (huge) pages, is none either. */
static void clean_limit(struct runf_usage *usage)
{
	if (usage->limit_bytes > INT64_MAX - UINT64_C(0x7fffffff))
		usage->limit_bytes = RUNF_UNLIMITED;
}

/* v2 counts swap alone. */
static void add_memory_to_swap(struct runf_memory_stats *m)
{
	m->memory_and_swap.usage_bytes += m->memory.usage_bytes;
	if (m->memory.limit_bytes == RUNF_UNLIMITED)
		m->memory_and_swap.limit_bytes = RUNF_UNLIMITED;
	else if (m->memory_and_swap.limit_bytes != RUNF_UNLIMITED)
		m->memory_and_swap.limit_bytes += m->memory.limit_bytes;
}

static int finish(const struct plan_cgroup *plan, struct reader *r,
                  struct error *err)
{
	const struct plan_cgroup_dir *main = cgroup_main_dir(plan);
	struct runf_stats *s = r->stats;
	int32_t *pids;
	size_t count = 0;
	size_t i;
	int result = 0;

	clean_limit(&s->memory.memory);
	clean_limit(&s->memory.memory_and_swap);
	clean_limit(&s->memory.kernel);
	clean_limit(&s->memory.kernel_tcp);
	for (i = 0; i < r->hugetlb_count; i++)
		clean_limit(&r->hugetlb[i].usage);
	if (s->memory.events_count)
		add_memory_to_swap(&s->memory);
	s->hugetlb = r->hugetlb;
	s->hugetlb_count = r->hugetlb_count;
	if (main && !s->pids.counted) {
		result = cgroup_pids(plan, r->arena, &pids, &count, err);
		s->pids.current = count;
	}
	return result;
}

int cgroup_read_stats(const struct plan_cgroup *plan, struct arena *arena,
                      struct runf_stats *ret_stats, struct error *err)
{
	struct error why = { .code = 0 };
	struct runf_stats stats = {
		.unified = plan->mode == PLAN_CGROUP_V2,
		.memory.memory.limit_bytes = RUNF_UNLIMITED,
		.memory.memory_and_swap.limit_bytes = RUNF_UNLIMITED,
		.memory.kernel.limit_bytes = RUNF_UNLIMITED,
		.memory.kernel_tcp.limit_bytes = RUNF_UNLIMITED,
		.pids.limit = RUNF_UNLIMITED,
	};
	struct reader r = { .arena = arena, .stats = &stats, .err = &why };
	size_t i;
	int result = 0;

	for (i = 0; result == 0 && i < plan->dirs_count; i++) {
		auto_close int dir = dir_open(&plan->dirs[i]);

		r.plan = &plan->dirs[i];
		r.dir = dir;
		if (cgroup_is_gone(dir))
			result = error_set(&why, ERROR_STATE, dir,
			                   "cgroup %s%s is gone", r.plan->mount,
			                   r.plan->path);
		else if (dir < 0)
			result = error_system(&why, dir, "open cgroup %s%s",
			                      r.plan->mount, r.plan->path);
		else
			result = read_dir(&r);
	}
	if (result == 0)
		result = finish(plan, &r, &why);
	if (result < 0) {
		if (err)
			*err = why;
		return result;
	}
	*ret_stats = stats;
	return 0;
}
