/* SPDX-License-Identifier: Apache-2.0 */
/* What a call of the library must leave as it found it. */
#pragma once

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#define WORLD_FDS      64
#define WORLD_CHILDREN 16
#define WORLD_NS       16

/* Findings, ", "-separated. */
struct world_text {
	char text[1024];
	size_t length;
};

void world_say(struct world_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct world_fd {
	int number;
	char target[96];
};

/* Of this process and its mount namespace. */
struct world {
	struct world_fd fds[WORLD_FDS];
	size_t fds_count;
	pid_t children[WORLD_CHILDREN];
	size_t children_count;
	char namespaces[WORLD_NS][64]; /* of /proc/self/ns */
	size_t namespaces_count;
	char *mounts; /* /proc/self/mountinfo */
	char cwd[256];
	sigset_t mask;
	mode_t umask;
	int subreaper;
	int dumpable;
};

void world_take(struct world *ret_world);
void world_release(struct world *world);
/*
 * Say in WRONG what AFTER has or lacks that BEFORE did not; in LOST which
 * ended children nobody has waited for, and which namespaces are others.
 */
void world_compare(const struct world *before, const struct world *after,
                   struct world_text *wrong, struct world_text *lost);

/* Cgroup directories named NAME in the root of any hierarchy. */
void world_find_cgroups(const char *name, struct world_text *text);
/* All of directory PATH that does not begin with a dot. */
void world_find_entries(const char *path, struct world_text *text);
