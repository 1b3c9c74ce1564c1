/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's parser, its tables, and the names of signals. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/kill.h"

struct values {
	bool detach;
	bool tty;
	const char *bundle;
	const char *format;
	unsigned int fds;
	struct opt_i64 quota;
	struct opt_i64 memory;
	struct cli_list env;
};

static const struct cli_option table[] = {
	OPTION_SWITCH('d', "detach", struct values, detach, "help"),
	OPTION_SWITCH('t', "tty", struct values, tty, "help"),
	OPTION_TEXT('b', "bundle", "DIR", struct values, bundle, "help"),
	OPTION_WORD('f', "format", "table|json", struct values, format, "help"),
	OPTION_NUMBER(0, "fds", struct values, fds, "help"),
	OPTION_INTEGER(0, "quota", "N", struct values, quota, "help"),
	OPTION_BYTES(0, "memory", struct values, memory, "help"),
	OPTION_LIST('e', "env", "K=V", struct values, env, "help"),
	OPTIONS_END,
};

static struct values values;
static struct cli_words words;
static struct error err;
static struct arena arena;

/* LINE is cut at blanks: the words live as long as the test. */
static int parse(const char *line, size_t words_max, bool leaves_rest)
{
	static char copy[512];
	static char *args[32];
	const struct cli_parser parser = {
		.options = table,
		.values = &values,
		.arena = &arena,
		.words_max = words_max,
		.leaves_rest = leaves_rest,
	};
	size_t count = 0;
	char *state;
	char *next;

	memset(&values, 0, sizeof(values));
	memset(&words, 0, sizeof(words));
	memset(&err, 0, sizeof(err));
	ck_assert_uint_lt(strlen(line), sizeof(copy));
	strcpy(copy, line);
	for (next = strtok_r(copy, " ", &state); next;
	     next = strtok_r(NULL, " ", &state))
		args[count++] = next;
	args[count] = NULL;
	return options_parse(&parser, args, &words, &err);
}

/* B012 */
START_TEST(every_form_of_an_argument_is_understood)
{
	static const char *const lines[] = {
		"--bundle DIR", "--bundle=DIR",
		"-bundle DIR",  "-bundle=DIR",
		"-b DIR",       "-bDIR",
		"-b=DIR",       "-dbDIR",
		"-dtb DIR",     "--detach --bundle=DIR -t",
	};

	ck_assert_int_eq(parse(lines[_i], 0, false), 0);
	ck_assert_str_eq(values.bundle, "DIR");
	ck_assert_int_eq(values.detach, _i >= 7);
	ck_assert_int_eq(values.tty, _i >= 8);
}

END_TEST

START_TEST(options_may_stand_before_and_behind_words)
{
	ck_assert_int_eq(parse("-d ID --bundle DIR SIGNAL -t", 2, false), 0);
	ck_assert(values.detach && values.tty);
	ck_assert_str_eq(values.bundle, "DIR");
	ck_assert_uint_eq(words.count, 2);
	ck_assert_str_eq(words.items[0], "ID");
	ck_assert_str_eq(words.items[1], "SIGNAL");
	ck_assert_ptr_null(*words.rest);
}

END_TEST

START_TEST(what_follows_the_last_word_may_belong_to_another_program)
{
	ck_assert_int_eq(parse("-d ID ls -t --help --", 1, true), 0);
	ck_assert(values.detach && !values.tty && !words.help);
	ck_assert_str_eq(words.items[0], "ID");
	ck_assert_str_eq(words.rest[0], "ls");
	ck_assert_str_eq(words.rest[3], "--");
	ck_assert_int_eq(parse("ID -t", 1, true), 0);
	ck_assert_str_eq(words.rest[0], "-t");
}

END_TEST

/* B012 */
START_TEST(global_options_end_at_the_command)
{
	ck_assert_int_eq(parse("-b DIR run -d ID", 0, true), 0);
	ck_assert(!values.detach);
	ck_assert_str_eq(words.rest[0], "run");
	ck_assert_int_eq(parse("-- -d", 0, true), 0);
	ck_assert_str_eq(words.rest[0], "-d");
}

END_TEST

START_TEST(two_dashes_end_the_options)
{
	ck_assert_int_eq(parse("-d -- -t --bundle", 2, false), 0);
	ck_assert(values.detach && !values.tty);
	ck_assert_str_eq(words.items[0], "-t");
	ck_assert_str_eq(words.items[1], "--bundle");
	ck_assert_int_eq(parse("-b -- -", 1, false), 0);
	ck_assert_str_eq(values.bundle, "--");
	ck_assert_str_eq(words.items[0], "-");
}

END_TEST

START_TEST(an_argument_may_begin_with_a_dash)
{
	ck_assert_int_eq(parse("--quota -1 --bundle -d -b -", 0, false), 0);
	ck_assert(values.quota.set);
	ck_assert_int_eq(values.quota.value, -1);
	ck_assert_str_eq(values.bundle, "-");
	ck_assert(!values.detach);
}

END_TEST

START_TEST(switches_take_true_and_false)
{
	ck_assert_int_eq(parse("--detach=true --tty=false", 0, false), 0);
	ck_assert(values.detach && !values.tty);
	ck_assert_int_eq(parse("-d --detach=false", 0, false), 0);
	ck_assert(!values.detach);
}

END_TEST

START_TEST(lists_keep_their_order)
{
	ck_assert_int_eq(parse("-e A=1 --env=B=2 -eC= X --env D", 1, false), 0);
	ck_assert_uint_eq(values.env.count, 4);
	ck_assert_str_eq(values.env.items[0], "A=1");
	ck_assert_str_eq(values.env.items[1], "B=2");
	ck_assert_str_eq(values.env.items[2], "C=");
	ck_assert_str_eq(values.env.items[3], "D");
	ck_assert_ptr_null(values.env.items[4]);
}

END_TEST

/* B011 */
START_TEST(help_stops_everything_else)
{
	static const char *const lines[] = { "--help --nonsense", "-h a b c",
		                             "-help", "ID -dh --nonsense" };

	ck_assert_int_eq(parse(lines[_i], 1, false), 0);
	ck_assert(words.help);
}

END_TEST

static const struct {
	const char *line;
	const char *text;
} mistakes[] = {
	{ "--nonsense", "unknown option --nonsense" },
	{ "--nonsense=1", "unknown option --nonsense" },
	{ "--detac", "unknown option --detac" },
	{ "--b DIR", "unknown option --b" },
	{ "-x", "unknown option -x" },
	{ "-dx", "unknown option -x" },
	{ "--bundle", "option --bundle requires an argument" },
	{ "-b", "option --bundle requires an argument" },
	{ "-db", "option --bundle requires an argument" },
	{ "a b", "unexpected argument \"b\"" },
	{ "--detach=maybe", "invalid value \"maybe\" for option --detach: "
	                    "expected true or false" },
	{ "--detach=", "invalid value \"\" for option --detach: "
	               "expected true or false" },
	{ "-f yaml", "invalid value \"yaml\" for option --format: "
	             "expected table|json" },
	{ "-f jso", "invalid value \"jso\" for option --format: "
	            "expected table|json" },
	{ "--format=", "invalid value \"\" for option --format: "
	               "expected table|json" },
	{ "--fds -1", "invalid value \"-1\" for option --fds: "
	              "expected a number from 0" },
	{ "--fds 4294967296", "invalid value \"4294967296\" for option --fds: "
	                      "expected a number from 0" },
	{ "--quota 1x", "invalid value \"1x\" for option --quota: "
	                "expected a number" },
};

START_TEST(mistakes_are_named)
{
	ck_assert_int_lt(parse(mistakes[_i].line, 1, false), 0);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	ck_assert_str_eq(err.text, mistakes[_i].text);
}

END_TEST

static const struct {
	const char *text;
	int64_t bytes; /* -2: refused */
} sizes[] = {
	{ "0", 0 },
	{ "-1", -1 },
	{ "4096", 4096 },
	{ "4096b", 4096 },
	{ "1k", 1024 },
	{ "1K", 1024 },
	{ "1kb", 1024 },
	{ "1KiB", 1024 },
	{ "64m", 67108864 },
	{ "64MB", 67108864 },
	{ "1.5g", 1610612736 },
	{ "0.5k", 512 },
	{ "1.9", 1 },
	{ "2T", 2199023255552 },
	{ "1p", 1125899906842624 },
	{ "9223372036854775807", INT64_MAX },
	{ "9223372036854775808", -2 },
	{ "8192p", -2 },
	{ "99999999999999999999999999999999999999999g", -2 },
	{ "-2", -2 },
	{ "-1k", -2 },
	{ "+1", -2 },
	{ "m", -2 },
	{ "1x", -2 },
	{ "1mm", -2 },
	{ "1i", -2 },
	{ "1.2.3", -2 },
	{ ".5k", -2 },
	{ "0x10", -2 },
	{ "unlimited", -2 },
};

/* B065 */
START_TEST(sizes_have_binary_units)
{
	char line[128] = "--memory=";
	int result;

	strcat(line, sizes[_i].text);
	result = parse(line, 0, false);
	if (sizes[_i].bytes == -2) {
		ck_assert_msg(result < 0, "%s", sizes[_i].text);
		return;
	}
	ck_assert_msg(result == 0, "%s: %s", sizes[_i].text, err.text);
	ck_assert(values.memory.set);
	ck_assert_int_eq(values.memory.value, sizes[_i].bytes);
}

END_TEST

static const struct {
	const char *text;
	int signal;
} signals[] = {
	{ "TERM", 15 },
	{ "SIGTERM", 15 },
	{ "sigterm", 15 },
	{ "SigKill", 9 },
	{ "1", 1 },
	{ "64", 64 },
	{ "RTMIN", 34 },
	{ "RTMIN+3", 37 },
	{ "sigrtmin+0", 34 },
	{ "RTMIN+30", 64 },
	{ "RTMAX", 64 },
	{ "SIGRTMAX-1", 63 },
	{ "0", -EINVAL },
	{ "65", -EINVAL },
	{ "-1", -EINVAL },
	{ "9999", -EINVAL },
	{ "", -EINVAL },
	{ "SIG", -EINVAL },
	{ "TERMX", -EINVAL },
	{ "SIGSIGTERM", -EINVAL },
	{ " 9", -EINVAL },
	{ "9 ", -EINVAL },
	{ "0x9", -EINVAL },
	{ "RTMIN+31", -EINVAL },
	{ "RTMIN+", -EINVAL },
	{ "RTMIN-1", -EINVAL },
	{ "RTMAX+1", -EINVAL },
	{ "4294967305", -EINVAL },
	{ "an endless name that is no signal at all", -EINVAL },
};

/* B059 D041 */
START_TEST(signals_have_names_and_numbers)
{
	ck_assert_msg(kill_parse_signal(signals[_i].text) == signals[_i].signal,
	              "%s", signals[_i].text);
}

END_TEST

static void expect_sound(const char *name, const struct cli_option *options)
{
	const struct cli_option *one;
	const struct cli_option *other;

	for (one = options; one && one->name; one++) {
		ck_assert_msg(one->help && *one->help, "%s --%s", name,
		              one->name);
		ck_assert_msg((one->type == CLI_SWITCH) == !one->value,
		              "%s --%s", name, one->name);
		ck_assert_msg(!str_equal(one->name, "help") &&
		                      one->letter != 'h',
		              "%s", name);
		for (other = options; other < one; other++)
			ck_assert_msg(!str_equal(one->name, other->name) &&
			                      (!one->letter ||
			                       one->letter != other->letter),
			              "%s --%s", name, one->name);
	}
}

START_TEST(every_command_is_sound)
{
	const struct cli_command *const *command;

	expect_sound("global", cli_global_options);
	for (command = cli_commands; *command; command++) {
		const char *name = (*command)->name;

		ck_assert_ptr_eq(cli_find_command(name), *command);
		ck_assert_uint_le((*command)->values_size, CLI_VALUES_MAX);
		ck_assert_uint_le((*command)->words_max, CLI_WORDS_MAX);
		ck_assert_uint_le((*command)->words_min, (*command)->words_max);
		ck_assert_msg((*command)->run && (*command)->summary, "%s",
		              name);
		expect_sound(name, (*command)->options);
	}
	ck_assert_ptr_null(cli_find_command("nonsense"));
	ck_assert_ptr_null(cli_find_command(""));
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("cli options");
	TCase *tcase = tcase_create("options");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, every_form_of_an_argument_is_understood, 0,
	                    10);
	tcase_add_test(tcase, options_may_stand_before_and_behind_words);
	tcase_add_test(
		tcase,
		what_follows_the_last_word_may_belong_to_another_program);
	tcase_add_test(tcase, global_options_end_at_the_command);
	tcase_add_test(tcase, two_dashes_end_the_options);
	tcase_add_test(tcase, an_argument_may_begin_with_a_dash);
	tcase_add_test(tcase, switches_take_true_and_false);
	tcase_add_test(tcase, lists_keep_their_order);
	tcase_add_loop_test(tcase, help_stops_everything_else, 0, 4);
	tcase_add_loop_test(tcase, mistakes_are_named, 0, ARRAY_SIZE(mistakes));
	tcase_add_loop_test(tcase, sizes_have_binary_units, 0,
	                    ARRAY_SIZE(sizes));
	tcase_add_loop_test(tcase, signals_have_names_and_numbers, 0,
	                    ARRAY_SIZE(signals));
	tcase_add_test(tcase, every_command_is_sound);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	arena_release(&arena);
	return failed != 0;
}
