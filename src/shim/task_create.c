/* SPDX-License-Identifier: Apache-2.0 */
/* Create: a container that waits for Start. */
#include <errno.h>
#include <task.pb-c.h>

#include "shim/bundle.h"
#include "shim/console.h"
#include "shim/job.h"

static struct runf_create_options create_options(const struct container *from)
{
	struct runf_create_options options = {
		.size = sizeof(options),
		.bundle = from->bundle,
		.no_pivot = from->options.no_pivot,
		.no_new_keyring = from->options.no_new_keyring,
		.systemd_cgroup = from->options.systemd_cgroup,
		.rootfs = from->rootfs,
		.rootfs_count = from->rootfs_count,
	};

	return options;
}

/* What is left to do once the library has started init. */
static void created(struct job *job, int pair[2], struct worker_answer *answer)
{
	console_take(pair, answer);
	answer->shares_pids = bundle_shares_pids(&job->arena, answer->pid);
	bundle_write_pid(job->container->bundle, answer->pid);
}

static int verb_create(struct job *job, struct runf *runf,
                       struct worker_answer *answer, struct runf_error *err)
{
	struct container *container = job->container;
	struct runf_create_options options = create_options(container);
	int pair[2];
	int result = console_open(job, pair, err);

	if (result < 0)
		return result;
	options.console_fd = pair[1] < 0 ? 0 : pair[1];
	options.pid = &answer->pid;
	result = runf_create(runf, container->id, &options, err);
	if (result < 0)
		return result;
	created(job, pair, answer);
	return 0;
}

int verb_restore(struct job *job, struct runf *runf,
                 struct worker_answer *answer, struct runf_error *err)
{
	struct container *container = job->container;
	int status;
	int pair[2];
	int result = console_open(job, pair, err);
	struct runf_restore_options options = {
		.size = sizeof(options),
		.criu.size = sizeof(options.criu),
		.criu.image_path = container->checkpoint,
		.criu.work_path = container->options.criu_work_path,
		.create = create_options(container),
		.detach = true,
	};

	if (result < 0)
		return result;
	options.create.console_fd = pair[1] < 0 ? 0 : pair[1];
	options.create.pid = &answer->pid;
	result = runf_restore(runf, container->id, &options, &status, err);
	if (result < 0)
		return result;
	created(job, pair, answer);
	return 0;
}

static void publish_create(const struct job *job)
{
	const Msg__CreateRequest *request = job->message;
	auto_arena struct arena arena = { 0 };
	Msg__TaskCreate event = MESSAGE(TaskCreate, task_create);
	Msg__TaskIo io = MESSAGE(TaskIo, task_io);

	io.in = request->in;
	io.out = request->out;
	io.err = request->err;
	io.terminal = request->terminal;
	event.container_id = request->id;
	event.bundle = request->bundle;
	event.rootfs = request->rootfs;
	event.n_rootfs = request->n_rootfs;
	event.io = &io;
	event.checkpoint = request->checkpoint;
	event.pid = (uint32_t)job->container->init.pid;
	events_publish(job->shim->events, "/tasks/create",
	               "containerd.events.TaskCreate",
	               message_pack(&arena, &event.base));
}

static void create_fail(struct job *job, const struct error *err)
{
	struct container *container = job->container;

	container_remove(container);
	job_fail_error(job, err);
}

static void create_answered(struct job *job)
{
	struct container *container = job->container;
	Msg__PidAnswer pid = MESSAGE(PidAnswer, pid_answer);

	container->created = true;
	pid.pid = (uint32_t)container->init.pid;
	container_hold(container);
	/* The client is waiting; whoever listens to events is not. */
	job_reply(job, &pid.base);
	publish_create(job);
	job_free(job);
	process_rest(&container->init);
	container_drop(container);
}

static void create_done(struct job *job, int result,
                        const struct worker_answer *answer,
                        const struct runf_error *err)
{
	struct container *container = job->container;
	struct error why;

	io_handed_over(container->init.io);
	if (result < 0) {
		container_remove(container);
		job_fail_runf(job, err);
		return;
	}
	container->shares_pids = answer->shares_pids;
	if (process_begin(&container->init, answer, &why) < 0)
		log_warning(&job->shim->log, "container \"%s\": %s",
		            container->id, why.text);
	create_answered(job);
}

static void create_io_ready(struct job *job)
{
	if (job->io_result < 0) {
		create_fail(job, &job->io_error);
		return;
	}
	if (*job->container->checkpoint) {
		create_answered(job);
		return;
	}
	job->starts = true;
	job_work(job, verb_create, create_done);
}

static void create_take_mounts(struct container *container,
                               const Msg__CreateRequest *request)
{
	struct arena *arena = &container->arena;
	struct runf_mount *mounts =
		arena_new_array(arena, struct runf_mount, request->n_rootfs);
	size_t i;
	size_t k;

	for (i = 0; i < request->n_rootfs; i++) {
		const Msg__Mount *from = request->rootfs[i];
		const char **options = arena_new_array(arena, const char *,
		                                       from->n_options + 1);

		for (k = 0; k < from->n_options; k++)
			options[k] = arena_strdup(arena, from->options[k]);
		mounts[i].type = arena_strdup(arena, from->type);
		mounts[i].source = arena_strdup(arena, from->source);
		mounts[i].target = arena_strdup(arena, from->target);
		mounts[i].options = options;
	}
	container->rootfs = mounts;
	container->rootfs_count = request->n_rootfs;
}

static int create_fill(struct container *container,
                       const Msg__CreateRequest *request, struct error *err)
{
	struct arena *arena = &container->arena;
	struct shim_options *options = &container->options;
	struct ttrpc_bytes value = { .size = 0 };
	int result;

	if (request->options) {
		value.data = request->options->value.data;
		value.size = request->options->value.len;
	}
	result =
		options_read(arena,
	                     request->options ? request->options->type_url : "",
	                     value, &container->shim->log, options, err);
	if (result < 0)
		return result;
	options->root =
		arena_printf(arena, "%s/%s",
	                     options->root ? options->root : BUNDLE_ROOT,
	                     container->shim->namespace_);
	container->bundle = arena_strdup(arena, request->bundle);
	container->checkpoint = arena_strdup(arena, request->checkpoint);
	container->init.paths = (struct io_paths){
		.in = arena_strdup(arena, request->in),
		.out = arena_strdup(arena, request->out),
		.err = arena_strdup(arena, request->err),
		.terminal = request->terminal,
	};
	create_take_mounts(container, request);
	return bundle_note_root(container->bundle, options->root,
	                        container->shim->namespace_, err);
}

void method_create(struct job *job)
{
	const Msg__CreateRequest *request = job->message;
	struct container *container;
	struct error err;

	if (!*request->id || request->bundle[0] != '/') {
		job_fail(job, TTRPC_INVALID_ARGUMENT,
		         "create: id \"%s\", bundle \"%s\": both are needed",
		         request->id, request->bundle);
		return;
	}
	if (container_find(job->shim, request->id)) {
		job_fail(job, TTRPC_ALREADY_EXISTS,
		         "container \"%s\" already exists", request->id);
		return;
	}
	container = container_new(job->shim, request->id);
	job_hold(job, container, &container->init);
	container->init.busy = true;
	if (create_fill(container, request, &err) < 0)
		create_fail(job, &err);
	else
		job_open_io(job, create_io_ready);
}
