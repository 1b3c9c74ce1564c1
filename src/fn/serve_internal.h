/* SPDX-License-Identifier: Apache-2.0 */
/* The server as a whole, shared by the files of it. */
#pragma once

#include "base/opt.h"
#include "base/options.h"
#include "fn/command.h"
#include "fn/lambda.h"

#define SERVE_PORTS_MAX 16

struct serve_options {
	struct cli_list listen;
	struct opt_i64 sandboxes;
	struct opt_i64 memory;
	struct opt_i64 keep_s;
	struct opt_i64 freeze_ms;
	struct opt_i64 ahead;
	struct opt_i64 scale;
	struct opt_i64 events;
	struct opt_i64 bytes;
	struct opt_i64 retry_ms;
	struct opt_i64 stop_s;
	bool no_boost;
};

struct serve {
	const struct fn_globals *globals;
	struct serve_options options;
	struct loop loop;
	struct sandbox_host host;
	struct pool pool;
	struct spool spool;
	struct lambda lambda;
	struct http_port ports[SERVE_PORTS_MAX];
	const char *paths[SERVE_PORTS_MAX]; /* of unix sockets, or NULL */
	size_t ports_count;
	struct loop_source signals;
	struct loop_timer end;
	int64_t stop_s;
	bool is_drained;
	unsigned int lingered;
	int lock;
	int notify; /* systemd's socket, or -1 */
};

/* Where the options say, or at STATE/serve.sock. */
int serve_listen(struct serve *serve, struct error *err);
/* Connections go on. */
void serve_stop_listening(struct serve *serve);
void serve_close_ports(struct serve *serve);

/* Delete what a server that was killed has left. */
int serve_clean(struct serve *serve, struct error *err);
/* Tell systemd, if it wants to know. */
void serve_notify_open(struct serve *serve);
void serve_notify(const struct serve *serve, const char *text);
