/* SPDX-License-Identifier: Apache-2.0 */
/* Values for D-Bus as text, in the form that GVariant gave them. */
#include "plan/variant.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

/* Deeper is nothing that a unit's property could be. */
#define DEPTH_MAX 16

#define BASIC_TYPES "bynqiuxtdsog"

/* What stands in the text, before its type is known. */
struct node {
	/*
	 * b boolean, n number, s string; with members: a array, ( tuple,
	 * { dictionary's entry, v variant
	 */
	char kind;
	const char *type; /* if the text says it */
	const char *text; /* of b, n, s */
	struct node *members;
	size_t count;
};

struct parser {
	struct arena *arena;
	const char *at;
	unsigned int depth;
	struct error *err;
};

static int parse_value(struct parser *p, struct node *node);

static int fault(struct parser *p, const char *why)
{
	if (!*p->at)
		return error_set(p->err, ERROR_CONFIG, -EINVAL, "%s at its end",
		                 why);
	return error_set(p->err, ERROR_CONFIG, -EINVAL, "%s at \"%.20s\"", why,
	                 p->at);
}

static void skip_space(struct parser *p)
{
	p->at += strspn(p->at, " \t\n\r");
}

static bool take(struct parser *p, char c)
{
	skip_space(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

/* ---- types */

/* Behind the one complete type that TYPE begins with, or NULL. */
static const char *type_end(const char *type, unsigned int depth)
{
	const char *close = *type == '(' ? ")" : "}";

	if (!*type || depth > DEPTH_MAX)
		return NULL;
	if (*type == 'v' || strchr(BASIC_TYPES, *type))
		return type + 1;
	if (*type == 'a' && type[1] == '{') {
		type += 2;
		if (!*type || !strchr(BASIC_TYPES, *type))
			return NULL;
		type = type_end(type + 1, depth + 1);
		return type && *type == '}' ? type + 1 : NULL;
	}
	if (*type == 'a')
		return type_end(type + 1, depth + 1);
	if (*type != '(')
		return NULL;
	for (type++; type && *type && *type != *close;)
		type = type_end(type, depth + 1);
	return type && *type == *close && type[-1] != '(' ? type + 1 : NULL;
}

static const char *infer(struct parser *p, const struct node *node);

/* What one member says itself is what all are. */
static const char *infer_element(struct parser *p, const struct node *node)
{
	const char *first = NULL;
	size_t i;

	for (i = 0; i < node->count; i++) {
		const char *type = infer(p, &node->members[i]);

		if (type && node->members[i].type)
			return type;
		if (type && (!first || str_equal(type, "d")))
			first = type;
	}
	return first;
}

static const char *infer_members(struct parser *p, const struct node *node)
{
	struct buf buf = { .arena = p->arena };
	size_t i;

	buf_add_char(&buf, node->kind);
	for (i = 0; i < node->count; i++) {
		const char *type = infer(p, &node->members[i]);

		if (!type)
			return NULL;
		buf_add_str(&buf, type);
	}
	buf_add_char(&buf, node->kind == '(' ? ')' : '}');
	return buf_str(&buf);
}

/* NULL: an array without elements, which could be of anything. */
static const char *infer(struct parser *p, const struct node *node)
{
	const char *element;

	if (node->type)
		return node->type;
	switch (node->kind) {
	case 'b': return "b";
	case 's': return "s";
	case 'v': return "v";
	case 'n':
		if (!strncasecmp(node->text + strspn(node->text, "+-"), "0x",
		                 2))
			return "i";
		return node->text[strcspn(node->text, ".eE")] ? "d" : "i";
	case 'a':
		element = infer_element(p, node);
		return element ? arena_printf(p->arena, "a%s", element) : NULL;
	default: return infer_members(p, node);
	}
}

/* ---- text to nodes */

static void add_utf8(struct buf *buf, uint32_t c)
{
	if (c < 0x80) {
		buf_add_char(buf, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_add_char(buf, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_add_char(buf, (char)(0xe0 | c >> 12));
		} else {
			buf_add_char(buf, (char)(0xf0 | c >> 18));
			buf_add_char(buf, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_add_char(buf, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_char(buf, (char)(0x80 | (c & 0x3f)));
}

/* COUNT digits of BASE at the parser, or -1. */
static int64_t take_digits(struct parser *p, size_t count, int base)
{
	char digits[9] = "";
	char *end;
	uint64_t value;

	memcpy(digits, p->at, strnlen(p->at, count));
	value = strtoul(digits, &end, base);
	if (*end || end != digits + count || !isxdigit((unsigned char)*digits))
		return -1;
	p->at += count;
	return (int64_t)value;
}

static int take_escape(struct parser *p, bool bytes, struct buf *buf)
{
	static const char letters[] = "abfnrtv";
	static const char values[] = "\a\b\f\n\r\t\v";
	char c = *p->at;
	const char *letter = c ? strchr(letters, c) : NULL;
	int64_t value = -1;

	if (letter || (c && ispunct((unsigned char)c))) {
		buf_add_char(buf, letter ? values[letter - letters] : c);
		p->at++;
		return 0;
	}
	if (bytes && c) {
		value = take_digits(p, 3, 8);
		if (value > 0 && value <= UINT8_MAX) {
			buf_add_char(buf, (char)value);
			return 0;
		}
	} else if (c == 'u' || c == 'U') {
		p->at++;
		value = take_digits(p, c == 'u' ? 4 : 8, 16);
	}
	/* No NUL, no surrogate, nothing beyond Unicode. */
	if (value <= 0 || value > 0x10ffff || value >> 11 == 0x1b)
		return fault(p, "not an escape");
	add_utf8(buf, (uint32_t)value);
	return 0;
}

static int parse_string(struct parser *p, bool bytes, const char **ret_text)
{
	struct buf buf = { .arena = p->arena };
	char quote = *p->at++;
	int result = 0;

	while (result == 0 && *p->at != quote) {
		if (!*p->at)
			return fault(p, "a string without its closing quote");
		if (*p->at != '\\') {
			buf_add_char(&buf, *p->at++);
			continue;
		}
		p->at++;
		result = take_escape(p, bytes, &buf);
	}
	p->at++;
	*ret_text = buf_str(&buf);
	return result;
}

static struct node *add_member(struct parser *p, struct node *node)
{
	return arena_push(p->arena, node->members, node->count);
}

/* b'text': an array of bytes that ends in 0. */
static int parse_bytes(struct parser *p, struct node *node)
{
	const char *text;
	int result;

	p->at++;
	result = parse_string(p, true, &text);
	if (result < 0)
		return result;
	node->kind = 'a';
	node->type = "ay";
	do {
		struct node *byte = add_member(p, node);

		byte->kind = 'n';
		byte->text = arena_printf(p->arena, "%u", (unsigned char)*text);
	} while (*text++);
	return 0;
}

/* KEY: VALUE, a member of NODE. */
static int parse_entry(struct parser *p, struct node *node)
{
	struct node *entry = add_member(p, node);
	int result;

	entry->kind = '{';
	result = parse_value(p, add_member(p, entry));
	if (result == 0 && !take(p, ':'))
		return fault(p, "no colon");
	return result < 0 ? result : parse_value(p, add_member(p, entry));
}

/* What stands between the brackets OPEN and CLOSE. */
static int parse_members(struct parser *p, struct node *node, char close)
{
	bool entries = *p->at++ == '{';
	int result = 0;

	while (!take(p, close)) {
		if (node->count && !take(p, ','))
			return fault(p, "neither a comma nor an end");
		/* (1,) is a tuple of one. */
		if (node->kind == '(' && node->count == 1 && take(p, close))
			break;
		result = entries ? parse_entry(p, node)
		                 : parse_value(p, add_member(p, node));
		if (result < 0)
			return result;
	}
	if (node->kind == '(' && !node->count)
		return fault(p, "D-Bus has no empty tuple");
	return 0;
}

static int parse_typed(struct parser *p, const char *type, struct node *node)
{
	int result = parse_value(p, node);

	if (result < 0)
		return result;
	if (node->type && !str_equal(node->type, type))
		return fault(p, "two different types");
	node->type = type;
	return 0;
}

/* @TYPE VALUE */
static int parse_annotated(struct parser *p, struct node *node)
{
	const char *type = p->at + 1;
	const char *end = type_end(type, 0);

	if (!end || !strchr(" \t\n\r", *end))
		return fault(p, "not a type");
	p->at = end;
	return parse_typed(p, arena_strndup(p->arena, type, end - type), node);
}

/* true, false, or a type's name with a value behind it. */
static int parse_word(struct parser *p, struct node *node)
{
	static const struct {
		const char *name;
		const char *type;
	} types[] = {
		{ "boolean", "b" }, { "byte", "y" },       { "int16", "n" },
		{ "uint16", "q" },  { "int32", "i" },      { "uint32", "u" },
		{ "int64", "x" },   { "uint64", "t" },     { "double", "d" },
		{ "string", "s" },  { "objectpath", "o" }, { "signature", "g" },
	};

	size_t length = strspn(p->at, "abcdefghijklmnopqrstuvwxyz0123456789");
	const char *word = arena_strndup(p->arena, p->at, length);
	size_t i;

	if (str_equal(word, "true") || str_equal(word, "false")) {
		node->kind = 'b';
		node->text = *word == 't' ? "1" : "0";
		p->at += length;
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (!str_equal(word, types[i].name))
			continue;
		p->at += length;
		return parse_typed(p, types[i].type, node);
	}
	return fault(p, "not a value (texts need quotes)");
}

static void parse_number(struct parser *p, struct node *node)
{
	size_t length = 0;

	while (isalnum((unsigned char)p->at[length]) ||
	       (p->at[length] && strchr("+-.", p->at[length])))
		length++;
	node->kind = 'n';
	node->text = arena_strndup(p->arena, p->at, length);
	p->at += length;
}

static int parse_here(struct parser *p, struct node *node)
{
	char c = *p->at;

	switch (c) {
	case '@': return parse_annotated(p, node);
	case '[': node->kind = 'a'; return parse_members(p, node, ']');
	case '{': node->kind = 'a'; return parse_members(p, node, '}');
	case '(': node->kind = '('; return parse_members(p, node, ')');
	case '<':
		node->kind = 'v';
		p->at++;
		if (parse_value(p, add_member(p, node)) < 0)
			return -EINVAL;
		return take(p, '>') ? 0 : fault(p, "no end of the variant");
	case '\'':
	case '"': node->kind = 's'; return parse_string(p, false, &node->text);
	default: break;
	}
	if (c == 'b' && (p->at[1] == '\'' || p->at[1] == '"'))
		return parse_bytes(p, node);
	if (isdigit((unsigned char)c) || (c && strchr("+-.", c))) {
		parse_number(p, node);
		return 0;
	}
	return parse_word(p, node);
}

static int parse_value(struct parser *p, struct node *node)
{
	int result;

	if (p->depth == DEPTH_MAX)
		return fault(p, "too deep");
	p->depth++;
	skip_space(p);
	result = parse_here(p, node);
	p->depth--;
	return result;
}

/* ---- nodes to tokens */

static int not_of_type(struct parser *p, const struct node *node, char type)
{
	return error_set(p->err, ERROR_CONFIG, -EINVAL,
	                 "%s%s%s is no value of type %c",
	                 node->text ? "\"" : "a bracket",
	                 node->text ? node->text : "", node->text ? "\"" : "",
	                 type);
}

/* NULL if the number is none, or not one of TYPE. */
static const char *number_token(struct arena *arena, const char *text,
                                char type)
{
	static const struct {
		char type;
		int64_t least;
		uint64_t most;
	} ranges[] = {
		{ 'y', 0, UINT8_MAX },  { 'n', INT16_MIN, INT16_MAX },
		{ 'q', 0, UINT16_MAX }, { 'i', INT32_MIN, INT32_MAX },
		{ 'u', 0, UINT32_MAX }, { 'x', INT64_MIN, INT64_MAX },
		{ 't', 0, UINT64_MAX },
	};

	bool negative = *text == '-';
	const char *digits = text + strspn(text, "+-");
	uint64_t value;
	size_t i;

	if (digits > text + 1 || str_to_u64(digits, 0, &value) < 0)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		uint64_t below = 0 - (uint64_t)ranges[i].least;

		if (ranges[i].type != type)
			continue;
		if (value > (negative ? below : ranges[i].most))
			return NULL;
		return arena_printf(arena, "%s%" PRIu64,
		                    negative && value ? "-" : "", value);
	}
	return NULL;
}

static int emit_basic(struct parser *p, const struct node *node, char type,
                      struct variant *out)
{
	const char *token = NULL;
	char *end;

	if (node->kind == 'n' && type == 'd') {
		strtod(node->text, &end);
		token = *end ? NULL : node->text;
	} else if (node->kind == 'n') {
		token = number_token(p->arena, node->text, type);
	} else if (node->kind == 's' ? strchr("sog", type) != NULL
	                             : node->kind == 'b' && type == 'b') {
		token = node->text;
	}
	if (!token)
		return not_of_type(p, node, type);
	variant_add(p->arena, out, token);
	return 0;
}

static int emit(struct parser *p, const struct node *node, const char **type,
                struct variant *out);

static int emit_variant(struct parser *p, const struct node *node,
                        struct variant *out)
{
	const char *type = infer(p, node->members);

	if (!type)
		return fault(p, "an array without a type (@as [])");
	variant_add(p->arena, out, type);
	return emit(p, node->members, &type, out);
}

/* The members of NODE, each of the next type or, in an array, the same. */
static int emit_members(struct parser *p, const struct node *node,
                        const char **type, struct variant *out)
{
	const char *first = ++*type;
	const char *next = first;
	size_t i;
	int result = 0;

	if (node->kind == 'a')
		variant_add(p->arena, out,
		            arena_printf(p->arena, "%zu", node->count));
	for (i = 0; result == 0 && i < node->count; i++) {
		if (node->kind == 'a')
			next = first;
		result = emit(p, &node->members[i], &next, out);
	}
	if (result < 0 || node->kind != 'a') {
		if (result == 0 && *next != ')' && *next != '}')
			return fault(p, "too few members");
		*type = next + 1;
		return result;
	}
	*type = *first == '{' ? type_end(first - 1, 0) : type_end(first, 0);
	return 0;
}

/* One value of the type that *TYPE begins with; *TYPE moves behind it. */
static int emit(struct parser *p, const struct node *node, const char **type,
                struct variant *out)
{
	char kind = **type;

	if (node->type && strncmp(node->type, *type, strlen(node->type)) != 0)
		return error_set(p->err, ERROR_CONFIG, -EINVAL,
		                 "type %s where %.20s is wanted", node->type,
		                 *type);
	if (kind && strchr(BASIC_TYPES, kind)) {
		++*type;
		return emit_basic(p, node, kind, out);
	}
	if (kind != node->kind)
		return not_of_type(p, node, kind);
	if (kind != 'v')
		return emit_members(p, node, type, out);
	++*type;
	return emit_variant(p, node, out);
}

/* ---- the whole */

int variant_parse(struct arena *arena, const char *text,
                  struct variant *ret_variant, struct error *err)
{
	struct parser p = { .arena = arena, .at = text, .err = err };
	struct variant variant = { 0 };
	struct node root = { 0 };
	const char *type;
	int result = parse_value(&p, &root);

	if (result < 0)
		return result;
	skip_space(&p);
	if (*p.at)
		return fault(&p, "more than one value");
	variant.type = type = infer(&p, &root);
	if (!type)
		return fault(&p, "an array without a type (@as [])");
	if (!type_end(type, 0))
		return fault(&p, "no type of D-Bus");
	result = emit(&p, &root, &type, &variant);
	if (result == 0)
		*ret_variant = variant;
	return result;
}
