/* SPDX-License-Identifier: Apache-2.0 */
/* Values that may be absent. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The member says itself whether it was given: a reader cannot take the
 * value and forget the question, as with a bit set beside the struct.
 */
struct opt_bool {
	bool set;
	bool value;
};

struct opt_i64 {
	bool set;
	int64_t value;
};

struct opt_u64 {
	bool set;
	uint64_t value;
};

struct opt_u32 {
	bool set;
	uint32_t value;
};
