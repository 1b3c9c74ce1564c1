/* SPDX-License-Identifier: Apache-2.0 */
/* Asynchronous invocations: what is accepted, and when it is due. */
#include "fn/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/time.h"
#include "fn/spool_internal.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/socket.h"

#define LOOK_MS  1000U
#define STALE_MS 600000U /* a file that nobody has gone on writing */

/* An event that is being made durable. */
struct spool_ticket {
	struct spool_ticket *next;
	struct spool_function *function;
	struct keeper_order order;
	uint64_t size;
	void (*done)(void *context, int result);
	void *context;
};

uint64_t spool_now(void)
{
	struct timespec now = time_now();

	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct spool_function *find_known(const struct spool *spool,
                                         const char *name)
{
	struct spool_function *function = spool->functions;

	while (function && !str_equal(function->name, name))
		function = function->next;
	return function;
}

static int find_function(struct spool *spool, const char *name,
                         struct spool_function **ret_function,
                         struct error *err)
{
	struct spool_function *function = find_known(spool, name);
	int result;

	if (function) {
		*ret_function = function;
		return 0;
	}
	function = calloc(1, sizeof(*function));
	if (!function || !function_name_is_valid(name)) {
		free(function);
		return error_set(err, ERROR_SYSTEM, -EINVAL,
		                 "cannot keep events of \"%.64s\"", name);
	}
	memcpy(function->name, name, strlen(name) + 1);
	result = spool_open_dir(spool->root, name, &function->dir, err);
	if (result < 0) {
		free(function);
		return result;
	}
	function->spool = spool;
	function->next = spool->functions;
	spool->functions = function;
	*ret_function = function;
	return 0;
}

uint64_t spool_waiting(const struct spool *spool, const char *function)
{
	const struct spool_function *known = find_known(spool, function);

	return known ? known->queue.count + known->running : 0;
}

/* ---- accepting */

static void ticket_end(struct spool *spool, int result)
{
	struct spool_ticket *ticket = spool->tickets;
	struct spool_function *function = ticket->function;
	struct spool_queued item = { ticket->order.name, ticket->size };

	spool->tickets = ticket->next;
	if (!spool->tickets)
		spool->tickets_end = &spool->tickets;
	if (result == 0)
		result = spool_queue_add(&function->queue, &item);
	if (result < 0) {
		spool->events--;
		spool->bytes -= ticket->size;
	}
	ticket->done(ticket->context, result);
	free(ticket);
	if (result == 0)
		spool_run(function);
}

/* Without a keeper; it is slower for others, but as safe. */
static void commit_here(struct spool *spool)
{
	if (spool->keeper.fd >= 0) {
		loop_remove(&spool->keeper);
		fd_close(&spool->keeper.fd);
		log_warning(&spool->pool->host->log,
		            "the spool's keeper has ended");
	}
	spool->unsent = NULL;
	spool->sent = 0;
	while (spool->tickets)
		ticket_end(spool,
		           keeper_commit(spool->root, &spool->tickets->order));
}

static void send_orders(struct spool *spool)
{
	while (spool->unsent && spool->sent < KEEPER_BATCH) {
		if (sys_send_fds(spool->keeper.fd, &spool->unsent->order,
		                 sizeof(spool->unsent->order), NULL, 0) < 0) {
			commit_here(spool);
			return;
		}
		spool->sent++;
		spool->unsent = spool->unsent->next;
	}
}

static void keeper_told(struct loop_source *source, uint32_t events)
{
	struct spool *spool = loop_owner(source, struct spool, keeper);
	struct keeper_answer answer;

	(void)events;
	if (sys_receive_fds(source->fd, &answer, sizeof(answer), NULL, NULL) !=
	            sizeof(answer) ||
	    !spool->sent) {
		commit_here(spool);
		return;
	}
	spool->sent--;
	ticket_end(spool, answer.result);
	send_orders(spool);
}

static int write_ticket(struct spool_ticket *ticket,
                        const struct spool_event *event, struct error *err)
{
	int size = spool_write(ticket->function->dir, "new", event, err);

	if (size < 0)
		return size;
	ticket->size = (uint64_t)size;
	ticket->order.name.due_ms = event->accepted_ms;
	memcpy(ticket->order.name.id, event->id, sizeof(event->id));
	memcpy(ticket->order.function, ticket->function->name,
	       sizeof(ticket->order.function));
	return 0;
}

int spool_accept(struct spool *spool, const char *function,
                 const struct spool_event *event,
                 void (*done)(void *context, int result), void *context,
                 struct error *err)
{
	struct spool_ticket *ticket;
	int result;

	if (spool->events >= spool->events_max ||
	    spool->bytes + event->payload_size > spool->bytes_max)
		return error_set(err, ERROR_STATE, -EDQUOT,
		                 "the spool is full: %llu events, %llu bytes",
		                 (unsigned long long)spool->events,
		                 (unsigned long long)spool->bytes);
	ticket = calloc(1, sizeof(*ticket));
	if (!ticket)
		return error_system(err, -ENOMEM, "accept an event");
	ticket->done = done;
	ticket->context = context;
	result = find_function(spool, function, &ticket->function, err);
	if (result == 0)
		result = write_ticket(ticket, event, err);
	if (result < 0) {
		free(ticket);
		return result;
	}
	spool->events++;
	spool->bytes += ticket->size;
	*spool->tickets_end = ticket;
	spool->tickets_end = &ticket->next;
	if (!spool->unsent)
		spool->unsent = ticket;
	if (spool->keeper.fd < 0)
		commit_here(spool);
	else
		send_orders(spool);
	return 0;
}

/* ---- what lies there */

/* One that was never accepted, unless somebody is writing it now. */
static void drop_stale(int box, const char *file)
{
	struct stat stat;

	if (str_equal(file, ".") || str_equal(file, "..") ||
	    sys_fstatat(box, file, &stat, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (spool_now() - (uint64_t)stat.st_mtim.tv_sec * 1000 > STALE_MS)
		sys_unlinkat(box, file, 0);
}

static void take_file(struct spool_function *function, int box,
                      const char *file, bool move)
{
	struct spool *spool = function->spool;
	struct spool_queued item = { .size = 0 };
	struct stat stat;
	int new;

	if (file[0] == '.') {
		drop_stale(box, file);
		return;
	}
	if (!spool_name_parse(file, &item.name) ||
	    sys_fstatat(box, file, &stat, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (move) {
		new = sys_openat(function->dir, "new", O_PATH | O_DIRECTORY, 0);
		if (new < 0 || sys_renameat2(box, file, new, file, 0) < 0) {
			fd_close(&new);
			return;
		}
		fd_close(&new);
	}
	item.size = (uint64_t)stat.st_size;
	if (spool_queue_add(&function->queue, &item) < 0)
		return;
	spool->events++;
	spool->bytes += item.size;
}

static void take_box(struct spool_function *function, const char *box,
                     bool move)
{
	int fd = sys_openat(function->dir, box, O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(dir)))
		take_file(function, dirfd(dir), entry->d_name, move);
	closedir(dir);
}

static DIR *open_spools(const struct spool *spool)
{
	auto_arena struct arena arena = { 0 };

	return opendir(arena_printf(&arena, "%s/spool", spool->root));
}

/* Once for what is in new/, and again and again for what comes into in/. */
static void take_all(struct spool *spool, bool first)
{
	DIR *dir = open_spools(spool);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct spool_function *function;

		if (!function_name_is_valid(entry->d_name) ||
		    find_function(spool, entry->d_name, &function, NULL) < 0)
			continue;
		if (first)
			take_box(function, "new", false);
		take_box(function, "in", true);
		spool_run(function);
	}
	if (dir)
		closedir(dir);
}

static void looked(struct loop_timer *timer)
{
	struct spool *spool = loop_owner(timer, struct spool, look);

	take_all(spool, false);
	loop_arm(spool->pool->host->loop, timer, LOOK_MS);
}

static void woken(struct loop_timer *timer)
{
	struct spool *spool = loop_owner(timer, struct spool, wake);
	struct spool_function *function;

	for (function = spool->functions; function; function = function->next)
		spool_run(function);
}

/* ---- begin and end */

int spool_open(struct spool *spool, struct error *err)
{
	int fd = keeper_start(spool->root);

	spool->tickets_end = &spool->tickets;
	spool->keeper.fd = fd;
	if (fd < 0)
		return error_system(err, fd, "start the spool's keeper");
	return 0;
}

int spool_start(struct spool *spool, struct error *err)
{
	struct loop *loop = spool->pool->host->loop;
	int result;

	spool->keeper.events = EPOLLIN;
	spool->keeper.ready = keeper_told;
	result = loop_add(loop, &spool->keeper);
	if (result < 0)
		return error_system(err, result, "wait for the spool's keeper");
	spool->wake.expired = woken;
	spool->look.expired = looked;
	take_all(spool, true);
	loop_arm(loop, &spool->look, LOOK_MS);
	return 0;
}

void spool_stop(struct spool *spool)
{
	spool->stopped = true;
	loop_disarm(&spool->wake);
	loop_disarm(&spool->look);
}

void spool_pump(struct spool *spool, const char *function)
{
	struct spool_function *known = find_known(spool, function);

	if (known && known->queue.count)
		spool_run(known);
}
