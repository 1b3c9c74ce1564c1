/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroup on the host's own cgroups, and processes in it. */
#pragma once

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "plan/decide.h"
#include "probe/probe.h"
#include "sys/file.h"
#include "sys/process.h"

/* Each test runs on the host as it is and, where it has v1, as if v1 only. */
enum host {
	HOST_AS_IS,
	HOST_V1,
	HOSTS
};

static struct arena arena;
static struct facts facts;
static struct oci_linux config;
static struct oci_spec spec;
static struct plan plan;
static struct cgroup cgroup;
static struct error err;
static char path[64];

/* What a failed test leaves, with the parents that some make. */
static inline void teardown(void)
{
	size_t i;

	cgroup_close(&cgroup);
	for (i = 0; i < plan.cgroup.dirs_count; i++)
		plan.cgroup.dirs[i].path = path;
	for (i = 0; i < plan.cgroup.dirs_count; i++)
		plan.cgroup.dirs[i].keep = false;
	cgroup_remove(&plan.cgroup, NULL);
	arena_release(&arena);
}

/* False if this host cannot be had. */
static inline bool use_host(int host)
{
	memset(&arena, 0, sizeof(arena));
	memset(&facts, 0, sizeof(facts));
	memset(&config, 0, sizeof(config));
	memset(&spec, 0, sizeof(spec));
	memset(&plan, 0, sizeof(plan));
	cgroup = CGROUP_NONE;
	ck_assert_int_eq(probe_cgroup(&arena, &facts.cgroup, &err), 0);
	snprintf(path, sizeof(path), "/runf-test-%d", getpid());
	config.cgroups_path = path;
	spec.linux_ = &config;
	if (facts.cgroup.mode == FACTS_CGROUP_NONE || geteuid() != 0)
		return false;
	if (host == HOST_AS_IS)
		return true;
	facts.cgroup.mode = FACTS_CGROUP_V1;
	facts.cgroup.v2_mount = NULL;
	return facts.cgroup.v1_count > 0;
}

static inline bool skipped(const char *reason)
{
	printf("skipped: %s\n", reason);
	return true;
}

static inline int decide(void)
{
	static const struct plan_options options = { .id = "test" };
	struct planner p = {
		.arena = &arena,
		.spec = &spec,
		.facts = &facts,
		.options = &options,
		.plan = &plan,
	};

	memset(&plan, 0, sizeof(plan));
	return plan_cgroup(&p, &err);
}

static inline void create(void)
{
	ck_assert_msg(decide() == 0, "%s", err.text);
	ck_assert_msg(cgroup_create(&plan.cgroup, &cgroup, &err) == 0, "%s",
	              err.text);
}

/* The same, or false if the host lacks the controller. */
static inline bool try_create(void)
{
	if (decide() == 0 && cgroup_create(&plan.cgroup, &cgroup, &err) == 0)
		return true;
	ck_assert_msg(err.kind == ERROR_UNSUPPORTED, "%s", err.text);
	return !skipped(err.text);
}

static inline bool exists(const char *below)
{
	char text[256];
	size_t i;

	for (i = 0; i < plan.cgroup.dirs_count; i++) {
		snprintf(text, sizeof(text), "%s%s%s",
		         plan.cgroup.dirs[i].mount, path, below);
		if (access(text, F_OK) == 0)
			return true;
	}
	return false;
}

/* A file of the leaf, whichever directory has it. */
static inline const char *read_leaf(const char *file)
{
	static char text[4096];
	size_t i;

	for (i = 0; i < cgroup.count; i++)
		if (sys_read_file(cgroup.dirs[i], file, text, sizeof(text)) >=
		    0)
			return text;
	return "";
}

static inline struct opt_i64 some(int64_t value)
{
	return (struct opt_i64){ true, value };
}

/* ---- processes inside */

struct inside {
	pid_t pid;
	int status; /* of wait(2) */
};

/* A child in the cgroup runs BODY and exits with what it returns. */
static inline struct inside start(int (*body)(void))
{
	struct inside inside;
	int gate[2];
	int pidfd;
	char byte;

	ck_assert_int_eq(sys_pipe2(gate, 0), 0);
	inside.pid = sys_clone(0, cgroup.leaf, &pidfd);
	ck_assert_int_ge(inside.pid, 0);
	if (inside.pid == 0) {
		/* check's own handlers would kill its whole group. */
		sys_reset_signals();
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) == 0 ? body() : 99);
	}
	close(pidfd);
	ck_assert_msg(cgroup_join(&cgroup, inside.pid, false, &err) == 0, "%s",
	              err.text);
	close(gate[0]);
	close(gate[1]);
	return inside;
}

static inline void finish(struct inside *inside)
{
	ck_assert_int_eq(waitpid(inside->pid, &inside->status, 0), inside->pid);
}

static inline int run(int (*body)(void))
{
	struct inside inside = start(body);

	finish(&inside);
	return inside.status;
}

static inline int body_exit(void)
{
	return 0;
}

static inline int body_sleep(void)
{
	while (pause() < 0)
		;
	return 0;
}

static inline int body_family(void)
{
	if (fork() == 0)
		fork();
	while (pause() < 0)
		;
	return 0;
}

static inline void nap(int milliseconds)
{
	struct timespec time = { milliseconds / 1000,
		                 milliseconds % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static inline size_t count_pids(void)
{
	int32_t *pids = NULL;
	size_t count = 0;
	size_t i;

	ck_assert_msg(cgroup_pids(&plan.cgroup, &arena, &pids, &count, &err) ==
	                      0,
	              "%s", err.text);
	for (i = 1; i < count; i++)
		ck_assert_int_lt(pids[i - 1], pids[i]);
	return count;
}

static inline void await_pids(size_t count)
{
	int tries;

	for (tries = 0; count_pids() != count; tries++) {
		ck_assert_msg(tries < 1000, "%zu processes, not %zu",
		              count_pids(), count);
		nap(2);
	}
}

#define ADD(tests, test) tcase_add_loop_test(tests, test, 0, HOSTS)

static inline TCase *add_case(Suite *suite, const char *name)
{
	TCase *tests = tcase_create(name);

	tcase_add_checked_fixture(tests, NULL, teardown);
	tcase_set_timeout(tests, 30);
	suite_add_tcase(suite, tests);
	return tests;
}

/* Shared with the child. */
static volatile unsigned long *counter;

static inline void share_counter(void)
{
	counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static inline int run_suite(Suite *suite)
{
	SRunner *runner;
	int failed;

	if (geteuid() != 0) {
		printf("skipped: cgroups are root's\n");
		return 77;
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
