/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a document: places as paths, and paths back to values. */
#include "json/place.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"

static bool key_is_word(const char *key)
{
	const char *c = key;

	while (isalnum((unsigned char)*c) || *c == '_' || *c == '-')
		c++;
	return c > key && !*c;
}

const char *json_path_step(struct arena *arena, const char *key)
{
	if (key_is_word(key))
		return arena_printf(arena, ".%s", key);
	return arena_printf(arena, "[%s]", json_quote(arena, key));
}

static void add_steps(struct buf *buf, const struct json_place *place)
{
	const char *step;

	if (!place->parent)
		return;
	add_steps(buf, place->parent);
	if (!place->key) {
		buf_printf(buf, "[%zu]", place->index);
		return;
	}
	step = json_path_step(buf->arena, place->key);
	buf_add_str(buf, step + (!buf->length && *step == '.'));
}

const char *json_place_path(struct arena *arena, const struct json_place *place)
{
	struct buf buf = { .arena = arena };

	add_steps(&buf, place);
	return buf_str(&buf);
}

/* What stands in PATH behind KEY, or NULL if it does not start with it. */
static const char *after_key(struct arena *scratch, const char *path,
                             const char *key)
{
	const char *rest;

	if (key_is_word(key))
		rest = str_after(path + (*path == '.'), key);
	else
		rest = str_after(path, json_path_step(scratch, key));
	return rest && (!*rest || *rest == '.' || *rest == '[') ? rest : NULL;
}

/* The last member with that name: the one that counts. */
static const struct json_value *find_member(struct arena *scratch,
                                            const struct json_value *object,
                                            const char **path)
{
	const struct json_value *found = NULL;
	const struct json_value *member;
	const char *rest = *path;

	for (member = object->first; member; member = member->next) {
		const char *after = after_key(scratch, *path, member->key);

		if (!after)
			continue;
		found = member;
		rest = after;
	}
	*path = rest;
	return found;
}

static const struct json_value *find_element(const struct json_value *array,
                                             const char **path)
{
	const struct json_value *element = array->first;
	const char *text = *path;
	size_t index = 0;

	if (*text++ != '[')
		return NULL;
	for (; isdigit((unsigned char)*text) && index <= array->length; text++)
		index = index * 10 + (size_t)(*text - '0');
	while (element && index--)
		element = element->next;
	if (*text == ']')
		*path = text + 1;
	return element;
}

const struct json_value *json_find(const struct json_value *root,
                                   const char *path)
{
	auto_arena struct arena scratch = { 0 };

	while (*path) {
		const struct json_value *next = NULL;

		if (root->type == JSON_OBJECT)
			next = find_member(&scratch, root, &path);
		if (root->type == JSON_ARRAY)
			next = find_element(root, &path);
		if (!next)
			break;
		root = next;
	}
	return root;
}
