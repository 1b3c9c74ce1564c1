/* SPDX-License-Identifier: Apache-2.0 */
/* A directory with FIFOs, a loop, and whoever is called by an io. */
#pragma once

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/time.h"
#include "shim/io.h"

/* No test takes a tenth of this; a hang fails instead of hanging. */
#define PATIENCE_MS 10000
#define LONG_MS     60000

static char dir[64];
static struct loop loop;

/* What READY and DRAINED have said. */
static int ready_calls;
static int ready_result;
static struct error ready_error;
static int drained_calls;

static inline void stage_open(void)
{
	signal(SIGPIPE, SIG_IGN);
	strcpy(dir, "/tmp/runf-test-io-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(loop_open(&loop, NULL), 0);
	ready_calls = drained_calls = 0;
}

static inline void stage_close(void)
{
	char command[128];

	loop_close(&loop);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static inline const char *at(const char *name)
{
	static char text[4][256];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(text[turn], sizeof(text[turn]), "%s/%s", dir, name);
	return text[turn];
}

static inline const char *make_fifo(const char *name)
{
	const char *path = at(name);

	ck_assert_int_eq(mkfifo(path, 0700), 0);
	return path;
}

/* ---- the loop, for as long as it takes */

static inline void stage_stop(struct loop_timer *timer)
{
	(void)timer;
	loop_stop(&loop);
}

/* For so long, whatever happens. */
static inline void loop_for(uint64_t ms)
{
	struct loop_timer timer = { .expired = stage_stop };

	loop_arm(&loop, &timer, ms);
	ck_assert_int_eq(loop_run(&loop, NULL), 0);
}

/* Until CONDITION holds: it has to, within the test's patience. */
static inline void loop_until(bool (*condition)(void))
{
	uint64_t end = time_monotonic_ns() + PATIENCE_MS * UINT64_C(1000000);

	while (!condition()) {
		ck_assert_msg(time_monotonic_ns() < end, "it never happens");
		loop_for(2);
	}
}

static inline bool is_ready(void)
{
	return ready_calls > 0;
}

static inline bool is_drained(void)
{
	return drained_calls > 0;
}

static inline void when_ready(void *context, int result,
                              const struct error *err)
{
	(void)context;
	ready_calls++;
	ready_result = result;
	ready_error = *err;
}

static inline void when_drained(void *context)
{
	(void)context;
	drained_calls++;
}

static inline struct io *open_with(const struct io_paths *paths,
                                   const struct io_owner *owner)
{
	struct io *io = io_open(&loop, paths, owner, when_ready, NULL);

	loop_until(is_ready);
	ck_assert_int_eq(ready_calls, 1);
	return io;
}

static const struct io_owner nobody = {
	.container = "web1",
	.namespace_ = "default",
	.uid = (uid_t)-1,
	.gid = (gid_t)-1,
	.logger_ready_ms = 500,
	.logger_end_ms = 300,
};

/* Opens it all, which has to work. */
static inline struct io *open_io(const struct io_paths *paths)
{
	struct io *io = open_with(paths, &nobody);

	ck_assert_msg(ready_result == 0, "%s", ready_error.text);
	return io;
}

/* ---- clients */

static inline int client_reads(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Without waiting: "" nothing yet, NULL the end. */
static inline const char *take(int fd)
{
	static char text[256];
	ssize_t count = read(fd, text, sizeof(text) - 1);

	if (count < 0)
		count = 0;
	else if (count == 0)
		return NULL;
	text[count] = '\0';
	return text;
}

#define ck_assert_taken(fd, text)              \
	do {                                   \
		const char *taken = take(fd);  \
		ck_assert_ptr_nonnull(taken);  \
		ck_assert_str_eq(taken, text); \
	} while (0)
#define ck_assert_at_end(fd) ck_assert_ptr_null(take(fd))

/* Whether FD could be read now (also when its end is there). */
static inline bool is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

static inline size_t count_fds(void)
{
	size_t count = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}
