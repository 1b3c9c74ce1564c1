/* SPDX-License-Identifier: Apache-2.0 */
/* Start and Exec: processes begin to run. */
#include <stdlib.h>
#include <string.h>
#include <task.pb-c.h>

#include "shim/console.h"
#include "shim/job.h"

static int verb_start(struct job *job, struct runf *runf,
                      struct worker_answer *answer, struct runf_error *err)
{
	answer->pid = job->process->pid;
	return runf_start(runf, job->container->id, NULL, err);
}

static int verb_exec(struct job *job, struct runf *runf,
                     struct worker_answer *answer, struct runf_error *err)
{
	struct runf_exec_options options = {
		.size = sizeof(options),
		.process = job->process->spec,
		.pid = &answer->pid,
		.detach = true,
	};
	int status;
	int pair[2];
	int result = console_open(job, pair, err);

	if (result < 0)
		return result;
	options.console_fd = pair[1] < 0 ? 0 : pair[1];
	result = runf_exec(runf, job->container->id, &options, &status, err);
	if (result == 0)
		console_take(pair, answer);
	return result;
}

static void publish_start(const struct process *process)
{
	auto_arena struct arena arena = { 0 };
	struct events *events = process->container->shim->events;

	if (*process->exec_id) {
		Msg__TaskExec event = MESSAGE(TaskExec, task_exec);

		event.container_id = message_text(process->container->id);
		event.exec_id = message_text(process->exec_id);
		event.pid = (uint32_t)process->pid;
		events_publish(events, "/tasks/exec-started",
		               "containerd.events.TaskExecStarted",
		               message_pack(&arena, &event.base));
	} else {
		Msg__TaskStart event = MESSAGE(TaskStart, task_start);

		event.container_id = message_text(process->container->id);
		event.pid = (uint32_t)process->pid;
		events_publish(events, "/tasks/start",
		               "containerd.events.TaskStart",
		               message_pack(&arena, &event.base));
	}
}

static void start_failed(struct process *process)
{
	/* An init that was not started is on its way out: the reaper tells. */
	if (process->pid > 0)
		process_rest(process);
	else
		process_fail(process);
}

static void start_done(struct job *job, int result,
                       const struct worker_answer *answer,
                       const struct runf_error *err)
{
	struct container *container = job->container;
	struct process *process = job->process;
	Msg__PidAnswer pid = MESSAGE(PidAnswer, pid_answer);
	struct error why;

	container_hold(container);
	process_forget_spec(process);
	if (result == 0 && process->pid == 0) {
		io_handed_over(process->io);
		if (process == &container->init)
			container->shares_pids = answer->shares_pids;
		if (process_begin(process, answer, &why) < 0)
			log_warning(&job->shim->log, "container \"%s\": %s",
			            container->id, why.text);
	}
	if (result < 0) {
		job_fail_runf(job, err);
		start_failed(process);
	} else {
		process->status = PROCESS_RUNNING;
		publish_start(process);
		pid.pid = (uint32_t)process->pid;
		job_answer(job, &pid.base);
		process_rest(process);
		if (process == &container->init)
			container_watch_oom(container);
	}
	container_drop(container);
}

static void exec_io_ready(struct job *job)
{
	if (job->io_result < 0) {
		struct container *container = job->container;
		struct process *process = job->process;

		/* It may be deleted by now. */
		container_hold(container);
		job_fail_error(job, &job->io_error);
		process_fail(process);
		container_drop(container);
		return;
	}
	job->starts = true;
	job_work(job, verb_exec, start_done);
}

void method_start(struct job *job)
{
	struct process *process = job->process;
	struct container *container = job->container;

	if (process->busy || process->status != PROCESS_CREATED ||
	    container->init.ended) {
		job_fail(job, TTRPC_FAILED_PRECONDITION,
		         "%s \"%s\" cannot be started: it is %s",
		         *process->exec_id ? "process" : "container",
		         *process->exec_id ? process->exec_id : container->id,
		         process->busy ? "being started" : "not created");
		return;
	}
	process->busy = true;
	if (*process->exec_id) {
		job_open_io(job, exec_io_ready);
	} else if (*container->checkpoint) {
		job->starts = true;
		job_work(job, verb_restore, start_done);
	} else {
		job_work(job, verb_start, start_done);
	}
}

/* ---- Exec */

static bool exec_fill(struct process *process, const Msg__ExecRequest *request)
{
	size_t in = strlen(request->in) + 1;
	size_t out = strlen(request->out) + 1;
	size_t err = strlen(request->err) + 1;
	char *paths = malloc(in + out + err);
	const ProtobufCBinaryData *spec = &request->spec->value;

	process->spec =
		strndup(spec->len ? (const char *)spec->data : "", spec->len);
	if (!paths || !process->spec) {
		free(paths);
		return false;
	}
	memcpy(paths, request->in, in);
	memcpy(paths + in, request->out, out);
	memcpy(paths + in + out, request->err, err);
	process->paths = (struct io_paths){
		.in = paths,
		.out = paths + in,
		.err = paths + in + out,
		.terminal = request->terminal,
	};
	return true;
}

void method_exec(struct job *job)
{
	const Msg__ExecRequest *request = job->message;
	struct container *container = job->container;
	struct process *process;
	Msg__TaskExec event = MESSAGE(TaskExec, task_exec);

	if (container->init.ended) {
		job_fail(job, TTRPC_FAILED_PRECONDITION,
		         "container \"%s\" has ended", container->id);
		return;
	}
	if (!*request->exec_id || !request->spec) {
		job_fail(job, TTRPC_INVALID_ARGUMENT,
		         "exec: an id and a process are needed");
		return;
	}
	if (process_find(container, request->exec_id)) {
		job_fail(job, TTRPC_ALREADY_EXISTS,
		         "process \"%s\" already exists", request->exec_id);
		return;
	}
	process = process_new_exec(container, request->exec_id);
	if (!process || !exec_fill(process, request)) {
		if (process)
			process_free_exec(process);
		job_fail(job, TTRPC_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	event.container_id = request->id;
	event.exec_id = request->exec_id;
	events_publish(job->shim->events, "/tasks/exec-added",
	               "containerd.events.TaskExecAdded",
	               message_pack(&job->arena, &event.base));
	job_done(job);
}
