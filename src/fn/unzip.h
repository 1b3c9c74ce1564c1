/* SPDX-License-Identifier: Apache-2.0 */
/* The helper that unpacks a zip archive, in its parts. */
#pragma once

#include <stdint.h>
#include <time.h>

#include "base/arena.h"
#include "base/error.h"

/*
 * Make DIR the root, and give up all but what is needed to write there:
 * capabilities, memory, time, system calls. At most MAX_BYTES in one file.
 */
int unzip_confine(const char *dir, uint64_t max_bytes, struct error *err);

/* Where it is written: below the working directory. */
struct unzip_tree {
	struct arena *arena;

	/* Times are set at the end: each new name changes its directory's. */
	struct unzip_dir {
		const char *path;
		struct timespec mtime;
	} * dirs;

	size_t dirs_count;
	int parent; /* the directory of the file before, or -1 */
	const char *parent_path;
};

/* PATH is clean (entry_check_path()). What an earlier archive has goes. */
int unzip_make_dir(struct unzip_tree *tree, const char *path,
                   struct timespec mtime, struct error *err);
int unzip_make_link(struct unzip_tree *tree, const char *path,
                    const char *target, struct timespec mtime,
                    struct error *err);
/* Returns a descriptor to write to, then unzip_end_file() with it. */
int unzip_make_file(struct unzip_tree *tree, const char *path, int executable,
                    struct error *err);
int unzip_end_file(int fd, struct timespec mtime, struct error *err);
int unzip_end(struct unzip_tree *tree, struct error *err);
