/* SPDX-License-Identifier: Apache-2.0 */
/* runf kill */
#include "cli/kill.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/fail.h"
#include "cli/regex.h"

/* The kernel's, also where libc keeps the first ones for itself. */
#define SIGNAL_RTMIN 34
#define SIGNAL_RTMAX 64

/* clang-format off */
static const struct str_value signal_names[] = {
	{ "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "BUS", SIGBUS },
	{ "CHLD", SIGCHLD }, { "CLD", SIGCHLD }, { "CONT", SIGCONT },
	{ "FPE", SIGFPE }, { "HUP", SIGHUP }, { "ILL", SIGILL },
	{ "INT", SIGINT }, { "IO", SIGIO }, { "IOT", SIGIOT },
	{ "KILL", SIGKILL }, { "PIPE", SIGPIPE }, { "POLL", SIGPOLL },
	{ "PROF", SIGPROF }, { "PWR", SIGPWR }, { "QUIT", SIGQUIT },
	{ "RTMAX", SIGNAL_RTMAX }, { "RTMIN", SIGNAL_RTMIN },
	{ "SEGV", SIGSEGV }, { "STKFLT", SIGSTKFLT }, { "STOP", SIGSTOP },
	{ "SYS", SIGSYS }, { "TERM", SIGTERM }, { "TRAP", SIGTRAP },
	{ "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU },
	{ "URG", SIGURG }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
	{ "VTALRM", SIGVTALRM }, { "WINCH", SIGWINCH }, { "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ }, { NULL, 0 },
};

/* clang-format on */

struct kill_values {
	bool all;
	bool regex;
	int signal; /* no option: the second word */
};

static const struct cli_option kill_options[] = {
	OPTION_SWITCH('a', "all", struct kill_values, all,
	              "signal every process of the container"),
	OPTION_SWITCH('r', "regex", struct kill_values, regex,
	              "ID is a regular expression for many"),
	OPTIONS_END,
};

/* "RTMIN+3", "RTMAX-1"; NAME is in upper case and without SIG. */
static int signal_real_time(const char *name)
{
	const char *above = str_after(name, "RTMIN+");
	const char *below = str_after(name, "RTMAX-");
	uint32_t distance;

	if ((!above && !below) ||
	    str_to_u32(above ? above : below, 10, &distance) < 0 ||
	    distance > SIGNAL_RTMAX - SIGNAL_RTMIN)
		return -EINVAL;
	return above ? SIGNAL_RTMIN + (int)distance
	             : SIGNAL_RTMAX - (int)distance;
}

int kill_parse_signal(const char *text)
{
	const struct str_value *known;
	const char *name;
	char upper[16];
	uint32_t number;
	size_t i;

	if (str_to_u32(text, 10, &number) == 0)
		return number >= 1 && number <= SIGNAL_RTMAX ? (int)number
		                                             : -EINVAL;
	for (i = 0; i < sizeof(upper) - 1 && text[i]; i++)
		upper[i] = (char)toupper((unsigned char)text[i]);
	if (text[i])
		return -EINVAL;
	upper[i] = '\0';
	name = str_after(upper, "SIG");
	if (!name)
		name = upper;
	known = str_lookup(signal_names, name);
	return known ? (int)known->value : signal_real_time(name);
}

static int kill_one(struct cli *cli, const char *id, const void *context,
                    struct runf_error *err)
{
	const struct kill_values *given = context;

	return runf_kill(cli->runf, id, given->signal, given->all, err);
}

static int kill_run(struct cli *cli, void *values, struct runf_error *err)
{
	struct kill_values *given = values;
	const struct cli_words *words = &cli->words;

	given->signal = SIGTERM;
	if (words->count == 2)
		given->signal = kill_parse_signal(words->items[1]);
	if (given->signal < 0)
		return fail_usage(err, "unknown signal \"%s\"",
		                  words->items[1]);
	if (given->regex)
		return regex_each(cli, words->items[0], kill_one, given, err);
	return kill_one(cli, words->items[0], given, err);
}

const struct cli_command command_kill = {
	.name = "kill",
	.arguments = "ID [SIGNAL]",
	.summary = "send a signal (default: TERM) to a container",
	.options = kill_options,
	.values_size = sizeof(struct kill_values),
	.words_min = 1,
	.words_max = 2,
	.flags = COMMAND_OPENS,
	.run = kill_run,
};
