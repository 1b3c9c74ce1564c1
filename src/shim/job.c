/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and their answers. */
#include "shim/job.h"

#include <stdarg.h>
#include <stdio.h>

struct job *job_new(struct shim *shim, struct ttrpc_call call)
{
	struct arena arena = { 0 };
	struct job *job = arena_new(&arena, struct job);

	job->shim = shim;
	job->call = call;
	job->source.fd = -1;
	job->arena = arena;
	return job;
}

void job_hold(struct job *job, struct container *container,
              struct process *process)
{
	job->container = container;
	job->process = process;
	container_hold(container);
}

void job_free(struct job *job)
{
	struct container *container = job->container;
	struct arena arena = job->arena;

	arena_release(&arena);
	if (container)
		container_drop(container);
}

void job_reply(struct job *job, const ProtobufCMessage *message)
{
	ttrpc_answer(job->shim->server, job->call,
	             message_pack(&job->arena, message));
}

void job_answer(struct job *job, const ProtobufCMessage *message)
{
	job_reply(job, message);
	job_free(job);
}

void job_done(struct job *job)
{
	struct ttrpc_bytes nothing = { .size = 0 };

	ttrpc_answer(job->shim->server, job->call, nothing);
	job_free(job);
}

void job_fail(struct job *job, enum ttrpc_code code, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ttrpc_answer_error(job->shim->server, job->call, code, text);
	job_free(job);
}

/*
 * UNIMPLEMENTED is not among them: containerd would ask the same again by an
 * older name of the service.
 */
static enum ttrpc_code code_of(enum runf_error_kind kind)
{
	static const enum ttrpc_code codes[] = {
		[RUNF_ERROR_CONFIG] = TTRPC_INVALID_ARGUMENT,
		[RUNF_ERROR_USAGE] = TTRPC_INVALID_ARGUMENT,
		[RUNF_ERROR_NOT_FOUND] = TTRPC_NOT_FOUND,
		[RUNF_ERROR_EXISTS] = TTRPC_ALREADY_EXISTS,
		[RUNF_ERROR_STATE] = TTRPC_FAILED_PRECONDITION,
	};

	if ((size_t)kind >= sizeof(codes) / sizeof(codes[0]) ||
	    codes[kind] == TTRPC_OK)
		return TTRPC_UNKNOWN;
	return codes[kind];
}

void job_fail_runf(struct job *job, const struct runf_error *err)
{
	job_fail(job, code_of(err->kind), "%s", err->text);
}

void job_fail_error(struct job *job, const struct error *err)
{
	job_fail(job, code_of((enum runf_error_kind)err->kind), "%s",
	         err->text);
}

static void job_io_ready(void *context, int result, const struct error *err)
{
	struct job *job = context;

	job->io_result = result;
	if (result < 0)
		job->io_error = *err;
	/* Told while io_open() has not returned: job_open_io() goes on. */
	if (!job->io_told) {
		job->io_told = true;
		return;
	}
	job->io_ready(job);
}

void job_open_io(struct job *job, void (*ready)(struct job *job))
{
	struct process *process = job->process;
	const struct shim_options *options = &job->container->options;
	const struct io_owner owner = {
		.container = job->container->id,
		.namespace_ = job->shim->namespace_,
		.uid = options->io_uid,
		.gid = options->io_gid,
	};

	job->io_ready = ready;
	job->io_told = false;
	process->io = io_open(&job->shim->loop, &process->paths, &owner,
	                      job_io_ready, job);
	/* READY may free the job. */
	if (job->io_told)
		ready(job);
	else
		job->io_told = true;
}
