/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal of a process: its bytes are copied, without ever waiting. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "shim/io_internal.h"
#include "sys/file.h"
#include "sys/tty.h"

/* No more than the kernel gives of a terminal at once, or takes whole. */
#define PIECE_SIZE 4096

/*
 * What could not be written yet. While there is something nothing more is
 * read: so who does not read stops who writes, and memory is bounded.
 */
struct pending {
	char *bytes; /* NULL: nothing */
	size_t done;
	size_t size;
};

struct io_terminal {
	struct io *io;
	struct loop_source master;
	struct loop_source in;  /* what the client types; io's descriptor */
	struct loop_source out; /* while something waits for it; io's */
	struct pending to_master;
	struct pending to_out;
	/*
	 * No process has it open. That need not stay so: an init may close its
	 * console and open it for each line that it prints.
	 */
	bool is_left;
	bool is_last; /* but now it stays so */
	bool has_ended;
};

static void pending_drop(struct pending *pending)
{
	free(pending->bytes);
	*pending = (struct pending){ 0 };
}

/* Bytes that nobody will ever take are dropped: the payload may not hang. */
static void pending_write(struct pending *pending, int to)
{
	while (pending->bytes && pending->done < pending->size) {
		ssize_t count = sys_write(to, pending->bytes + pending->done,
		                          pending->size - pending->done);

		if (count == -EAGAIN)
			return;
		if (count < 0)
			break;
		pending->done += (size_t)count;
	}
	pending_drop(pending);
}

static void put(struct pending *pending, int to, const char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = sys_write(to, bytes + done, size - done);

		if (count == -EAGAIN)
			break;
		if (count < 0)
			return;
		done += (size_t)count;
	}
	if (done == size)
		return;
	pending->bytes = malloc(size - done);
	if (!pending->bytes)
		return;
	memcpy(pending->bytes, bytes + done, size - done);
	pending->done = 0;
	pending->size = size - done;
}

/* One piece. Returns what read(2) said. */
static ssize_t pass(int from, int to, struct pending *pending)
{
	char bytes[PIECE_SIZE];
	ssize_t count = sys_read(from, bytes, sizeof(bytes));

	if (count > 0)
		put(pending, to, bytes, (size_t)count);
	return count;
}

/* Wait for EVENTS, or with 0 for nothing, not even the end. */
static int watch(struct io_terminal *t, struct loop_source *source,
                 uint32_t events)
{
	if (events == 0 || source->fd < 0) {
		loop_remove(source);
		return 0;
	}
	if (source->loop)
		return loop_change(source, events);
	source->events = events;
	return loop_add(t->io->loop, source);
}

static void terminal_end(struct io_terminal *t)
{
	t->has_ended = true;
	loop_remove(&t->master);
	loop_remove(&t->in);
	loop_remove(&t->out);
	fd_close(&t->master.fd);
	pending_drop(&t->to_master);
	pending_drop(&t->to_out);
}

/* Wait for what can go on now; it may be that this is the end. */
static void terminal_continue(struct io_terminal *t)
{
	uint32_t events = t->to_out.bytes ? 0 : EPOLLIN;
	bool is_over = t->is_left && t->is_last;
	int result = 0;

	if (t->to_master.bytes)
		events |= EPOLLOUT;
	/* Its absence would be told again and again. */
	if (t->is_left && events)
		events |= (uint32_t)EPOLLET;
	if (!is_over)
		result = watch(t, &t->master, events);
	if (result == 0 && !is_over)
		result = watch(t, &t->out, t->to_out.bytes ? EPOLLOUT : 0);
	if (result == 0 && !is_over)
		result = watch(t, &t->in, t->to_master.bytes ? 0 : EPOLLIN);
	if (result == 0 && !is_over)
		return;
	terminal_end(t);
	if (t->io->drained)
		io_part_ended(t->io);
}

static void read_master(struct io_terminal *t)
{
	ssize_t count = pass(t->master.fd, t->out.fd, &t->to_out);

	if (count > 0)
		t->is_left = false;
	else if (count != -EAGAIN)
		t->is_left = true;
	if (t->is_left)
		pending_drop(&t->to_master);
}

static void master_ready(struct loop_source *source, uint32_t events)
{
	struct io_terminal *t = loop_owner(source, struct io_terminal, master);

	if (events & EPOLLOUT)
		pending_write(&t->to_master, source->fd);
	if (!t->to_out.bytes)
		read_master(t);
	else if (events & (EPOLLHUP | EPOLLERR))
		pending_drop(&t->to_master);
	terminal_continue(t);
}

static void out_ready(struct loop_source *source, uint32_t events)
{
	struct io_terminal *t = loop_owner(source, struct io_terminal, out);

	(void)events;
	pending_write(&t->to_out, source->fd);
	terminal_continue(t);
}

/* The end comes only after CloseIO, or io_finish(): until then io holds it. */
static void in_ready(struct loop_source *source, uint32_t events)
{
	struct io_terminal *t = loop_owner(source, struct io_terminal, in);
	ssize_t count = pass(source->fd, t->master.fd, &t->to_master);

	(void)events;
	if (count <= 0 && count != -EAGAIN) {
		loop_remove(source);
		source->fd = -1;
		fd_close(&t->io->in.read);
	}
	terminal_continue(t);
}

int terminal_open(struct io *io, int master, struct error *err)
{
	auto_close int fd = master;
	struct io_terminal *t = calloc(1, sizeof(*t));
	int result = t ? sys_set_status_flags(fd, O_NONBLOCK) : -ENOMEM;

	if (result >= 0) {
		t->io = io;
		t->master.fd = fd;
		t->master.ready = master_ready;
		t->in.fd = io->in.read;
		t->in.ready = in_ready;
		t->out.fd = io->out.write;
		t->out.ready = out_ready;
		result = watch(t, &t->master, EPOLLIN);
	}
	if (result >= 0)
		result = watch(t, &t->in, EPOLLIN);
	if (result < 0) {
		if (t)
			loop_remove(&t->master);
		free(t);
		return error_system(err, result, "watch the terminal");
	}
	take_fd(&fd);
	io->terminal = t;
	return 0;
}

int terminal_resize(struct io_terminal *terminal, uint16_t width,
                    uint16_t height)
{
	if (terminal->has_ended)
		return 0;
	return sys_tty_set_size(terminal->master.fd, height, width);
}

void terminal_finish(struct io_terminal *terminal)
{
	terminal->is_last = true;
	if (terminal->has_ended) {
		io_part_ended(terminal->io);
		return;
	}
	/* Left it may have been before its last line. */
	if (!terminal->to_out.bytes)
		read_master(terminal);
	terminal_continue(terminal);
}

bool terminal_has_ended(const struct io_terminal *terminal)
{
	return terminal->has_ended;
}

void terminal_close(struct io_terminal *terminal)
{
	if (!terminal)
		return;
	terminal_end(terminal);
	free(terminal);
}
