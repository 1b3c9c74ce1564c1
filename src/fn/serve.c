/* SPDX-License-Identifier: Apache-2.0 */
/* runf-fn serve: the invoke API over a pool of sandboxes, until it is told. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "fn/options.h"
#include "fn/serve_internal.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/process.h"

#define OPTIONS struct serve_options

static const struct cli_option options[] = {
	OPTION_LIST(0, "listen", "WHERE", OPTIONS, listen,
	            "unix:PATH or ADDRESS:PORT (unix:STATE/serve.sock)"),
	OPTION_INTEGER(0, "max-sandboxes", "N", OPTIONS, sandboxes,
	               "of all functions together (1000)"),
	OPTION_BYTES(0, "memory-budget", OPTIONS, memory,
	             "sum of the sandboxes' limits (the machine's memory)"),
	OPTION_INTEGER(0, "keep-alive", "S", OPTIONS, keep_s,
	               "end a sandbox that is not used for so long (600)"),
	OPTION_INTEGER(0, "freeze-after", "MS", OPTIONS, freeze_ms,
	               "freeze one that has nothing to do (0)"),
	OPTION_INTEGER(0, "ahead", "N", OPTIONS, ahead,
	               "sandboxes created ahead for each function in use (1)"),
	OPTION_INTEGER(0, "scale", "N", OPTIONS, scale,
	               "new sandboxes of a function in 10 seconds (1000)"),
	OPTION_INTEGER(0, "spool-events", "N", OPTIONS, events,
	               "asynchronous events that may wait (100000)"),
	OPTION_BYTES(0, "spool-bytes", OPTIONS, bytes, "of their files (1g)"),
	OPTION_INTEGER(0, "retry-after", "MS", OPTIONS, retry_ms,
	               "until an event is tried again, then twice as long "
	               "(60000)"),
	OPTION_INTEGER(0, "stop-after", "S", OPTIONS, stop_s,
	               "when stopping, end what is not done by then (30)"),
	OPTION_SWITCH(0, "no-boost", OPTIONS, no_boost,
	              "the CPU quota holds while a runtime initializes"),
	OPTIONS_END,
};

/* ---- options */

/* One number: its place, what it is when not given, and its bounds. */
static int take_number(const struct opt_i64 *given, const char *name,
                       int64_t fallback, int64_t max, int64_t *ret_value,
                       struct error *err)
{
	int64_t value = given->set ? given->value : fallback;

	if (value < 0 || value > max)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--%s: %lld is not between 0 and %lld", name,
		                 (long long)value, (long long)max);
	*ret_value = value;
	return 0;
}

static int64_t machine_memory(void)
{
	return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

static int take_options(struct serve *serve, struct error *err)
{
	const struct serve_options *o = &serve->options;
	int64_t value[9] = { 0 };

	const struct {
		const struct opt_i64 *given;
		const char *name;
		int64_t fallback;
		int64_t max;
	} rows[] = {
		{ &o->sandboxes, "max-sandboxes", 1000, 100000 },
		{ &o->memory, "memory-budget", machine_memory(), INT64_MAX },
		{ &o->keep_s, "keep-alive", 600, 1000000 },
		{ &o->freeze_ms, "freeze-after", 0, 1000000 },
		{ &o->ahead, "ahead", 1, 1000 },
		{ &o->scale, "scale", 1000, 1000000 },
		{ &o->events, "spool-events", 100000, 100000000 },
		{ &o->bytes, "spool-bytes", (int64_t)1 << 30, INT64_MAX },
		{ &o->retry_ms, "retry-after", 60000, 86400000 },
	};

	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (take_number(rows[i].given, rows[i].name, rows[i].fallback,
		                rows[i].max, &value[i], err) < 0)
			return -EINVAL;
	serve->pool.stock = (struct stock){
		.sandboxes = (uint32_t)value[0],
		.memory = (uint64_t)value[1],
		.keep_ms = (uint64_t)value[2] * 1000,
		.ahead = (uint32_t)value[4],
		.creations = 2 * (uint32_t)sys_count_cpus(),
		.scale = (uint32_t)value[5],
	};
	serve->pool.freeze_ms = (uint32_t)value[3];
	serve->spool.events_max = (uint64_t)value[6];
	serve->spool.bytes_max = (uint64_t)value[7];
	serve->spool.retry_ms = (uint64_t)value[8];
	return take_number(&o->stop_s, "stop-after", 30, 86400, &serve->stop_s,
	                   err);
}

/* ---- the end */

/* What was answered is on its way; who is slow does not keep us. */
static void linger(struct serve *serve)
{
	if (!serve->lambda.requests || serve->lingered++ >= 20)
		loop_stop(&serve->loop);
	else
		loop_arm(&serve->loop, &serve->end, 50);
}

static void drained(struct pool *pool)
{
	struct serve *serve = loop_owner(pool, struct serve, pool);

	if (serve->lambda.stopping && !serve->lingered) {
		loop_disarm(&serve->end);
		serve->is_drained = true;
		linger(serve);
	}
}

static void end_expired(struct loop_timer *timer)
{
	struct serve *serve = loop_owner(timer, struct serve, end);

	if (serve->is_drained)
		linger(serve);
	else
		pool_drain(&serve->pool, true);
}

static void signalled(struct loop_source *source, uint32_t events)
{
	struct serve *serve = loop_owner(source, struct serve, signals);
	char info[128];

	(void)events;
	if (sys_read(source->fd, info, sizeof(info)) < 0)
		return;
	if (serve->lambda.stopping) {
		pool_drain(&serve->pool, true);
		return;
	}
	serve->lambda.stopping = true;
	serve_notify(serve, "STOPPING=1");
	serve_stop_listening(serve);
	spool_stop(&serve->spool);
	loop_arm(&serve->loop, &serve->end, (uint64_t)serve->stop_s * 1000);
	pool_drain(&serve->pool, false);
}

static int watch_signals(struct serve *serve, struct error *err)
{
	sigset_t set;
	int fd, result;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sys_set_signal_mask(&set, NULL);
	fd = sys_signalfd(&set);
	serve->signals = (struct loop_source){ .fd = fd,
		                               .events = EPOLLIN,
		                               .ready = signalled };
	serve->end.expired = end_expired;
	result = fd < 0 ? fd : loop_add(&serve->loop, &serve->signals);
	return result < 0 ? error_system(err, result, "watch for signals") : 0;
}

/* ---- the begin */

/* One server for each STATE: what lies there is its own, or of a dead one. */
static int lock_state(struct serve *serve, struct error *err)
{
	const char *state = serve->globals->state;
	const char *path =
		arena_printf(serve->globals->arena, "%s/serve.lock", state);
	int result = sys_mkdirat(AT_FDCWD, state, 0711);

	if (result == 0 || result == -EEXIST)
		result = serve->lock =
			sys_openat(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
	if (result >= 0)
		result = sys_flock(serve->lock, LOCK_EX | LOCK_NB);
	if (result == -EWOULDBLOCK)
		return error_set(err, ERROR_EXISTS, -EEXIST,
		                 "another runf-fn serve uses %s: stop that, or "
		                 "choose another --state",
		                 state);
	return result < 0 ? error_system(err, result, "lock %s", path) : 0;
}

/* Each sandbox needs some ten descriptors. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (sys_prlimit(0, RLIMIT_NOFILE, NULL, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	sys_prlimit(0, RLIMIT_NOFILE, &limit, NULL);
}

static void emit(void *context, enum log_level level, const char *text)
{
	(void)context;
	(void)level;
	fn_warn("%s", text);
}

static void freed(struct pool *pool, struct pool_function *function)
{
	struct serve *serve = loop_owner(pool, struct serve, pool);

	spool_pump(&serve->spool, function->name);
}

static void connect_parts(struct serve *serve)
{
	serve->host.loop = &serve->loop;
	serve->host.root = serve->globals->root;
	serve->host.state = arena_printf(serve->globals->arena, "%s/serve",
	                                 serve->globals->state);
	serve->host.log = (struct log){ LOG_LEVEL_WARNING, emit, NULL };
	serve->host.no_boost = serve->options.no_boost;
	serve->host.log_fd = STDERR_FILENO;
	serve->pool.host = &serve->host;
	serve->pool.freed = freed;
	serve->pool.drained = drained;
	serve->spool.pool = &serve->pool;
	serve->spool.root = serve->globals->root;
	serve->lambda.pool = &serve->pool;
	serve->lambda.spool = &serve->spool;
}

static int serve_requests(struct serve *serve, struct error *err)
{
	int result = serve_listen(serve, err);

	if (result == 0)
		result = pool_open(&serve->pool, err);
	if (result == 0)
		result = spool_start(&serve->spool, err);
	if (result < 0)
		return result;
	serve_notify(serve, "READY=1");
	return loop_run(&serve->loop, err);
}

static int serve_all(struct serve *serve, struct error *err)
{
	struct runf_error why;
	int result = runf_protect_self(serve->globals->argv,
	                               serve->globals->env, &why);

	if (result < 0)
		return fn_take_error(&why, err);
	connect_parts(serve);
	serve_notify_open(serve);
	raise_limit();
	result = lock_state(serve, err);
	if (result == 0)
		result = spool_open(&serve->spool, err);
	if (result == 0)
		result = loop_open(&serve->loop, err);
	if (result == 0)
		result = watch_signals(serve, err);
	if (result == 0)
		result = serve_clean(serve, err);
	if (result == 0)
		result = sandbox_host_open(&serve->host, err);
	if (result < 0)
		return result;
	result = serve_requests(serve, err);
	serve_close_ports(serve);
	sandbox_host_close(&serve->host);
	return result;
}

static int serve_run(const struct fn_globals *globals, char **args)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	struct cli_words words;
	struct error err;
	int result;

	if (!serve) {
		error_system(&err, -ENOMEM, "begin");
		return fn_fail(&fn_serve, &err);
	}
	serve->globals = globals;
	serve->lock = -1;
	result = fn_parse(globals, &fn_serve, args, &serve->options, &words,
	                  &err);
	if (result == 0)
		result = take_options(serve, &err);
	if (result == 0)
		result = serve_all(serve, &err);
	free(serve);
	return result < 0 ? fn_fail(&fn_serve, &err) : 0;
}

const struct fn_command fn_serve = {
	.name = "serve",
	.usage = "",
	.summary = "answer the Lambda invoke API from a pool of sandboxes",
	.help = "Nobody is asked who he is: whoever reaches the socket may "
		"invoke every function.",
	.options = options,
	.run = serve_run,
};
