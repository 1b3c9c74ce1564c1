/* SPDX-License-Identifier: Apache-2.0 */
/* The library as a long-lived process uses it: by forked workers. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <runf/runf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/socket.h"
#include "tests/fault/bundle.h"

#define SKIPPED    77
#define PATIENCE   5000
#define PAUSE_NS   20000000
#define FULL_EVENT 100

static const char *payload;
static struct bundle bundle;
static struct runf *runf;
static char id[32];

/* As exec is given it: without a file, and without the file's defaults. */
static const char process_text[] =
	"{\"args\": [\"/program\", \"%s\"], \"cwd\": \"/\", "
	"\"user\": {\"uid\": 0, \"gid\": 0}, \"terminal\": %s}";

/* What a worker tells: a result and a pid. */
struct answer {
	int result;
	pid_t pid;
	char text[sizeof(((struct runf_error *)0)->text)];
};

enum task {
	TASK_CREATE,
	TASK_START,
	TASK_EXEC,
	TASK_DELETE,
};

static void act(enum task task, const char *program, int console,
                struct answer *answer)
{
	struct runf_error err = { .code = 0 };
	char text[300];
	int status;

	if (task == TASK_CREATE) {
		const struct runf_create_options options = {
			.size = sizeof(options),
			.bundle = bundle.bundle,
			.console_fd = console,
			.pid = &answer->pid,
		};

		answer->result = runf_create(runf, id, &options, &err);
	} else if (task == TASK_START) {
		answer->result = runf_start(runf, id, NULL, &err);
	} else if (task == TASK_EXEC) {
		const struct runf_exec_options options = {
			.size = sizeof(options),
			.process = text,
			.console_fd = console,
			.pid = &answer->pid,
			.detach = true,
		};

		snprintf(text, sizeof(text), process_text, program,
		         console ? "true" : "false");
		answer->result = runf_exec(runf, id, &options, &status, &err);
	} else {
		answer->result = runf_delete(runf, id, true, &err);
	}
	memcpy(answer->text, err.text, sizeof(answer->text));
}

/* By a copy of this process, with the context that was opened before. */
static struct answer work(enum task task, const char *program, int console)
{
	struct answer answer = { .result = -EPIPE };
	int ends[2];
	pid_t worker;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	worker = fork();
	ck_assert_int_ge(worker, 0);
	if (worker == 0) {
		act(task, program, console, &answer);
		_exit(write(ends[1], &answer, sizeof(answer)) < 0);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &answer, sizeof(answer)),
	                 sizeof(answer));
	close(ends[0]);
	ck_assert_int_eq(waitpid(worker, NULL, 0), worker);
	return answer;
}

static pid_t succeed(enum task task, const char *program, int console)
{
	struct answer answer = work(task, program, console);

	ck_assert_msg(answer.result == 0, "%d: %s", (int)task, answer.text);
	return answer.pid;
}

static void begin(unsigned int with)
{
	struct runf_options options = {
		.size = sizeof(options),
		.self_protected = true,
	};

	snprintf(id, sizeof(id), "library-%d", (int)getpid());
	bundle_make(&bundle, payload, with);
	bundle_refresh(&bundle);
	options.root = bundle.state;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ck_assert_int_eq(runf_open(&options, &runf, NULL), 0);
}

static void end(void)
{
	work(TASK_DELETE, NULL, 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	runf_close(runf);
	bundle_remove(&bundle);
}

/* Whose hanging up would end the program. */
static int receive_terminal(int socket)
{
	char name[64] = "";
	size_t count = 1;
	int master = -1;

	ck_assert_int_gt(sys_receive_fds(socket, name, sizeof(name), &master,
	                                 &count),
	                 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_nonnull(strstr(name, "/dev/pts/"));
	ck_assert_int_eq(isatty(master), 1);
	return master;
}

START_TEST(workers_make_a_container_with_what_is_handed_to_them)
{
	int sockets[2];
	int masters[2];
	int status;
	pid_t init;
	pid_t other;

	begin(BUNDLE_WAITING | BUNDLE_TERMINAL);
	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	init = succeed(TASK_CREATE, NULL, sockets[1]);
	masters[0] = receive_terminal(sockets[0]);
	ck_assert_int_gt(init, 1);
	succeed(TASK_START, NULL, 0);
	other = succeed(TASK_EXEC, "end", sockets[1]);
	masters[1] = receive_terminal(sockets[0]);
	ck_assert_int_ne(other, init);
	/* Both are this process's children, once the workers are gone. */
	ck_assert_int_eq(waitpid(other, &status, 0), other);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_int_eq(waitpid(init, &status, WNOHANG), 0);
	succeed(TASK_DELETE, NULL, 0);
	ck_assert_int_eq(waitpid(init, &status, 0), init);
	ck_assert(WIFSIGNALED(status));
	close(masters[0]);
	close(masters[1]);
	close(sockets[0]);
	close(sockets[1]);
	end();
}

END_TEST

/* Until a death is counted. Never in a call that waits. */
static uint64_t await_kill(struct runf_oom *oom)
{
	struct pollfd wait = { .fd = runf_oom_fd(oom), .events = POLLIN };
	uint64_t kills = 0;
	int again = 0;
	int tries;

	for (tries = 0; tries < FULL_EVENT && kills == 0; tries++) {
		int ready =
			poll(&wait, 1, again ? RUNF_OOM_PAUSE_MS : PATIENCE);

		ck_assert_msg(ready > 0 || again, "nobody tells of it");
		again = runf_oom_read(oom, &kills);
		ck_assert_int_ge(again, 0);
	}
	return kills;
}

START_TEST(a_death_for_want_of_memory_is_told)
{
	struct runf_stats stats = { .size = sizeof(stats) };
	struct runf_oom *oom = NULL;
	struct answer answer;
	uint64_t kills = 7;
	int status;
	pid_t pid;

	begin(BUNDLE_WAITING | BUNDLE_LIMITS);
	answer = work(TASK_CREATE, NULL, 0);
	if (answer.result < 0) {
		printf("not here: %s\n", answer.text);
		end();
		return;
	}
	succeed(TASK_START, NULL, 0);
	ck_assert_int_eq(runf_oom_open(runf, id, &oom, NULL), 0);
	ck_assert_int_eq(runf_oom_read(oom, &kills), 0);
	ck_assert_uint_eq(kills, 0);
	pid = succeed(TASK_EXEC, "eat", 0);
	ck_assert_uint_ge(await_kill(oom), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_eq(runf_read_stats(runf, id, &stats, NULL), 0);
	ck_assert_int_eq(stats.unified,
	                 access("/sys/fs/cgroup/cgroup.controllers", F_OK) ==
	                         0);
	runf_release_stats(&stats);
	end();
	ck_assert_int_lt(runf_oom_read(oom, &kills), 0);
	runf_oom_close(oom);
	runf_oom_close(NULL);
}

END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("library");
	TCase *workers = tcase_create("workers");
	SRunner *runner;
	int failed;

	if (argc != 2 || geteuid() != 0) {
		puts("skipped: needs root, and a program to run");
		return SKIPPED;
	}
	payload = argv[1];
	tcase_set_timeout(workers, 60);
	tcase_add_test(workers,
	               workers_make_a_container_with_what_is_handed_to_them);
	tcase_add_test(workers, a_death_for_want_of_memory_is_told);
	suite_add_tcase(suite, workers);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
