/* SPDX-License-Identifier: Apache-2.0 */
/* What the shim answers at once, from what it remembers. */
#include <errno.h>
#include <signal.h>
#include <task.pb-c.h>

#include "shim/job.h"
#include "sys/process.h"

#define SIGNAL_MAX 64

static Msg__Status status_of(const struct process *process)
{
	const struct container *container = process->container;

	if (process->status == PROCESS_STOPPED)
		return MSG__STATUS__STOPPED;
	if (process == &container->init && container->paused)
		return MSG__STATUS__PAUSED;
	return process->status == PROCESS_RUNNING ? MSG__STATUS__RUNNING
	                                          : MSG__STATUS__CREATED;
}

void method_state(struct job *job)
{
	const struct process *process = job->process;
	Msg__StateAnswer answer = MESSAGE(StateAnswer, state_answer);
	Msg__Time when = message_time(&process->exited_at);

	answer.id = message_text(*process->exec_id ? process->exec_id
	                                           : job->container->id);
	answer.exec_id = message_text(process->exec_id);
	answer.bundle = message_text(job->container->bundle);
	answer.pid = (uint32_t)process->pid;
	answer.status = status_of(process);
	answer.in = message_text(process->paths.in);
	answer.out = message_text(process->paths.out);
	answer.err = message_text(process->paths.err);
	answer.terminal = process->paths.terminal;
	answer.exit_status = process->exit_status;
	if (process->status == PROCESS_STOPPED)
		answer.exited_at = &when;
	job_answer(job, &answer.base);
}

void method_wait(struct job *job)
{
	if (job->process->status == PROCESS_STOPPED)
		process_answer_wait(job->process, job->call);
	else
		process_add_waiter(job->process, job->call);
	job_free(job);
}

/* Also of a container that is not there: containerd asks whether we live. */
void method_connect(struct job *job)
{
	const Msg__ProcessRequest *request = job->message;
	const struct container *container =
		container_find(job->shim, request->id);
	Msg__ConnectAnswer answer = MESSAGE(ConnectAnswer, connect_answer);

	answer.shim_pid = (uint32_t)sys_getpid();
	if (container && container->created)
		answer.task_pid = (uint32_t)container->init.pid;
	job_answer(job, &answer.base);
}

/* ---- Kill */

static int verb_kill(struct job *job, struct runf *runf,
                     struct worker_answer *answer, struct runf_error *err)
{
	const Msg__KillRequest *request = job->message;

	(void)answer;
	return runf_kill(runf, job->container->id, (int)request->signal,
	                 request->all, err);
}

static void kill_done(struct job *job, int result,
                      const struct worker_answer *answer,
                      const struct runf_error *err)
{
	(void)answer;
	if (result < 0)
		job_fail_runf(job, err);
	else
		job_done(job);
}

/*
 * A process of ours that was not waited for yet keeps its pid: no other can be
 * met. All of a container, or one that is frozen, is the library's affair.
 */
void method_kill(struct job *job)
{
	const Msg__KillRequest *request = job->message;
	const struct process *process = job->process;
	int result;

	if (request->signal > SIGNAL_MAX) {
		job_fail(job, TTRPC_INVALID_ARGUMENT, "there is no signal %u",
		         request->signal);
		return;
	}
	if (process->ended || process->status == PROCESS_STOPPED) {
		job_fail(job, TTRPC_NOT_FOUND, "process already finished");
		return;
	}
	if (process->pid <= 0) {
		job_fail(job, TTRPC_FAILED_PRECONDITION,
		         "process was not started");
		return;
	}
	if (process == &job->container->init &&
	    (request->all || job->container->paused)) {
		job_work(job, verb_kill, kill_done);
		return;
	}
	result = sys_kill(process->pid, (int)request->signal);
	if (result == -ESRCH)
		job_fail(job, TTRPC_NOT_FOUND, "process already finished");
	else if (result < 0)
		job_fail(job, TTRPC_UNKNOWN, "signal %u cannot be sent to %d",
		         request->signal, process->pid);
	else
		job_done(job);
}

/* ---- stdio */

void method_resize(struct job *job)
{
	const Msg__ResizeRequest *request = job->message;
	struct error err;

	if (!job->process->paths.terminal || !job->process->io) {
		job_fail(job, TTRPC_FAILED_PRECONDITION,
		         "the process has no terminal");
		return;
	}
	if (io_resize(job->process->io, (uint16_t)request->width,
	              (uint16_t)request->height, &err) < 0)
		job_fail_error(job, &err);
	else
		job_done(job);
}

void method_close(struct job *job)
{
	const Msg__CloseRequest *request = job->message;

	if (request->in && job->process->io)
		io_close_stdin(job->process->io);
	job_done(job);
}

/* ---- Shutdown */

void method_shutdown(struct job *job)
{
	struct shim *shim = job->shim;

	job_done(job);
	daemon_rest(shim);
}
