/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of io only. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "shim/io.h"

/* What a name of standard input, output or error means. */
enum io_kind {
	IO_NONE,
	IO_PATH, /* a FIFO, or what else is there */
	IO_FILE, /* appended to, made if need be */
	IO_LOGGER,
	IO_LOGGER_STRICT, /* has to say that it is ready */
};

struct io_target {
	enum io_kind kind;
	const char *path;
	/* Of a logger, ready for exec. */
	char **args;
	size_t args_count;
};

/* One of the three, each -1 where there is none. */
struct io_stream {
	int payload; /* the payload's end, until it is handed over */
	/*
	 * What the shim holds. While it holds both ends of a FIFO the payload
	 * finds neither its end nor its reader gone, whoever else comes and
	 * goes. With a terminal these are also what is read and written.
	 */
	int read;
	int write;
};

struct io_logger;
struct io_terminal;

struct io {
	struct loop *loop;
	bool is_terminal;
	struct io_stream in;
	struct io_stream out;
	struct io_stream err;
	struct io_terminal *terminal; /* once there is a master */
	struct io_logger *logger;
	io_ready *ready; /* NULL once it was called */
	void *ready_context;
	void (*drained)(void *context); /* NULL: not asked, or told */
	void *drained_context;
	struct loop_timer deadline;
};

/* The logger or the terminal has come to its end. */
void io_part_ended(struct io *io);

/* ---- io_target.c */

/* What URI means; NULL or "" is IO_NONE. */
int target_parse(struct arena *arena, const char *uri,
                 struct io_target *ret_target, struct error *err);

/* ---- io_stream.c */

void stream_init(struct io_stream *stream);
void stream_close(struct io_stream *stream);
int stream_open_input(struct io *io, const char *path,
                      const struct io_owner *owner, struct error *err);
/* TARGET is IO_PATH or IO_FILE. */
int stream_open_output(struct io *io, struct io_stream *stream,
                       const struct io_target *target,
                       const struct io_owner *owner, struct error *err);
/* A pipe to a logger, whose end is the caller's. */
int stream_open_pipe(struct io *io, struct io_stream *stream,
                     const struct io_owner *owner, int *ret_reader,
                     struct error *err);

/* ---- io_logger.c */

/* Opens out and err, and calls READY later. */
int logger_start(struct io *io, const struct io_target *target,
                 const struct io_owner *owner, struct error *err);
bool logger_has_ended(const struct io_logger *logger);
/* Its io goes: it has a time to end by itself. */
void logger_leave(struct io_logger *logger);

/* ---- io_terminal.c */

int terminal_open(struct io *io, int master, struct error *err);
int terminal_resize(struct io_terminal *terminal, uint16_t width,
                    uint16_t height);
/* No process is left that could open it again. */
void terminal_finish(struct io_terminal *terminal);
bool terminal_has_ended(const struct io_terminal *terminal);
/* What is not copied yet is lost. */
void terminal_close(struct io_terminal *terminal);
