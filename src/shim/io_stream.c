/* SPDX-License-Identifier: Apache-2.0 */
/* FIFOs, files and pipes: the payload's end, and what the shim holds. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "shim/io_internal.h"
#include "sys/file.h"

#define DIR_MODE  0755
#define FILE_MODE 0644

void stream_init(struct io_stream *stream)
{
	*stream = (struct io_stream){ -1, -1, -1 };
}

void stream_close(struct io_stream *stream)
{
	fd_close(&stream->payload);
	fd_close(&stream->read);
	fd_close(&stream->write);
}

/*
 * Who reopens /dev/stdout is asked for the rights of the file behind it. A
 * device stays its owner's.
 */
static int give_to_owner(int fd, const struct io_owner *owner)
{
	struct stat stat;
	int result;

	if (owner->uid == (uid_t)-1 && owner->gid == (gid_t)-1)
		return 0;
	result = sys_fstat(fd, &stat);
	if (result < 0 || !(S_ISFIFO(stat.st_mode) || S_ISREG(stat.st_mode)))
		return result;
	return sys_fchown(fd, owner->uid, owner->gid);
}

/*
 * A description of its own, which waits for nobody when it is opened, but
 * later: payloads do not expect EAGAIN. With a terminal it is the shim's and
 * stays as it is.
 */
static int open_end(const struct io *io, const char *path, int flags,
                    const struct io_owner *owner, int *ret_fd)
{
	auto_close int fd =
		sys_openat(AT_FDCWD, path, flags | O_NONBLOCK, FILE_MODE);
	int result = fd;

	if (result >= 0 && !io->is_terminal) {
		result = sys_set_status_flags(fd, flags & O_APPEND);
		if (result >= 0)
			result = give_to_owner(fd, owner);
	}
	if (result < 0)
		return result;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* 0, and whether PATH is a FIFO. */
static int look_at(const char *path, bool *ret_is_fifo)
{
	struct stat stat;
	int result = sys_fstatat(AT_FDCWD, path, &stat, 0);

	if (result < 0)
		return result;
	if (S_ISDIR(stat.st_mode))
		return -EISDIR;
	*ret_is_fifo = S_ISFIFO(stat.st_mode);
	return 0;
}

static int open_hold(const char *path, int flags, int *ret_fd)
{
	int fd = sys_openat(AT_FDCWD, path, flags | O_NONBLOCK, FILE_MODE);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

int stream_open_input(struct io *io, const char *path,
                      const struct io_owner *owner, struct error *err)
{
	struct io_stream *in = &io->in;
	bool is_fifo = false;
	int result = look_at(path, &is_fifo);

	/* What cannot be waited for would be read by waiting. */
	if (result == 0 && io->is_terminal && !is_fifo)
		result = -ENOTSUP;
	if (result == 0)
		result = open_end(io, path, O_RDONLY, owner,
		                  io->is_terminal ? &in->read : &in->payload);
	/* Clients come and go; the end is what CloseIO says is the end. */
	if (result == 0 && is_fifo)
		result = open_hold(path, O_WRONLY, &in->write);
	if (result < 0)
		return error_system(err, result, "open standard input \"%s\"",
		                    path);
	return 0;
}

static int make_parents(struct arena *arena, const char *path)
{
	char *dir = arena_strdup(arena, path);
	char *slash;

	for (slash = strchr(dir + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		int result;

		*slash = '\0';
		result = sys_mkdirat(AT_FDCWD, dir, DIR_MODE);
		if (result < 0 && result != -EEXIST)
			return result;
		*slash = '/';
	}
	return 0;
}

int stream_open_output(struct io *io, struct io_stream *stream,
                       const struct io_target *target,
                       const struct io_owner *owner, struct error *err)
{
	auto_arena struct arena scratch = { 0 };
	int flags = O_WRONLY | O_APPEND;
	bool is_fifo = false;
	int result;

	if (target->kind == IO_FILE) {
		flags |= O_CREAT;
		result = make_parents(&scratch, target->path);
	} else {
		result = look_at(target->path, &is_fifo);
	}
	if (result == 0 && is_fifo) {
		flags = O_WRONLY;
		result = open_hold(target->path, O_RDONLY, &stream->read);
	}
	/* A payload's FIFO is held twice: its own end goes when it ends. */
	if (result == 0 && (is_fifo || io->is_terminal))
		result = open_hold(target->path, flags, &stream->write);
	if (result == 0 && !io->is_terminal)
		result = open_end(io, target->path, flags, owner,
		                  &stream->payload);
	if (result < 0)
		return error_system(err, result, "open standard output \"%s\"",
		                    target->path);
	return 0;
}

int stream_open_pipe(struct io *io, struct io_stream *stream,
                     const struct io_owner *owner, int *ret_reader,
                     struct error *err)
{
	int ends[2];
	int result = sys_pipe2(ends, O_CLOEXEC);

	if (result < 0)
		return error_system(err, result, "make a pipe to the logger");
	*ret_reader = ends[0];
	if (io->is_terminal) {
		stream->write = ends[1];
		result = sys_set_status_flags(ends[1], O_NONBLOCK);
	} else {
		stream->payload = ends[1];
		result = give_to_owner(ends[1], owner);
	}
	if (result < 0)
		return error_system(err, result, "set up a logger's pipe");
	return 0;
}
