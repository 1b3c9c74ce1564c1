/* SPDX-License-Identifier: Apache-2.0 */
/* As much of TOML as containerd writes of a runtime's options. */
#include "shim/toml.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "json/utf8.h"

/* The byte at hand, '\n' at the end: so every line has one. */
static char look(const struct toml_reader *r)
{
	return r->at < r->end ? *r->at : '\n';
}

static int fail(const struct toml_reader *r, struct error *err,
                const char *what)
{
	return error_set(err, ERROR_CONFIG, -EINVAL, "%s:%u: %s", r->name,
	                 r->line, what);
}

static void skip_blanks(struct toml_reader *r)
{
	while (look(r) == ' ' || look(r) == '\t')
		r->at++;
}

/* Blanks, a comment and the line's end; nothing else may be there. */
static int finish_line(struct toml_reader *r, struct error *err)
{
	skip_blanks(r);
	if (look(r) == '#')
		while (look(r) != '\n')
			r->at++;
	if (look(r) == '\r')
		r->at++;
	if (look(r) != '\n')
		return fail(r, err, "something stands behind the value");
	if (r->at < r->end)
		r->at++;
	r->line++;
	return 0;
}

static bool is_key_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* ---- texts */

static void add_utf8(struct buf *buf, uint32_t c)
{
	if (c < 0x80) {
		buf_add_char(buf, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_add_char(buf, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_add_char(buf, (char)(0xe0 | c >> 12));
		buf_add_char(buf, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_add_char(buf, (char)(0xf0 | c >> 18));
		buf_add_char(buf, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_add_char(buf, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_char(buf, (char)(0x80 | (c & 0x3f)));
}

/* The DIGITS hexadecimal ones of \u and \U: a character, but not NUL. */
static bool take_code(struct toml_reader *r, size_t digits, struct buf *buf)
{
	uint32_t code = 0;

	for (; digits > 0; digits--, r->at++) {
		int c = tolower((unsigned char)look(r));

		if (!isxdigit(c))
			return false;
		code = code << 4 |
		       (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return false;
	add_utf8(buf, code);
	return true;
}

static bool take_escape(struct toml_reader *r, struct buf *buf)
{
	static const char names[] = "btnfr\"\\";
	static const char values[] = "\b\t\n\f\r\"\\";
	const char *known;
	char c;

	r->at++;
	c = look(r);
	if (c == '\n')
		return false;
	r->at++;
	if (c == 'u' || c == 'U')
		return take_code(r, c == 'u' ? 4 : 8, buf);
	known = strchr(names, c);
	if (!known || !c)
		return false;
	buf_add_char(buf, values[known - names]);
	return true;
}

/* "basic" and 'literal'. */
static int take_text(struct toml_reader *r, const char **ret_text,
                     struct error *err)
{
	struct buf buf = { .arena = r->arena };
	char quote = *r->at++;

	while (look(r) != quote) {
		unsigned char c = (unsigned char)look(r);

		if (c == '\n')
			return fail(r, err, "a text does not end on its line");
		if (quote == '"' && c == '\\') {
			if (!take_escape(r, &buf))
				return fail(r, err, "unknown escape in a text");
			continue;
		}
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return fail(r, err, "control character in a text");
		buf_add_char(&buf, (char)c);
		r->at++;
	}
	r->at++;
	if (!utf8_is_valid(buf_str(&buf), buf.length))
		return fail(r, err, "a text is not UTF-8");
	*ret_text = buf_str(&buf);
	return 0;
}

/* ---- values */

/* A whole number, without separators. */
static bool read_integer(const char *word, int64_t *ret_value)
{
	const char *digits = word + (*word == '+' || *word == '-');

	if (*digits == '0' && digits[1])
		return false;
	return isdigit((unsigned char)*digits) &&
	       str_to_i64(word + (*word == '+'), 10, ret_value) == 0;
}

/* What has no quotes: to the end of the line or its comment. */
static int take_word(struct toml_reader *r, struct toml_pair *pair,
                     struct error *err)
{
	const char *from = r->at;
	const char *end = from;
	char *word;

	while (look(r) != '\n' && look(r) != '\r' && look(r) != '#') {
		if (iscntrl((unsigned char)look(r)) && look(r) != '\t')
			return fail(r, err, "control character in a value");
		if (look(r) != ' ' && look(r) != '\t')
			end = r->at + 1;
		r->at++;
	}
	if (end == from)
		return fail(r, err, "no value");
	word = arena_strndup(r->arena, from, (size_t)(end - from));
	pair->type = TOML_OTHER;
	if (str_equal(word, "true") || str_equal(word, "false")) {
		pair->type = TOML_BOOL;
		pair->boolean = *word == 't';
	} else if (read_integer(word, &pair->integer)) {
		pair->type = TOML_INTEGER;
	}
	return 0;
}

static int take_value(struct toml_reader *r, struct toml_pair *pair,
                      struct error *err)
{
	char c = look(r);
	size_t left = (size_t)(r->end - r->at);

	if (c != '"' && c != '\'')
		return take_word(r, pair, err);
	if (left >= 3 && r->at[1] == c && r->at[2] == c)
		return fail(r, err, "texts of several lines are not read");
	pair->type = TOML_TEXT;
	return take_text(r, &pair->text, err);
}

/* ---- lines */

static int take_key(struct toml_reader *r, const char **ret_key,
                    struct error *err)
{
	const char *from = r->at;

	if (look(r) == '"' || look(r) == '\'')
		return take_text(r, ret_key, err);
	while (is_key_char(look(r)))
		r->at++;
	if (r->at == from)
		return fail(r, err, "expected a key");
	*ret_key = arena_strndup(r->arena, from, (size_t)(r->at - from));
	return 0;
}

/* The table that these are in is known; another would mean something else. */
static int take_table(struct toml_reader *r, struct error *err)
{
	if (r->has_table)
		return fail(r, err, "more than one table");
	r->has_table = true;
	while (look(r) != ']' && look(r) != '\n')
		r->at++;
	if (look(r) != ']')
		return fail(r, err, "the name of a table does not end");
	r->at++;
	return finish_line(r, err);
}

static int take_pair(struct toml_reader *r, struct toml_pair *pair,
                     struct error *err)
{
	int result;

	pair->line = r->line;
	result = take_key(r, &pair->key, err);
	if (result < 0)
		return result;
	skip_blanks(r);
	if (look(r) != '=')
		return fail(r, err, "expected \"=\" behind the key");
	r->at++;
	skip_blanks(r);
	result = take_value(r, pair, err);
	return result < 0 ? result : finish_line(r, err);
}

int toml_next(struct toml_reader *reader, struct toml_pair *ret_pair,
              struct error *err)
{
	struct toml_pair pair = { .type = TOML_OTHER };
	int result = 0;

	if (reader->line == 0)
		reader->line = 1;
	while (result == 0 && reader->at < reader->end) {
		skip_blanks(reader);
		if (look(reader) == '[') {
			result = take_table(reader, err);
		} else if (strchr("#\r\n", look(reader)) && look(reader)) {
			result = finish_line(reader, err);
		} else {
			result = take_pair(reader, &pair, err);
			if (result < 0)
				return result;
			*ret_pair = pair;
			return 1;
		}
	}
	return result;
}
