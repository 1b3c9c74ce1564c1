/* SPDX-License-Identifier: Apache-2.0 */
/* Containers and their processes, as the shim remembers them. */
#include <stdlib.h>

#include "base/str.h"
#include "shim/job.h"

struct container *container_new(struct shim *shim, const char *id)
{
	struct arena arena = { 0 };
	struct container *container = arena_new(&arena, struct container);

	container->shim = shim;
	container->id = arena_strdup(&arena, id);
	container->init.container = container;
	container->init.exec_id = "";
	container->oom_source.fd = -1;
	container->arena = arena;
	container->next = shim->containers;
	shim->containers = container;
	return container;
}

static void process_release(struct process *process)
{
	/* Who waits for what was never started hears that it is gone. */
	while (process->waiters) {
		struct waiter *waiter = process->waiters;

		process->waiters = waiter->next;
		ttrpc_answer_error(process->container->shim->server,
		                   waiter->call, TTRPC_NOT_FOUND,
		                   "process was deleted");
		free(waiter);
	}
	io_close(process->io);
	process->io = NULL;
}

void container_hold(struct container *container)
{
	container->holders++;
}

static void container_release(struct container *container)
{
	struct arena arena = container->arena;

	if (container->holders || !container->removed)
		return;
	while (container->execs)
		process_free_exec(container->execs);
	process_release(&container->init);
	arena_release(&arena);
}

void container_drop(struct container *container)
{
	container->holders--;
	container_release(container);
}

void container_remove(struct container *container)
{
	struct container **at = &container->shim->containers;

	while (*at != container)
		at = &(*at)->next;
	*at = container->next;
	container->removed = true;
	container_forget_oom(container);
	container_release(container);
}

struct container *container_find(struct shim *shim, const char *id)
{
	struct container *container = shim->containers;

	while (container && !str_equal(container->id, id))
		container = container->next;
	return container;
}

struct process *process_find(struct container *container, const char *exec_id)
{
	struct process *process = container->execs;

	if (!exec_id || !*exec_id)
		return &container->init;
	while (process && !str_equal(process->exec_id, exec_id))
		process = process->next;
	return process;
}

/* Execs come and go: they are not in the container's arena. */
struct process *process_new_exec(struct container *container,
                                 const char *exec_id)
{
	size_t length = strlen(exec_id) + 1;
	struct process *process = calloc(1, sizeof(*process) + length);
	char *name;

	if (!process)
		return NULL;
	name = (char *)(process + 1);
	memcpy(name, exec_id, length);
	process->exec_id = name;
	process->container = container;
	process->next = container->execs;
	container->execs = process;
	return process;
}

/* It may hold secrets, and every worker's child gets a copy of us. */
void process_forget_spec(struct process *process)
{
	if (process->spec)
		explicit_bzero(process->spec, strlen(process->spec));
	free(process->spec);
	process->spec = NULL;
}

void process_free_exec(struct process *process)
{
	struct process **at = &process->container->execs;

	while (*at != process)
		at = &(*at)->next;
	*at = process->next;
	process_release(process);
	process_forget_spec(process);
	free((char *)(uintptr_t)process->paths.in);
	free(process);
}

static bool process_is(const struct process *process, pid_t pid)
{
	return process->pid == pid && process->status != PROCESS_STOPPED &&
	       !process->ended;
}

struct process *process_of_pid(struct shim *shim, pid_t pid)
{
	struct container *container;
	struct process *process;

	for (container = shim->containers; container;
	     container = container->next) {
		if (process_is(&container->init, pid))
			return &container->init;
		for (process = container->execs; process;
		     process = process->next)
			if (process_is(process, pid))
				return process;
	}
	return NULL;
}
