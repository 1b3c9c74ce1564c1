/* SPDX-License-Identifier: Apache-2.0 */
/* Names of standard input, output and error: paths and URIs. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "shim/io_internal.h"

#define ARGS_MAX 128

static const struct str_value schemes[] = {
	{ "fifo", IO_PATH },
	{ "file", IO_FILE },
	{ "binary", IO_LOGGER },
	{ "binary-v2", IO_LOGGER_STRICT },
	{ NULL, 0 },
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower(c) - 'a' + 10 : -1;
}

/* LENGTH bytes without their %XX and, in a query, '+'. NULL: malformed. */
static char *decode(struct arena *arena, const char *text, size_t length,
                    bool is_query)
{
	char *decoded = arena_alloc(arena, length + 1);
	char *to = decoded;
	size_t i;

	for (i = 0; i < length; i++) {
		int high, low;

		if (text[i] != '%') {
			*to++ = is_query && text[i] == '+' ? ' ' : text[i];
			continue;
		}
		high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
		low = i + 2 < length ? hex_digit(text[i + 2]) : -1;
		if (high < 0 || low < 0 || high + low == 0)
			return NULL;
		*to++ = (char)(high * 16 + low);
		i += 2;
	}
	return decoded;
}

/* "a=b&c" as the words a, b, c and "". */
static int parse_query(struct arena *arena, const char *query,
                       struct io_target *target)
{
	target->args = arena_new_array(arena, char *, ARGS_MAX + 2);
	target->args[target->args_count++] = arena_strdup(arena, target->path);
	while (query && *query) {
		size_t length = strcspn(query, "&");
		size_t key = strcspn(query, "&=");
		size_t skip = key < length ? key + 1 : length;
		char *name = decode(arena, query, key, true);
		char *value = decode(arena, query + skip, length - skip, true);

		if (!name || !value || target->args_count >= ARGS_MAX)
			return -EINVAL;
		if (length > 0) {
			target->args[target->args_count++] = name;
			target->args[target->args_count++] = value;
		}
		query += query[length] ? length + 1 : length;
	}
	return 0;
}

int target_parse(struct arena *arena, const char *uri,
                 struct io_target *ret_target, struct error *err)
{
	struct io_target target = { .kind = IO_PATH, .path = uri };
	const char *rest = uri ? strstr(uri, "://") : NULL;
	const struct str_value *scheme;
	const char *query;
	int result = 0;

	if (!uri || !*uri) {
		*ret_target = (struct io_target){ .kind = IO_NONE };
		return 0;
	}
	if (rest && *uri != '/') {
		scheme = str_lookup(schemes,
		                    arena_strndup(arena, uri,
		                                  (size_t)(rest - uri)));
		if (!scheme)
			return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
			                 "standard output \"%s\": unknown "
			                 "scheme",
			                 uri);
		target.kind = (enum io_kind)scheme->value;
		rest += strlen("://");
		query = strchr(rest, '?');
		target.path =
			decode(arena, rest,
		               query ? (size_t)(query - rest) : strlen(rest),
		               false);
		if (target.path)
			result = parse_query(arena, query ? query + 1 : NULL,
			                     &target);
	}
	if (result < 0 || !target.path || !path_is_absolute(target.path))
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "standard input or output \"%s\" names no "
		                 "absolute path",
		                 uri);
	*ret_target = target;
	return 0;
}
