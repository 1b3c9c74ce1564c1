/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task service with nothing below it: workers, stdio and processes do what
 * the test says, when it says so; answers and events are kept and looked at.
 * Where it is included decides what WORLD_CHECK() does.
 */
#pragma once

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <task.pb-c.h>

#include "base/str.h"
#include "shim/bundle.h"
#include "shim/job.h"
#include "shim/service.h"

#define WORLD_CALLS  4096
#define WORLD_EVENTS 8192

/* How io_open() goes: at once, or when the test says so. */
enum world_io {
	WORLD_IO_READY,
	WORLD_IO_FAILS,
	WORLD_IO_LATER,
};

struct io {
	struct io *next;
	io_ready *ready; /* NULL once told */
	void *context;
	void (*drained)(void *context);
	void *drained_context;
};

struct world_work {
	struct world_work *next;
	struct job *job;
};

struct world_event {
	char topic[32];
	char id[64]; /* of the container, or of the process that ended */
};

static struct {
	struct shim shim;
	enum world_io io_mode;
	bool drains_late;
	bool no_workers; /* none can be made */
	bool shares_pids;
	bool memory_is_short;
	bool ended; /* after Shutdown */
	struct io *ios;
	struct world_work *works;
	pid_t last_pid;
	pid_t orphan;    /* that ended before its worker answered */
	int kill_result; /* of a signal, */
	int look_result; /* and of none */
	uint32_t last_call;
	/* -1: no answer yet. */
	int answers[WORLD_CALLS];
	uint32_t statuses[WORLD_CALLS]; /* of Wait and Delete */
	struct world_event events[WORLD_EVENTS];
	size_t events_count;
} world;

/* ---- in place of ttrpc */

static void world_answer(struct ttrpc_call call, int code)
{
	if (call.connection == 0)
		return;
	WORLD_CHECK(call.stream <= world.last_call);
	WORLD_CHECK(world.answers[call.stream] == -1);
	world.answers[call.stream] = code;
}

void ttrpc_answer(struct ttrpc_server *server, struct ttrpc_call call,
                  struct ttrpc_bytes payload)
{
	auto_arena struct arena arena = { 0 };
	const Msg__DeleteAnswer *delete = message_unpack(
		&msg__delete_answer__descriptor, &arena, payload);
	const Msg__WaitAnswer *wait =
		message_unpack(&msg__wait_answer__descriptor, &arena, payload);

	(void)server;
	world_answer(call, TTRPC_OK);
	if (delete)
		world.statuses[call.stream] = delete->exit_status;
	else if (wait)
		world.statuses[call.stream] = wait->exit_status;
}

void ttrpc_answer_error(struct ttrpc_server *server, struct ttrpc_call call,
                        enum ttrpc_code code, const char *text)
{
	(void)server;
	WORLD_CHECK(code != TTRPC_OK && *text);
	world_answer(call, code);
}

/* ---- in place of containerd */

void events_publish(struct events *events, const char *topic, const char *type,
                    struct ttrpc_bytes message)
{
	auto_arena struct arena arena = { 0 };
	const Msg__TaskExit *exit =
		message_unpack(&msg__task_exit__descriptor, &arena, message);
	const Msg__TaskNotice *notice =
		message_unpack(&msg__task_notice__descriptor, &arena, message);
	struct world_event *event = &world.events[world.events_count];

	(void)events;
	WORLD_CHECK(str_after(type, "containerd.events.Task"));
	WORLD_CHECK(world.events_count < WORLD_EVENTS && (exit || notice));
	snprintf(event->topic, sizeof(event->topic), "%s", topic);
	snprintf(event->id, sizeof(event->id), "%s",
	         exit && str_equal(topic, "/tasks/exit")
	                 ? exit->id
	                 : notice->container_id);
	world.events_count++;
}

void daemon_rest(struct shim *shim)
{
	world.ended = !shim->containers;
}

/* ---- in place of stdio */

static void io_tell(struct io *io, int result)
{
	io_ready *ready = io->ready;
	struct error err = { .code = 0 };

	io->ready = NULL;
	if (result < 0)
		error_set(&err, ERROR_PROGRAM, result, "no logger");
	ready(io->context, result, &err);
}

struct io *io_open(struct loop *loop, const struct io_paths *paths,
                   const struct io_owner *owner, io_ready *ready, void *context)
{
	struct io *io = calloc(1, sizeof(*io));

	(void)loop;
	WORLD_CHECK(io && paths->in && paths->out && owner->container);
	io->next = world.ios;
	io->ready = ready;
	io->context = context;
	world.ios = io;
	if (world.io_mode != WORLD_IO_LATER)
		io_tell(io, world.io_mode == WORLD_IO_FAILS ? -ENOENT : 0);
	return io;
}

void io_close(struct io *io)
{
	struct io **at = &world.ios;

	if (!io)
		return;
	while (*at != io)
		at = &(*at)->next;
	*at = io->next;
	free(io);
}

void io_payload_fds(const struct io *io, int ret_fds[3])
{
	WORLD_CHECK(io);
	ret_fds[0] = ret_fds[1] = ret_fds[2] = -1;
}

void io_handed_over(struct io *io)
{
	WORLD_CHECK(io && !io->ready);
}

int io_take_terminal(struct io *io, int master, struct error *err)
{
	WORLD_CHECK(io && !io->drained && master >= 0 && err);
	return 0;
}

int io_resize(struct io *io, uint16_t width, uint16_t height, struct error *err)
{
	WORLD_CHECK(io && err);
	return width + height ? 0
	                      : error_set(err, ERROR_SYSTEM, -EIO, "no size");
}

void io_close_stdin(struct io *io)
{
	WORLD_CHECK(io);
}

void io_finish(struct io *io, uint64_t ms, void (*drained)(void *context),
               void *context)
{
	WORLD_CHECK(io && ms && !io->drained && !io->ready);
	io->drained_context = context;
	if (world.drains_late)
		io->drained = drained;
	else
		drained(context);
}

/* ---- in place of the library and of processes */

void job_work(struct job *job, job_verb *verb,
              void (*done)(struct job *job, int result,
                           const struct worker_answer *answer,
                           const struct runf_error *err))
{
	static const struct worker_answer nothing = { .fd = -1 };
	struct runf_error err = { .code = -ENOMEM, .text = "no worker" };
	struct world_work *work = calloc(1, sizeof(*work));

	WORLD_CHECK(work && verb && done && job->container);
	job->verb = verb;
	job->done = done;
	if (world.no_workers) {
		free(work);
		done(job, err.code, &nothing, &err);
		return;
	}
	work->job = job;
	work->next = world.works;
	world.works = work;
}

bool reaper_take_orphan(struct shim *shim, pid_t pid, int *ret_status,
                        struct timespec *ret_when)
{
	(void)shim;
	if (pid != world.orphan)
		return false;
	world.orphan = 0;
	*ret_status = 3;
	*ret_when = (struct timespec){ .tv_sec = 1 };
	return true;
}

int __wrap_sys_kill(pid_t pid, int signal);

int __wrap_sys_kill(pid_t pid, int signal)
{
	WORLD_CHECK(pid > 0 && signal >= 0);
	return signal ? world.kill_result : world.look_result;
}

void bundle_write_pid(const char *bundle, pid_t pid)
{
	WORLD_CHECK(bundle && pid);
}

int bundle_note_root(const char *bundle, const char *root,
                     const char *namespace_, struct error *err)
{
	WORLD_CHECK(bundle && root && namespace_);
	return str_equal(bundle, "/full")
	               ? error_system(err, -ENOSPC, "write \"%s\"", bundle)
	               : 0;
}

bool bundle_shares_pids(struct arena *arena, pid_t pid)
{
	return arena && pid > 0;
}

void container_watch_oom(struct container *container)
{
	WORLD_CHECK(container->init.pid > 0);
}

void container_check_oom(struct container *container)
{
	struct ttrpc_bytes nothing = { .size = 0 };

	WORLD_CHECK(container->id);
	if (world.memory_is_short)
		events_publish(NULL, "/tasks/oom", "containerd.events.TaskOOM",
		               nothing);
}

void container_forget_oom(struct container *container)
{
	WORLD_CHECK(container->id);
}

/* ---- what the test does */

static void world_open(void)
{
	memset(&world, 0, sizeof(world));
	world.shim.namespace_ = "space";
	world.shim.log.level = LOG_LEVEL_ERROR;
	world.last_pid = 1000;
}

static uint32_t world_serve(const char *verb, struct ttrpc_bytes payload)
{
	struct ttrpc_request request = {
		.service = "containerd.task.v2.Task",
		.method = verb,
		.payload = payload,
	};
	struct ttrpc_call call = { .connection = 1 };

	WORLD_CHECK(world.last_call + 1 < WORLD_CALLS);
	call.stream = ++world.last_call;
	world.answers[call.stream] = -1;
	service_serve(&world.shim, call, &request);
	return call.stream;
}

/* Process ID is 0 if the verb starts none. */
static void world_work(struct world_work *work, int result)
{
	struct world_work **at = &world.works;
	struct job *job = work->job;
	struct worker_answer answer = {
		.fd = -1,
		.shares_pids = world.shares_pids,
	};
	struct runf_error err = { .code = result, .text = "cannot" };

	while (*at != work)
		at = &(*at)->next;
	*at = work->next;
	free(work);
	if (result == 0 && job->starts)
		answer.pid = ++world.last_pid;
	if (job->process && job->process->paths.terminal && job->starts)
		answer.fd = 0;
	job->done(job, result, &answer, &err);
}

static void world_exit(struct process *process, int status)
{
	struct timespec when = { .tv_sec = 1 };

	process_ended(process, status, &when);
}

static void world_drain(struct io *io)
{
	void (*drained)(void *context) = io->drained;

	io->drained = NULL;
	drained(io->drained_context);
}
