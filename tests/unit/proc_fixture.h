/* SPDX-License-Identifier: Apache-2.0 */
/* A directory to be the container's root, and a process without wishes. */
#pragma once

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plan/plan.h"

#define CAP(number) (UINT64_C(1) << (number))
#define TEXT(text)  ((char[]){ text })
#define NOBODY      65534

/* The sanitizer looks for leaks in a /proc that a test may have left. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static char base[64];
static char root[128];

/* By main(), around all tests: what is left in it goes at the end. */
static inline void make_base(void)
{
	strcpy(base, "/tmp/runf-test-proc-XXXXXX");
	if (!mkdtemp(base) || chmod(base, 0755))
		exit(EXIT_FAILURE);
}

static inline void remove_base(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", base);
	if (system(command) != 0)
		exit(EXIT_FAILURE);
}

/* By each test, which may chroot() and cannot clean up then. */
static inline void make_root(void)
{
	snprintf(root, sizeof(root), "%s/XXXXXX", base);
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chmod(root, 0755), 0);
}

static inline const char *at(const char *path)
{
	static char text[2][256];
	static int turn;

	turn = !turn;
	snprintf(text[turn], sizeof(text[turn]), "%s%s", root, path);
	return text[turn];
}

static inline void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(at(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static inline bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	printf("skipped: needs root\n");
	return false;
}

static inline struct plan_process usual(void)
{
	static char *args[] = { NULL, NULL };
	static char *env[] = { NULL, NULL };

	return (struct plan_process){
		.args = args,
		.env = env,
		.home_slot = -1,
		.search_path = "/bin",
		.cwd = "/",
		.caps.last = 40,
	};
}

static inline void enter_root(void)
{
	ck_assert_int_eq(chroot(root), 0);
	ck_assert_int_eq(chdir("/"), 0);
}
