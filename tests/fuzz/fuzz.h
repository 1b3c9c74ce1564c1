/* SPDX-License-Identifier: Apache-2.0 */
/* What libFuzzer, or replay.c in its place, calls with each input. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds for every input; libFuzzer keeps the one for which it does not. */
#define FUZZ_CHECK(condition)     \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
