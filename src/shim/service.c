/* SPDX-License-Identifier: Apache-2.0 */
/* The task service: which method a request is, and what it is about. */
#include "shim/service.h"

#include <task.pb-c.h>

#include "base/str.h"
#include "shim/job.h"

/* What a method needs to find before it is called. */
enum about {
	ABOUT_NOTHING,
	ABOUT_CONTAINER, /* init */
	ABOUT_PROCESS,   /* init or an exec */
};

struct service_method {
	const char *name;
	const ProtobufCMessageDescriptor *request;
	enum about about;
	method *serve;
};

static const struct service_method methods[] = {
	{ "State", &msg__process_request__descriptor, ABOUT_PROCESS,
	  method_state },
	{ "Create", &msg__create_request__descriptor, ABOUT_NOTHING,
	  method_create },
	{ "Start", &msg__process_request__descriptor, ABOUT_PROCESS,
	  method_start },
	{ "Delete", &msg__process_request__descriptor, ABOUT_PROCESS,
	  method_delete },
	{ "Pids", &msg__process_request__descriptor, ABOUT_CONTAINER,
	  method_pids },
	{ "Pause", &msg__process_request__descriptor, ABOUT_CONTAINER,
	  method_pause },
	{ "Resume", &msg__process_request__descriptor, ABOUT_CONTAINER,
	  method_resume },
	{ "Checkpoint", &msg__checkpoint_request__descriptor, ABOUT_CONTAINER,
	  method_checkpoint },
	{ "Kill", &msg__kill_request__descriptor, ABOUT_PROCESS, method_kill },
	{ "Exec", &msg__exec_request__descriptor, ABOUT_CONTAINER,
	  method_exec },
	{ "ResizePty", &msg__resize_request__descriptor, ABOUT_PROCESS,
	  method_resize },
	{ "CloseIO", &msg__close_request__descriptor, ABOUT_PROCESS,
	  method_close },
	{ "Update", &msg__update_request__descriptor, ABOUT_CONTAINER,
	  method_update },
	{ "Wait", &msg__process_request__descriptor, ABOUT_PROCESS,
	  method_wait },
	{ "Stats", &msg__process_request__descriptor, ABOUT_CONTAINER,
	  method_stats },
	{ "Connect", &msg__process_request__descriptor, ABOUT_NOTHING,
	  method_connect },
	{ "Shutdown", &msg__shutdown_request__descriptor, ABOUT_NOTHING,
	  method_shutdown },
};

static const struct service_method *method_find(
	const struct ttrpc_request *request)
{
	size_t i;

	if (!str_equal(request->service, "containerd.task.v2.Task") &&
	    !str_equal(request->service, "containerd.task.v3.Task"))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (str_equal(methods[i].name, request->method))
			return &methods[i];
	return NULL;
}

/* Every request names its container first, and most a process second. */
static bool service_find(struct job *job, const struct service_method *found)
{
	const Msg__ProcessRequest *names = job->message;
	struct container *container = container_find(job->shim, names->id);
	struct process *process = NULL;

	if (!container || !container->created) {
		job_fail(job, TTRPC_NOT_FOUND, "container \"%s\" not found",
		         names->id);
		return false;
	}
	process = process_find(
		container, found->about == ABOUT_PROCESS ? names->exec_id : "");
	if (!process) {
		job_fail(job, TTRPC_NOT_FOUND,
		         "process \"%s\" of container \"%s\" not found",
		         names->exec_id, names->id);
		return false;
	}
	job_hold(job, container, process);
	return true;
}

_Static_assert(offsetof(Msg__ProcessRequest, id) ==
                               offsetof(Msg__KillRequest, id) &&
                       offsetof(Msg__ProcessRequest, exec_id) ==
                               offsetof(Msg__KillRequest, exec_id) &&
                       offsetof(Msg__ProcessRequest, exec_id) ==
                               offsetof(Msg__ResizeRequest, exec_id) &&
                       offsetof(Msg__ProcessRequest, exec_id) ==
                               offsetof(Msg__CloseRequest, exec_id),
               "requests begin with the names of container and process");

void service_serve(void *context, struct ttrpc_call call,
                   const struct ttrpc_request *request)
{
	struct shim *shim = context;
	const struct service_method *found = method_find(request);
	struct job *job = job_new(shim, call);

	if (!found) {
		job_fail(job, TTRPC_UNIMPLEMENTED,
		         "service %s has no method %s here", request->service,
		         request->method);
		return;
	}
	if (shim->ending) {
		job_fail(job, TTRPC_UNAVAILABLE, "the shim is ending");
		return;
	}
	job->message =
		message_unpack(found->request, &job->arena, request->payload);
	if (!job->message) {
		job_fail(job, TTRPC_INVALID_ARGUMENT,
		         "%s: the request is malformed", found->name);
		return;
	}
	if (found->about == ABOUT_NOTHING || service_find(job, found))
		found->serve(job);
}
