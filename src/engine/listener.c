/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever answers a filter's notifications, and what they are told. */
#include "engine/listener.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "oci/oci.h"
#include "sys/socket.h"

/* The document up to its pid; what follows is filled in by the process. */
static const char *listener_head(struct arena *arena,
                                 const struct plan_seccomp *plan)
{
	struct json_writer w = { .buf.arena = arena, .indent = "" };

	json_open_object(&w, NULL);
	json_put_str(&w, "ociVersion", OCI_VERSION);
	json_open_array(&w, "fds");
	json_put_str(&w, NULL, "seccompFd");
	json_close_array(&w);
	if (plan->metadata)
		json_put_str(&w, "metadata", plan->metadata);
	return buf_str(&w.buf);
}

int listener_connect(struct arena *arena, const struct plan_seccomp *plan,
                     const struct state_facts *facts,
                     struct listener *ret_listener, struct error *err)
{
	struct listener listener = LISTENER_NONE;

	if (plan->notify) {
		listener.socket = sys_connect_unix(SOCK_STREAM, plan->listener);
		if (listener.socket < 0)
			return error_system(
				err, listener.socket,
				"linux.seccomp.listenerPath: connect to \"%s\"",
				plan->listener);
		listener.head = listener_head(arena, plan);
		state_text_prepare(arena, facts, &listener.state);
		listener.size = strlen(listener.head) + listener.state.size +
		                sizeof(",\"pid\":-2147483648,\"state\":}");
		listener.buffer = arena_alloc(arena, listener.size);
	}
	*ret_listener = listener;
	return 0;
}

int listener_install(const struct listener *listener,
                     const struct seccomp_program *program,
                     const struct listener_who *who, struct error *err)
{
	struct sys_letter letter = {
		.socket = listener->socket,
		.bytes = listener->buffer,
	};

	if (listener->socket >= 0)
		letter.size = (size_t)snprintf(
			listener->buffer, listener->size,
			"%s,\"pid\":%d,\"state\":%s}", listener->head, who->pid,
			state_text_fill(&listener->state, who->status,
		                        who->init));
	return seccomp_install(program, &letter, err);
}
