/* SPDX-License-Identifier: Apache-2.0 */
/* What is written: ids, the default config, features, state. */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "json/place.h"
#include "oci/oci.h"

#ifndef TEST_DATA_DIR
#	define TEST_DATA_DIR "tests/data"
#endif

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

static const char *load(const char *name)
{
	struct buf buf = { .arena = &arena };
	char path[PATH_MAX];
	char chunk[4096];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA_DIR, name);
	file = fopen(path, "re");
	ck_assert_msg(file != NULL, "cannot open %s", path);
	while ((length = fread(chunk, 1, sizeof(chunk), file)))
		buf_add(&buf, chunk, length);
	ck_assert_int_eq(fclose(file), 0);
	return buf_str(&buf);
}

static const struct oci_spec *read_spec(const char *text)
{
	const struct oci_spec *spec = NULL;
	struct oci_faults faults = { .arena = &arena };
	struct error err = { 0 };
	int result = oci_read_spec(&arena, text, strlen(text), "c", &faults,
	                           &spec, &err);

	ck_assert_msg(result == 0, "%s", err.text);
	ck_assert_msg(faults.count == 0, "%s: %s", faults.items[0].path,
	              faults.items[0].text);
	return spec;
}

static const struct json_value *parse(const char *text)
{
	const struct json_value *root = NULL;
	struct error err = { 0 };

	ck_assert_msg(json_parse(&arena, text, strlen(text), "t", &root,
	                         &err) == 0,
	              "%s", err.text);
	return root;
}

#define CAP(number) (UINT64_C(1) << (number))

static const char *const good_ids[] = { "a", "0", "A_b+c.d-e", "-a",
	                                "+", "_", "a..b" };
static const char *const bad_ids[] = { "",     ".",   "..",  ".a",
	                               "a/b",  "a b", "a\n", "\xc3\xa4",
	                               "a\\b", "a:b", "*",   "a\x7f" };

/* A017 */
START_TEST(good_ids_are_accepted)
{
	struct error err = { 0 };

	ck_assert_int_eq(oci_check_id(good_ids[_i], &err), 0);
}

END_TEST

/* A017 D021 */
START_TEST(bad_ids_are_refused)
{
	struct error err = { 0 };

	ck_assert_int_eq(oci_check_id(bad_ids[_i], &err), -EINVAL);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	for (const char *c = err.text; *c; c++)
		ck_assert_uint_ge((unsigned char)*c, ' ');
}

END_TEST

/* A017 D021 */
START_TEST(ids_are_bounded)
{
	struct error err = { 0 };
	char id[1026];

	memset(id, 'a', sizeof(id));
	id[1024] = '\0';
	ck_assert_int_eq(oci_check_id(id, &err), 0);
	id[1024] = 'a';
	id[1025] = '\0';
	ck_assert_int_eq(oci_check_id(id, &err), -EINVAL);
}

END_TEST

/* C060 */
START_TEST(the_default_config_is_good)
{
	const char *text = oci_default_config(&arena, false, 0, 0);
	const struct oci_spec *spec = read_spec(text);

	ck_assert_str_eq(text, load("default.json"));
	ck_assert_str_eq(spec->process->args.items[0], "sh");
	ck_assert(spec->process->terminal && spec->root->readonly);
	ck_assert_uint_eq(spec->process->capabilities.bounding,
	                  CAP(5) | CAP(10) | CAP(29));
	ck_assert_uint_eq(spec->process->capabilities.inheritable, 0);
	ck_assert_uint_eq(spec->process->capabilities.ambient, 0);
	ck_assert_uint_eq(spec->mounts_count, 7);
	ck_assert_uint_eq(spec->linux_->namespaces_count, 6);
	ck_assert_uint_eq(spec->linux_->resources.devices_count, 1);
	ck_assert_uint_eq(spec->process->rlimits[0].hard, 1024);
	ck_assert_str_eq(spec->hostname, "runf");
}

END_TEST

/* B075 */
START_TEST(the_rootless_config_is_good)
{
	const char *text = oci_default_config(&arena, true, 1000, 1001);
	const struct oci_spec *spec = read_spec(text);
	const struct oci_linux *l = spec->linux_;

	ck_assert_ptr_nonnull(oci_find_namespace(spec, CLONE_NEWUSER));
	ck_assert_ptr_null(oci_find_namespace(spec, CLONE_NEWNET));
	ck_assert_uint_eq(l->uid_mappings.items[0].host_id, 1000);
	ck_assert_uint_eq(l->gid_mappings.items[0].host_id, 1001);
	ck_assert_uint_eq(l->gid_mappings.items[0].size, 1);
	ck_assert(!l->resources.set);
	ck_assert_ptr_null(strstr(text, "gid=5"));
	ck_assert_str_eq(spec->mounts[5].source, "/sys");
	ck_assert_str_eq(spec->mounts[5].options.items[0], "rbind");
}

END_TEST

static size_t count(const struct json_value *root, const char *path)
{
	const struct json_value *value = json_find(root, path);

	ck_assert_int_eq(value->type, JSON_ARRAY);
	return value->length;
}

static bool is_true(const struct json_value *root, const char *path)
{
	const struct json_value *value = json_find(root, path);

	ck_assert_msg(value->type == JSON_BOOL, "%s", path);
	return value->boolean;
}

static const char *string(const struct json_value *root, const char *path)
{
	const struct json_value *value = json_find(root, path);

	ck_assert_msg(value->type == JSON_STRING, "%s", path);
	return value->text;
}

/* A210 A211 A213 A214 A215 A216 A217 A220 A222 A223 */
START_TEST(features_say_what_there_is)
{
	static const char *const options[] = { "ro", "idmap", NULL };
	struct oci_feature_facts facts = {
		.version = "9.8",
		.commit = "abc",
		.libseccomp_version = "2.5.4",
		.mount_options = options,
		.systemd = true,
		.checkpoint = true,
		.net_devices = true,
	};
	const struct json_value *f = parse(oci_features(&arena, &facts));

	ck_assert_str_eq(string(f, "ociVersionMin"), "1.0.0");
	ck_assert_str_eq(string(f, "ociVersionMax"), "1.3.0");
	ck_assert_uint_eq(count(f, "hooks"), 6);
	ck_assert_str_eq(string(f, "mountOptions[1]"), "idmap");
	ck_assert_uint_eq(count(f, "linux.namespaces"), 8);
	ck_assert_uint_eq(count(f, "linux.capabilities"), 41);
	ck_assert(is_true(f, "linux.cgroup.v1") &&
	          is_true(f, "linux.cgroup.v2"));
	ck_assert(is_true(f, "linux.cgroup.systemd"));
	ck_assert(is_true(f, "linux.seccomp.enabled"));
	ck_assert_uint_eq(count(f, "linux.seccomp.actions"), 9);
	ck_assert_uint_eq(count(f, "linux.seccomp.operators"), 7);
	ck_assert_uint_ge(count(f, "linux.seccomp.archs"), 19);
	ck_assert_uint_eq(count(f, "linux.seccomp.supportedFlags"), 4);
	ck_assert(is_true(f, "linux.mountExtensions.idmap.enabled"));
	ck_assert(is_true(f, "linux.apparmor.enabled"));
	ck_assert(is_true(f, "linux.selinux.enabled"));
	ck_assert(is_true(f, "linux.netDevices.enabled"));
	ck_assert_str_eq(string(f, "annotations[\"io.runf.version\"]"), "9.8");
	ck_assert_str_eq(string(f,
	                        "annotations[\"io.runf.checkpoint.enabled\"]"),
	                 "true");
	ck_assert_uint_gt(count(f, "potentiallyUnsafeConfigAnnotations"), 0);
}

END_TEST

/* A224 */
START_TEST(features_keep_silent_about_what_is_unknown)
{
	struct oci_feature_facts facts = { .version = "1" };
	const struct json_value *f = parse(oci_features(&arena, &facts));

	ck_assert(!is_true(f, "linux.seccomp.enabled"));
	ck_assert_ptr_null(json_get(f, "mountOptions"));
	ck_assert_ptr_null(json_get(json_find(f, "linux.seccomp"), "actions"));
	ck_assert_uint_eq(json_find(f, "annotations")->length, 3);
}

END_TEST

/* B103 */
START_TEST(the_state_document_is_in_order)
{
	struct oci_pair pairs[] = { { "a.b", "c" }, { "d", "/e" } };
	struct oci_map annotations = { pairs, 2 };
	struct oci_state state = {
		.id = "id",
		.status = "running",
		.pid = 7,
		.bundle = "/b",
		.rootfs = "/b/r",
		.created = "2026-01-02T03:04:05Z",
		.owner = "root",
		.annotations = &annotations,
	};
	struct json_writer w = { .buf.arena = &arena, .indent = "" };

	oci_write_state(&w, NULL, &state);
	ck_assert_str_eq(buf_str(&w.buf),
	                 "{\"ociVersion\":\"1.3.0\",\"id\":\"id\",\"pid\":7,"
	                 "\"status\":\"running\",\"bundle\":\"/b\","
	                 "\"rootfs\":\"/b/r\","
	                 "\"created\":\"2026-01-02T03:04:05Z\","
	                 "\"owner\":\"root\","
	                 "\"annotations\":{\"a.b\":\"c\",\"d\":\"/e\"}}");
}

END_TEST

/* A025 A027 */
START_TEST(the_state_document_leaves_out_what_is_not_there)
{
	struct oci_map none = { NULL, 0 };
	struct oci_state state = {
		.id = "id",
		.status = "stopped",
		.bundle = "/b",
		.annotations = &none,
	};
	struct json_writer w = { .buf.arena = &arena, .indent = "" };

	json_open_object(&w, NULL);
	oci_write_state(&w, "state", &state);
	json_close_object(&w);
	ck_assert_str_eq(buf_str(&w.buf),
	                 "{\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"id\","
	                 "\"pid\":0,\"status\":\"stopped\","
	                 "\"bundle\":\"/b\"}}");
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("oci write");
	TCase *tcase = tcase_create("write");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, release);
	tcase_add_loop_test(tcase, good_ids_are_accepted, 0,
	                    (int)ARRAY_SIZE(good_ids));
	tcase_add_loop_test(tcase, bad_ids_are_refused, 0,
	                    (int)ARRAY_SIZE(bad_ids));
	tcase_add_test(tcase, ids_are_bounded);
	tcase_add_test(tcase, the_default_config_is_good);
	tcase_add_test(tcase, the_rootless_config_is_good);
	tcase_add_test(tcase, features_say_what_there_is);
	tcase_add_test(tcase, features_keep_silent_about_what_is_unknown);
	tcase_add_test(tcase, the_state_document_is_in_order);
	tcase_add_test(tcase, the_state_document_leaves_out_what_is_not_there);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
