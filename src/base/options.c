/* SPDX-License-Identifier: Apache-2.0 */
/* The command line by tables: one row per option, read by parser and help. */
#include "base/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

struct parse {
	const struct cli_parser *parser;
	char **next; /* the argument to look at */
	struct cli_words words;
	struct error *err;
};

static int parse_bad_value(struct parse *parse, const struct cli_option *option,
                           const char *value)
{
	static const char *const wanted[] = {
		[CLI_SWITCH] = "true or false",
		[CLI_TEXT] = "a text",
		[CLI_NUMBER] = "a number from 0",
		[CLI_INTEGER] = "a number",
		[CLI_BYTES] = "-1, or a size like 64m",
		[CLI_LIST] = "a text",
	};

	return error_set(parse->err, ERROR_USAGE, -EINVAL,
	                 "invalid value \"%s\" for option --%s: "
	                 "expected %s",
	                 value, option->name,
	                 option->type == CLI_WORD ? option->value
	                                          : wanted[option->type]);
}

static bool word_is_among(const char *word, const char *words)
{
	size_t length = strlen(word);

	for (; words; words = strchr(words, '|'), words += words != NULL)
		if (strncmp(words, word, length) == 0 &&
		    (words[length] == '|' || !words[length]))
			return length > 0;
	return false;
}

/* The power of two that UNIT ("", "k", "KB", "MiB"...) stands for, or -1. */
static int unit_shift(const char *unit)
{
	static const char letters[] = "kmgtp";
	const char *found = NULL;
	int shift = 0;

	if (*unit)
		found = strchr(letters, tolower((unsigned char)*unit));
	if (found) {
		shift = 10 * (int)(found - letters + 1);
		unit++;
		if (tolower((unsigned char)*unit) == 'i')
			unit++;
	}
	if (tolower((unsigned char)*unit) == 'b')
		unit++;
	return *unit ? -1 : shift;
}

/* "1.5g": the fraction is cut to whole bytes. */
static int bytes_parse(const char *text, int64_t *ret_value)
{
	struct str_decimal decimal;
	unsigned __int128 value;
	int shift;
	int result;

	if (str_equal(text, "-1")) {
		*ret_value = -1;
		return 0;
	}
	result = str_take_decimal(&text, &decimal);
	if (result < 0)
		return result;
	shift = unit_shift(*text == ' ' ? text + 1 : text);
	if (shift < 0)
		return -EINVAL;
	value = ((unsigned __int128)decimal.value << shift) / decimal.divisor;
	if (value > INT64_MAX)
		return -ERANGE;
	*ret_value = (int64_t)value;
	return 0;
}

static void list_add(struct parse *parse, struct cli_list *list,
                     const char *value)
{
	size_t most = 0;

	/* No more values can come than there are arguments left. */
	if (!list->items) {
		while (parse->next[most])
			most++;
		list->items = arena_new_array(parse->parser->arena,
		                              const char *, most + 2);
	}
	list->items[list->count++] = value;
}

static int value_store(struct parse *parse, const struct cli_option *option,
                       const char *value)
{
	void *place = (char *)parse->parser->values + option->offset;
	struct opt_i64 *integer = place;
	int result = 0;

	switch (option->type) {
	case CLI_SWITCH:
		if (!word_is_among(value, "true|false"))
			result = -EINVAL;
		*(bool *)place = str_equal(value, "true");
		break;
	case CLI_WORD:
		if (!word_is_among(value, option->value))
			result = -EINVAL;
		*(const char **)place = value;
		break;
	case CLI_TEXT: *(const char **)place = value; break;
	case CLI_NUMBER: result = str_to_u32(value, 10, place); break;
	case CLI_INTEGER:
		integer->set = true;
		result = str_to_i64(value, 10, &integer->value);
		break;
	case CLI_BYTES:
		integer->set = true;
		result = bytes_parse(value, &integer->value);
		break;
	case CLI_LIST: list_add(parse, place, value); break;
	}
	return result < 0 ? parse_bad_value(parse, option, value) : 0;
}

static const struct cli_option *option_find(const struct cli_option *options,
                                            const char *name, size_t length)
{
	for (; options->name; options++)
		if (strncmp(options->name, name, length) == 0 &&
		    !options->name[length])
			return options;
	return NULL;
}

static const struct cli_option *option_find_letter(
	const struct cli_option *options, char letter)
{
	for (; options->name; options++)
		if (options->letter == letter)
			return options;
	return NULL;
}

/* ATTACHED is the argument if it stands in the same word, else NULL. */
static int option_take(struct parse *parse, const struct cli_option *option,
                       const char *attached)
{
	if (!attached && option->type == CLI_SWITCH)
		attached = "true";
	if (!attached)
		attached = *parse->next ? *parse->next++ : NULL;
	if (!attached)
		return error_set(parse->err, ERROR_USAGE, -EINVAL,
		                 "option --%s requires an argument",
		                 option->name);
	return value_store(parse, option, attached);
}

/* -d, -bDIR, -b DIR, -b=DIR, -td. */
static int parse_letters(struct parse *parse, const char *letters)
{
	for (; *letters; letters++) {
		const struct cli_option *option =
			option_find_letter(parse->parser->options, *letters);
		int result;

		if (!option && *letters == 'h') {
			parse->words.help = true;
			return 0;
		}
		if (!option)
			return error_set(parse->err, ERROR_USAGE, -EINVAL,
			                 "unknown option -%c", *letters);
		if (option->type != CLI_SWITCH) {
			letters++;
			letters += *letters == '=';
			return option_take(parse, option,
			                   *letters ? letters : NULL);
		}
		result = option_take(parse, option, NULL);
		if (result < 0)
			return result;
	}
	return 0;
}

/* ARG begins with a dash and is longer. */
static int parse_option(struct parse *parse, const char *arg)
{
	bool is_long = arg[1] == '-';
	const char *name = arg + (is_long ? 2 : 1);
	size_t length = strcspn(name, "=");
	const struct cli_option *option =
		option_find(parse->parser->options, name, length);

	if (option)
		return option_take(parse, option,
		                   name[length] ? name + length + 1 : NULL);
	if (str_equal(name, "help")) {
		parse->words.help = true;
		return 0;
	}
	if (!is_long)
		return parse_letters(parse, name);
	return error_set(parse->err, ERROR_USAGE, -EINVAL,
	                 "unknown option %.*s", (int)(length + 2), arg);
}

static int parse_word(struct parse *parse, const char *word)
{
	if (parse->words.count == parse->parser->words_max)
		return error_set(parse->err, ERROR_USAGE, -EINVAL,
		                 "unexpected argument \"%s\"", word);
	parse->words.items[parse->words.count++] = word;
	return 0;
}

int options_parse(const struct cli_parser *parser, char **args,
                  struct cli_words *ret_words, struct error *err)
{
	struct parse parse = { .parser = parser, .next = args, .err = err };
	struct cli_words *words = &parse.words;
	bool options_ended = false;
	int result = 0;

	assert(parser->words_max <= CLI_WORDS_MAX);
	while (result == 0 && *parse.next && !words->help) {
		const char *arg = *parse.next;
		bool is_option = !options_ended && arg[0] == '-' && arg[1];

		if (parser->leaves_rest && words->count == parser->words_max &&
		    (words->count || !is_option))
			break;
		parse.next++;
		if (is_option && str_equal(arg, "--"))
			options_ended = true;
		else if (is_option)
			result = parse_option(&parse, arg);
		else
			result = parse_word(&parse, arg);
	}
	if (result < 0)
		return result;
	words->rest = parse.next;
	*ret_words = *words;
	return 0;
}

/* Where the second column begins. */
#define HELP_COLUMN 30

static void help_add_option(struct buf *text, const struct cli_option *option)
{
	char left[80];
	int width;

	width = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s",
	                 option->letter ? '-' : ' ',
	                 option->letter ? option->letter : ' ',
	                 option->letter ? ',' : ' ', option->name,
	                 option->value ? " " : "",
	                 option->value ? option->value : "");
	buf_add_str(text, left);
	if (width + 2 > HELP_COLUMN) {
		buf_add_char(text, '\n');
		width = 0;
	}
	buf_printf(text, "%*s%s\n", HELP_COLUMN - width, "", option->help);
}

void options_write_help(struct buf *text, const struct cli_option *options)
{
	static const struct cli_option help = {
		.name = "help",
		.letter = 'h',
		.help = "print this text",
	};

	buf_add_str(text, "\nOptions:\n");
	for (; options && options->name; options++)
		help_add_option(text, options);
	help_add_option(text, &help);
}
