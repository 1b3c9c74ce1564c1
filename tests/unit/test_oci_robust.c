/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged documents: whatever happens to the bytes, the reader stands. */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "oci/oci.h"

#ifndef TEST_DATA_DIR
#	define TEST_DATA_DIR "tests/data"
#endif

#define PATIENCE_S 240
#define TEXT_MAX   65536

static char text[TEXT_MAX];
static size_t length;

static void load(void)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/full.json", TEST_DATA_DIR);
	file = fopen(path, "re");
	ck_assert_msg(file != NULL, "cannot open %s", path);
	length = fread(text, 1, sizeof(text), file);
	ck_assert_int_eq(fclose(file), 0);
}

static unsigned int count_lines(const char *bytes, size_t size)
{
	unsigned int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += bytes[i] == '\n';
	return lines;
}

/*
 * Read exactly SIZE bytes, in memory of that size, so that a sanitizer sees
 * any step too far. Either there is a document or there are faults that can
 * be shown; never both, never neither.
 */
static int read_bytes(const char *bytes, size_t size)
{
	auto_arena struct arena arena = { 0 };
	struct oci_faults faults = { .arena = &arena };
	const struct oci_spec *spec = NULL;
	struct error err = { 0 };
	char *exact = malloc(size ? size : 1);
	int result;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, size);
	result = oci_read_spec(&arena, exact, size, "c", &faults, &spec, &err);
	free(exact);
	ck_assert_int_eq(result == 0, spec != NULL);
	ck_assert_int_eq(result == 0, faults.errors == 0);
	ck_assert(result == 0 || result == -EINVAL);
	ck_assert_int_eq(result < 0, *err.text != '\0');
	for (size_t i = 0; i < faults.count; i++) {
		const struct oci_fault *fault = &faults.items[i];

		ck_assert(fault->path && fault->text && *fault->text);
		ck_assert_uint_ge(fault->line, 1);
		ck_assert_uint_le(fault->line, count_lines(bytes, size));
		ck_assert(!i || fault[-1].line <= fault->line);
	}
	return result;
}

START_TEST(no_truncated_document_is_good)
{
	size_t end = length;

	while (text[end - 1] != '}')
		end--;
	ck_assert_int_eq(read_bytes(text, length), 0);
	for (size_t i = 0; i < end; i++)
		ck_assert_int_eq(read_bytes(text, i), -EINVAL);
}

END_TEST

/* Each byte, once changed to each of these in turn by position. */
START_TEST(any_byte_may_change)
{
	static const char bytes[] = "\"{}[],:0-9.eE\\/ nt\n\x01\x7f\xc3\xff";
	size_t good = 0;

	for (size_t i = 0; i < length; i++) {
		char before = text[i];

		for (size_t j = 0; j < 4; j++) {
			text[i] = bytes[(4 * i + j) % sizeof(bytes)];
			good += read_bytes(text, length) == 0;
		}
		text[i] = before;
	}
	ck_assert_uint_gt(good, 0);
}

END_TEST

START_TEST(any_byte_may_be_missing)
{
	static char copy[TEXT_MAX];

	for (size_t i = 0; i < length; i++) {
		memcpy(copy, text, i);
		memcpy(copy + i, text + i + 1, length - i - 1);
		read_bytes(copy, length - 1);
	}
}

END_TEST

/* What every value is replaced by: other types, and values at the edges. */
static const char *const replacements[] = {
	"null",
	"true",
	"0",
	"-1",
	"1.5",
	"4294967295",
	"18446744073709551615",
	"1e400",
	"\"\"",
	"\"x\"",
	"\"/\"",
	"[]",
	"[null]",
	"[[]]",
	"[{}]",
	"{}",
	"{\"\":null}",
	"{\"a\":{\"a\":{}}}",
};

/* Writes VALUE, but REPLACEMENT for the value that *LEFT counts down to. */
static void write_replaced(struct json_writer *w, const char *key,
                           const struct json_value *value, size_t *left,
                           const struct json_value *replacement)
{
	const struct json_value *child;
	bool is_object = value->type == JSON_OBJECT;

	if ((*left)-- == 0) {
		json_put_value(w, key, replacement);
		return;
	}
	if (!is_object && value->type != JSON_ARRAY) {
		json_put_value(w, key, value);
		return;
	}
	if (is_object)
		json_open_object(w, key);
	else
		json_open_array(w, key);
	for (child = value->first; child; child = child->next)
		write_replaced(w, child->key, child, left, replacement);
	if (is_object)
		json_close_object(w);
	else
		json_close_array(w);
}

static const struct json_value *parse(struct arena *arena, const char *source)
{
	const struct json_value *root = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(
		json_parse(arena, source, strlen(source), "t", &root, &err), 0);
	return root;
}

static size_t count_values(const struct json_value *value)
{
	const struct json_value *child = NULL;
	size_t count = 1;

	if (value->type == JSON_OBJECT || value->type == JSON_ARRAY)
		child = value->first;
	for (; child; child = child->next)
		count += count_values(child);
	return count;
}

START_TEST(any_value_may_be_another)
{
	auto_arena struct arena keep = { 0 };
	const struct json_value *root = parse(&keep, text);
	const struct json_value *other = parse(&keep, replacements[_i]);
	size_t count = count_values(root);

	ck_assert_uint_gt(count, 200);
	for (size_t n = 0; n < count; n++) {
		auto_arena struct arena arena = { 0 };
		struct json_writer w = { .buf.arena = &arena, .indent = "" };
		size_t left = n;

		write_replaced(&w, NULL, root, &left, other);
		read_bytes(w.buf.data, w.buf.length);
	}
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("oci robust");
	TCase *tcase = tcase_create("damage");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, PATIENCE_S);
	tcase_add_checked_fixture(tcase, load, NULL);
	tcase_add_test(tcase, no_truncated_document_is_good);
	tcase_add_test(tcase, any_byte_may_change);
	tcase_add_test(tcase, any_byte_may_be_missing);
	tcase_add_loop_test(tcase, any_value_may_be_another, 0,
	                    (int)ARRAY_SIZE(replacements));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
