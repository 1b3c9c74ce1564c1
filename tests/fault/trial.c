/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a scenario with one call that fails, in a process of its own. */
#include "tests/fault/trial.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/fault/fault.h"

#define REAP_MS 2000

struct verdict *verdict;

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static int listen_console(const struct bundle *bundle)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd, "socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	         bundle->console);
	unlink(bundle->console);
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(listen(fd, 8), "listen");
	return fd;
}

static void check_error(const struct run *run, int result)
{
	const char *text = run->err.text;
	size_t length = strnlen(text, sizeof(run->err.text));

	if (result >= 0)
		return;
	if (length == 0 || length == sizeof(run->err.text))
		world_say(&verdict->wrong, "an error without a text");
	else if (text[length - 1] == '.' || text[length - 1] == ':')
		world_say(&verdict->wrong, "an error's text is cut");
	else if (!strchr(text, ' '))
		world_say(&verdict->wrong, "an error that names nothing");
	if (run->err.code != result)
		world_say(&verdict->wrong, "result %d but error's code %d",
		          result, run->err.code);
	if (run->err.kind == RUNF_ERROR_NONE)
		world_say(&verdict->wrong, "an error of no kind");
}

static bool container_expected(enum after after, int result)
{
	return after == AFTER_STAYS || after == AFTER_ANY ||
	       (after == AFTER_IF_DONE && result >= 0) ||
	       (after == AFTER_UNLESS_DONE && result < 0);
}

/* The container that was there is there as it was, and only init is in it. */
static void check_container(struct run *run, const struct world *before,
                            bool was_paused)
{
	char *pids = NULL;
	char *state = NULL;

	if (runf_state(run->runf, run->id, &state, &run->err) < 0)
		world_say(&verdict->wrong, "no state: %s", run->err.text);
	else if (!before->children_count)
		world_say(&verdict->wrong, "init was never there");
	else if (runf_ps(run->runf, run->id, &pids, &run->err) < 0)
		world_say(&verdict->wrong, "no pids: %s", run->err.text);
	else if (strchr(pids, ','))
		world_say(&verdict->wrong, "more processes: %s", pids);
	else if (verdict->result < 0 && !was_paused &&
	         strstr(state, "\"paused\""))
		world_say(&verdict->wrong, "it is left frozen");
	runf_free_text(state);
	runf_free_text(pids);
}

static void look_outside(const struct run *run, struct world_text *text)
{
	world_find_entries(run->bundle->state, text);
	world_find_cgroups(run->id, text);
}

/* The line of WORLD's mounts that has the bundle's rootfs, or NULL. */
static char *find_root(const struct run *run, const struct world *world)
{
	char *found = strstr(world->mounts, run->bundle->rootfs);

	while (found && found > world->mounts && found[-1] != '\n')
		found--;
	return found;
}

static bool root_is_mounted(const struct run *run)
{
	struct world now;
	bool found;

	world_take(&now);
	found = find_root(run, &now);
	world_release(&now);
	return found;
}

/* A root on the host belongs to the container, and is looked for apart. */
static void take_without_root(const struct run *run, struct world *ret_world)
{
	char *line;

	world_take(ret_world);
	while ((line = find_root(run, ret_world))) {
		char *next = strchr(line, '\n') + 1;

		memmove(line, next, strlen(next) + 1);
	}
}

/* Compare, but for the child that a success makes. */
static void look_inside(const struct run *run, const struct world *before,
                        bool new_child)
{
	struct world after;
	size_t i = 0;

	take_without_root(run, &after);
	if (new_child && after.children_count == before->children_count + 1) {
		while (i < before->children_count &&
		       before->children[i] == after.children[i])
			i++;
		after.children_count--;
		memmove(&after.children[i], &after.children[i + 1],
		        (after.children_count - i) * sizeof(pid_t));
	}
	world_compare(before, &after, &verdict->wrong, &verdict->lost);
	world_release(&after);
}

/* Collect what has ended; what has not after a while is stuck. */
static void reap(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int i;

	for (i = 0; i < REAP_MS; i++) {
		pid_t pid = waitpid(-1, NULL, WNOHANG | __WALL);

		if (pid < 0)
			return;
		if (pid == 0)
			nanosleep(&pause, NULL);
	}
	world_say(&verdict->stuck, "a process");
}

void trial_clean_up(struct run *run)
{
	if (run_open(run) < 0 ||
	    runf_delete(run->runf, run->id, true, &run->err) < 0)
		world_say(&verdict->stuck, "delete --force: %s", run->err.text);
	run_close(run);
	reap();
	look_outside(run, &verdict->stuck);
	if (root_is_mounted(run))
		world_say(&verdict->stuck, "its root is still mounted");
}

static void must_open(struct run *run)
{
	if (run_open(run) == 0)
		return;
	fprintf(stderr, "# cannot open a context: %s\n", run->err.text);
	exit(1);
}

static void keep_result(const struct run *run, int result)
{
	verdict->result = result;
	if (result >= 0)
		return;
	snprintf(verdict->error, sizeof(verdict->error), "%.*s",
	         (int)sizeof(run->err.text), run->err.text);
	verdict->unsupported = run->err.kind == RUNF_ERROR_UNSUPPORTED;
}

static void act(struct pass *pass, struct run *run, int actor, int call)
{
	const struct scenario *s = pass->scenario;
	struct world before;
	bool expected;
	int result;

	take_without_root(run, &before);
	must_open(run);
	fault_arm(actor, call, pass->errno_value);
	result = s->act(run);
	fault_disarm();
	run_close(run);
	keep_result(run, result);
	check_error(run, result);
	snprintf(verdict->warning, sizeof(verdict->warning), "%s",
	         run->warning);
	if (result >= 0 && run->status != 0)
		world_say(&verdict->wrong, "success with status %d",
		          run->status);
	if (result >= 0 && s->in_vain)
		world_say(&verdict->wrong, "success, which cannot be");
	expected = container_expected(s->after, result);
	look_inside(run, &before, s->after == AFTER_IF_DONE && expected);
	if (!expected)
		look_outside(run, &verdict->left);
	if (!expected && !verdict->left.length && root_is_mounted(run))
		world_say(&verdict->wrong, "its root is still mounted");
	must_open(run);
	if (s->after == AFTER_STAYS)
		check_container(run, &before, str_equal(s->name, "resume"));
	run_close(run);
	world_release(&before);
}

void trial_run(struct pass *pass, int actor, int call)
{
	struct run run = { .bundle = &pass->bundle, .id = pass->id };
	int result = 0;

	/* The orchestrator's end is ours. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 0), "dup2");
	must(dup2(0, 1), "dup2");
	bundle_refresh(&pass->bundle);
	if (pass->bundle.with & BUNDLE_TERMINAL)
		listen_console(&pass->bundle);
	if (pass->scenario->prepare) {
		must_open(&run);
		result = pass->scenario->prepare(&run);
		run_close(&run);
	}
	if (result == 0)
		act(pass, &run, actor, call);
	else
		keep_result(&run, result);
	if (result < 0 && !verdict->unsupported)
		world_say(&verdict->wrong, "cannot prepare");
	trial_clean_up(&run);
	verdict->done = true;
	/* In another pid namespace a search for leaks would get no thread. */
	if (verdict->lost.length)
		_exit(0);
	exit(0);
}
