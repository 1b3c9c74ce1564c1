/* SPDX-License-Identifier: Apache-2.0 */
/* What containerd says when it starts a shim, as it stands on the wire. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/bootstrap.h"
#include "shim/options.h"

static struct arena arena;
static char logged[1024];

static void emit(void *context, enum log_level level, const char *text)
{
	(void)context;
	ck_assert_int_eq(level, LOG_LEVEL_WARNING);
	strcat(strcat(logged, text), "\n");
}

static const struct log log_sink = { .level = LOG_LEVEL_DEBUG, .emit = emit };

static void begin(void)
{
	logged[0] = '\0';
}

static void end(void)
{
	arena_release(&arena);
}

/* A literal with NULs in it, without the last one. */
#define BYTES(literal)                       \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

#define RUNC   "containerd.runc.v1.Options"
#define CONFIG "runtimeoptions.v1.Options"

static struct shim_options read_bytes(const char *type,
                                      struct ttrpc_bytes bytes)
{
	struct shim_options options;
	struct error err = { 0 };

	ck_assert_msg(options_read(&arena, type, bytes, &log_sink, &options,
	                           &err) == 0,
	              "%s", err.text);
	return options;
}

START_TEST(no_options_are_the_defaults)
{
	struct ttrpc_bytes none = { NULL, 0 };
	const char *const empty[] = { "", RUNC, CONFIG };
	struct shim_options o = read_bytes(empty[_i], none);

	ck_assert(!o.no_pivot && !o.no_new_keyring && !o.systemd_cgroup);
	ck_assert(!o.shared);
	ck_assert_ptr_null(o.shim_cgroup);
	ck_assert_ptr_null(o.root);
	ck_assert_ptr_null(o.criu);
	ck_assert_ptr_null(o.criu_image_path);
	ck_assert_ptr_null(o.criu_work_path);
	ck_assert_uint_eq(o.io_uid, (uid_t)-1);
	ck_assert_uint_eq(o.io_gid, (gid_t)-1);
	ck_assert_str_eq(logged, "");
}

END_TEST

/* Fields of containerd.runc.v1.Options, and one that nobody knows. */
static const struct ttrpc_bytes runc_bytes =
	BYTES("\x08\x01"          /* 1 no_pivot_root */
              "\x10\x01"          /* 2 no_new_keyring */
              "\x1a\x05/shim"     /* 3 shim_cgroup */
              "\x20\xe8\x07"      /* 4 io_uid: 1000 */
              "\x28\xe9\x07"      /* 5 io_gid: 1001 */
              "\x32\x08/bin/foo"  /* 6 binary_name */
              "\x3a\x05/root"     /* 7 root */
              "\x42\x05/criu"     /* 8 criu_path */
              "\x48\x01"          /* 9 systemd_cgroup */
              "\x52\x04/img"      /* 10 criu_image_path */
              "\x5a\x05/work"     /* 11 criu_work_path */
              "\xa2\x06\x03new"); /* 100 */

START_TEST(options_of_runc_are_understood)
{
	static const char *const types[] = {
		RUNC,
		"type.googleapis.com/" RUNC,
		"types.containerd.io/" RUNC,
	};
	struct shim_options o = read_bytes(types[_i], runc_bytes);

	ck_assert(o.no_pivot && o.no_new_keyring && o.systemd_cgroup);
	ck_assert_str_eq(o.shim_cgroup, "/shim");
	ck_assert_uint_eq(o.io_uid, 1000);
	ck_assert_uint_eq(o.io_gid, 1001);
	ck_assert_str_eq(o.root, "/root");
	ck_assert_str_eq(o.criu, "/criu");
	ck_assert_str_eq(o.criu_image_path, "/img");
	ck_assert_str_eq(o.criu_work_path, "/work");
	ck_assert_ptr_nonnull(strstr(logged, "BinaryName \"/bin/foo\""));
}

END_TEST

/* runtimeoptions.v1.Options with a path and a body, each up to 127 bytes. */
static struct ttrpc_bytes config(const char *path, const char *body)
{
	static char bytes[2048];
	size_t path_size = strlen(path);
	size_t body_size = strlen(body);
	char *to = bytes;

	ck_assert_uint_lt(path_size, 128);
	if (path_size) {
		*to++ = 0x12;
		*to++ = (char)path_size;
		to = mempcpy(to, path, path_size);
	}
	*to++ = 0x1a;
	*to++ = (char)((body_size & 0x7f) | 0x80);
	*to++ = (char)(body_size >> 7);
	to = mempcpy(to, body, body_size);
	return (struct ttrpc_bytes){ bytes, (size_t)(to - bytes) };
}

START_TEST(a_table_of_toml_is_understood)
{
	struct ttrpc_bytes bytes =
		config("", "# as containerd writes it\r\n"
	                   "[plugins.\"x y\".options]\n"
	                   "  SystemdCgroup = true   # a comment\n"
	                   "\tNoPivotRoot=true\n"
	                   "\"NoNewKeyring\" = true\n"
	                   "Shared = true\n"
	                   "ShimCgroup = '/sh\\im'\r\n"
	                   "Root = \"/a\\t\\\"\\u00e4\\U0001F600\\\\\"\n"
	                   "IoUid = +1000\n"
	                   "IoGid = 0\n"
	                   "CriuImagePath = \"\"\n"
	                   "CriuWorkPath = '/work'\n"
	                   "CriuPath = '/criu'\n"
	                   "BinaryName = 'foo'\n"
	                   "Novelty = [ 1, 2.5 ] # \n"
	                   "\n"
	                   "a.b = 1979-05-27");
	struct shim_options o = read_bytes(CONFIG, bytes);

	ck_assert(o.no_pivot && o.no_new_keyring && o.systemd_cgroup);
	ck_assert(o.shared);
	ck_assert_str_eq(o.shim_cgroup, "/sh\\im");
	ck_assert_str_eq(o.root, "/a\t\"\xc3\xa4\xf0\x9f\x98\x80\\");
	ck_assert_uint_eq(o.io_uid, 1000);
	ck_assert_uint_eq(o.io_gid, 0);
	ck_assert_ptr_null(o.criu_image_path);
	ck_assert_str_eq(o.criu_work_path, "/work");
	ck_assert_str_eq(o.criu, "/criu");
	ck_assert_ptr_nonnull(strstr(logged, "BinaryName \"foo\""));
	ck_assert_ptr_nonnull(strstr(
		logged, "runtime options:15: unknown key \"Novelty\"\n"));
	ck_assert_ptr_nonnull(
		strstr(logged, "runtime options:17: unknown key \"a.b\"\n"));
}

END_TEST

static const struct {
	const char *toml;
	const char *text;
} toml_faults[] = {
	{ "\nSystemdCgroup = 1", "options:2: SystemdCgroup: has to be true" },
	{ "SystemdCgroup = \"true\"", ":1: SystemdCgroup: has to be true" },
	{ "SystemdCgroup = True", ":1: SystemdCgroup: has to be true" },
	{ "Root = true", ":1: Root: has to be a text" },
	{ "Root = /run", ":1: Root: has to be a text" },
	{ "IoUid = \"1\"", ":1: IoUid: has to be a whole number" },
	{ "IoUid = 1.0", ":1: IoUid: has to be a whole number" },
	{ "IoUid = 01", ":1: IoUid: has to be a whole number" },
	{ "IoUid = -1", ":1: IoUid: is no id" },
	{ "IoUid = 4294967295", ":1: IoUid: is no id" },
	{ "IoUid = 99999999999999999999", ":1: IoUid: has to be" },
	{ "Root = 'a'\nRoot = 'b'", ":2: Root: stands here twice" },
	{ "Root = 'a' 'b'", ":1: something stands behind" },
	{ "Root = 'a", ":1: a text does not end" },
	{ "Root = \"a\\", ":1: unknown escape" },
	{ "Root = \"\\q\"", ":1: unknown escape" },
	{ "Root = \"\\u0000\"", ":1: unknown escape" },
	{ "Root = \"\\ud800\"", ":1: unknown escape" },
	{ "Root = \"\\u12\"", ":1: unknown escape" },
	{ "Root = \"\\U00110000\"", ":1: unknown escape" },
	{ "Root = \"\xff\"", ":1: a text is not UTF-8" },
	{ "Root = '\x01'", ":1: control character" },
	{ "Root = \"\"\"a\"\"\"", ":1: texts of several lines" },
	{ "Root =", ":1: no value" },
	{ "Root", ":1: expected \"=\"" },
	{ "= 1", ":1: expected a key" },
	{ "[a]\n[b]", ":2: more than one table" },
	{ "[a", ":1: the name of a table" },
	{ "[[a]]", ":1: something stands behind" },
	{ "a = tr\x02ue", ":1: control character" },
};

START_TEST(a_fault_in_toml_is_told_with_its_line)
{
	struct shim_options options = { .root = "as before" };
	struct error err = { 0 };

	ck_assert_int_eq(options_read(&arena, CONFIG,
	                              config("", toml_faults[_i].toml), NULL,
	                              &options, &err),
	                 -EINVAL);
	ck_assert_int_eq(err.kind, ERROR_CONFIG);
	ck_assert_msg(strstr(err.text, toml_faults[_i].text),
	              "\"%s\" lacks \"%s\"", err.text, toml_faults[_i].text);
	ck_assert_str_eq(options.root, "as before");
}

END_TEST

static char path[64];

static void write_file(const char *text, size_t size)
{
	int fd;

	strcpy(path, "/tmp/runf-test-options-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
	close(fd);
}

START_TEST(options_may_stand_in_a_file_and_the_body_goes_before)
{
	static const char text[] = "Root = '/file'\nSystemdCgroup = true\n";
	struct shim_options o;

	write_file(text, strlen(text));
	o = read_bytes(CONFIG, config(path, "Root = '/body'"));
	unlink(path);
	ck_assert_str_eq(o.root, "/body");
	ck_assert(o.systemd_cgroup);
}

END_TEST

START_TEST(a_fault_in_a_file_names_the_file)
{
	struct shim_options options;
	struct error err;
	char wanted[128];

	write_file("\n\nRoot = 1", 10);
	ck_assert_int_lt(options_read(&arena, CONFIG, config(path, ""), NULL,
	                              &options, &err),
	                 0);
	unlink(path);
	snprintf(wanted, sizeof(wanted), "%s:3: Root: ", path);
	ck_assert_ptr_nonnull(strstr(err.text, wanted));
}

END_TEST

START_TEST(a_file_that_is_missing_or_too_long_or_a_fifo_is_an_error)
{
	static char much[70000];
	static const int results[] = { -ENOENT, -EOVERFLOW, -EINVAL };
	struct shim_options options;
	struct error err;

	memset(much, '\n', sizeof(much));
	write_file(much, sizeof(much));
	if (_i != 1)
		unlink(path);
	if (_i == 2)
		ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(options_read(&arena, CONFIG, config(path, ""), NULL,
	                              &options, &err),
	                 results[_i]);
	unlink(path);
	ck_assert_ptr_nonnull(strstr(err.text, path));
}

END_TEST

static const struct {
	const char *type;
	struct ttrpc_bytes bytes;
	int result;
	enum error_kind kind;
} faults[] = {
	{ "containerd.runc.v2.Options",
	  { NULL, 0 },
	  -EOPNOTSUPP,
	  ERROR_UNSUPPORTED },
	{ "x" RUNC, { NULL, 0 }, -EOPNOTSUPP, ERROR_UNSUPPORTED },
	{ RUNC, BYTES("\x1a\x7f/shim"), -EBADMSG, ERROR_USAGE },
	{ CONFIG, BYTES("\xff\xff\xff"), -EBADMSG, ERROR_USAGE },
};

START_TEST(what_is_not_understood_is_refused)
{
	struct shim_options options;
	struct error err;

	ck_assert_int_eq(options_read(&arena, faults[_i].type, faults[_i].bytes,
	                              NULL, &options, &err),
	                 faults[_i].result);
	ck_assert_int_eq(err.kind, faults[_i].kind);
	ck_assert_ptr_nonnull(strstr(err.text, faults[_i].type));
}

END_TEST

/* ---- bootstrap */

static struct bootstrap read_start(struct ttrpc_bytes bytes)
{
	struct bootstrap bootstrap;
	struct error err = { 0 };

	ck_assert_msg(bootstrap_read(&arena, bytes, "web1", "k8s.io",
	                             &bootstrap, &err) == 0,
	              "%s", err.text);
	return bootstrap;
}

START_TEST(nothing_may_be_said)
{
	struct bootstrap b = read_start((struct ttrpc_bytes){ NULL, 0 });

	ck_assert(!b.has_params);
	ck_assert_str_eq(b.type, "");
	ck_assert_uint_eq(b.options.size, 0);
	ck_assert_ptr_null(b.socket_dir);
	ck_assert_ptr_null(b.address);
	ck_assert_int_eq(b.level, LOG_LEVEL_INFO);
}

END_TEST

/* google.protobuf.Any */
#define ANY "\x0a\x1a" RUNC "\x12\x02\x48\x01"

START_TEST(before_containerd_2_3_it_is_the_options)
{
	struct ttrpc_bytes bytes = BYTES(ANY);
	struct bootstrap b = read_start(bytes);

	ck_assert(!b.has_params);
	ck_assert_str_eq(b.type, RUNC);
	ck_assert(read_bytes(b.type, b.options).systemd_cgroup);
}

END_TEST

/* containerd.runtime.bootstrap.v1.BootstrapParams */
#define IDS   "\x0a\x04web1\x12\x06k8s.io"
#define DEBUG "\x18\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x01"
#define OTHER                      \
	"\x42\x07\x0a\x05\x0a\x03" \
	"cri" /* an extension's Any */

START_TEST(since_containerd_2_3_it_is_parameters)
{
	struct ttrpc_bytes bytes = BYTES(
		IDS DEBUG "\x22\x05"
			  "2.4.0"                       /* 4 version */
			  "\x2a\x11unix:///run/c.sck"   /* 5 ttrpc address */
			  "\x32\x06/run/g"              /* 6 grpc address */
			  "\x3a\x0f/bin/containerd"     /* 7 binary */
		OTHER "\x42\x22\x0a\x20" ANY            /* 8 extensions */
			  "\x4a\x11/run/containerd/s"); /* 9 socket_dir */
	struct bootstrap b = read_start(bytes);

	ck_assert(b.has_params);
	ck_assert_int_eq(b.level, LOG_LEVEL_DEBUG);
	ck_assert_str_eq(b.address, "/run/c.sck");
	ck_assert_str_eq(b.socket_dir, "/run/containerd/s");
	ck_assert_str_eq(b.type, RUNC);
	ck_assert(read_bytes(b.type, b.options).systemd_cgroup);
}

END_TEST

START_TEST(parameters_may_have_no_options)
{
	struct ttrpc_bytes bytes = BYTES(IDS OTHER "\x42\x00");
	struct bootstrap b = read_start(bytes);

	ck_assert(b.has_params);
	ck_assert_str_eq(b.type, "");
	ck_assert_ptr_null(b.address);
	ck_assert_ptr_null(b.socket_dir);
}

END_TEST

static const struct {
	struct ttrpc_bytes bytes;
	enum log_level level;
} levels[] = {
	{ BYTES(IDS "\x18\xf8\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  LOG_LEVEL_DEBUG },
	{ BYTES(IDS DEBUG), LOG_LEVEL_DEBUG },
	{ BYTES(IDS), LOG_LEVEL_INFO },
	{ BYTES(IDS "\x18\x01"), LOG_LEVEL_INFO },
	{ BYTES(IDS "\x18\x04"), LOG_LEVEL_WARNING },
	{ BYTES(IDS "\x18\x08"), LOG_LEVEL_ERROR },
	{ BYTES(IDS "\x18\x0c"), LOG_LEVEL_ERROR },
};

START_TEST(levels_are_the_nearest_that_there_are)
{
	ck_assert_int_eq(read_start(levels[_i].bytes).level, levels[_i].level);
}

END_TEST

START_TEST(noise_is_no_start)
{
	struct ttrpc_bytes bytes = BYTES("\x0a\x7fshort");
	struct bootstrap bootstrap;
	struct error err;

	ck_assert_int_eq(bootstrap_read(&arena, bytes, "web1", "k8s.io",
	                                &bootstrap, &err),
	                 -EBADMSG);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
}

END_TEST

#define ADDRESS "unix:///run/containerd/s/ab"

static const struct {
	bool has_params;
	const char *max_version;
	struct ttrpc_bytes answer;
} answers[] = {
	{ false, NULL, BYTES(ADDRESS) },
	{ false, "2",
	  BYTES("{\"version\":2,\"address\":\"" ADDRESS
	        "\",\"protocol\":\"ttrpc\"}") },
	{ true, "2", BYTES("\x08\x03\x12\x1b" ADDRESS "\x1a\x05ttrpc") },
	{ true, NULL, BYTES("\x08\x03\x12\x1b" ADDRESS "\x1a\x05ttrpc") },
};

START_TEST(each_containerd_gets_an_answer_that_it_understands)
{
	const struct bootstrap bootstrap = {
		.has_params = answers[_i].has_params,
	};
	struct ttrpc_bytes answer = bootstrap_answer(
		&arena, &bootstrap, answers[_i].max_version, ADDRESS);

	ck_assert_uint_eq(answer.size, answers[_i].answer.size);
	ck_assert_mem_eq(answer.data, answers[_i].answer.data, answer.size);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("shim_options");
	TCase *tcase = tcase_create("options");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, no_options_are_the_defaults, 0, 3);
	tcase_add_loop_test(tcase, options_of_runc_are_understood, 0, 3);
	tcase_add_test(tcase, a_table_of_toml_is_understood);
	tcase_add_loop_test(tcase, a_fault_in_toml_is_told_with_its_line, 0,
	                    sizeof(toml_faults) / sizeof(toml_faults[0]));
	tcase_add_test(tcase,
	               options_may_stand_in_a_file_and_the_body_goes_before);
	tcase_add_test(tcase, a_fault_in_a_file_names_the_file);
	tcase_add_loop_test(
		tcase, a_file_that_is_missing_or_too_long_or_a_fifo_is_an_error,
		0, 3);
	tcase_add_loop_test(tcase, what_is_not_understood_is_refused, 0,
	                    sizeof(faults) / sizeof(faults[0]));
	tcase_add_test(tcase, nothing_may_be_said);
	tcase_add_test(tcase, before_containerd_2_3_it_is_the_options);
	tcase_add_test(tcase, since_containerd_2_3_it_is_parameters);
	tcase_add_test(tcase, parameters_may_have_no_options);
	tcase_add_loop_test(tcase, levels_are_the_nearest_that_there_are, 0,
	                    sizeof(levels) / sizeof(levels[0]));
	tcase_add_test(tcase, noise_is_no_start);
	tcase_add_loop_test(tcase,
	                    each_containerd_gets_an_answer_that_it_understands,
	                    0, sizeof(answers) / sizeof(answers[0]));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
