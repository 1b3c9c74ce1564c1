/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text; nothing here looks at a file system. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

static inline bool path_is_absolute(const char *path)
{
	return path[0] == '/';
}

/*
 * PATH as an absolute path without empty, "." and ".." parts; ".." at the
 * root stays at the root. A relative path is taken from "/".
 */
char *path_clean(struct arena *arena, const char *path);

/* PATH if it is absolute, else BASE/PATH; not cleaned. */
char *path_join(struct arena *arena, const char *base, const char *path);

/* True if PATH is DIR or lies below it; both are clean. */
bool path_is_within(const char *path, const char *dir);

/* True if some component of PATH is "..". */
bool path_has_dotdot(const char *path);
