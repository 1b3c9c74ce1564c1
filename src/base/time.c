/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, and the one written form of a date. */
#include "base/time.h"

#include <stdio.h>
#include <time.h>

uint64_t time_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

struct timespec time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

/* Days of the era of 400 years, which begins on a first of March. */
#define ERA_DAYS     146097
#define ERA_TO_EPOCH 719468

struct date {
	unsigned int year;
	unsigned int month;
	unsigned int day;
};

/*
 * The Gregorian calendar, for days since 1970. (gmtime_r reads the local
 * time zone's file first.)
 */
static struct date date_of(uint64_t days)
{
	uint64_t shifted = days + ERA_TO_EPOCH;
	unsigned int day = (unsigned int)(shifted % ERA_DAYS);
	unsigned int year =
		(day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned int of_year = day - (365 * year + year / 4 - year / 100);
	unsigned int month = (5 * of_year + 2) / 153; /* 0: March */
	struct date date = {
		.year = year + (unsigned int)(shifted / ERA_DAYS) * 400,
		.month = month < 10 ? month + 3 : month - 9,
		.day = of_year - (153 * month + 2) / 5 + 1,
	};

	date.year += date.month <= 2;
	return date;
}

void time_text(const struct timespec *time, char text[TIME_TEXT_SIZE])
{
	uint64_t seconds = (uint64_t)time->tv_sec;
	struct date date = date_of(seconds / 86400);
	unsigned int of_day = (unsigned int)(seconds % 86400);

	snprintf(text, TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%09ldZ",
	         date.year, date.month, date.day, of_day / 3600,
	         of_day / 60 % 60, of_day % 60, time->tv_nsec);
}

void time_now_text(char text[TIME_TEXT_SIZE])
{
	struct timespec now = time_now();

	time_text(&now, text);
}
