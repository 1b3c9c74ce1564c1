/* SPDX-License-Identifier: Apache-2.0 */
/* Whole documents with faults: all of them, in order, and the error. */
#include "oci_rules.h"

/* Whole documents, and their faults as "LINE PATH: TEXT" lines. */
struct document_row {
	const char *text;
	const char *faults;
};

/* clang-format off */
static const struct document_row documents[] = {
	{ "[]", "1 : must be an object, not an array\n" },
	{ "null", "1 : must be an object, not null\n" },
	{ "{'a':\n1,}", "2 : " },
	{ "{}", "1 ociVersion: missing\n1 root: missing\n" },
	{ "{'ociVersion':'1.0.0',\n'root':{}}", "2 root.path: missing\n" },
	{ "{'ociVersion':'1.0.0',\n'root':{'path':''}}",
	  "2 root.path: must not be empty\n" },
	{ "{'ociVersion':'1.0.0','root':'/x'}",
	  "1 root: must be an object, not a string\n" },
	{ "{'ociVersion':'1.0.0','root':{'path':'x'}}", "" },
	{ "{'ociVersion':'1.99.3-rc.1+dev','root':{'path':'x'}}", "" },
	{ "{'ociVersion':'1.2.0+dev','root':{'path':'x'}}", "" },
	{ "{'ociVersion':'1.2.0-a','root':{'path':'x'}}", "" },
	{ "{'ociVersion':'2.0.0','root':{'path':'x'}}",
	  "1 ociVersion: '2.0.0' is not supported: "
	  "only 1.x.y versions are\n" },
	{ "{'ociVersion':'10.0.0','root':{'path':'x'}}",
	  "1 ociVersion: '10.0.0' is not supported: "
	  "only 1.x.y versions are\n" },
	{ "{'ociVersion':'1.0','root':{'path':'x'}}",
	  "1 ociVersion: '1.0' is not a version\n" },
	{ "{'ociVersion':'1.0.0-','root':{'path':'x'}}",
	  "1 ociVersion: '1.0.0-' is not a version\n" },
	{ "{'ociVersion':'1.0.0x','root':{'path':'x'}}",
	  "1 ociVersion: '1.0.0x' is not a version\n" },
	{ "{'ociVersion':'1.0.0-a_b','root':{'path':'x'}}",
	  "1 ociVersion: '1.0.0-a_b' is not a version\n" },
	{ "{'ociVersion':'v1.0.0','root':{'path':'x'}}",
	  "1 ociVersion: 'v1.0.0' is not a version\n" },
	{ "{'ociVersion':1,'root':{'path':'x'}}",
	  "1 ociVersion: must be a string, not a number\n" },
	/* Other faults of process are found without args and cwd, too. */
	{ "{'ociVersion':'1.0.0','root':{'path':'x'},\n'process':{\n"
	  "'env':['X'],\n'args':[]}}",
	  "2 process.cwd: missing\n3 process.env[0]: 'X' is not KEY=VALUE\n"
	  "4 process.args: must not be empty\n" },
	{ "{'ociVersion':'1.0.0','root':{'path':'x'},\n"
	  "'process':{'cwd':'a'}}",
	  "2 process.args: missing\n"
	  "2 process.cwd: 'a' is not an absolute path\n" },
	/* In the order of lines, whatever the order of the tables. */
	{ "{'linux':{'seccomp':{'flags':['X']},\n'uidMappings':1},\n"
	  "'mounts':[{'destination':'d'}],\n'root':{'path':'x','path':'y'},"
	  "\n'ociVersion':'1.0.0'}",
	  "1 linux.seccomp.flags[0]: unknown seccomp flag 'X'\n"
	  "2 linux.uidMappings: must be an array, not a number\n"
	  "~3 mounts[0].destination: 'd' is not absolute and is taken "
	  "from /\n"
	  "~4 root.path: the key stands here twice: the last one counts\n" },
	/* What was not decoded is not blamed again by the checks. */
	{ "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'args':['a'],"
	  "'cwd':'/','rlimits':[{'type':'X','soft':2,'hard':1},"
	  "{'type':'Y','soft':1,'hard':1},"
	  "{'type':'RLIMIT_AS','soft':1,'hard':'1'}]}}",
	  "1 process.rlimits[0].type: unknown resource limit 'X'\n"
	  "1 process.rlimits[1].type: unknown resource limit 'Y'\n"
	  "1 process.rlimits[2].hard: must be a number, not a string\n" },
	{ "{'ociVersion':'1.0.0','root':{'path':'x'},'linux':{'namespaces':["
	  "{'type':'x'},{'type':'y'}]}}",
	  "1 linux.namespaces[0].type: unknown namespace type 'x'\n"
	  "1 linux.namespaces[1].type: unknown namespace type 'y'\n" },
	/* Unknown capabilities are only worth a word, and only once. */
	{ "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'args':['a'],"
	  "'cwd':'/','capabilities':{'bounding':['CAP_X','CAP_KILL','kill'],"
	  "'effective':['CAP_X']}}}",
	  "~1 process.capabilities.bounding[0]: unknown capability 'CAP_X'\n"
	  "~1 process.capabilities.bounding[2]: unknown capability 'kill'\n" },
	/* Control characters do not reach a terminal. */
	{ "{'ociVersion':'1.0.0','root':{'path':'x'},'linux':{'sysctl':"
	  "{'\\u001b[31m':''}}}",
	  "1 linux.sysctl['\\u001b[31m']: does not belong to a "
	  "namespace of the container\n" },
};

/* clang-format on */

static const char *fault_lines(const struct oci_faults *faults)
{
	struct buf buf = { .arena = &arena };

	for (size_t i = 0; i < faults->count; i++)
		buf_printf(&buf, "%s%u %s: %s\n",
		           faults->items[i].warning ? "~" : "",
		           faults->items[i].line, faults->items[i].path,
		           faults->items[i].text);
	return buf_str(&buf);
}

/* A002 A037 A043 A044 A046 A054 */
START_TEST(every_fault_of_a_document_is_found)
{
	const struct document_row *row = &documents[_i];
	struct oci_faults faults = { .arena = &arena };
	const char *expected = unquote(row->faults);
	struct error err = { 0 };
	const char *lines;

	read_text(unquote(row->text), &faults, &err);
	lines = fault_lines(&faults);
	if (str_has_suffix(expected, ": "))
		ck_assert_msg(str_after(lines, expected) != NULL, "%s", lines);
	else
		ck_assert_str_eq(lines, expected);
}

END_TEST

START_TEST(the_error_names_the_first_fault_and_counts_the_rest)
{
	struct oci_faults faults = { .arena = &arena };
	struct error err = { 0 };

	read_text(unquote("{'mounts':[{'destination':'d'}],\n"
	                  "'process':{'args':['a'],'cwd':'/',\n"
	                  "'env':['A','B']}}"),
	          &faults, &err);
	ck_assert_str_eq(err.text, "c.json:1: ociVersion: missing "
	                           "(and 3 more; see `runf check`)");
	ck_assert_uint_eq(faults.errors, 4);
	ck_assert_uint_eq(faults.count, 5);
}

END_TEST

START_TEST(a_second_fault_is_counted)
{
	struct oci_faults faults = { .arena = &arena };
	struct error err = { 0 };

	read_text("{}", &faults, &err);
	ck_assert_str_eq(err.text, "c.json:1: ociVersion: missing "
	                           "(and 1 more; see `runf check`)");
}

END_TEST

START_TEST(a_warning_is_not_the_error)
{
	struct oci_faults faults = { .arena = &arena };
	struct error err = { 0 };

	read_text(unquote("{'ociVersion':'1.0.0','ociVersion':'1.0.0',\n"
	                  "'root':{}}"),
	          &faults, &err);
	ck_assert_uint_eq(faults.count, 2);
	ck_assert(faults.items[0].warning);
	ck_assert_str_eq(err.text, "c.json:2: root.path: missing");
}

END_TEST

/* A117 */
START_TEST(the_kernel_reads_340_mappings)
{
	struct buf text = { .arena = &arena };
	struct oci_faults good = { .arena = &arena };
	struct oci_faults bad = { .arena = &arena };
	struct error err = { 0 };
	const char *list;

	for (int i = 0; i < 340; i++)
		buf_printf(&text, "%s{'containerID':%d,'hostID':%d,'size':1}",
		           i ? "," : "", i, i);
	list = buf_str(&text);
	for (int more = 0; more < 2; more++) {
		const char *maps = arena_printf(
			&arena, "[%s%s]", list,
			more ? ",{'containerID':340,'hostID':340,'size':1}"
			     : "");

		read_text(unquote(arena_printf(
				  &arena,
				  "{'ociVersion':'1.0.0','root':{'path':'r'},"
				  "'linux':{'namespaces':[{'type':'user'}],"
				  "'uidMappings':%s,'gidMappings':[%s]}}",
				  maps, list)),
		          more ? &bad : &good, &err);
	}
	ck_assert_uint_eq(good.count, 0);
	ck_assert_uint_eq(bad.count, 1);
	ck_assert_str_eq(bad.items[0].path, "linux.uidMappings");
	ck_assert_str_eq(bad.items[0].text, "341 mappings are more than 340");
}

END_TEST

START_TEST(a_syntax_error_is_the_only_fault)
{
	struct oci_faults faults = { .arena = &arena };
	struct error err = { 0 };

	read_text("{\n\"root\": tru }", &faults, &err);
	ck_assert_uint_eq(faults.count, 1);
	ck_assert_uint_eq(faults.items[0].line, 2);
	ck_assert_str_eq(faults.items[0].path, "");
	ck_assert_ptr_nonnull(str_after(err.text, "c.json:2: lexical error"));
}

END_TEST

START_TEST(nobody_needs_to_collect_faults)
{
	const struct oci_spec *spec = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(oci_read_spec(&arena, "{}", 2, "c", NULL, &spec, &err),
	                 -EINVAL);
	ck_assert_ptr_null(spec);
	ck_assert_int_eq(oci_read_spec(&arena, "{}", 2, "c", NULL, &spec, NULL),
	                 -EINVAL);
}

END_TEST

START_TEST(the_number_of_faults_is_bounded)
{
	struct buf text = { .arena = &arena };
	struct oci_faults faults = { .arena = &arena };
	struct error err = { 0 };

	buf_add_str(&text, "{'process':{'env':[''");
	for (int i = 0; i < 100000; i++)
		buf_add_str(&text, ",''");
	buf_add_str(&text, "]},'mounts':[1");
	for (int i = 0; i < 100000; i++)
		buf_add_str(&text, ",1");
	buf_add_str(&text, "],'annotations':{'':''");
	for (int i = 0; i < 100000; i++)
		buf_add_str(&text, ",'':''");
	buf_add_str(&text, "}}");
	read_text(unquote(buf_str(&text)), &faults, &err);
	ck_assert_uint_eq(faults.errors, OCI_MAX_FAULTS);
	ck_assert_uint_eq(faults.count, 2 * OCI_MAX_FAULTS);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("oci faults");
	TCase *tcase = tcase_create("faults");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, release);
	ADD_LOOP(tcase, every_fault_of_a_document_is_found, documents);
	tcase_add_test(tcase,
	               the_error_names_the_first_fault_and_counts_the_rest);
	tcase_add_test(tcase, a_second_fault_is_counted);
	tcase_add_test(tcase, a_warning_is_not_the_error);
	tcase_add_test(tcase, the_kernel_reads_340_mappings);
	tcase_add_test(tcase, a_syntax_error_is_the_only_fault);
	tcase_add_test(tcase, nobody_needs_to_collect_faults);
	tcase_add_test(tcase, the_number_of_faults_is_bounded);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
