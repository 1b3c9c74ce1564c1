/* SPDX-License-Identifier: Apache-2.0 */
/* Where the server is reached, and what it finds when it comes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <runf/runf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "fn/options.h"
#include "fn/serve_internal.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/socket.h"

#define CONNECTIONS_MAX 8192U
#define IDLE_S          60U

/* A line on stderr that is no warning. */
__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
	char text[PATH_MAX + 64] = "runf-fn serve: ";
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, sizeof(text) - used - 1, format, args);
	va_end(args);
	used = strlen(text);
	text[used++] = '\n';
	sys_write_all(STDERR_FILENO, text, used);
}

/* ---- sockets */

/* What is left of a dead server makes room; what is no socket stays. */
static int clear_socket(const char *path, struct error *err)
{
	struct stat stat;
	int fd, result =
			sys_fstatat(AT_FDCWD, path, &stat, AT_SYMLINK_NOFOLLOW);

	if (result == -ENOENT)
		return 0;
	if (result == 0 && !S_ISSOCK(stat.st_mode))
		return error_set(err, ERROR_USAGE, -EEXIST,
		                 "--listen: %s is there, and is no socket",
		                 path);
	fd = result < 0 ? result : sys_connect_unix(SOCK_STREAM, path);
	if (fd >= 0) {
		fd_close(&fd);
		return error_set(err, ERROR_EXISTS, -EADDRINUSE,
		                 "--listen: somebody answers at %s already",
		                 path);
	}
	result = sys_unlinkat(AT_FDCWD, path, 0);
	return result < 0 ? error_system(err, result, "remove %s", path) : 0;
}

static int listen_unix(const char *path, struct error *err)
{
	int fd, result = clear_socket(path, err);

	if (result < 0)
		return result;
	fd = sys_listen_unix(SOCK_STREAM | SOCK_NONBLOCK, AT_FDCWD, path, 0600);
	return fd < 0 ? error_system(err, fd, "listen on unix:%s", path) : fd;
}

/* 127.0.0.1:PORT, or [::1]:PORT */
static int listen_tcp(struct serve *serve, const char *where, struct error *err)
{
	struct arena *arena = serve->globals->arena;
	const char *colon = strrchr(where, ':');
	uint16_t got = 0;
	uint32_t port;
	char *address;
	int fd;

	if (!colon || str_to_u32(colon + 1, 10, &port) < 0 || port > UINT16_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--listen: \"%s\" is neither unix:PATH nor "
		                 "ADDRESS:PORT",
		                 where);
	address = arena_strndup(arena, where, (size_t)(colon - where));
	if (*address == '[' && str_has_suffix(address, "]")) {
		address[strlen(address) - 1] = '\0';
		address++;
	}
	fd = sys_listen_tcp(address, (uint16_t)port, &got);
	if (fd < 0)
		return error_system(err, fd, "listen on \"%s\"", where);
	if (!str_after(address, "127.") && !str_equal(address, "::1"))
		fn_warn("%s can be reached from other machines, and nobody is "
		        "asked who he is",
		        where);
	note("listening on %.*s:%u", (int)(colon - where), where, got);
	return fd;
}

static int listen_at(struct serve *serve, const char *where, struct error *err)
{
	struct http_port *port = &serve->ports[serve->ports_count];
	const char *path = str_after(where, "unix:");
	int fd = path ? listen_unix(path, err) : listen_tcp(serve, where, err);

	if (fd < 0)
		return fd;
	if (path)
		note("listening on unix:%s", path);
	port->service = &lambda_service;
	port->context = &serve->lambda;
	port->connections_max = CONNECTIONS_MAX;
	port->idle_s = IDLE_S;
	serve->paths[serve->ports_count++] = path;
	return http_port_open(serve->host.http, port, fd, err);
}

int serve_listen(struct serve *serve, struct error *err)
{
	const struct cli_list *list = &serve->options.listen;
	size_t i;

	if (!list->count)
		return listen_at(serve,
		                 arena_printf(serve->globals->arena,
		                              "unix:%s/serve.sock",
		                              serve->globals->state),
		                 err);
	if (list->count > SERVE_PORTS_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "--listen is given %zu times, at most %d are "
		                 "possible",
		                 list->count, SERVE_PORTS_MAX);
	for (i = 0; i < list->count; i++) {
		int result = listen_at(serve, list->items[i], err);

		if (result < 0)
			return result;
	}
	return 0;
}

void serve_stop_listening(struct serve *serve)
{
	size_t i;

	for (i = 0; i < serve->ports_count; i++) {
		loop_remove(&serve->ports[i].source);
		fd_close(&serve->ports[i].source.fd);
		if (serve->paths[i])
			sys_unlinkat(AT_FDCWD, serve->paths[i], 0);
		serve->paths[i] = NULL;
	}
}

void serve_close_ports(struct serve *serve)
{
	size_t i;

	serve_stop_listening(serve);
	for (i = 0; i < serve->ports_count; i++)
		http_port_close(&serve->ports[i]);
}

/* ---- what is left of another server */

static void delete_left(struct runf *runf, const char *id)
{
	struct runf_error why;

	if (runf_delete(runf, id, true, &why) < 0)
		fn_warn("sandbox %s of a server that was killed: %s", id,
		        why.text);
}

int serve_clean(struct serve *serve, struct error *err)
{
	struct runf_options options = {
		.size = sizeof(options),
		.root = arena_printf(serve->globals->arena, "%s/containers",
		                     serve->host.state),
		.self_protected = true,
	};
	DIR *dir = opendir(options.root);
	struct dirent *entry;
	struct runf_error why;
	struct runf *runf;

	if (!dir)
		return 0;
	if (runf_open(&options, &runf, &why) < 0) {
		closedir(dir);
		return fn_take_error(&why, err);
	}
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			delete_left(runf, entry->d_name);
	closedir(dir);
	runf_close(runf);
	return 0;
}

/*
 * Not left in the environment: librunf would have the sandboxes tell systemd
 * of themselves.
 */
void serve_notify_open(struct serve *serve)
{
	const char *path = getenv("NOTIFY_SOCKET");

	serve->notify = -1;
	if (!path)
		return;
	if (*path == '/' || *path == '@')
		serve->notify = sys_connect_unix(SOCK_DGRAM, path);
	unsetenv("NOTIFY_SOCKET");
}

void serve_notify(const struct serve *serve, const char *text)
{
	if (serve->notify >= 0)
		sys_send_fds(serve->notify, text, strlen(text), NULL, 0);
}
