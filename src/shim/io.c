/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input, output and error of one process. */
#include "shim/io.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "shim/io_internal.h"
#include "sys/file.h"

static bool target_is_logger(const struct io_target *target)
{
	return target->kind == IO_LOGGER || target->kind == IO_LOGGER_STRICT;
}

/* Where standard output goes to a file or a logger, errors go with it. */
static int open_errors(struct io *io, const struct io_target *out,
                       const char *path, const struct io_owner *owner,
                       struct error *err)
{
	auto_arena struct arena scratch = { 0 };
	struct io_target target;
	int result;

	if (out->kind == IO_FILE) {
		result = sys_dup_above(io->out.payload, 3);
		if (result < 0)
			return error_system(err, result,
			                    "share standard output");
		io->err.payload = result;
		return 0;
	}
	result = target_parse(&scratch, path, &target, err);
	if (result < 0 || target.kind == IO_NONE)
		return result;
	if (target_is_logger(&target))
		return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                 "standard error \"%s\": a logger has to be "
		                 "standard output's too",
		                 path);
	return stream_open_output(io, &io->err, &target, owner, err);
}

static int open_streams(struct io *io, const struct io_paths *paths,
                        const struct io_owner *owner, struct error *err)
{
	auto_arena struct arena scratch = { 0 };
	struct io_target in;
	struct io_target out;
	int result = target_parse(&scratch, paths->in, &in, err);

	if (result == 0)
		result = target_parse(&scratch, paths->out, &out, err);
	if (result == 0 && in.kind == IO_PATH)
		result = stream_open_input(io, in.path, owner, err);
	else if (result == 0 && in.kind != IO_NONE)
		result = error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                   "standard input \"%s\" is no FIFO",
		                   paths->in);
	if (result < 0)
		return result;
	if (target_is_logger(&out))
		return logger_start(io, &out, owner, err);
	if (out.kind != IO_NONE)
		result = stream_open_output(io, &io->out, &out, owner, err);
	if (result == 0 && !io->is_terminal)
		result = open_errors(io, &out, paths->err, owner, err);
	return result;
}

static void tell_drained(struct io *io)
{
	void (*drained)(void *context) = io->drained;

	loop_disarm(&io->deadline);
	io->drained = NULL;
	if (drained)
		drained(io->drained_context);
}

void io_part_ended(struct io *io)
{
	if (io->terminal && !terminal_has_ended(io->terminal))
		return;
	/* A logger ends when it has read the end of what we hold open here. */
	fd_close(&io->out.write);
	fd_close(&io->err.write);
	if (io->logger && !logger_has_ended(io->logger))
		return;
	tell_drained(io);
}

/* A grandchild holds the terminal or a logger's pipe, or nobody reads. */
static void deadline_expired(struct loop_timer *timer)
{
	struct io *io = loop_owner(timer, struct io, deadline);

	terminal_close(io->terminal);
	io->terminal = NULL;
	fd_close(&io->out.write);
	fd_close(&io->err.write);
	tell_drained(io);
}

struct io *io_open(struct loop *loop, const struct io_paths *paths,
                   const struct io_owner *owner, io_ready *ready, void *context)
{
	struct io *io = calloc(1, sizeof(*io));
	struct error err = { 0 };
	int result;

	if (!io) {
		result = error_system(&err, -ENOMEM, "open standard streams");
		ready(context, result, &err);
		return NULL;
	}
	io->loop = loop;
	io->is_terminal = paths->terminal;
	io->deadline.expired = deadline_expired;
	io->ready = ready;
	io->ready_context = context;
	stream_init(&io->in);
	stream_init(&io->out);
	stream_init(&io->err);
	result = open_streams(io, paths, owner, &err);
	if (result < 0 || !io->logger) {
		io->ready = NULL;
		ready(context, result < 0 ? result : 0, &err);
	}
	return io;
}

void io_payload_fds(const struct io *io, int ret_fds[3])
{
	ret_fds[0] = io->in.payload;
	ret_fds[1] = io->out.payload;
	ret_fds[2] = io->err.payload;
}

void io_handed_over(struct io *io)
{
	fd_close(&io->in.payload);
	fd_close(&io->out.payload);
	fd_close(&io->err.payload);
}

int io_take_terminal(struct io *io, int master, struct error *err)
{
	return terminal_open(io, master, err);
}

int io_resize(struct io *io, uint16_t width, uint16_t height, struct error *err)
{
	int result = 0;

	/* Clients resize what has no terminal, or had one, and expect this. */
	if (io->terminal)
		result = terminal_resize(io->terminal, width, height);
	if (result < 0)
		return error_system(err, result, "resize the terminal to %ux%u",
		                    width, height);
	return 0;
}

void io_close_stdin(struct io *io)
{
	fd_close(&io->in.write);
}

void io_finish(struct io *io, uint64_t ms, void (*drained)(void *context),
               void *context)
{
	io->drained = drained;
	io->drained_context = context;
	io_handed_over(io);
	fd_close(&io->in.write);
	loop_arm(io->loop, &io->deadline, ms);
	if (io->terminal)
		terminal_finish(io->terminal);
	else
		io_part_ended(io);
}

void io_close(struct io *io)
{
	if (!io)
		return;
	loop_disarm(&io->deadline);
	terminal_close(io->terminal);
	stream_close(&io->in);
	stream_close(&io->out);
	stream_close(&io->err);
	logger_leave(io->logger);
	free(io);
}
