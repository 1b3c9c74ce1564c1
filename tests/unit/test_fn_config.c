/* SPDX-License-Identifier: Apache-2.0 */
/* The config.json of a function, and tables for people. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fn/bundle_config.h"
#include "fn/policy.h"
#include "fn/table.h"
#include "oci/oci.h"

static struct arena arena;
static struct error err;

static void teardown(void)
{
	arena_release(&arena);
	arena = (struct arena){ 0 };
}

static const char *write_config(bool boost)
{
	static const char *const args[] = { "/var/task/bootstrap", NULL };
	static struct function function;
	struct bundle_config config = {
		.function = &function,
		.root_path = "/srv/root",
		.has_task = true,
		.args = args,
		.cwd = "/var/task",
	};

	function = (struct function){ .name = "hello", .version = "00" };
	policy_set_defaults(&function);
	function.memory_mb = 1769;
	function.tmp_mb = 64;
	ck_assert_int_eq(policy_check(&function, &err), 0);
	config.env = policy_environment(&arena, &function, NULL, NULL);
	return bundle_config_write(&arena, &config, boost);
}

static const struct oci_spec *read_config(bool boost)
{
	const char *text = write_config(boost);
	struct oci_faults faults = { .arena = &arena };
	const struct oci_spec *spec;

	ck_assert_int_eq(oci_read_spec(&arena, text, strlen(text), "test",
	                               &faults, &spec, &err),
	                 0);
	/* Not even a warning. */
	ck_assert_uint_eq(faults.count, 0);
	return spec;
}

START_TEST(a_config_has_the_limits_and_no_fault)
{
	const struct oci_spec *spec = read_config(false);

	ck_assert(spec->root->readonly);
	ck_assert(spec->process->no_new_privileges);
	ck_assert_uint_eq(spec->process->capabilities.bounding, 0);
	ck_assert_int_eq(spec->linux_->resources.memory.limit.value,
	                 (int64_t)1769 << 20);
	ck_assert_int_eq(spec->linux_->resources.memory.swap.value,
	                 (int64_t)1769 << 20);
	ck_assert_int_eq(spec->linux_->resources.cpu.quota.value, 100000);
}

END_TEST

/* Taken out of the text, the one is the other. */
START_TEST(the_boost_lacks_only_the_quota)
{
	const char *text = write_config(false);
	const char *boost = write_config(true);
	const char *cpu = strstr(text, ",\n\t\t\t\"cpu\": {");
	const char *end;

	ck_assert_ptr_nonnull(cpu);
	end = strchr(cpu, '}') + 1;
	ck_assert_str_eq(boost, arena_printf(&arena, "%.*s%s",
	                                     (int)(cpu - text), text, end));
	read_config(true);
}

END_TEST

START_TEST(a_table_has_columns_as_wide_as_their_cells)
{
	static const struct table_column columns[] = { { "NAME", false },
		                                       { "N", true },
		                                       { "LAST", false } };
	struct table table = { .arena = &arena,
		               .columns = columns,
		               .count = 3 };
	struct buf text = { .arena = &arena };
	static const char *const cells[] = { "a",     "100", "x",
		                             "abcde", "1",   "yyyyy" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cells); i++)
		table_add(&table, cells[i]);
	table_write(&table, &text);
	ck_assert_str_eq(buf_str(&text), "NAME     N  LAST\n"
	                                 "a      100  x\n"
	                                 "abcde    1  yyyyy\n");
	table.colour = true;
	text = (struct buf){ .arena = &arena };
	table_write(&table, &text);
	ck_assert_str_eq(buf_str(&text), "\033[1mNAME     N  LAST\033[0m\n"
	                                 "a      100  x\n"
	                                 "abcde    1  yyyyy\n");
	ck_assert(table_wants_colour(true, NULL, NULL));
	ck_assert(table_wants_colour(true, "", "xterm"));
	ck_assert(!table_wants_colour(true, "1", "xterm"));
	ck_assert(!table_wants_colour(true, NULL, "dumb"));
	ck_assert(!table_wants_colour(false, NULL, "xterm"));
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, NULL, teardown);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_config_has_the_limits_and_no_fault);
	tcase_add_test(tests, the_boost_lacks_only_the_quota);
	tcase_add_test(tests, a_table_has_columns_as_wide_as_their_cells);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
