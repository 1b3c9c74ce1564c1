/* SPDX-License-Identifier: Apache-2.0 */
/* What an invocation cost, as one line of JSON. */
#include <fcntl.h>

#include "base/fd.h"
#include "base/time.h"
#include "fn/invocation.h"
#include "json/json.h"
#include "sys/file.h"

#define MB_PER_GB 1024U

static const char *const start_names[] = {
	[START_COLD] = "cold",
	[START_CREATED] = "created",
	[START_FROZEN] = "frozen",
	[START_IDLE] = "idle",
};

static const char *const status_names[] = {
	[INVOCATION_OK] = "ok",           [INVOCATION_ERROR] = "error",
	[INVOCATION_TIMEOUT] = "timeout", [INVOCATION_OOM] = "oom",
	[INVOCATION_EXIT] = "exit",       [INVOCATION_FAILED] = "failed",
};

static void put(struct json_writer *w, const char *key, uint64_t value)
{
	if (value == UINT64_MAX)
		json_put_null(w, key);
	else
		json_put_u64(w, key, value);
}

static void put_cost(struct json_writer *w, const struct invocation_cost *cost,
                     uint32_t memory_mb)
{
	uint64_t billed = invocation_billed_ms(cost);

	json_put_str(w, "start", start_names[cost->start]);
	put(w, "create_us", cost->create_us);
	put(w, "init_us", cost->init_us);
	put(w, "duration_us", cost->duration_us);
	put(w, "billed_ms", billed);
	put(w, "memory_mb", memory_mb);
	put(w, "gb_ms", billed * memory_mb / MB_PER_GB);
	put(w, "max_memory_bytes", cost->max_memory_bytes);
	if (cost->max_memory_is_older)
		json_put_bool(w, "max_memory_is_older", true);
	put(w, "cpu_user_us", cost->cpu_user_us);
	put(w, "cpu_system_us", cost->cpu_system_us);
	put(w, "throttled_us", cost->throttled_us);
	put(w, "oom_kills", cost->oom_kills);
	put(w, "in_bytes", cost->in_bytes);
	put(w, "out_bytes", cost->out_bytes);
}

int meter_write(const char *root, const struct function *function,
                const struct invocation *invocation,
                enum invocation_status status, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	struct json_writer w = { .buf.arena = &arena, .indent = "" };
	const char *path = arena_printf(&arena, "%s/usage.jsonl", root);
	auto_close int fd =
		sys_openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT, 0640);
	char now[TIME_TEXT_SIZE];
	int result = fd;

	time_now_text(now);
	json_open_object(&w, NULL);
	json_put_str(&w, "ts", now);
	json_put_str(&w, "fn", function->name);
	json_put_str(&w, "version", function->version);
	json_put_str(&w, "req", invocation->id);
	json_put_str(&w, "kind", invocation->kind);
	put_cost(&w, &invocation->cost, function->memory_mb);
	json_put_str(&w, "status", status_names[status]);
	json_close_object(&w);
	buf_add_char(&w.buf, '\n');
	/* One write: lines of several programs do not mix. */
	if (fd >= 0)
		result = (int)sys_write(fd, w.buf.data, w.buf.length);
	if (result < 0)
		return error_system(err, result, "write usage to %s", path);
	return 0;
}
