/* SPDX-License-Identifier: Apache-2.0 */
/* What workers do with a container that runs. */
#include <errno.h>
#include <stdlib.h>
#include <task.pb-c.h>

#include "base/str.h"
#include "json/json.h"
#include "shim/job.h"
#include "shim/stats.h"

static void publish_notice(const struct container *container, const char *topic,
                           const char *type)
{
	auto_arena struct arena arena = { 0 };
	Msg__TaskNotice notice = MESSAGE(TaskNotice, task_notice);

	notice.container_id = message_text(container->id);
	events_publish(container->shim->events, topic, type,
	               message_pack(&arena, &notice.base));
}

/* Success without an answer, or the failure. Returns true if it succeeded. */
static bool change_end(struct job *job, int result,
                       const struct runf_error *err)
{
	if (result < 0)
		job_fail_runf(job, err);
	else
		job_done(job);
	return result == 0;
}

/* ---- Pause and Resume */

static int verb_pause(struct job *job, struct runf *runf,
                      struct worker_answer *answer, struct runf_error *err)
{
	(void)answer;
	return runf_pause(runf, job->container->id, err);
}

static int verb_resume(struct job *job, struct runf *runf,
                       struct worker_answer *answer, struct runf_error *err)
{
	(void)answer;
	return runf_resume(runf, job->container->id, err);
}

static void pause_done(struct job *job, int result,
                       const struct worker_answer *answer,
                       const struct runf_error *err)
{
	(void)answer;
	if (result == 0) {
		job->container->paused = true;
		publish_notice(job->container, "/tasks/paused",
		               "containerd.events.TaskPaused");
	}
	change_end(job, result, err);
}

static void resume_done(struct job *job, int result,
                        const struct worker_answer *answer,
                        const struct runf_error *err)
{
	(void)answer;
	if (result == 0) {
		job->container->paused = false;
		publish_notice(job->container, "/tasks/resumed",
		               "containerd.events.TaskResumed");
	}
	change_end(job, result, err);
}

void method_pause(struct job *job)
{
	job_work(job, verb_pause, pause_done);
}

void method_resume(struct job *job)
{
	job_work(job, verb_resume, resume_done);
}

/* ---- Update */

static int verb_update(struct job *job, struct runf *runf,
                       struct worker_answer *answer, struct runf_error *err)
{
	const Msg__UpdateRequest *request = job->message;
	const ProtobufCBinaryData *json = &request->resources->value;

	(void)answer;
	return runf_update(runf, job->container->id,
	                   arena_strndup(&job->arena, (const char *)json->data,
	                                 json->len),
	                   err);
}

static void update_done(struct job *job, int result,
                        const struct worker_answer *answer,
                        const struct runf_error *err)
{
	(void)answer;
	change_end(job, result, err);
}

void method_update(struct job *job)
{
	const Msg__UpdateRequest *request = job->message;

	if (!request->resources)
		job_fail(job, TTRPC_INVALID_ARGUMENT,
		         "update: resources are needed");
	else
		job_work(job, verb_update, update_done);
}

/* ---- Pids */

static int pids_parse(struct job *job, const char *json,
                      struct worker_answer *answer, struct runf_error *err)
{
	const struct json_value *list;
	const struct json_value *item;
	struct json_fault fault;
	uint32_t *pids;
	size_t count = 0;
	uint64_t pid;

	if (json_scan(&job->arena, json, strlen(json), &list, &fault) < 0) {
		err->code = -EINVAL;
		err->kind = RUNF_ERROR_INTERNAL;
		return err->code;
	}
	pids = arena_new_array(&job->arena, uint32_t, list->length);
	for (item = list->first; item; item = item->next)
		if (json_to_u64(item, &pid) == 0)
			pids[count++] = (uint32_t)pid;
	answer->bytes.data = pids;
	answer->bytes.size = count * sizeof(*pids);
	return 0;
}

static int verb_pids(struct job *job, struct runf *runf,
                     struct worker_answer *answer, struct runf_error *err)
{
	char *json;
	int result = runf_ps(runf, job->container->id, &json, err);

	if (result < 0)
		return result;
	return pids_parse(job, json, answer, err);
}

/* Who an exec's process is, is told with it. */
static Msg__Any *pids_details(struct job *job, uint32_t pid)
{
	const struct process *process = process_of_pid(job->shim, (pid_t)pid);
	Msg__ProcessDetails details = MESSAGE(ProcessDetails, process_details);
	struct ttrpc_bytes bytes;
	Msg__Any *any;

	if (!process || !*process->exec_id ||
	    process->container != job->container)
		return NULL;
	details.exec_id = message_text(process->exec_id);
	bytes = message_pack(&job->arena, &details.base);
	any = arena_new(&job->arena, Msg__Any);
	msg__any__init(any);
	any->type_url = message_text("containerd.runc.v1.ProcessDetails");
	any->value.data = (uint8_t *)(uintptr_t)bytes.data;
	any->value.len = bytes.size;
	return any;
}

static void pids_done(struct job *job, int result,
                      const struct worker_answer *found,
                      const struct runf_error *err)
{
	Msg__PidsAnswer answer = MESSAGE(PidsAnswer, pids_answer);
	const uint32_t *pids = found->bytes.data;
	size_t count = found->bytes.size / sizeof(*pids);
	Msg__ProcessInfo *infos;
	size_t i;

	if (result < 0) {
		job_fail_runf(job, err);
		return;
	}
	infos = arena_new_array(&job->arena, Msg__ProcessInfo, count);
	answer.processes =
		arena_new_array(&job->arena, Msg__ProcessInfo *, count);
	for (i = 0; i < count; i++) {
		msg__process_info__init(&infos[i]);
		memcpy(&infos[i].pid, &pids[i], sizeof(pids[i]));
		infos[i].info = pids_details(job, infos[i].pid);
		answer.processes[answer.n_processes++] = &infos[i];
	}
	job_answer(job, &answer.base);
}

/*
 * A containerd that was restarted throws away what has no process, and with
 * it the exit status that nobody has asked for yet: until it is deleted, a
 * container that has ended is its init.
 */
static void pids_of_ended(struct job *job)
{
	uint32_t pid = (uint32_t)job->process->pid;
	const struct worker_answer answer = {
		.fd = -1,
		.bytes = { .data = &pid, .size = sizeof(pid) },
	};

	pids_done(job, 0, &answer, NULL);
}

void method_pids(struct job *job)
{
	if (job->process->status == PROCESS_STOPPED)
		pids_of_ended(job);
	else
		job_work(job, verb_pids, pids_done);
}

/* ---- Stats */

static int verb_stats(struct job *job, struct runf *runf,
                      struct worker_answer *answer, struct runf_error *err)
{
	struct runf_stats stats = { .size = sizeof(stats) };
	Msg__StatsAnswer message = MESSAGE(StatsAnswer, stats_answer);
	Msg__Any any = MESSAGE(Any, any);
	struct ttrpc_bytes packed;
	const char *type;
	int result = runf_read_stats(runf, job->container->id, &stats, err);

	if (result < 0)
		return result;
	stats_pack(&job->arena, &stats, &type, &packed);
	any.type_url = message_text(type);
	any.value.data = (uint8_t *)(uintptr_t)packed.data;
	any.value.len = packed.size;
	message.stats = &any;
	answer->bytes = message_pack(&job->arena, &message.base);
	return 0;
}

static void stats_done(struct job *job, int result,
                       const struct worker_answer *answer,
                       const struct runf_error *err)
{
	if (result < 0) {
		job_fail_runf(job, err);
		return;
	}
	ttrpc_answer(job->shim->server, job->call, answer->bytes);
	job_free(job);
}

void method_stats(struct job *job)
{
	job_work(job, verb_stats, stats_done);
}

/* ---- Checkpoint */

static int verb_checkpoint(struct job *job, struct runf *runf,
                           struct worker_answer *answer, struct runf_error *err)
{
	const Msg__CheckpointRequest *request = job->message;
	const Msg__CheckpointOptions *from = NULL;
	struct ttrpc_bytes bytes = { .size = 0 };
	struct runf_checkpoint_options options = {
		.size = sizeof(options),
		.criu.size = sizeof(options.criu),
	};

	(void)answer;
	if (request->options) {
		bytes.data = request->options->value.data;
		bytes.size = request->options->value.len;
	}
	from = message_unpack(&msg__checkpoint_options__descriptor, &job->arena,
	                      bytes);
	if (!from) {
		err->code = -EINVAL;
		err->kind = RUNF_ERROR_USAGE;
		memcpy(err->text, "checkpoint: unreadable options",
		       sizeof("checkpoint: unreadable options"));
		return err->code;
	}
	options.criu.image_path =
		*request->path ? request->path : from->image_path;
	options.criu.work_path = *from->work_path ? from->work_path : NULL;
	options.criu.manage_cgroups_mode =
		*from->cgroups_mode ? from->cgroups_mode : NULL;
	options.criu.tcp_established = from->open_tcp;
	options.criu.ext_unix_sk = from->external_unix_sockets;
	options.criu.shell_job = from->terminal;
	options.criu.file_locks = from->file_locks;
	if (from->n_empty_namespaces)
		options.criu.empty_ns = from->empty_namespaces[0];
	options.leave_running = !from->exit;
	return runf_checkpoint(runf, job->container->id, &options, err);
}

static void checkpoint_done(struct job *job, int result,
                            const struct worker_answer *answer,
                            const struct runf_error *err)
{
	const Msg__CheckpointRequest *request = job->message;
	Msg__TaskCheckpointed event =
		MESSAGE(TaskCheckpointed, task_checkpointed);

	(void)answer;
	if (result == 0) {
		event.container_id = message_text(job->container->id);
		event.checkpoint = request->path;
		events_publish(job->shim->events, "/tasks/checkpointed",
		               "containerd.events.TaskCheckpointed",
		               message_pack(&job->arena, &event.base));
	}
	change_end(job, result, err);
}

void method_checkpoint(struct job *job)
{
	job_work(job, verb_checkpoint, checkpoint_done);
}
