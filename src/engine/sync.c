/* SPDX-License-Identifier: Apache-2.0 */
/* What the stages of a container's making say to each other. */
#include "engine/sync.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/socket.h"

/* All but SYNC_ERROR travel without the error object. */
#define SYNC_SHORT offsetof(struct sync_message, error)

int sync_send(int socket, enum sync_type type, int32_t value, int fd)
{
	struct sync_message message = { .type = type, .value = value };
	ssize_t sent = sys_send_fds(socket, &message, SYNC_SHORT, &fd, fd >= 0);

	return sent < 0 ? (int)sent : 0;
}

int sync_send_fds(int socket, enum sync_type type, const int *fds, size_t count)
{
	struct sync_message message = { .type = type };
	ssize_t sent = sys_send_fds(socket, &message, SYNC_SHORT, fds, count);

	return sent < 0 ? (int)sent : 0;
}

int sync_tell(int socket, enum sync_type type, int32_t value, struct error *err)
{
	int result = sync_send(socket, type, value, -1);

	if (result == -EPIPE || result == -ECONNRESET)
		return 0;
	if (result < 0)
		return error_system(err, result, "send to the child");
	return 0;
}

void sync_send_error(int socket, const struct error *err)
{
	struct sync_message message = { .type = SYNC_ERROR, .error = *err };

	/* write, not sendmsg: a seccomp filter may be loaded already. */
	(void)sys_write(socket, &message, sizeof(message));
}

static void sync_close(int *fds)
{
	size_t i;

	for (i = 0; i < SYNC_FDS_MAX; i++)
		fd_close(&fds[i]);
}

int sync_receive(int socket, struct sync_message *ret_message, int *ret_fds)
{
	int fds[SYNC_FDS_MAX];
	ssize_t length;
	size_t i;

	for (i = 0; i < SYNC_FDS_MAX; i++)
		fds[i] = -1;

	/*
	 * A peer that ends with a message of ours unread is reported once, and
	 * before what it has said itself: that is still to come.
	 */
	do {
		size_t count = SYNC_FDS_MAX;

		length = sys_receive_fds(socket, ret_message,
		                         sizeof(*ret_message), fds, &count);
	} while (length == -ECONNRESET);
	if (length > 0 && length != SYNC_SHORT &&
	    length != sizeof(*ret_message))
		length = -EBADMSG;
	if (length <= 0) {
		sync_close(fds);
		return (int)length;
	}
	if (ret_fds)
		memcpy(ret_fds, fds, sizeof(fds));
	else
		sync_close(fds);
	ret_message->error.text[sizeof(ret_message->error.text) - 1] = '\0';
	return 1;
}

int sync_expect(int socket, enum sync_type type, int32_t *ret_value,
                struct error *err)
{
	struct sync_message message;
	int result = sync_receive(socket, &message, NULL);

	if (result == 0)
		return error_system(err, -EPIPE, "the other side is gone");
	if (result < 0)
		return error_system(err, result, "receive from the other side");
	if (message.type == SYNC_ERROR) {
		if (err)
			*err = message.error;
		return message.error.code;
	}
	if (message.type != type)
		return error_set(err, ERROR_INTERNAL, -EPROTO,
		                 "unexpected message %d instead of %d",
		                 (int)message.type, (int)type);
	if (ret_value)
		*ret_value = message.value;
	return 0;
}
