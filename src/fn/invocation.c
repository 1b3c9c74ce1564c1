/* SPDX-License-Identifier: Apache-2.0 */
/* Names, times and the lines that AWS Lambda writes of an invocation. */
#include "fn/invocation.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/buf.h"

#define US_PER_MS     1000U
#define BYTES_PER_MB  ((uint64_t)1024 * 1024)
#define VERSION_SHOWN 12

void invocation_make_id(char ret_id[INVOCATION_ID_SIZE])
{
	uint8_t b[16];

	/* Up to 256 bytes are never cut short once the pool is ready. */
	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		__builtin_trap();
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(ret_id, INVOCATION_ID_SIZE,
	         "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	         "%02x%02x%02x%02x%02x%02x",
	         b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
	         b[10], b[11], b[12], b[13], b[14], b[15]);
}

static uint64_t known(uint64_t value)
{
	return value == UINT64_MAX ? 0 : value;
}

uint64_t invocation_billed_ms(const struct invocation_cost *cost)
{
	uint64_t us = known(cost->init_us) + known(cost->duration_us);

	return (us + US_PER_MS - 1) / US_PER_MS;
}

const char *invocation_start_line(struct arena *arena,
                                  const struct invocation *invocation,
                                  const struct function *function)
{
	return arena_printf(arena, "START RequestId: %s Version: %.*s\n",
	                    invocation->id, VERSION_SHOWN, function->version);
}

/* A number of ms with two digits behind the point. */
static void add_ms(struct buf *buf, const char *name, uint64_t us)
{
	buf_printf(buf, "\t%s: %" PRIu64 ".%02u ms", name, us / US_PER_MS,
	           (unsigned int)(us % US_PER_MS / 10));
}

static void add_status(struct buf *buf, enum invocation_status status)
{
	static const char *const texts[] = {
		[INVOCATION_ERROR] = "error",
		[INVOCATION_TIMEOUT] = "timeout",
		[INVOCATION_OOM] = "error\tError Type: Runtime.OutOfMemory",
		[INVOCATION_EXIT] = "error\tError Type: Runtime.ExitError",
		[INVOCATION_FAILED] = "failed",
	};

	if (status != INVOCATION_OK)
		buf_printf(buf, "\tStatus: %s", texts[status]);
}

const char *invocation_end_lines(struct arena *arena,
                                 const struct invocation *invocation,
                                 const struct function *function,
                                 enum invocation_status status)
{
	const struct invocation_cost *cost = &invocation->cost;
	struct buf buf = { .arena = arena };

	buf_printf(&buf, "END RequestId: %s\nREPORT RequestId: %s",
	           invocation->id, invocation->id);
	add_ms(&buf, "Duration", known(cost->duration_us));
	buf_printf(&buf,
	           "\tBilled Duration: %" PRIu64 " ms\tMemory Size: %u MB",
	           invocation_billed_ms(cost), function->memory_mb);
	/* Where the host does not count it, nothing is said. */
	if (cost->max_memory_bytes != UINT64_MAX)
		buf_printf(&buf, "\tMax Memory Used: %" PRIu64 " MB",
		           (cost->max_memory_bytes + BYTES_PER_MB - 1) /
		                   BYTES_PER_MB);
	if (known(cost->init_us))
		add_ms(&buf, "Init Duration", cost->init_us);
	add_status(&buf, status);
	buf_add_char(&buf, '\n');
	return buf_str(&buf);
}
