/* SPDX-License-Identifier: Apache-2.0 */
/* Delete: of a container, or of a process beside its init. */
#include <signal.h>
#include <task.pb-c.h>

#include "shim/job.h"

static int verb_delete(struct job *job, struct runf *runf,
                       struct worker_answer *answer, struct runf_error *err)
{
	(void)answer;
	/* A checkpoint or a failed start may have taken it away already. */
	return runf_delete(runf, job->container->id, true, err);
}

static Msg__DeleteAnswer delete_answer(const struct process *process,
                                       Msg__Time *when)
{
	Msg__DeleteAnswer answer = MESSAGE(DeleteAnswer, delete_answer);

	*when = message_time(&process->exited_at);
	answer.pid = (uint32_t)process->pid;
	answer.exit_status = process->exit_status;
	answer.exited_at = when;
	return answer;
}

static void publish_delete(const struct container *container)
{
	auto_arena struct arena arena = { 0 };
	const struct process *init = &container->init;
	Msg__Time when = message_time(&init->exited_at);
	Msg__TaskDelete event = MESSAGE(TaskDelete, task_delete);

	event.container_id = message_text(container->id);
	event.pid = (uint32_t)init->pid;
	event.exit_status = init->exit_status;
	event.exited_at = &when;
	events_publish(container->shim->events, "/tasks/delete",
	               "containerd.events.TaskDelete",
	               message_pack(&arena, &event.base));
}

static void delete_done(struct job *job, int result,
                        const struct worker_answer *unused,
                        const struct runf_error *err)
{
	struct container *container = job->container;
	struct process *init = &container->init;
	Msg__DeleteAnswer answer;
	Msg__Time when;

	(void)unused;
	if (result < 0) {
		process_rest(init);
		job_fail_runf(job, err);
		return;
	}
	if (!init->ended) { /* never started, and killed by its deletion */
		init->exit_status = 128 + SIGKILL;
		clock_gettime(CLOCK_REALTIME, &init->exited_at);
	}
	if (init->status != PROCESS_STOPPED)
		process_tell_end(init);
	publish_delete(container);
	container_remove(container);
	answer = delete_answer(init, &when);
	job_answer(job, &answer.base);
}

static void delete_exec(struct job *job)
{
	struct process *process = job->process;
	Msg__Time when;
	Msg__DeleteAnswer answer = delete_answer(process, &when);

	process_free_exec(process);
	job_answer(job, &answer.base);
}

void method_delete(struct job *job)
{
	struct process *process = job->process;
	const char *name =
		*process->exec_id ? process->exec_id : job->container->id;

	if (process->busy || process->deletion ||
	    process->status == PROCESS_RUNNING) {
		job_fail(job, TTRPC_FAILED_PRECONDITION,
		         "\"%s\" cannot be deleted: it is %s", name,
		         process->deletion ? "being deleted" : "running");
		return;
	}
	if (process->status == PROCESS_STOPPED && !process->drained) {
		process->deletion = job; /* comes back when it is */
		return;
	}
	if (*process->exec_id) {
		delete_exec(job);
		return;
	}
	process->busy = true;
	job_work(job, verb_delete, delete_done);
}
