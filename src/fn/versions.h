/* SPDX-License-Identifier: Apache-2.0 */
/* The versions of one function on disk: written beside, then made to count. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

/*
 * One function's directory, locked: one deploy or delete at a time. A version
 * is a directory versions/SHA, which is never changed; what has another name
 * there does not count, and is removed by whoever locks next.
 */
struct versions {
	const char *path; /* absolute */
	int dir;          /* -1: not open */
};

/*
 * Lock function NAME below ROOT. CREATE: make what is missing; else -ENOENT
 * (ERROR_NOT_FOUND). Waits for others, after saying so.
 */
int versions_open(struct arena *arena, const char *root, const char *name,
                  bool create, struct versions *ret_versions,
                  struct error *err);
/* Unlock; what was begun and not committed is removed. */
void versions_close(struct versions *versions);

bool versions_has(const struct versions *versions, const char *version);
/* An empty directory for what may become a version. */
int versions_begin(struct arena *arena, const struct versions *versions,
                   const char **ret_path, struct error *err);
/* All of it to disk, then it is VERSION. */
int versions_commit(const struct versions *versions, const char *version,
                    struct error *err);
/* Make VERSION the current one, in one step. */
int versions_switch(const struct versions *versions, const char *version,
                    struct error *err);

/* NULL-terminated, sorted; CURRENT is NULL if there is none. */
struct versions_list {
	const char **items;
	size_t count;
	const char *current;
};

int versions_read(struct arena *arena, const char *path,
                  struct versions_list *ret_list, struct error *err);

/* Whether somebody uses VERSION now (function_hold()). */
bool versions_is_used(const struct versions *versions, const char *version);

/*
 * Remove VERSION. Returns 1 if somebody uses it (function_hold()); then it is
 * as before. WAIT: until nobody does.
 */
int versions_remove(const struct versions *versions, const char *version,
                    bool wait, struct error *err);

/* PATH with all that is in it; that it is not there is no error. */
int versions_remove_tree(const char *path, struct error *err);

/* Names in the directory PATH, sorted; none if it is not there. */
int versions_names(struct arena *arena, const char *path,
                   const char ***ret_names, size_t *ret_count,
                   struct error *err);
