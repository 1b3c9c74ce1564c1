/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text to a tree in the arena, in one pass of yajl. */
#include <errno.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/str.h"
#include "json/json.h"
#include "json/utf8.h"

struct parser {
	struct arena *arena;
	yajl_handle yajl;
	const char *text;
	size_t length;
	const char *objection; /* ours, where yajl would go on */
	const char *key;       /* of the value that comes next */
	struct json_value *root;
	unsigned int count;
	unsigned int depth;
	struct json_value *open[JSON_MAX_DEPTH];
	struct json_value **tail[JSON_MAX_DEPTH]; /* of open[]'s children */
};

/* yajl's own memory comes from the arena too; its size stands before it. */
#define YAJL_HEADER _Alignof(max_align_t)

static void *yajl_take(void *context, size_t size)
{
	char *memory = arena_alloc(context, size + YAJL_HEADER);

	memcpy(memory, &size, sizeof(size));
	return memory + YAJL_HEADER;
}

static void *yajl_retake(void *context, void *old, size_t size)
{
	void *memory = yajl_take(context, size);
	size_t old_size;

	if (!old)
		return memory;
	memcpy(&old_size, (char *)old - YAJL_HEADER, sizeof(old_size));
	memcpy(memory, old, old_size < size ? old_size : size);
	return memory;
}

static void yajl_give(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

static int parser_object(struct parser *p, const char *objection)
{
	p->objection = objection;
	return 0;
}

/* Append a value whose text is the last WIDTH bytes that yajl has read. */
static struct json_value *parser_add(struct parser *p, enum json_type type,
                                     size_t width)
{
	size_t end = yajl_get_bytes_consumed(p->yajl);
	struct json_value *value;

	if (++p->count > JSON_MAX_VALUES) {
		parser_object(p, "too many values");
		return NULL;
	}
	value = arena_new(p->arena, struct json_value);
	value->type = type;
	value->offset = (uint32_t)(end < width ? 0 : end - width);
	value->key = p->key;
	p->key = NULL;
	if (p->depth == 0) {
		p->root = value;
		return value;
	}
	p->open[p->depth - 1]->length++;
	*p->tail[p->depth - 1] = value;
	p->tail[p->depth - 1] = &value->next;
	return value;
}

static int parser_open(struct parser *p, enum json_type type)
{
	struct json_value *value;

	if (p->depth == JSON_MAX_DEPTH)
		return parser_object(p, "nested too deeply");
	value = parser_add(p, type, 1);
	if (!value)
		return 0;
	p->open[p->depth] = value;
	p->tail[p->depth] = &value->first;
	p->depth++;
	return 1;
}

/* The code unit of an escape \uXXXX; yajl has checked the digits. */
static unsigned int escape_unit(const char *escape)
{
	unsigned int unit = 0;

	for (size_t i = 2; i < 6; i++) {
		unsigned int c = (unsigned char)escape[i];

		/* The low four bits of a letter count from one. */
		unit = unit << 4 | ((c & 15U) + (c > '9' ? 9U : 0U));
	}
	return unit;
}

static bool is_surrogate(unsigned int unit, unsigned int first)
{
	return unit >= first && unit < first + 0x400;
}

/*
 * The first byte of the string whose closing quote stands at END: behind the
 * next quote to the left that an even number of backslashes precedes.
 */
static const char *string_start(const struct parser *p, const char *end)
{
	for (const char *quote = end - 1;; quote--) {
		const char *slash = quote;

		if (*quote != '"')
			continue;
		while (slash > p->text && slash[-1] == '\\')
			slash--;
		if ((quote - slash) % 2 == 0)
			return quote + 1;
	}
}

/*
 * yajl writes '?' for half a surrogate pair and a NUL for \u0000, so the
 * string just read is looked at as it was written.
 */
static bool escapes_are_fair(const struct parser *p)
{
	const char *end = p->text + yajl_get_bytes_consumed(p->yajl) - 1;
	const char *at = string_start(p, end);
	unsigned int unit;

	for (; at < end; at++) {
		if (*at != '\\')
			continue;
		if (at[1] != 'u') {
			at++;
			continue;
		}
		unit = escape_unit(at);
		at += 5;
		if (unit == 0 || is_surrogate(unit, 0xdc00))
			return false;
		if (!is_surrogate(unit, 0xd800))
			continue;
		if (at[1] != '\\' || at[2] != 'u' ||
		    !is_surrogate(escape_unit(at + 1), 0xdc00))
			return false;
		at += 6;
	}
	return true;
}

/* A string without escapes is given as the bytes of the document. */
static const char *parser_string(struct parser *p, const unsigned char *bytes,
                                 size_t length)
{
	const char *string = (const char *)bytes;
	bool escaped = string < p->text || string > p->text + p->length;

	if (escaped && !escapes_are_fair(p)) {
		parser_object(p, "a string has \\u0000 or half of a pair");
		return NULL;
	}
	if (!utf8_is_valid(string, length)) {
		parser_object(p, "a string is not UTF-8");
		return NULL;
	}
	return arena_strndup(p->arena, string, length);
}

static int on_null(void *context)
{
	return parser_add(context, JSON_NULL, 4) != NULL;
}

static int on_boolean(void *context, int boolean)
{
	struct json_value *value;

	value = parser_add(context, JSON_BOOL, boolean ? 4 : 5);
	if (!value)
		return 0;
	value->boolean = boolean;
	return 1;
}

static int on_number(void *context, const char *text, size_t length)
{
	struct parser *p = context;
	struct json_value *value = parser_add(p, JSON_NUMBER, length);

	if (!value)
		return 0;
	value->text = arena_strndup(p->arena, text, length);
	value->length = length;
	return 1;
}

static int on_string(void *context, const unsigned char *bytes, size_t length)
{
	struct parser *p = context;
	const char *text = parser_string(p, bytes, length);
	struct json_value *value;

	value = text ? parser_add(p, JSON_STRING, length + 2) : NULL;
	if (!value)
		return 0;
	value->text = text;
	value->length = length;
	return 1;
}

static int on_key(void *context, const unsigned char *bytes, size_t length)
{
	struct parser *p = context;

	p->key = parser_string(p, bytes, length);
	return p->key != NULL;
}

static int on_object(void *context)
{
	return parser_open(context, JSON_OBJECT);
}

static int on_array(void *context)
{
	return parser_open(context, JSON_ARRAY);
}

static int on_end(void *context)
{
	struct parser *p = context;

	p->depth--;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

static int parser_fail(struct parser *p, const char *text, size_t offset,
                       struct json_fault *fault)
{
	size_t length = strlen(text);

	while (length && strchr(".\n ", text[length - 1]))
		length--;
	fault->line = json_line(p->text, (uint32_t)offset);
	fault->text = arena_strndup(p->arena, text, length);
	return -EINVAL;
}

/* What is missing at the end is missing behind the last token. */
static size_t content_length(const char *text, size_t length)
{
	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	return length;
}

static int parser_run(struct parser *p, struct json_fault *fault)
{
	const unsigned char *bytes = (const unsigned char *)p->text;
	yajl_status status = yajl_parse(p->yajl, bytes, p->length);
	size_t offset = yajl_get_bytes_consumed(p->yajl);

	if (status == yajl_status_ok) {
		status = yajl_complete_parse(p->yajl);
		offset = content_length(p->text, p->length);
	}
	if (p->objection)
		return parser_fail(p, p->objection, offset, fault);
	if (status != yajl_status_ok)
		return parser_fail(p,
		                   (char *)yajl_get_error(p->yajl, 0, NULL, 0),
		                   offset, fault);
	return 0;
}

int json_scan(struct arena *arena, const char *text, size_t length,
              const struct json_value **ret_root, struct json_fault *fault)
{
	yajl_alloc_funcs memory = { yajl_take, yajl_retake, yajl_give, arena };
	struct parser p = { .arena = arena, .text = text, .length = length };
	int result;

	if (length == 0)
		p.text = "";
	if (length > JSON_MAX_BYTES)
		return parser_fail(&p, "the document is too large", 0, fault);
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return parser_fail(&p, "byte order mark", 0, fault);
	p.yajl = yajl_alloc(&callbacks, &memory, &p);
	/* Our own check is stricter, and looks at non-ASCII text only. */
	yajl_config(p.yajl, yajl_dont_validate_strings, 1);
	result = parser_run(&p, fault);
	if (result < 0)
		return result;
	*ret_root = p.root;
	return 0;
}

int json_parse(struct arena *arena, const char *text, size_t length,
               const char *name, const struct json_value **ret_root,
               struct error *err)
{
	struct json_fault fault;
	int result = json_scan(arena, text, length, ret_root, &fault);

	if (result < 0)
		return error_set(err, ERROR_CONFIG, result, "%s:%u: %s", name,
		                 fault.line, fault.text);
	return 0;
}

unsigned int json_line(const char *text, uint32_t offset)
{
	const char *end = text + offset;
	unsigned int line = 1;

	while ((text = memchr(text, '\n', (size_t)(end - text)))) {
		line++;
		text++;
	}
	return line;
}

const struct json_value *json_get(const struct json_value *object,
                                  const char *key)
{
	const struct json_value *found = NULL;
	const struct json_value *member;

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (member = object->first; member; member = member->next)
		if (str_equal(member->key, key))
			found = member;
	return found;
}
