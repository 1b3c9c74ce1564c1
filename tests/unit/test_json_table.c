/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: every kind of row, what does not fit it, and where that is. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "json/json.h"
#include "json/place.h"
#include "json/table.h"

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

static const struct json_value *parse(const char *text)
{
	const struct json_value *root = NULL;
	struct error err = { 0 };

	ck_assert_msg(json_parse(&arena, text, strlen(text), "t", &root,
	                         &err) == 0,
	              "%s: %s", text, err.text);
	return root;
}

struct text_row {
	const char *text;
	const char *expected;
};

/* Paths and where they lead; the deepest value there is. */
static const struct text_row paths[] = {
	{ "", "root" },
	{ "list[1].type", "\"here\"" },
	{ "list[1]", "{\"type\":\"here\"}" },
	{ "list[1].none.more", "{\"type\":\"here\"}" },
	{ "list[9].type", "list" },
	{ "list[99999999999999999999]", "list" },
	{ "map[\"a.b\"]", "1" },
	{ "map[\"\"]", "2" },
	{ "map.plain", "3" },
	{ "map.with_a-dash", "8" },
	{ "map[\"quo\\\"te\"].x[1]", "5" },
	{ "li", "root" },
	{ "twice", "7" },
};

START_TEST(a_path_leads_to_its_value)
{
	const struct json_value *root =
		parse("{\"list\":[0,{\"type\":\"here\"}],"
	              "\"map\":{\"a.b\":1,\"\":2,\"plain\":3,"
	              "\"with_a-dash\":8,"
	              "\"quo\\\"te\":{\"x\":[4,5]}},\"twice\":6,\"twice\":7}");
	const struct json_value *found = json_find(root, paths[_i].text);
	struct json_writer w = { .buf.arena = &arena, .indent = "" };

	if (str_equal(paths[_i].expected, "root")) {
		ck_assert_ptr_eq(found, root);
	} else if (str_equal(paths[_i].expected, "list")) {
		ck_assert_ptr_eq(found, json_get(root, "list"));
	} else {
		json_put_value(&w, NULL, found);
		ck_assert_str_eq(buf_str(&w.buf), paths[_i].expected);
	}
}

END_TEST

/* A struct with one member of each kind, for the table. */
struct inner {
	bool set;
	const char *name;
	int word;
};

struct pair {
	const char *key;
	const char *value;
};

struct outer {
	const char *str;
	bool boolean;
	uint16_t u16;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	struct opt_bool opt_bool;
	struct opt_u32 opt_u32;
	struct opt_i64 opt_i64;
	struct opt_u64 opt_u64;

	struct {
		const char **items;
		size_t count;
	} strings;

	struct {
		struct pair *pairs;
		size_t count;
	} map;

	uint32_t *numbers;
	size_t numbers_count;
	struct inner inner;
	struct inner *pointer;
	struct inner *array;
	size_t array_count;
	const char *path;
	int custom;
};

JSON_TABLE_TYPE(inner);
JSON_TABLE_TYPE(outer);

static const struct str_value words[] = {
	{ "one", 1 },
	{ "two", 2 },
	{ NULL, 0 },
};

static const struct json_field inner_fields[] = {
	FIELD_STR(struct inner, name, "name", JSON_REQUIRED),
	FIELD_WORD(struct inner, word, "word", 0, words, "word"),
};

static const struct inner inner_defaults = { .word = 9 };

static JSON_TABLE_DEFAULTS(inner_table, inner, inner_fields, &inner_defaults);

static void decode_custom(struct json_decoder *d,
                          const struct json_place *place, void *object)
{
	if (json_is(d, place, JSON_NUMBER))
		((struct outer *)object)->custom = (int)place->value->length;
}

static const struct json_field outer_fields[] = {
	FIELD_STR(struct outer, str, "str", 0),
	FIELD_BOOL(struct outer, boolean, "boolean", 0),
	FIELD_U16(struct outer, u16, "u16", 0),
	FIELD_U32(struct outer, u32, "u32", 0),
	FIELD_I64(struct outer, i64, "i64", 0),
	FIELD_U64(struct outer, u64, "u64", 0),
	FIELD_OPT_BOOL(struct outer, opt_bool, "optBool", 0),
	FIELD_OPT_U32(struct outer, opt_u32, "optU32", 0),
	FIELD_OPT_I64(struct outer, opt_i64, "optI64", 0),
	FIELD_OPT_U64(struct outer, opt_u64, "optU64", 0),
	FIELD_STRINGS(struct outer, strings, "strings", 0),
	FIELD_MAP(struct outer, map, "map", 0),
	FIELD_U32S(struct outer, numbers, numbers_count, "numbers", 0),
	FIELD_OBJECT_SET(struct outer, inner, "inner", 0, inner_table),
	FIELD_OBJECT_NEW(struct outer, pointer, "pointer", 0, inner_table),
	FIELD_ARRAY(struct outer, array, array_count, "array", 0, inner_table),
	FIELD_STR(struct outer, path, "path", JSON_ABSOLUTE),
	FIELD_CUSTOM("custom", 0, decode_custom),
	FIELD_UNSUPPORTED("unsupported"),
};

static JSON_TABLE(outer_table, outer, outer_fields);

/* Faults as "PATH: TEXT" lines, warnings with a '~' before. */
struct recorder {
	struct json_decoder base;
	struct buf lines;
};

static void record(struct json_decoder *decoder, const struct json_value *value,
                   bool warning, const char *path, const char *text)
{
	struct recorder *recorder = (struct recorder *)decoder;

	ck_assert_ptr_nonnull(value);
	buf_printf(&recorder->lines, "%s%s: %s\n", warning ? "~" : "", path,
	           text);
}

static const char *decode(const char *text, struct outer *object)
{
	struct recorder recorder = {
		.base = { .arena = &arena, .fault = record },
		.lines = { .arena = &arena },
	};
	struct json_place place = { .value = parse(text) };

	memset(object, 0, sizeof(*object));
	json_decode_object(&recorder.base, &place, &outer_table.table, object);
	return buf_str(&recorder.lines);
}

START_TEST(a_table_fills_every_kind_of_member)
{
	struct outer o;

	ck_assert_str_eq(
		decode("{\"u64\":18446744073709551615,\"str\":\"s\",\"x\":{},"
	               "\"boolean\":true,\"u16\":65535,\"u32\":4294967295,"
	               "\"i64\":-1,\"optBool\":false,\"optU32\":0,"
	               "\"optI64\":-5,\"optU64\":6,\"strings\":[\"a\",\"\"],"
	               "\"map\":{\"k\":\"v\",\"\":\"w\"},\"numbers\":[7,8],"
	               "\"inner\":{\"name\":\"n\",\"word\":\"two\"},"
	               "\"pointer\":{\"name\":\"p\"},"
	               "\"array\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
	               "\"path\":\"/p\",\"custom\":1234}",
	               &o),
		"");
	ck_assert_str_eq(o.str, "s");
	ck_assert(o.boolean);
	ck_assert_uint_eq(o.u16, UINT16_MAX);
	ck_assert_uint_eq(o.u32, UINT32_MAX);
	ck_assert_int_eq(o.i64, -1);
	ck_assert_uint_eq(o.u64, UINT64_MAX);
	ck_assert(o.opt_bool.set && !o.opt_bool.value);
	ck_assert(o.opt_u32.set && o.opt_u32.value == 0);
	ck_assert(o.opt_i64.set && o.opt_i64.value == -5);
	ck_assert(o.opt_u64.set && o.opt_u64.value == 6);
	ck_assert_uint_eq(o.strings.count, 2);
	ck_assert_str_eq(o.strings.items[1], "");
	ck_assert_uint_eq(o.map.count, 2);
	ck_assert_str_eq(o.map.pairs[1].value, "w");
	ck_assert(o.numbers_count == 2 && o.numbers[1] == 8);
	ck_assert(o.inner.set && o.inner.word == 2);
	ck_assert_str_eq(o.pointer->name, "p");
	ck_assert_int_eq(o.pointer->word, 9);
	ck_assert_uint_eq(o.array_count, 2);
	ck_assert_str_eq(o.array[1].name, "b");
	ck_assert_str_eq(o.path, "/p");
	ck_assert_int_eq(o.custom, 4);
}

END_TEST

START_TEST(null_and_empty_are_absent)
{
	struct outer o;

	ck_assert_str_eq(
		decode("{\"str\":\"\",\"u16\":null,\"optU32\":null,"
	               "\"strings\":[],\"map\":{},\"numbers\":null,"
	               "\"inner\":null,\"pointer\":null,\"array\":[],"
	               "\"path\":\"\",\"custom\":null,\"unsupported\":null}",
	               &o),
		"");
	ck_assert_ptr_null(o.str);
	ck_assert(!o.opt_u32.set && !o.inner.set && !o.pointer);
	ck_assert(!o.strings.count && !o.map.count && !o.array_count);
	ck_assert_str_eq(decode("null", &o), "");
	ck_assert_str_eq(decode("{\"strings\":[null],\"map\":{\"a\":null},"
	                        "\"numbers\":[null]}",
	                        &o),
	                 "");
	ck_assert_str_eq(o.strings.items[0], "");
	ck_assert_str_eq(o.map.pairs[0].value, "");
	ck_assert_uint_eq(o.numbers[0], 0);
}

END_TEST

static const struct text_row table_faults[] = {
	{ "[]", ": must be an object, not an array\n" },
	{ "{\"str\":1}", "str: must be a string, not a number\n" },
	{ "{\"boolean\":\"true\"}",
	  "boolean: must be a boolean, not a string\n" },
	{ "{\"u16\":65536}", "u16: 65536 is out of range (0 to 65535)\n" },
	{ "{\"u32\":-1}", "u32: -1 is out of range (0 to 4294967295)\n" },
	{ "{\"u32\":1.5}", "u32: 1.5 is not a whole number\n" },
	{ "{\"u64\":1e20}",
	  "u64: 1e20 is out of range (0 to 18446744073709551615)\n" },
	{ "{\"i64\":1e20}",
	  "i64: 1e20 is out of range (-9223372036854775808 to "
	  "9223372036854775807)\n" },
	{ "{\"optI64\":\"1\"}", "optI64: must be a number, not a string\n" },
	{ "{\"optBool\":0}", "optBool: must be a boolean, not a number\n" },
	{ "{\"strings\":\"a\"}", "strings: must be an array, not a string\n" },
	{ "{\"strings\":[\"a\",1,[]]}",
	  "strings[1]: must be a string, not a number\n"
	  "strings[2]: must be a string, not an array\n" },
	{ "{\"map\":{\"a.b\":1}}",
	  "map[\"a.b\"]: must be a string, not a number\n" },
	{ "{\"map\":[]}", "map: must be an object, not an array\n" },
	{ "{\"map\":{\"a\":\"1\",\"a\":\"2\"}}",
	  "~map.a: the key stands here twice: the last one counts\n" },
	{ "{\"numbers\":[1,-1]}",
	  "numbers[1]: -1 is out of range (0 to 4294967295)\n" },
	{ "{\"inner\":{}}", "inner.name: missing\n" },
	{ "{\"inner\":{\"name\":\"\",\"word\":\"three\"}}",
	  "inner.name: must not be empty\n"
	  "inner.word: unknown word \"three\"\n" },
	{ "{\"array\":[{\"name\":\"a\"},null,7]}",
	  "array[1].name: missing\n"
	  "array[2]: must be an object, not a number\n" },
	{ "{\"path\":\"a/b\"}", "path: \"a/b\" is not an absolute path\n" },
	{ "{\"custom\":true}", "custom: must be a number, not a boolean\n" },
	{ "{\"u16\":1,\"u16\":2,\"u16\":3}",
	  "~u16: the key stands here twice: the last one counts\n"
	  "~u16: the key stands here twice: the last one counts\n" },
	{ "{\"unsupported\":1}", "unsupported: not supported yet\n" },
	{ "{\"unsupported\":[1]}", "unsupported: not supported yet\n" },
	{ "{\"unsupported\":{}}", "" },
	{ "{\"unsupported\":{\"a\":{}}}", "unsupported: not supported yet\n" },
	{ "{\"unsupported\":{\"a\":{\"b\":1}}}",
	  "unsupported: not supported yet\n" },
	{ "{\"unsupported\":{\"a\":0,\"b\":false,\"c\":\"\",\"d\":[]}}", "" },
	{ "{\"unsupported\":[]}", "" },
	{ "{\"unsupported\":{\"a\":-1}}", "unsupported: not supported yet\n" },
};

/* C058 */
START_TEST(a_table_reports_what_does_not_fit)
{
	struct outer o;

	ck_assert_str_eq(decode(table_faults[_i].text, &o),
	                 table_faults[_i].expected);
}

END_TEST

START_TEST(the_last_of_two_keys_is_decoded_alone)
{
	struct outer o;

	decode("{\"inner\":{\"name\":\"a\",\"word\":\"two\"},\"u16\":1,"
	       "\"inner\":{\"name\":\"b\"},\"u16\":2,"
	       "\"map\":{\"x\":\"1\",\"y\":\"2\",\"x\":\"3\"}}",
	       &o);
	ck_assert_str_eq(o.inner.name, "b");
	ck_assert_int_eq(o.inner.word, 9);
	ck_assert_uint_eq(o.u16, 2);
	ck_assert_uint_eq(o.map.count, 2);
	ck_assert_str_eq(o.map.pairs[0].value, "3");
}

END_TEST

START_TEST(large_maps_keep_order_and_find_duplicates)
{
	struct buf text = { .arena = &arena };
	struct outer o;

	buf_add_str(&text, "{\"map\":{");
	for (int i = 0; i < 50000; i++)
		buf_printf(&text, "\"k%d\":\"%d\",", i % 49999, i);
	buf_add_str(&text, "\"last\":\"\"}}");
	ck_assert_str_eq(decode(buf_str(&text), &o),
	                 "~map.k0: the key stands here twice: "
	                 "the last one counts\n");
	ck_assert_uint_eq(o.map.count, 50000);
	ck_assert_str_eq(o.map.pairs[0].value, "49999");
	ck_assert_str_eq(o.map.pairs[49998].key, "k49998");
}

END_TEST

#define ADD_LOOP(tcase, test, rows) \
	tcase_add_loop_test(tcase, test, 0, (int)ARRAY_SIZE(rows))

int main(void)
{
	Suite *suite = suite_create("json table");
	TCase *tcase = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, release);
	ADD_LOOP(tcase, a_path_leads_to_its_value, paths);
	tcase_add_test(tcase, a_table_fills_every_kind_of_member);
	tcase_add_test(tcase, null_and_empty_are_absent);
	ADD_LOOP(tcase, a_table_reports_what_does_not_fit, table_faults);
	tcase_add_test(tcase, the_last_of_two_keys_is_decoded_alone);
	tcase_add_test(tcase, large_maps_keep_order_and_find_duplicates);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
