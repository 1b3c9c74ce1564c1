/* SPDX-License-Identifier: Apache-2.0 */
/* What init becomes: environment, capabilities, ids, labels. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "plan/decide.h"

#define CAP(number) (UINT64_C(1) << (number))

struct input {
	struct arena arena;
	const char *args[1];
	const char *env[8];
	struct oci_process process;
	struct facts facts;
	struct plan_options options;
	struct plan_process *out;
	struct error err;
};

static void input_init(struct input *in)
{
	memset(in, 0, sizeof(*in));
	in->args[0] = "sh";
	in->process.args.items = in->args;
	in->process.args.count = 1;
	in->process.env.items = in->env;
	in->process.cwd = "/";
	in->facts.last_cap = 40;
}

static void set_env(struct input *in, const char *const *env)
{
	for (; *env; env++)
		in->env[in->process.env.count++] = *env;
}

static int decide(struct input *in)
{
	return plan_process(&in->arena, &in->process, &in->facts, &in->options,
	                    &in->out, &in->err);
}

struct env_row {
	const char *env[6];
	uint32_t listen_fds;
	const char *out[8];
	int home_slot;
	const char *search_path;
};

#define DEFAULT_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* clang-format off */
static const struct env_row env_rows[] = {
	{ { "A=1", "HOME=/h", "PATH=/bin" }, 0,
	  { "A=1", "HOME=/h", "PATH=/bin" }, -1, "/bin" },
	{ { "A=1", "B=2", "A=3" }, 0,
	  { "A=3", "B=2", "HOME=" }, 2, DEFAULT_PATH },
	{ { "HOME=/a", "B=2", "HOME=/b" }, 0,
	  { "HOME=/b", "B=2" }, -1, DEFAULT_PATH },
	{ { "HOME=", "B=2" }, 0,
	  { "HOME=", "B=2" }, 0, DEFAULT_PATH },
	{ { "PATH=/a", "PATH=", "HOME=/" }, 0,
	  { "PATH=", "HOME=/" }, -1, DEFAULT_PATH },
	{ { "AB=1", "A=2", "HOME=/" }, 0,
	  { "AB=1", "A=2", "HOME=/" }, -1, DEFAULT_PATH },
	{ { "A=", "A=x=y", "HOME=/" }, 0,
	  { "A=x=y", "HOME=/" }, -1, DEFAULT_PATH },
	{ { NULL }, 0, { "HOME=" }, 0, DEFAULT_PATH },
	{ { "LISTEN_FDS=9", "HOME=/" }, 2,
	  { "LISTEN_FDS=2", "HOME=/", "LISTEN_PID=1" }, -1, DEFAULT_PATH },
};

/* clang-format on */

/* A044 A045 B094 */
START_TEST(the_last_of_a_name_wins_in_the_place_of_the_first)
{
	const struct env_row *row = &env_rows[_i];
	struct input in;
	size_t i;

	input_init(&in);
	set_env(&in, row->env);
	in.options.listen_fds = row->listen_fds;
	ck_assert_int_eq(decide(&in), 0);
	for (i = 0; row->out[i]; i++)
		ck_assert_pstr_eq(in.out->env[i], row->out[i]);
	ck_assert_ptr_null(in.out->env[i]);
	ck_assert_int_eq(in.out->home_slot, row->home_slot);
	ck_assert_str_eq(in.out->search_path, row->search_path);
	arena_release(&in.arena);
}

END_TEST

/* C059 */
START_TEST(ten_thousand_variables_are_all_there)
{
	enum {
		COUNT = 10000
	};

	static const char *many[2 * COUNT];
	struct input in;
	size_t i;

	input_init(&in);
	for (i = 0; i < 2 * COUNT; i++)
		many[i] = arena_printf(&in.arena, "V%zu=%zu", i % COUNT, i);
	in.process.env.items = many;
	in.process.env.count = 2 * COUNT;
	ck_assert_int_eq(decide(&in), 0);
	for (i = 0; i < COUNT; i++)
		ck_assert_str_eq(in.out->env[i], many[COUNT + i]);
	ck_assert_str_eq(in.out->env[COUNT], "HOME=");
	ck_assert_ptr_null(in.out->env[COUNT + 1]);
	arena_release(&in.arena);
}

END_TEST

/* A056 */
START_TEST(capabilities_end_where_the_kernel_ends)
{
	struct input in;

	input_init(&in);
	in.facts.last_cap = 5;
	in.process.capabilities.bounding = CAP(5) | CAP(6) | CAP(0);
	in.process.capabilities.permitted = CAP(5) | CAP(40);
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_uint_eq(in.out->caps.bounding, CAP(5) | CAP(0));
	ck_assert_uint_eq(in.out->caps.permitted, CAP(5));
	ck_assert_int_eq(in.out->caps.last, 5);
	arena_release(&in.arena);
}

END_TEST

/* A056 */
START_TEST(the_whole_set_of_a_kernel_with_64_capabilities_is_kept)
{
	struct input in;

	input_init(&in);
	in.facts.last_cap = 63;
	in.process.capabilities.bounding = UINT64_MAX;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_uint_eq(in.out->caps.bounding, UINT64_MAX);
	arena_release(&in.arena);
}

END_TEST

/* A055 */
START_TEST(no_set_exceeds_what_it_builds_upon)
{
	struct input in;

	input_init(&in);
	in.process.capabilities.permitted = CAP(1) | CAP(2);
	in.process.capabilities.effective = CAP(2) | CAP(3);
	in.process.capabilities.inheritable = CAP(1) | CAP(4);
	in.process.capabilities.ambient = CAP(1) | CAP(2) | CAP(4);
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_uint_eq(in.out->caps.effective, CAP(2));
	ck_assert_uint_eq(in.out->caps.inheritable, CAP(1) | CAP(4));
	ck_assert_uint_eq(in.out->caps.ambient, CAP(1));
	arena_release(&in.arena);
}

END_TEST

/* A049 A050 */
START_TEST(a_silent_user_gets_the_usual_umask_and_no_groups)
{
	struct input in;

	input_init(&in);
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_uint_eq(in.out->umask, 0022);
	ck_assert_uint_eq(in.out->groups_count, 0);
	ck_assert(!in.out->keep_groups);
	arena_release(&in.arena);
}

END_TEST

START_TEST(user_limits_and_size_are_taken_over)
{
	static uint32_t groups[] = { 7, 8 };
	static struct oci_rlimit limits[] = {
		{ RLIMIT_NOFILE, "RLIMIT_NOFILE", 10, UINT64_MAX },
	};
	struct input in;

	input_init(&in);
	in.process.user.uid = 1;
	in.process.user.gid = 2;
	in.process.user.umask = (struct opt_u32){ true, 0 };
	in.process.user.additional_gids = groups;
	in.process.user.additional_gids_count = 2;
	in.process.rlimits = limits;
	in.process.rlimits_count = 1;
	in.process.terminal = true;
	in.process.console_size.height = 24;
	in.process.console_size.width = 80;
	in.options.listen_fds = 2;
	in.options.preserve_fds = 3;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_uint_eq(in.out->uid, 1);
	ck_assert_uint_eq(in.out->gid, 2);
	ck_assert_uint_eq(in.out->umask, 0);
	ck_assert_uint_eq(in.out->groups_count, 2);
	ck_assert_uint_eq(in.out->groups[1], 8);
	ck_assert_str_eq(in.out->rlimits[0].name, "RLIMIT_NOFILE");
	ck_assert_uint_eq(in.out->rlimits[0].hard, UINT64_MAX);
	ck_assert_uint_eq(in.out->rows, 24);
	ck_assert_uint_eq(in.out->columns, 80);
	ck_assert_uint_eq(in.out->keep_fds, 5);
	arena_release(&in.arena);
}

END_TEST

/* A042 */
START_TEST(without_a_terminal_its_size_is_ignored)
{
	struct input in;

	input_init(&in);
	in.process.console_size.height = 24;
	in.process.console_size.width = 80;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_uint_eq(in.out->rows, 0);
	arena_release(&in.arena);
}

END_TEST

/* A059 A060 */
START_TEST(a_label_needs_its_security_module)
{
	struct input in;

	input_init(&in);
	in.process.apparmor_profile = "docker-default";
	ck_assert_int_eq(decide(&in), -EOPNOTSUPP);
	ck_assert_int_eq(in.err.kind, ERROR_UNSUPPORTED);
	in.process.apparmor_profile = "unconfined";
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_ptr_null(in.out->apparmor);
	in.process.selinux_label = "a:b:c:d";
	ck_assert_int_eq(decide(&in), -EOPNOTSUPP);
	in.facts.selinux = true;
	in.facts.apparmor = true;
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_str_eq(in.out->apparmor, "unconfined");
	ck_assert_str_eq(in.out->selinux, "a:b:c:d");
	arena_release(&in.arena);
}

END_TEST

START_TEST(empty_labels_are_none)
{
	struct input in;

	input_init(&in);
	in.process.apparmor_profile = "";
	in.process.selinux_label = "";
	ck_assert_int_eq(decide(&in), 0);
	ck_assert_ptr_null(in.out->apparmor);
	ck_assert_ptr_null(in.out->selinux);
	arena_release(&in.arena);
}

END_TEST

/* A046 */
START_TEST(a_process_has_arguments)
{
	struct input in;

	input_init(&in);
	in.process.args.count = 0;
	ck_assert_int_eq(decide(&in), -EINVAL);
	ck_assert_int_eq(in.err.kind, ERROR_CONFIG);
	arena_release(&in.arena);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("plan/process");
	TCase *tests = tcase_create("process");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests,
	                    the_last_of_a_name_wins_in_the_place_of_the_first,
	                    0, (int)ARRAY_SIZE(env_rows));
	tcase_add_test(tests, ten_thousand_variables_are_all_there);
	tcase_add_test(tests, capabilities_end_where_the_kernel_ends);
	tcase_add_test(tests,
	               the_whole_set_of_a_kernel_with_64_capabilities_is_kept);
	tcase_add_test(tests, no_set_exceeds_what_it_builds_upon);
	tcase_add_test(tests, a_silent_user_gets_the_usual_umask_and_no_groups);
	tcase_add_test(tests, user_limits_and_size_are_taken_over);
	tcase_add_test(tests, without_a_terminal_its_size_is_ignored);
	tcase_add_test(tests, a_label_needs_its_security_module);
	tcase_add_test(tests, empty_labels_are_none);
	tcase_add_test(tests, a_process_has_arguments);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
