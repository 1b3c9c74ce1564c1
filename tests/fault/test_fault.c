/* SPDX-License-Identifier: Apache-2.0 */
/* Fail every call of sys/ in turn, and look at what the library leaves. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/fault.h"
#include "tests/fault/scenario.h"
#include "tests/fault/trial.h"
#include "tests/fault/world.h"

#define WATCHDOG_MS 20000
#define CALLS_MAX   5000
#define SKIPPED     77

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

/* Our children that are not the holder: orphans of a run. Kills them. */
static int kill_orphans(const struct pass *pass)
{
	struct world world;
	int count = 0;
	size_t i;

	world_take(&world);
	for (i = 0; i < world.children_count; i++) {
		if (world.children[i] == pass->bundle.holder)
			continue;
		kill(world.children[i], SIGKILL);
		waitpid(world.children[i], NULL, __WALL);
		count++;
	}
	world_release(&world);
	return count;
}

static void wait_for_run(pid_t pid)
{
	struct pollfd end = { .events = POLLIN };
	int status = 0;

	end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	must(end.fd, "pidfd_open");
	if (poll(&end, 1, WATCHDOG_MS) == 0) {
		world_say(&verdict->wrong, "it hangs");
		kill(pid, SIGKILL);
	}
	close(end.fd);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		world_say(&verdict->wrong, "killed by signal %d",
		          WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		world_say(&verdict->wrong, "the run ended with status %d",
		          WEXITSTATUS(status));
}

/* What a run that did not come to its end has left. */
static void clean_after(struct pass *pass)
{
	struct run run = { .bundle = &pass->bundle, .id = pass->id };
	pid_t pid = fork();

	must(pid, "fork");
	if (pid == 0) {
		trial_clean_up(&run);
		_exit(0);
	}
	wait_for_run(pid);
	kill_orphans(pass);
}

static void run_once(struct pass *pass, int actor, int number)
{
	pid_t pid;
	int orphans;

	memset(verdict, 0, sizeof(*verdict));
	pass->runs++;
	fault_disarm();
	fflush(NULL);
	pid = fork();
	must(pid, "fork");
	if (pid == 0)
		trial_run(pass, actor, number);
	wait_for_run(pid);
	orphans = kill_orphans(pass);
	if (orphans)
		world_say(&verdict->wrong, "%d processes outlive the caller",
		          orphans);
	if (!verdict->done)
		clean_after(pass);
}

/*
 * The way back consists of calls like all others. Where one of these fails,
 * nobody is left to undo the rest. A directory of the state or a cgroup may
 * then stay, provided that the library has said so, for the reason that was
 * made up here; `delete --force` must find and remove it.
 */
static bool is_announced(const struct pass *pass)
{
	return strstr(verdict->warning, strerror(pass->errno_value));
}

/*
 * Failures nobody can repair. A child of the bridge whose pid could not
 * be told is ended, but only its parent can collect it, who does not know
 * it; the same is true of one that CRIU has restored, if it cannot be told
 * from a stranger. And who cannot go back to his namespace stays in the other.
 */
static bool is_beyond_repair(const struct fault_report *report)
{
	return strcmp(report->function, "send_fds") == 0 ||
	       strcmp(report->function, "receive_fds") == 0 ||
	       strcmp(report->function, "waitid") == 0 ||
	       strcmp(report->function, "setns") == 0;
}

static bool is_excused(const struct pass *pass)
{
	struct fault_report report = fault_report();

	if (!report.hit || (verdict->lost.length && !is_beyond_repair(&report)))
		return false;
	return !verdict->left.length || is_announced(pass);
}

static void tell(const struct pass *pass, int actor, int number,
                 const char *kind, const char *what)
{
	struct fault_report report = fault_report();

	printf("# %s %s %d:%d %s(%s%s%s) %s: %d \"%s\"%s%s%s%s\n", kind,
	       pass->scenario->name, actor, number,
	       report.hit ? report.function : "nothing",
	       report.text[0] ? "\"" : "", report.text,
	       report.text[0] ? "\"" : "", strerrorname_np(pass->errno_value),
	       verdict->result, verdict->error,
	       *verdict->warning ? "; warned: " : "", verdict->warning,
	       *what ? ": " : "", what);
}

static void judge(struct pass *pass, int actor, int number)
{
	bool remains = verdict->left.length || verdict->lost.length;
	bool wrong = verdict->wrong.length || verdict->stuck.length ||
	             (remains && !is_excused(pass));
	const char *kind = wrong ? "LEFT" : "left";

	pass->failures += wrong;
	pass->left += remains && !wrong;
	pass->tolerated += fault_report().hit && verdict->result >= 0;
	if (verdict->wrong.length)
		tell(pass, actor, number, "WRONG", verdict->wrong.text);
	if (verdict->stuck.length)
		tell(pass, actor, number, "STUCK", verdict->stuck.text);
	if (!wrong && !pass->verbose)
		return;
	if (verdict->left.length)
		tell(pass, actor, number, kind, verdict->left.text);
	if (verdict->lost.length)
		tell(pass, actor, number, kind, verdict->lost.text);
	if (!wrong && !remains)
		tell(pass, actor, number, "fine", "");
}

/* Calls differ a little from run to run: the end is twice nothing. */
static void fail_each_of(struct pass *pass, int actor)
{
	int misses = 0;
	int number;

	for (number = 1; misses < 2 && number < CALLS_MAX; number++) {
		run_once(pass, actor, number);
		judge(pass, actor, number);
		misses += !fault_report().hit;
	}
}

/* First nothing fails: that must work, and tells who takes part. */
static int reference(struct pass *pass)
{
	run_once(pass, -1, 0);
	if (verdict->unsupported) {
		printf("ok - %s # SKIP %s\n", pass->scenario->name,
		       verdict->error);
		return 0;
	}
	judge(pass, -1, 0);
	if ((verdict->result < 0) != pass->scenario->in_vain ||
	    !verdict->done) {
		printf("# WRONG %s does not work by itself: %s\n",
		       pass->scenario->name, verdict->error);
		pass->failures++;
		return 0;
	}
	return fault_actors();
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_pass(struct pass *pass)
{
	double begin = seconds();
	int actors = reference(pass);
	bool earlier = fault_calls(FAULT_EARLIER) > 0;
	int actor;

	if (verdict->unsupported)
		return;
	for (actor = 0; actor < actors && actor < FAULT_EARLIER; actor++)
		fail_each_of(pass, actor);
	if (actors && earlier)
		fail_each_of(pass, FAULT_EARLIER);
	printf("%s - %s: %s in each of %d calls of %d processes: %d wrong, %d tolerated, %d left something for delete --force, %.1f s\n",
	       pass->failures ? "not ok" : "ok", pass->scenario->name,
	       strerrorname_np(pass->errno_value), pass->runs - 1,
	       actors + earlier, pass->failures, pass->tolerated, pass->left,
	       seconds() - begin);
}

struct wish {
	const char *payload;
	const char *only; /* ACTOR:CALL */
	bool all_errnos;
	bool rest;
	bool verbose;
};

struct tally {
	int scenarios;
	int skipped;
	int calls; /* that failed, each once for each errno */
	int wrong;
};

static void run_scenario(const struct scenario *scenario,
                         const struct wish *wish, struct tally *tally)
{
	static const int errnos[] = { EIO, ENOMEM, EMFILE, ENOSPC };
	struct pass pass = { .scenario = scenario, .verbose = wish->verbose };
	size_t count = wish->all_errnos ? sizeof(errnos) / sizeof(int) : 1;
	int actor;
	int call;
	size_t i;

	snprintf(pass.id, sizeof(pass.id), "fault-%d", getpid());
	bundle_make(&pass.bundle, wish->payload, scenario->with);
	for (i = 0; i < count; i++) {
		pass.errno_value = errnos[i];
		pass.runs = pass.failures = pass.tolerated = pass.left = 0;
		if (wish->only &&
		    sscanf(wish->only, "%d:%d", &actor, &call) == 2) {
			run_once(&pass, actor, call);
			judge(&pass, actor, call);
		} else {
			run_pass(&pass);
		}
		tally->wrong += pass.failures;
		tally->calls += pass.runs - 1;
		fflush(stdout);
	}
	tally->scenarios++;
	tally->skipped += verdict->unsupported;
	bundle_remove(&pass.bundle);
}

/*
 * Mounts of others do not come and go here, and orphans come to us instead
 * of init.
 */
static void set_apart(void)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	must(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
	verdict = mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(verdict == MAP_FAILED ? -1 : 0, "mmap");
	fault_begin();
}

/* Whether NAME begins with one of NAMES. */
static bool is_named(const char *name, char **names, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Returns the index of the first argument that is no option. */
static int read_options(int argc, char **argv, struct wish *ret_wish)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--long") == 0)
			ret_wish->all_errnos = true;
		else if (strcmp(argv[i], "--rest") == 0)
			ret_wish->rest = true;
		else if (strcmp(argv[i], "-v") == 0)
			ret_wish->verbose = true;
		else if (strcmp(argv[i], "-c") == 0)
			fault_be_verbose();
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			ret_wish->only = argv[++i];
		else
			return argc;
	}
	return i;
}

static int usage(void)
{
	int i;

	fputs("usage: test_fault [OPTION...] PAYLOAD [SCENARIO...]\n"
	      "  --long  ENOMEM, EMFILE and ENOSPC as well as EIO\n"
	      "  --only ACTOR:CALL  this call of the scenario alone\n"
	      "  --rest  the scenarios that do not begin with a SCENARIO\n"
	      "  -v      tell of every run, not only of wrong ones\n"
	      "  -c      tell of every call\n"
	      "scenarios, which their first letters name:",
	      stderr);
	for (i = 0; i < scenarios_count; i++)
		fprintf(stderr, " %s", scenarios[i].name);
	fputs("\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct wish wish = { .payload = NULL };
	struct tally tally = { .scenarios = 0 };
	int first;
	int i;

	if (geteuid() != 0) {
		puts("1..0 # SKIP containers are made by root here");
		return SKIPPED;
	}
	set_apart();
	first = read_options(argc, argv, &wish);
	if (first >= argc)
		return usage();
	wish.payload = argv[first++];
	for (i = 0; i < scenarios_count; i++) {
		bool named =
			first == argc ||
			is_named(scenarios[i].name, argv + first, argc - first);

		if (named != wish.rest)
			run_scenario(&scenarios[i], &wish, &tally);
	}
	printf("%d scenarios (%d skipped), %d calls failed in turn, %d wrong\n",
	       tally.scenarios, tally.skipped, tally.calls, tally.wrong);
	return tally.wrong || tally.skipped == tally.scenarios ? 1 : 0;
}
