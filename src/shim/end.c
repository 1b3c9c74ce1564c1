/* SPDX-License-Identifier: Apache-2.0 */
/* Processes end: who is told, and in which order. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <task.pb-c.h>

#include "shim/job.h"
#include "sys/process.h"

/* How long what is left of the output is waited for. */
#define DRAIN_MS 10000

/* What containerd records of a process that never ran, or is lost. */
#define STATUS_UNKNOWN 255

void process_answer_wait(struct process *process, struct ttrpc_call call)
{
	auto_arena struct arena arena = { 0 };
	Msg__WaitAnswer answer = MESSAGE(WaitAnswer, wait_answer);
	Msg__Time when = message_time(&process->exited_at);

	answer.exit_status = process->exit_status;
	answer.exited_at = &when;
	ttrpc_answer(process->container->shim->server, call,
	             message_pack(&arena, &answer.base));
}

void process_add_waiter(struct process *process, struct ttrpc_call call)
{
	struct waiter *waiter = malloc(sizeof(*waiter));

	if (!waiter) {
		ttrpc_answer_error(process->container->shim->server, call,
		                   TTRPC_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	waiter->call = call;
	waiter->next = process->waiters;
	process->waiters = waiter;
}

static void forget_waiters(struct process *process, uint64_t connection)
{
	struct waiter **at = &process->waiters;

	while (*at) {
		struct waiter *waiter = *at;

		if (waiter->call.connection != connection) {
			at = &waiter->next;
			continue;
		}
		*at = waiter->next;
		free(waiter);
	}
}

void shim_forget_connection(void *context, uint64_t connection)
{
	struct shim *shim = context;
	struct container *container;
	struct process *process;

	for (container = shim->containers; container;
	     container = container->next) {
		forget_waiters(&container->init, connection);
		for (process = container->execs; process;
		     process = process->next)
			forget_waiters(process, connection);
	}
}

static void publish_exit(const struct process *process)
{
	auto_arena struct arena arena = { 0 };
	const struct container *container = process->container;
	Msg__TaskExit exit = MESSAGE(TaskExit, task_exit);
	Msg__Time when = message_time(&process->exited_at);

	exit.container_id = message_text(container->id);
	exit.id = message_text(*process->exec_id ? process->exec_id
	                                         : container->id);
	exit.pid = (uint32_t)process->pid;
	exit.exit_status = process->exit_status;
	exit.exited_at = &when;
	events_publish(container->shim->events, "/tasks/exit",
	               "containerd.events.TaskExit",
	               message_pack(&arena, &exit.base));
}

static void process_drained(void *context)
{
	struct process *process = context;
	struct job *deletion = process->deletion;

	process->drained = true;
	process->deletion = NULL;
	if (deletion)
		method_delete(deletion);
}

void process_tell_end(struct process *process)
{
	process->status = PROCESS_STOPPED;
	if (process->pid > 0)
		publish_exit(process);
	while (process->waiters) {
		struct waiter *waiter = process->waiters;

		process->waiters = waiter->next;
		process_answer_wait(process, waiter->call);
		free(waiter);
	}
	if (process->io)
		io_finish(process->io, DRAIN_MS, process_drained, process);
	else
		process_drained(process);
}

static bool execs_run(const struct container *container)
{
	const struct process *process;

	for (process = container->execs; process; process = process->next)
		if ((process->pid > 0 || process->busy) &&
		    process->status != PROCESS_STOPPED)
			return true;
	return false;
}

/* ---- what init leaves behind when its pid namespace is another's */

static int verb_kill_rest(struct job *job, struct runf *runf,
                          struct worker_answer *answer, struct runf_error *err)
{
	(void)answer;
	return runf_kill(runf, job->container->id, SIGKILL, true, err);
}

static void kill_rest_done(struct job *job, int result,
                           const struct worker_answer *answer,
                           const struct runf_error *err)
{
	(void)answer;
	if (result < 0)
		log_warning(&job->shim->log, "container \"%s\": %s",
		            job->container->id, err->text);
	job_free(job);
}

static void kill_rest(struct container *container)
{
	struct ttrpc_call nobody = { .connection = 0 };
	struct job *job = job_new(container->shim, nobody);

	job_hold(job, container, NULL);
	job_work(job, verb_kill_rest, kill_rest_done);
}

static void init_may_go(struct container *container)
{
	if (container->init_is_gone && !execs_run(container) &&
	    container->init.status != PROCESS_STOPPED)
		process_tell_end(&container->init);
}

/*
 * Clients take the end of init for the end of everything: what was executed
 * beside it is told before. In a pid namespace of its own the kernel keeps
 * that order; else the rest is killed, and waited for.
 */
static void process_go(struct process *process)
{
	struct container *container = process->container;

	if (process != &container->init) {
		process_tell_end(process);
		init_may_go(container);
		return;
	}
	container->init_is_gone = true;
	/* What memory was not enough for is told before. */
	container_check_oom(container);
	if (container->shares_pids)
		kill_rest(container);
	init_may_go(container);
}

void process_ended(struct process *process, int status,
                   const struct timespec *when)
{
	process->exit_status = (uint32_t)status;
	process->exited_at = *when;
	process->ended = true;
	if (!process->busy)
		process_go(process);
}

void process_rest(struct process *process)
{
	struct container *container = process->container;

	process->busy = false;
	if (process->ended && process->status != PROCESS_STOPPED)
		process_go(process);
	/* It came in behind those that were killed. */
	else if (container->init_is_gone && container->shares_pids &&
	         process->status == PROCESS_RUNNING)
		kill_rest(container);
}

void process_fail(struct process *process)
{
	process->busy = false;
	process->exit_status = STATUS_UNKNOWN;
	clock_gettime(CLOCK_REALTIME, &process->exited_at);
	io_close(process->io);
	process->io = NULL;
	process_tell_end(process);
	init_may_go(process->container);
}

/* PROCESS is what ANSWER tells of; it may have ended meanwhile. */
int process_begin(struct process *process, const struct worker_answer *answer,
                  struct error *err)
{
	struct shim *shim = process->container->shim;
	struct timespec when;
	int status;
	int result = 0;

	process->pid = answer->pid;
	if (process->paths.terminal && answer->fd >= 0)
		result = io_take_terminal(process->io, answer->fd, err);
	if (reaper_take_orphan(shim, answer->pid, &status, &when)) {
		process_ended(process, status, &when);
	} else if (sys_kill(answer->pid, 0) == -ESRCH) {
		/* There were too many to remember them all. */
		clock_gettime(CLOCK_REALTIME, &when);
		process_ended(process, STATUS_UNKNOWN, &when);
	}
	return result;
}
