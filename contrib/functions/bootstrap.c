/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function without a language runtime: a static program that speaks the
 * Runtime API itself. It answers with the event it was given. Replace
 * handle(), and
 *
 *     cc -O2 -static -o bootstrap bootstrap.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define API "/2018-06-01/runtime"

struct reply {
	int status;
	char id[64]; /* Lambda-Runtime-Aws-Request-Id */
	char *body;  /* to be freed; ends in a NUL that SIZE does not count */
	size_t size;
};

static int api_socket = -1;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* 127.0.0.1:9001, as AWS_LAMBDA_RUNTIME_API says. */
static int api_connect(void)
{
	const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
	const char *port = api ? strchr(api, ':') : NULL;
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)(port ? atoi(port + 1) : 9001)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("connect to the Runtime API");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int api_send(int fd, const void *bytes, size_t size)
{
	while (size) {
		ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

		if (sent < 0)
			return -1;
		bytes = (const char *)bytes + sent;
		size -= (size_t)sent;
	}
	return 0;
}

/* A header's value within HEAD, up to the end of its line. */
static const char *api_header(const char *head, const char *name)
{
	size_t length = strlen(name);
	const char *line;

	for (line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 +
			       strspn(line + length + 1, " ");
	}
	return NULL;
}

/* Head and body of the answer; every body here has a Content-Length. */
static int api_receive(int fd, struct reply *reply)
{
	char head[16384];
	size_t size = 0, begin;
	const char *value;
	char *end = NULL;
	ssize_t got;

	while (!end && size < sizeof(head) - 1) {
		got = recv(fd, head + size, sizeof(head) - 1 - size, 0);
		if (got <= 0)
			return -1;
		size += (size_t)got;
		head[size] = '\0';
		end = strstr(head, "\r\n\r\n");
	}
	if (!end || sscanf(head, "HTTP/1.1 %d", &reply->status) != 1)
		return -1;
	begin = (size_t)(end - head) + 4;
	end[2] = '\0';
	value = api_header(head, "Lambda-Runtime-Aws-Request-Id");
	snprintf(reply->id, sizeof(reply->id), "%.*s",
	         value ? (int)strcspn(value, "\r") : 0, value ? value : "");
	value = api_header(head, "Content-Length");
	reply->size = value ? strtoul(value, NULL, 10) : 0;
	reply->body = calloc(1, reply->size + 1);
	if (!reply->body)
		return -1;
	size -= begin;
	memcpy(reply->body, head + begin, size);
	while (size < reply->size) {
		got = recv(fd, reply->body + size, reply->size - size, 0);
		if (got <= 0)
			return -1;
		size += (size_t)got;
	}
	return 0;
}

/* PATH is below /2018-06-01/runtime; HEADERS end their lines. */
static int api_call(const char *method, const char *path, const char *headers,
                    const void *body, size_t size, struct reply *reply)
{
	char head[1024];
	int length = snprintf(head, sizeof(head),
	                      "%s " API "%s HTTP/1.1\r\nHost: api\r\n%s"
	                      "Content-Length: %zu\r\n\r\n",
	                      method, path, headers, size);

	if (api_socket < 0)
		api_socket = api_connect();
	memset(reply, 0, sizeof(*reply));
	if (api_send(api_socket, head, (size_t)length) < 0 ||
	    api_send(api_socket, body, size) < 0 ||
	    api_receive(api_socket, reply) < 0) {
		close(api_socket);
		api_socket = -1;
		return -1;
	}
	return 0;
}

static void api_next(struct reply *event)
{
	if (api_call("GET", "/invocation/next", "", "", 0, event) < 0 ||
	    event->status != 200)
		die("ask for an event");
}

static int api_post(const char *id, const char *verb, const char *headers,
                    const void *body, size_t size)
{
	struct reply reply;
	char path[128];

	snprintf(path, sizeof(path), "/invocation/%s/%s", id, verb);
	if (api_call("POST", path, headers, body, size, &reply) < 0)
		return -1;
	free(reply.body);
	return reply.status;
}

#ifndef HANDLE
static void handle(const struct reply *event)
{
	api_post(event->id, "response", "", event->body, event->size);
}
#else
#	include HANDLE
#endif

int main(void)
{
	struct reply event;

	for (;;) {
		api_next(&event);
		handle(&event);
		free(event.body);
	}
}
