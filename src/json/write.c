/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text, written value by value. */
#include <inttypes.h>
#include <string.h>

#include "json/json.h"
#include "json/utf8.h"

/* Longer values are cut in messages. */
#define QUOTE_MAX 96

static void put_escaped(struct buf *buf, unsigned char c)
{
	static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";

	for (const char *pair = letters; *pair; pair += 2) {
		if (c != (unsigned char)*pair)
			continue;
		buf_add_char(buf, '\\');
		buf_add_char(buf, pair[1]);
		return;
	}
	buf_printf(buf, "\\u%04x", c);
}

/* How many bytes of TEXT need no escape and are UTF-8. */
static size_t plain_length(const char *text, size_t left)
{
	size_t i = 0;

	while (i < left) {
		unsigned char c = (unsigned char)text[i];
		size_t step = utf8_length(text + i, left - i);

		if (c < 0x20 || c == '"' || c == '\\' || step == 0)
			break;
		i += step;
	}
	return i;
}

static void put_quoted(struct buf *buf, const char *text, size_t length)
{
	size_t i = 0;

	buf_add_char(buf, '"');
	while (i < length) {
		size_t plain = plain_length(text + i, length - i);

		buf_add(buf, text + i, plain);
		i += plain;
		if (i == length)
			break;
		if ((unsigned char)text[i] < 0x80)
			put_escaped(buf, (unsigned char)text[i]);
		else
			buf_add_str(buf, "\xef\xbf\xbd");
		i++;
	}
	buf_add_char(buf, '"');
}

static void start_line(struct json_writer *w)
{
	if (!*w->indent)
		return;
	buf_add_char(&w->buf, '\n');
	for (unsigned int i = 0; i < w->depth; i++)
		buf_add_str(&w->buf, w->indent);
}

/* What stands before a value: comma, line, key. */
static void start_value(struct json_writer *w, const char *key)
{
	if (w->more)
		buf_add_char(&w->buf, ',');
	if (w->depth)
		start_line(w);
	w->more = true;
	if (!key)
		return;
	put_quoted(&w->buf, key, strlen(key));
	buf_add_str(&w->buf, *w->indent ? ": " : ":");
}

static void open_level(struct json_writer *w, const char *key, char bracket)
{
	start_value(w, key);
	buf_add_char(&w->buf, bracket);
	w->depth++;
	w->more = false;
}

static void close_level(struct json_writer *w, char bracket)
{
	w->depth--;
	if (w->more)
		start_line(w);
	buf_add_char(&w->buf, bracket);
	w->more = true;
}

static void put_text(struct json_writer *w, const char *key, const char *text)
{
	start_value(w, key);
	buf_add_str(&w->buf, text);
}

void json_open_object(struct json_writer *w, const char *key)
{
	open_level(w, key, '{');
}

void json_close_object(struct json_writer *w)
{
	close_level(w, '}');
}

void json_open_array(struct json_writer *w, const char *key)
{
	open_level(w, key, '[');
}

void json_close_array(struct json_writer *w)
{
	close_level(w, ']');
}

void json_put_str(struct json_writer *w, const char *key, const char *value)
{
	if (!value) {
		json_put_null(w, key);
		return;
	}
	start_value(w, key);
	put_quoted(&w->buf, value, strlen(value));
}

void json_put_i64(struct json_writer *w, const char *key, int64_t value)
{
	start_value(w, key);
	buf_printf(&w->buf, "%" PRIi64, value);
}

void json_put_u64(struct json_writer *w, const char *key, uint64_t value)
{
	start_value(w, key);
	buf_printf(&w->buf, "%" PRIu64, value);
}

void json_put_number(struct json_writer *w, const char *key, const char *text)
{
	put_text(w, key, text);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	put_text(w, key, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
	put_text(w, key, "null");
}

/* Recursion ends: the parser refuses what is deeper than JSON_MAX_DEPTH. */
static void put_children(struct json_writer *w, const struct json_value *value)
{
	const struct json_value *child;

	for (child = value->first; child; child = child->next)
		json_put_value(w, child->key, child);
}

void json_put_value(struct json_writer *w, const char *key,
                    const struct json_value *value)
{
	switch (value->type) {
	case JSON_NULL: json_put_null(w, key); break;
	case JSON_BOOL: json_put_bool(w, key, value->boolean); break;
	case JSON_NUMBER: put_text(w, key, value->text); break;
	case JSON_STRING: json_put_str(w, key, value->text); break;
	case JSON_ARRAY:
		json_open_array(w, key);
		put_children(w, value);
		json_close_array(w);
		break;
	case JSON_OBJECT:
		json_open_object(w, key);
		put_children(w, value);
		json_close_object(w);
		break;
	}
}

const char *json_quote(struct arena *arena, const char *text)
{
	struct buf buf = { .arena = arena };
	size_t length = strlen(text);

	if (length <= QUOTE_MAX) {
		put_quoted(&buf, text, length);
		return buf_str(&buf);
	}
	length = QUOTE_MAX;
	/* Not through the middle of a character. */
	while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	put_quoted(&buf, text, length);
	buf_add_str(&buf, "...");
	return buf_str(&buf);
}
