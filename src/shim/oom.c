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

void container_check_oom(struct container *container)
{
	uint64_t kills = container->oom_kills;
	int result;

	if (!container->oom)
		return;
	result = runf_oom_read(container->oom, &kills);
	if (kills > container->oom_kills)
		publish_oom(container);
	container->oom_kills = kills;
	if (result < 0)
		container_forget_oom(container);
	else if (result > 0)
		loop_arm(&container->shim->loop, &container->oom_timer,
		         RUNF_OOM_PAUSE_MS);
}

static void oom_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	container_check_oom(loop_owner(source, struct container, oom_source));
}

static void oom_again(struct loop_timer *timer)
{
	container_check_oom(loop_owner(timer, struct container, oom_timer));
}

/* Without a memory controller nobody is ended for want of memory. */
static void oom_begin(struct container *container)
{
	struct loop *loop = &container->shim->loop;

	container->oom_timer.expired = oom_again;
	container->oom_source.fd = runf_oom_fd(container->oom);
	container->oom_source.events = EPOLLIN;
	container->oom_source.ready = oom_ready;
	if (container->oom_source.fd < 0 ||
	    loop_add(loop, &container->oom_source) < 0)
		container_forget_oom(container);
	/* It may have happened since the start. */
	container_check_oom(container);
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
	if (runf_oom_open(runf, container->id, &container->oom, &err) < 0)
		log_debug(&container->shim->log, "container \"%s\": %s",
		          container->id, err.text);
	else
		oom_begin(container);
	runf_close(runf);
}

void container_forget_oom(struct container *container)
{
	if (!container->oom)
		return;
	loop_remove(&container->oom_source);
	loop_disarm(&container->oom_timer);
	runf_oom_close(container->oom);
	container->oom = NULL;
}
