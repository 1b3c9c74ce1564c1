/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that want more memory than they may have. */
#include <sys/epoll.h>
#include <task.pb-c.h>

#include "shim/job.h"

static void publish_oom(const struct container *container)
{
	auto_arena struct arena arena = { 0 };
	Msg__TaskNotice notice = MESSAGE(TaskNotice, task_notice);

	notice.container_id = message_text(container->id);
	events_publish(container->shim->events, "/tasks/oom",
	               "containerd.events.TaskOOM",
	               message_pack(&arena, &notice.base));
}

static void oom_ready(struct loop_source *source, uint32_t events)
{
	struct container *container =
		loop_owner(source, struct container, oom_source);
	uint64_t kills = container->oom_kills;

	(void)events;
	if (runf_oom_read(container->oom, &kills) < 0) {
		container_forget_oom(container);
		return;
	}
	if (kills > container->oom_kills)
		publish_oom(container);
	container->oom_kills = kills;
}

void container_watch_oom(struct container *container)
{
	struct runf_options options = {
		.size = sizeof(options),
		.root = container->options.root,
	};
	struct runf_error err;
	struct runf *runf;

	if (container->oom || runf_open(&options, &runf, &err) < 0)
		return;
	/* Without a memory controller nobody is ended for want of memory. */
	if (runf_oom_open(runf, container->id, &container->oom, &err) < 0) {
		log_debug(&container->shim->log, "container \"%s\": %s",
		          container->id, err.text);
		container->oom = NULL;
	} else {
		container->oom_source.fd = runf_oom_fd(container->oom);
		container->oom_source.events = EPOLLIN;
		container->oom_source.ready = oom_ready;
		loop_add(&container->shim->loop, &container->oom_source);
	}
	runf_close(runf);
}

void container_forget_oom(struct container *container)
{
	if (!container->oom)
		return;
	loop_remove(&container->oom_source);
	runf_oom_close(container->oom);
	container->oom = NULL;
}
