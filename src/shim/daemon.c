/* SPDX-License-Identifier: Apache-2.0 */
/* The shim as it stays: it serves, reaps, and ends when nothing is left. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "shim/service.h"
#include "shim/shim.h"
#include "shim/socket.h"
#include "sys/file.h"
#include "sys/process.h"

/* How long containerd may take to hear the last events. */
#define LAST_WORDS_MS 2000

/* How long after a `start` its container is expected. */
#define PROMISE_S 3

#define OOM_SCORE_MAX 1000

/* Before containerd, the shim is to go; before the shim, its containers. */
static void daemon_adjust_oom(void)
{
	static const char path[] = "/proc/self/oom_score_adj";
	char text[16];
	int64_t score;

	if (sys_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (str_to_i64(text, 10, &score) < 0 || score >= OOM_SCORE_MAX)
		return;
	snprintf(text, sizeof(text), "%d", (int)score + 1);
	sys_write_file(AT_FDCWD, path, text);
}

/*
 * Each container holds some descriptors here, and what services are given is
 * not many. Containers get what we got.
 */
static void daemon_raise_files(struct shim *shim)
{
	struct rlimit most;

	if (sys_prlimit(0, RLIMIT_NOFILE, NULL, &shim->files) < 0)
		return;
	most = shim->files;
	most.rlim_cur = most.rlim_max;
	sys_prlimit(0, RLIMIT_NOFILE, &most, NULL);
}

/* containerd wants it; where there is one thread a core it means nothing. */
static void daemon_share_cores(struct shim *shim)
{
	const char *wanted = getenv("SCHED_CORE");
	int result = 0;

	if (wanted && (str_equal(wanted, "1") || str_equal(wanted, "true")))
		result = sys_make_core_cookie();
	if (result < 0 && result != -ENODEV && result != -EINVAL)
		log_warning(&shim->log, "core scheduling: %s",
		            strerror(-result));
}

/* PATH of the v2 tree, or of every v1 hierarchy that we are in. */
static void daemon_join_cgroup(struct shim *shim, const char *path)
{
	static const char *const mounts[] = {
		"/sys/fs/cgroup",         "/sys/fs/cgroup/unified",
		"/sys/fs/cgroup/cpu",     "/sys/fs/cgroup/memory",
		"/sys/fs/cgroup/cpuset",  "/sys/fs/cgroup/pids",
		"/sys/fs/cgroup/blkio",   "/sys/fs/cgroup/devices",
		"/sys/fs/cgroup/freezer", "/sys/fs/cgroup/systemd",
	};
	bool joined = false;
	char file[512];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		snprintf(file, sizeof(file), "%s/%s/cgroup.procs", mounts[i],
		         path);
		if (sys_write_file(AT_FDCWD, file, "0") == 0)
			joined = true;
	}
	if (!joined)
		log_warning(&shim->log, "there is no cgroup \"%s\" to join",
		            path);
}

/* Standard descriptors lead nowhere: containerd waits for the end of its own. */
static int daemon_detach(struct error *err)
{
	auto_close int null = sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
	int fd;

	if (null < 0)
		return error_system(err, null, "open /dev/null");
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		sys_dup3(null, fd, 0);
	sys_setsid();
	sys_set_child_subreaper(1);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

/*
 * The first context holds what the program runs from; workers must not take
 * it for theirs.
 */
static int daemon_keep_program(struct error *err)
{
	struct runf_options options = { .size = sizeof(options) };
	struct runf_error why;
	struct runf *runf;
	int result = runf_open(&options, &runf, &why);

	return result < 0 ? error_set(err, ERROR_SYSTEM, result, "%s", why.text)
	                  : 0;
}

static int daemon_open(struct shim *shim, const struct daemon_options *options,
                       struct error *err)
{
	int result = loop_open(&shim->loop, err);

	if (result == 0)
		result = reaper_open(shim, err);
	if (result == 0)
		result =
			ttrpc_server_open(&shim->loop, options->listener,
		                          service_serve, shim_forget_connection,
		                          shim, &shim->server, err);
	if (result == 0)
		result = daemon_keep_program(err);
	if (result < 0)
		return result;
	shim->events = events_open(&shim->loop, options->containerd,
	                           options->namespace_, &shim->log);
	if (!shim->events)
		return error_set(err, ERROR_SYSTEM, -ENOMEM, "out of memory");
	return 0;
}

void daemon_rest(struct shim *shim)
{
	if (shim->containers || shim->ending)
		return;
	if (socket_retire(shim->socket, PROMISE_S))
		daemon_end(shim);
	else
		loop_arm(&shim->loop, &shim->rest, PROMISE_S * 1000);
}

static void daemon_rested(struct loop_timer *timer)
{
	daemon_rest(loop_owner(timer, struct shim, rest));
}

int daemon_run(const struct daemon_options *options)
{
	struct shim *shim = calloc(1, sizeof(*shim));
	struct error err;
	int result;

	if (!shim)
		return EXIT_FAILURE;
	shim->namespace_ = options->namespace_;
	shim->socket = options->socket;
	shim->rest.expired = daemon_rested;
	log_open(shim, options->level);
	result = daemon_detach(&err);
	daemon_adjust_oom();
	daemon_raise_files(shim);
	daemon_share_cores(shim);
	if (options->cgroup)
		daemon_join_cgroup(shim, options->cgroup);
	if (result == 0)
		result = daemon_open(shim, options, &err);
	if (result == 0)
		result = loop_run(&shim->loop, &err);
	if (result < 0) {
		log_error(&shim->log, "shim: %s", err.text);
		/* Whoever was told to come here is to start another. */
		socket_remove(shim->socket);
	}
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void daemon_drained(void *context)
{
	struct shim *shim = context;

	loop_stop(&shim->loop);
}

/*
 * Whoever asks for this socket from now on makes a new one; whoever has a
 * connection is still answered.
 */
void daemon_end(struct shim *shim)
{
	if (shim->ending)
		return;
	shim->ending = true;
	socket_remove(shim->socket);
	ttrpc_server_stop_listening(shim->server);
	events_drain(shim->events, LAST_WORDS_MS, daemon_drained, shim);
}
