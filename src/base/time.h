/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, and the one written form of a date. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t time_monotonic_ns(void);
/* CLOCK_REALTIME. */
struct timespec time_now(void);

#define TIME_TEXT_SIZE 96

/* A time since 1970 in UTC, as RFC 3339: 2026-01-02T03:04:05.000000006Z. */
void time_text(const struct timespec *time, char text[TIME_TEXT_SIZE]);
void time_now_text(char text[TIME_TEXT_SIZE]);
