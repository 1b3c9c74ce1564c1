/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 for many listeners in one loop, by libmicrohttpd. */
#include "fn/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "sys/socket.h"

/* A head has to fit; bodies come in pieces of up to this size. */
#define CONNECTION_MEMORY ((size_t)32 * 1024)
#define CONNECTIONS_MAX   65536U
/* So much of a body is read only to be dropped before the answer. */
#define DROP_MAX     ((size_t)32 * 1024 * 1024)
#define STREAM_BLOCK ((size_t)16 * 1024)

struct http {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct loop_source source; /* the daemon's epoll descriptor */
	struct loop_timer timer;
	struct http_port *adopting; /* while a connection is handed over */
	bool running;
	bool again;
};

struct http_connection {
	struct http_connection *next; /* of the port's */
	struct http_connection **place;
	struct http_port *port; /* NULL: cut */
	struct http_request *request;
	int fd;
	struct MHD_Connection *mhd;
};

struct http_request {
	struct http *http;
	struct http_connection *connection;
	const struct http_service *service;
	void *context;
	const char *method;
	const char *path;
	struct MHD_Response *response;
	unsigned int status;
	size_t dropped;
	bool queued;
	bool complete;
	bool suspended;
	/* Of a stream: what has not been taken yet. */
	char *pending;
	size_t pending_start;
	size_t pending_size; /* from there on */
	size_t pending_room;
	bool streams;
	bool finished;
	bool failed;
};

/* ---- the daemon in the loop */

static void http_run(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	http->again = true;
	if (http->running)
		return;
	http->running = true;
	while (http->again) {
		http->again = false;
		MHD_run(http->daemon);
	}
	http->running = false;
	if (MHD_get_timeout(http->daemon, &ms) == MHD_YES)
		loop_arm(http->loop, &http->timer, ms);
	else
		loop_disarm(&http->timer);
}

static void http_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	http_run(loop_owner(source, struct http, source));
}

static void http_expired(struct loop_timer *timer)
{
	http_run(loop_owner(timer, struct http, timer));
}

static void request_resume(struct http_request *request)
{
	if (!request->suspended)
		return;
	request->suspended = false;
	MHD_resume_connection(request->connection->mhd);
	http_run(request->http);
}

static void request_suspend(struct http_request *request)
{
	request->suspended = true;
	MHD_suspend_connection(request->connection->mhd);
}

/* ---- connections */

static void port_listen(struct http_port *port)
{
	bool room = port->connections_count < port->connections_max;

	if (port->source.loop)
		loop_change(&port->source, room ? (uint32_t)EPOLLIN : 0);
}

static void connection_leave(struct http_connection *connection)
{
	struct http_port *port = connection->port;

	if (!port)
		return;
	*connection->place = connection->next;
	if (connection->next)
		connection->next->place = connection->place;
	connection->port = NULL;
	port->connections_count--;
	port_listen(port);
}

/* Its processing ends in the daemon's next run. */
static void connection_cut(struct http_connection *connection)
{
	struct http_request *request = connection->request;

	connection_leave(connection);
	if (request && request->suspended)
		request_resume(request);
	else
		sys_shutdown(connection->fd);
}

static void connection_started(struct http *http,
                               struct MHD_Connection *connection,
                               void **context)
{
	struct http_connection *c = calloc(1, sizeof(*c));
	struct http_port *port = http->adopting;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	/* Without memory its requests will be refused. */
	*context = c;
	if (!c)
		return;
	c->fd = info->connect_fd;
	c->mhd = connection;
	c->port = port;
	c->place = &port->connections;
	c->next = port->connections;
	if (c->next)
		c->next->place = &c->next;
	port->connections = c;
	port->connections_count++;
	if (port->idle_s)
		MHD_set_connection_option(connection,
		                          MHD_CONNECTION_OPTION_TIMEOUT,
		                          port->idle_s);
}

static void connection_told(void *http, struct MHD_Connection *connection,
                            void **context,
                            enum MHD_ConnectionNotificationCode code)
{
	struct http_connection *c = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_started(http, connection, context);
	} else if (c) {
		connection_leave(c);
		free(c);
	}
}

static void port_ready(struct loop_source *source, uint32_t events)
{
	struct http_port *port = loop_owner(source, struct http_port, source);
	struct sockaddr_in nobody = { .sin_family = AF_INET };
	int fd = sys_accept(source->fd);

	(void)events;
	if (fd < 0)
		return;
	port->http->adopting = port;
	/* It closes the descriptor also if it fails. */
	MHD_add_connection(port->http->daemon, fd, (struct sockaddr *)&nobody,
	                   sizeof(nobody));
	port_listen(port);
	http_run(port->http);
}

int http_port_open(struct http *http, struct http_port *port, int listener,
                   struct error *err)
{
	int result;

	port->http = http;
	port->source = (struct loop_source){
		.fd = listener,
		.events = EPOLLIN,
		.ready = port_ready,
	};
	result = loop_add(http->loop, &port->source);
	if (result < 0) {
		fd_close(&port->source.fd);
		return error_system(err, result, "wait for connections");
	}
	return 0;
}

void http_port_close(struct http_port *port)
{
	if (!port->http)
		return;
	loop_remove(&port->source);
	fd_close(&port->source.fd);
	while (port->connections)
		connection_cut(port->connections);
	port->http = NULL;
}

/* ---- requests */

static void request_free(struct http_request *request)
{
	request->connection->request = NULL;
	if (request->response)
		MHD_destroy_response(request->response);
	free(request->pending);
	free(request);
}

static void request_done(void *http, struct MHD_Connection *connection,
                         void **context, enum MHD_RequestTerminationCode code)
{
	struct http_request *request = *context;

	(void)http;
	(void)connection;
	(void)code;
	if (!request)
		return;
	*context = NULL;
	if (request->connection->port)
		request->service->gone(request);
	request_free(request);
}

static struct http_request *request_new(struct http *http,
                                        struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_connection *c = info ? info->socket_context : NULL;
	struct http_request *request;

	if (!c || !c->port)
		return NULL;
	request = calloc(1, sizeof(*request));
	if (!request)
		return NULL;
	request->http = http;
	request->connection = c;
	request->service = c->port->service;
	c->request = request;
	return request;
}

static enum MHD_Result request_queue(struct http_request *request)
{
	request->queued = true;
	return MHD_queue_response(request->connection->mhd, request->status,
	                          request->response);
}

static enum MHD_Result request_begin(struct http_request *request)
{
	request->service->begin(request);
	if (!request->connection->port)
		return MHD_NO;
	/* Who waits to be asked for the body need not send it. */
	if (request->response && http_request_header(request, "Expect"))
		return request_queue(request);
	return MHD_YES;
}

static enum MHD_Result request_body(struct http_request *request,
                                    const char *bytes, size_t size)
{
	int result = 0;

	if (!request->response)
		result = request->service->body(request, bytes, size);
	else if ((request->dropped += size) > DROP_MAX)
		result = -EMSGSIZE;
	return result < 0 || !request->connection->port ? MHD_NO : MHD_YES;
}

static enum MHD_Result request_complete(struct http_request *request)
{
	if (!request->complete) {
		request->complete = true;
		if (!request->response)
			request->service->complete(request);
	}
	if (!request->connection->port)
		return MHD_NO;
	if (request->response)
		return request->queued ? MHD_YES : request_queue(request);
	request_suspend(request);
	return MHD_YES;
}

static enum MHD_Result http_handle(void *http,
                                   struct MHD_Connection *connection,
                                   const char *url, const char *method,
                                   const char *version, const char *bytes,
                                   size_t *size, void **context)
{
	struct http_request *request = *context;
	size_t given = *size;

	(void)version;
	if (!request) {
		request = *context = request_new(http, connection);
		if (!request)
			return MHD_NO;
		request->path = url;
		request->method = method;
		return request_begin(request);
	}
	if (!request->connection->port)
		return MHD_NO;
	*size = 0;
	return given ? request_body(request, bytes, given)
	             : request_complete(request);
}

/* ---- what a service asks */

struct http_port *http_request_port(const struct http_request *request)
{
	return request->connection->port;
}

const char *http_request_method(const struct http_request *request)
{
	return request->method;
}

const char *http_request_path(const struct http_request *request)
{
	return request->path;
}

const char *http_request_header(const struct http_request *request,
                                const char *name)
{
	return MHD_lookup_connection_value(request->connection->mhd,
	                                   MHD_HEADER_KIND | MHD_FOOTER_KIND,
	                                   name);
}

const char *http_request_query(const struct http_request *request,
                               const char *name)
{
	return MHD_lookup_connection_value(request->connection->mhd,
	                                   MHD_GET_ARGUMENT_KIND, name);
}

void http_request_set_context(struct http_request *request, void *context)
{
	request->context = context;
}

void *http_request_context(const struct http_request *request)
{
	return request->context;
}

/* ---- answers */

static void request_answer(struct http_request *request, unsigned int status,
                           const struct http_header *headers,
                           struct MHD_Response *response)
{
	if (!response)
		return;
	for (; headers && headers->name; headers++)
		MHD_add_response_header(response, headers->name,
		                        headers->value);
	request->status = status;
	request->response = response;
	request_resume(request);
}

void http_answer(struct http_request *request, unsigned int status,
                 const struct http_header *headers, const void *body,
                 size_t size)
{
	union {
		const void *given;
		void *taken; /* it is copied, not changed */
	} bytes = { .given = body };

	if (request->response)
		return;
	request_answer(request, status, headers,
	               MHD_create_response_from_buffer(size, bytes.taken,
	                                               MHD_RESPMEM_MUST_COPY));
}

static ssize_t stream_read(void *context, uint64_t offset, char *buffer,
                           size_t size)
{
	struct http_request *request = context;

	(void)offset;
	if (!request->connection->port)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (size > request->pending_size)
		size = request->pending_size;
	if (size) {
		memcpy(buffer, request->pending + request->pending_start, size);
		request->pending_size -= size;
		request->pending_start += size;
		if (!request->pending_size)
			request->pending_start = 0;
		return (ssize_t)size;
	}
	if (request->finished)
		return request->failed ? MHD_CONTENT_READER_END_WITH_ERROR
		                       : MHD_CONTENT_READER_END_OF_STREAM;
	request_suspend(request);
	return 0;
}

void http_answer_stream(struct http_request *request, unsigned int status,
                        const struct http_header *headers)
{
	if (request->response)
		return;
	request->streams = true;
	request_answer(request, status, headers,
	               MHD_create_response_from_callback(
			       MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read,
			       request, NULL));
}

static int stream_grow(struct http_request *request, size_t size)
{
	size_t wanted = request->pending_size + size;
	char *room = request->pending;

	if (!request->streams || wanted > HTTP_PENDING_MAX)
		return -ENOBUFS;
	if (request->pending_start + wanted <= request->pending_room)
		return 0;
	if (request->pending_start)
		memmove(room, room + request->pending_start,
		        request->pending_size);
	request->pending_start = 0;
	if (wanted <= request->pending_room)
		return 0;
	room = realloc(room, 2 * wanted);
	if (!room)
		return -ENOMEM;
	request->pending = room;
	request->pending_room = 2 * wanted;
	return 0;
}

int http_send(struct http_request *request, const void *bytes, size_t size)
{
	int result = stream_grow(request, size);

	if (result < 0 || !size)
		return result;
	memcpy(request->pending + request->pending_start +
	               request->pending_size,
	       bytes, size);
	request->pending_size += size;
	/* Parked by the reader, not before the answer has begun. */
	if (request->queued)
		request_resume(request);
	return 0;
}

void http_finish(struct http_request *request, bool failed)
{
	request->finished = true;
	request->failed = failed;
	if (request->queued)
		request_resume(request);
}

/* ---- open and close */

static void http_log(void *context, const char *format, va_list args)
{
	(void)context;
	(void)format;
	(void)args;
}

int http_open(struct loop *loop, struct http **ret_http, struct error *err)
{
	struct http *http = calloc(1, sizeof(*http));
	const union MHD_DaemonInfo *info;
	int result = -ENOMEM;

	if (http)
		http->daemon = MHD_start_daemon(
			MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
				MHD_ALLOW_SUSPEND_RESUME,
			0, NULL, NULL, http_handle, http,
			MHD_OPTION_EXTERNAL_LOGGER, http_log, NULL,
			MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
			MHD_OPTION_NOTIFY_COMPLETED, request_done, http,
			MHD_OPTION_NOTIFY_CONNECTION, connection_told, http,
			MHD_OPTION_END);
	if (!http || !http->daemon) {
		free(http);
		return error_system(err, result, "start an HTTP server");
	}
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	http->loop = loop;
	http->source.fd = info->epoll_fd;
	http->source.events = EPOLLIN;
	http->source.ready = http_ready;
	http->timer.expired = http_expired;
	result = loop_add(loop, &http->source);
	if (result < 0) {
		MHD_stop_daemon(http->daemon);
		free(http);
		return error_system(err, result, "wait for HTTP requests");
	}
	*ret_http = http;
	return 0;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	/* What was cut has to be seen to: it cannot stop with parked ones. */
	http_run(http);
	loop_disarm(&http->timer);
	loop_remove(&http->source);
	MHD_stop_daemon(http->daemon);
	free(http);
}
