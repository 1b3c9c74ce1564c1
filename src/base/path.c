/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text; nothing here looks at a file system. */
#include "base/path.h"

#include <string.h>

#include "base/str.h"

static bool part_is(const char *part, size_t length, const char *name)
{
	return length == strlen(name) && memcmp(part, name, length) == 0;
}

char *path_clean(struct arena *arena, const char *path)
{
	char *clean = arena_alloc(arena, strlen(path) + 2);
	char *end = clean;

	while (*path) {
		size_t length = strcspn(path, "/");

		if (part_is(path, length, "..")) {
			while (end > clean && *--end != '/')
				;
		} else if (length && !part_is(path, length, ".")) {
			*end++ = '/';
			memcpy(end, path, length);
			end += length;
		}
		path += length;
		path += *path == '/';
	}
	if (end == clean)
		*end++ = '/';
	*end = '\0';
	return clean;
}

char *path_join(struct arena *arena, const char *base, const char *path)
{
	if (path_is_absolute(path))
		return arena_strdup(arena, path);
	return arena_printf(arena, "%s/%s", base, path);
}

bool path_is_within(const char *path, const char *dir)
{
	const char *rest;

	if (str_equal(dir, "/"))
		return path_is_absolute(path);
	rest = str_after(path, dir);
	return rest && (*rest == '\0' || *rest == '/');
}

bool path_has_dotdot(const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/");

		if (part_is(path, length, ".."))
			return true;
		path += length;
		path += *path == '/';
	}
	return false;
}
