/* SPDX-License-Identifier: Apache-2.0 */
/* The gate between `created` and `running`. */
#include "engine/gate.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/socket.h"

int gate_wait(int gate, struct error *err)
{
	for (;;) {
		char byte;
		int fd = -1;
		size_t count = 1;
		ssize_t length =
			sys_receive_fds(gate, &byte, sizeof(byte), &fd, &count);

		if (length < 0)
			return error_system(err, (int)length,
			                    "wait at the start gate");
		if (count == 1)
			return fd;
	}
}

int gate_open(const struct store_dir *dir, struct error *err)
{
	auto_close int socket =
		sys_connect_unix_at(SOCK_DGRAM, dir->fd, STORE_GATE);
	auto_close int reader = -1;
	auto_close int writer = -1;
	struct error reply;
	int ends[2];
	ssize_t length;
	int result = socket < 0 ? socket : sys_pipe2(ends, 0);

	if (result < 0)
		return error_system(err, result, "reach the start gate");
	reader = ends[0];
	writer = ends[1];
	length = sys_send_fds(socket, "", 1, &writer, 1);
	if (length < 0)
		return error_system(err, (int)length, "open the start gate");
	fd_close(&writer);
	length = sys_read(reader, &reply, sizeof(reply));
	if (length < 0)
		return error_system(err, (int)length, "wait for the program");
	if (length == 0)
		return 0;
	if (length != sizeof(reply) || reply.code >= 0)
		return error_set(err, ERROR_INTERNAL, -EBADMSG,
		                 "init sent an unknown answer");
	reply.text[sizeof(reply.text) - 1] = '\0';
	if (err)
		*err = reply;
	return reply.code;
}
