/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loggers (binary://): a program that reads what the payload says from
 * descriptors 3 and 4, and says on 5 that it is ready.
 *
 * The shim does not hold what the logger reads. Who writes to a logger that is
 * gone is then told by EPIPE, as in any pipeline; if the shim held the pipe it
 * would fill, and the payload would hang for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "shim/io_internal.h"
#include "sys/file.h"
#include "sys/process.h"

#define READY_MS 10000
#define END_MS   12000

/* What the program finds, and the first number that it does not. */
enum {
	FD_OUT = 3,
	FD_ERR,
	FD_READY,
	FD_COUNT
};

#define EXIT_NO_RUN 127

struct io_logger {
	struct io *io; /* NULL: it only has to end */
	struct loop *loop;
	struct loop_source ready; /* -1 when that is over */
	struct loop_source end;   /* its pidfd, -1 when it has ended */
	struct loop_timer timer;
	uint64_t ready_ms;
	uint64_t end_ms;
	bool is_strict;
	char path[];
};

/* ---- the logger's side */

struct become {
	const struct io_target *target;
	int fds[FD_COUNT]; /* to become 0, 1, ... */
	char **env;
};

/* Above them all first: some may have one another's numbers. */
static int place_fds(const struct become *become)
{
	int placed[FD_COUNT];
	int result = 0;
	int i;

	for (i = 0; i < FD_COUNT && result >= 0; i++)
		placed[i] = result = sys_dup_above(become->fds[i], FD_COUNT);
	for (i = 0; i < FD_COUNT && result >= 0; i++)
		result = sys_dup3(placed[i], i, 0);
	return result;
}

/* A failure is told as a number; loggers send one byte. */
static void __attribute__((noreturn)) become_logger(const struct become *become)
{
	int result = place_fds(become);

	if (result < 0)
		sys_exit(EXIT_NO_RUN);
	result = sys_close_range(FD_COUNT, ~0U, 0);
	if (result >= 0)
		result = sys_reset_signals();
	if (result >= 0)
		result = sys_execve(become->target->path, become->target->args,
		                    become->env);
	(void)sys_write(FD_READY, &result, sizeof(result));
	sys_exit(EXIT_NO_RUN);
}

/* ---- our side */

/* The last that is done with LOGGER's io for now: who is told may close it. */
static void tell_ready(struct io_logger *logger, int result,
                       const struct error *err)
{
	struct io *io = logger->io;
	io_ready *ready = io->ready;

	loop_disarm(&logger->timer);
	loop_remove(&logger->ready);
	fd_close(&logger->ready.fd);
	io->ready = NULL;
	ready(io->ready_context, result, err);
}

static void ready_readable(struct loop_source *source, uint32_t events)
{
	struct io_logger *logger = loop_owner(source, struct io_logger, ready);
	struct error err = { 0 };
	int said = 0;
	ssize_t count = sys_read(source->fd, &said, sizeof(said));
	int result = 0;

	(void)events;
	if (count == (ssize_t)sizeof(said) && said < 0)
		result = error_system(&err, said, "execute logger \"%s\"",
		                      logger->path);
	else if (count < 0)
		result = error_system(&err, (int)count,
		                      "wait for logger \"%s\"", logger->path);
	else if (count == 0 && logger->is_strict)
		result = error_set(&err, ERROR_PROGRAM, -ECHILD,
		                   "logger \"%s\" did not get ready",
		                   logger->path);
	tell_ready(logger, result, &err);
}

static void ready_expired(struct loop_timer *timer)
{
	struct io_logger *logger = loop_owner(timer, struct io_logger, timer);
	struct error err;
	int result =
		error_set(&err, ERROR_PROGRAM, -ETIMEDOUT,
	                  "logger \"%s\": not ready within %llu ms",
	                  logger->path, (unsigned long long)logger->ready_ms);

	tell_ready(logger, result, &err);
}

static void logger_free(struct io_logger *logger)
{
	loop_disarm(&logger->timer);
	loop_remove(&logger->ready);
	fd_close(&logger->ready.fd);
	loop_remove(&logger->end);
	fd_close(&logger->end.fd);
	free(logger);
}

/* It is a zombie now; who collects the shim's children collects it. */
static void logger_ended(struct loop_source *source, uint32_t events)
{
	struct io_logger *logger = loop_owner(source, struct io_logger, end);

	(void)events;
	loop_remove(source);
	fd_close(&source->fd);
	if (!logger->io)
		logger_free(logger);
	else if (logger->io->drained)
		io_part_ended(logger->io);
}

static void end_expired(struct loop_timer *timer)
{
	struct io_logger *logger = loop_owner(timer, struct io_logger, timer);

	(void)sys_pidfd_send_signal(logger->end.fd, SIGKILL);
}

static struct io_logger *logger_new(struct io *io,
                                    const struct io_target *target,
                                    const struct io_owner *owner)
{
	size_t size = strlen(target->path) + 1;
	struct io_logger *logger = calloc(1, sizeof(*logger) + size);

	if (!logger)
		return NULL;
	logger->io = io;
	logger->loop = io->loop;
	logger->is_strict = target->kind == IO_LOGGER_STRICT;
	logger->ready_ms =
		owner->logger_ready_ms ? owner->logger_ready_ms : READY_MS;
	logger->end_ms = owner->logger_end_ms ? owner->logger_end_ms : END_MS;
	logger->ready.fd = -1;
	logger->ready.events = EPOLLIN;
	logger->ready.ready = ready_readable;
	logger->end.fd = -1;
	logger->end.events = EPOLLIN;
	logger->end.ready = logger_ended;
	logger->timer.expired = ready_expired;
	memcpy(logger->path, target->path, size);
	return logger;
}

static int logger_clone(struct io_logger *logger, struct become *become,
                        struct error *err)
{
	auto_close int null = sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
	int result = null;
	int i;

	for (i = 0; i < FD_OUT; i++)
		become->fds[i] = null;
	if (result >= 0)
		result = sys_clone(0, -1, &logger->end.fd);
	if (result < 0)
		return error_system(err, result, "start logger \"%s\"",
		                    logger->path);
	if (result == 0)
		become_logger(become);
	return 0;
}

static int logger_watch(struct io_logger *logger, struct error *err)
{
	int result = loop_add(logger->loop, &logger->end);

	if (result >= 0)
		result = loop_add(logger->loop, &logger->ready);
	if (result < 0)
		return error_system(err, result, "watch logger \"%s\"",
		                    logger->path);
	loop_arm(logger->loop, &logger->timer, logger->ready_ms);
	return 0;
}

int logger_start(struct io *io, const struct io_target *target,
                 const struct io_owner *owner, struct error *err)
{
	auto_arena struct arena scratch = { 0 };
	auto_close int out = -1;
	auto_close int errors = -1;
	auto_close int said = -1;
	struct io_logger *logger = logger_new(io, target, owner);
	char *env[] = {
		arena_printf(&scratch, "CONTAINER_ID=%s", owner->container),
		arena_printf(&scratch, "CONTAINER_NAMESPACE=%s",
		             owner->namespace_),
		NULL,
	};
	struct become become = { .target = target, .env = env };
	int ready[2];
	int result;

	if (!logger)
		return error_system(err, -ENOMEM, "start logger \"%s\"",
		                    target->path);
	io->logger = logger;
	result = stream_open_pipe(io, &io->out, owner, &out, err);
	if (result >= 0)
		result = stream_open_pipe(io, &io->err, owner, &errors, err);
	if (result < 0)
		return result;
	/* A terminal has no errors of its own. */
	fd_close(&io->err.write);
	result = sys_pipe2(ready, O_CLOEXEC);
	if (result < 0)
		return error_system(err, result, "make a logger's pipe");
	logger->ready.fd = ready[0];
	said = ready[1];
	become.fds[FD_OUT] = out;
	become.fds[FD_ERR] = errors;
	become.fds[FD_READY] = said;
	result = logger_clone(logger, &become, err);
	return result < 0 ? result : logger_watch(logger, err);
}

bool logger_has_ended(const struct io_logger *logger)
{
	return logger->end.fd < 0;
}

void logger_leave(struct io_logger *logger)
{
	if (!logger)
		return;
	logger->io = NULL;
	loop_disarm(&logger->timer);
	loop_remove(&logger->ready);
	fd_close(&logger->ready.fd);
	/* Without a loop that tells of its end nobody could wait for it. */
	if (!logger->end.loop) {
		if (logger->end.fd >= 0)
			(void)sys_pidfd_send_signal(logger->end.fd, SIGKILL);
		logger_free(logger);
		return;
	}
	(void)sys_pidfd_send_signal(logger->end.fd, SIGTERM);
	logger->timer.expired = end_expired;
	loop_arm(logger->loop, &logger->timer, logger->end_ms);
}
