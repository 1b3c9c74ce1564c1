/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's cgroup files say, as numbers. */
#pragma once

#include <runf/stats.h>

#include "base/arena.h"

/* The whole of FILE in DIR. Returns 0 or -errno. */
int text_read(struct arena *arena, int dir, const char *file,
              const char **ret_text);

/* Behind the end of LINE. */
const char *text_next_line(const char *line);

/*
 * The number behind KEY in TEXT, lines of "key number"; KEY NULL: at the start
 * of TEXT. "max" is RUNF_UNLIMITED. -ENODATA if there is none.
 */
int text_number(const char *text, const char *key, uint64_t *ret_value);

/* "some avg10=0.09 avg60=3.72 avg300=10.28 total=415745220", and "full". */
void text_pressure(const char *text, struct runf_pressure *ret_pressure);

/*
 * Add to IO's devices what TEXT tells: io.stat, or a file of v1, which is OF
 * BYTES or of numbers of operations.
 */
void text_io(struct arena *arena, const char *text, bool of_bytes,
             struct runf_io_stats *io);
