/* SPDX-License-Identifier: Apache-2.0 */
/* What the names and links in an archive may be. Pure. */
#include "fn/entry.h"

#include <string.h>

static bool part_is(const char *part, size_t length, const char *name)
{
	return length == strlen(name) && memcmp(part, name, length) == 0;
}

/* An escape sequence in a name would be printed some day. */
static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == '\177')
			return true;
	return false;
}

const char *entry_check_path(const char *path,
                             char ret_clean[ENTRY_PATH_MAX + 1])
{
	unsigned int depth = 0;
	char *end = ret_clean;

	if (!path || !*path)
		return "it has no name that can be read";
	if (*path == '/')
		return "its path is absolute";
	if (strlen(path) > ENTRY_PATH_MAX)
		return "its path is too long";
	if (has_control(path))
		return "its name has control characters";
	while (*path) {
		size_t length = strcspn(path, "/");

		if (part_is(path, length, ".."))
			return "its path leads out of the archive";
		if (length > 255)
			return "its name is too long";
		if (length && !part_is(path, length, ".")) {
			if (++depth > ENTRY_DEPTH_MAX)
				return "it lies too deep";
			if (end != ret_clean)
				*end++ = '/';
			memcpy(end, path, length);
			end += length;
		}
		path += length;
		path += *path == '/';
	}
	*end = '\0';
	return NULL;
}

const char *entry_check_link(const char *path, const char *target)
{
	unsigned int depth = 0;
	bool down = false;

	if (!target || !*target)
		return "it is a link without a target";
	if (*target == '/')
		return "it is a link to an absolute path";
	if (strlen(target) > ENTRY_PATH_MAX)
		return "it is a link whose target is too long";
	for (; *path; path++)
		depth += *path == '/';
	while (*target) {
		size_t length = strcspn(target, "/");
		bool up = part_is(target, length, "..");

		if (up && down)
			return "it is a link with .. behind a name";
		if (up && depth-- == 0)
			return "it is a link that leads out of the archive";
		if (length && !up && !part_is(target, length, "."))
			down = true;
		target += length;
		target += *target == '/';
	}
	return NULL;
}

const char *entry_check_mode(uint32_t mode)
{
	return mode & 06000 ? "it is setuid or setgid" : NULL;
}

bool entry_count(uint64_t *total, uint64_t more, uint64_t max)
{
	if (*total > max || more > max - *total)
		return false;
	*total += more;
	return true;
}
