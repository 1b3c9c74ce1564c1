/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses, as its cgroups count it. */
#ifndef RUNF_STATS_H
#define RUNF_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Units are in the names. What nobody counts is 0, and `counted` says so: a
 * controller that is not enabled, or on a host with cgroup v1 one that does
 * not limit the container. A limit that is none is this:
 */
#define RUNF_UNLIMITED UINT64_MAX

/* One line of a kernel's file of "key number" lines. */
struct runf_stat {
	const char *name;
	uint64_t value;
};

/* How much of the time tasks waited: hundredths of a percent, and in all. */
struct runf_stall {
	unsigned int avg10_hundredths;
	unsigned int avg60_hundredths;
	unsigned int avg300_hundredths;
	uint64_t total_us;
};

/* PSI: some tasks waited, or all of them. Since Linux 4.20, v2 only. */
struct runf_pressure {
	bool counted;
	struct runf_stall some;
	struct runf_stall full;
};

struct runf_cpu_stats {
	bool counted;
	uint64_t usage_ns;
	uint64_t user_ns;
	uint64_t system_ns;
	/* Of the quota. */
	uint64_t periods;
	uint64_t throttled_periods;
	uint64_t throttled_ns;
	uint64_t bursts;
	uint64_t burst_ns;
	/* Of each CPU; v1 only. */
	const uint64_t *usage_of_cpu_ns;
	size_t cpus_count;
	struct runf_pressure pressure;
};

struct runf_usage {
	uint64_t usage_bytes;
	uint64_t limit_bytes;
	uint64_t peak_bytes; /* v2: since Linux 5.19 */
	uint64_t failures;   /* how often the limit was met */
};

struct runf_memory_stats {
	bool counted;
	struct runf_usage memory;
	/* Both together, as linux.resources.memory.swap; v2 has no peak. */
	struct runf_usage memory_and_swap;
	struct runf_usage kernel;
	struct runf_usage kernel_tcp;
	uint64_t cache_bytes;
	uint64_t rss_bytes;
	uint64_t oom_kills;
	/* memory.stat, and (v2) memory.events, as they are. */
	const struct runf_stat *details;
	size_t details_count;
	const struct runf_stat *events;
	size_t events_count;
	struct runf_pressure pressure;
};

struct runf_pids_stats {
	bool counted; /* else `current` is the number of processes */
	uint64_t current;
	uint64_t limit;
};

struct runf_io_device {
	unsigned int major;
	unsigned int minor;
	uint64_t read_bytes;
	uint64_t write_bytes;
	uint64_t discard_bytes;
	uint64_t reads;
	uint64_t writes;
	uint64_t discards;
};

struct runf_io_stats {
	bool counted;
	const struct runf_io_device *devices;
	size_t devices_count;
	struct runf_pressure pressure;
};

struct runf_hugetlb_stats {
	const char *page_size; /* "2MB" */
	struct runf_usage usage;
};

/* Lists like "0-3,8"; NULL where nobody limits them. */
struct runf_cpuset_stats {
	const char *cpus;
	const char *memory_nodes;
};

struct runf_stats {
	size_t size; /* set by the caller of runf_read_stats() */
	/* Counted by cgroup v2, else (also on hybrid hosts) by v1. */
	bool unified;
	struct runf_cpu_stats cpu;
	struct runf_memory_stats memory;
	struct runf_pids_stats pids;
	struct runf_io_stats io;
	struct runf_cpuset_stats cpuset;
	const struct runf_hugetlb_stats *hugetlb;
	size_t hugetlb_count;
	void *owned; /* the library's */
};

/* The few numbers that can be had at any moment for little. */
struct runf_counts {
	/* UINT64_MAX: nobody counts it. */
	uint64_t cpu_user_us;
	uint64_t cpu_system_us;
	uint64_t throttled_us;
	uint64_t memory_peak_bytes;
	uint64_t oom_kills;
	/* The peak is that since runf_cgroup_reset_peak(). */
	bool peak_was_reset;
};

#ifdef __cplusplus
}
#endif

#endif
