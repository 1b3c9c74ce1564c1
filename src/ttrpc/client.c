/* SPDX-License-Identifier: Apache-2.0 */
/* The client: one connection, one call at a time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/socket.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"
#include "ttrpc/ttrpc.h"

#define READ_SIZE 4096

struct ttrpc_client {
	struct loop_source source; /* fd -1: not connected */
	struct loop_timer timer;   /* the call's end, at the latest */
	struct loop *loop;
	char *path;
	struct frame_reader reader;
	uint32_t stream; /* of the call, or of the last one */
	/* The call that is under way; DONE is NULL if there is none. */
	ttrpc_done *done;
	void *context;
	struct envelope *request; /* NULL: sent, or never to be */
	struct envelope_response response;
	void *response_memory; /* NULL: none has come */
	/* Why there will be no answer; told by TIMER. */
	enum ttrpc_code fault;
	int cause; /* a negative errno, or 0 */
};

static void client_disconnect(struct ttrpc_client *client)
{
	loop_remove(&client->source);
	fd_close(&client->source.fd);
	frame_reader_release(&client->reader);
	client->reader.skip = 0;
	client->stream = 0;
}

/* The call is over. CLIENT may be gone when this returns. */
static void client_end(struct ttrpc_client *client, enum ttrpc_code code,
                       const char *text, struct ttrpc_bytes payload)
{
	ttrpc_done *done = client->done;
	void *memory = client->response_memory;

	loop_disarm(&client->timer);
	free(client->request);
	client->request = NULL;
	client->response_memory = NULL;
	client->done = NULL;
	done(client->context, code, text, payload);
	if (memory)
		envelope_free_response(memory);
}

/* The connection is lost, and with it the call, if there is one. */
static void client_lose(struct ttrpc_client *client, int cause)
{
	char text[128];

	client_disconnect(client);
	if (!client->done)
		return;
	snprintf(text, sizeof(text), "connection lost: %s",
	         cause ? strerror(-cause) : "closed by the peer");
	client_end(client, TTRPC_UNAVAILABLE, text, (struct ttrpc_bytes){ 0 });
}

static void client_expired(struct loop_timer *timer)
{
	struct ttrpc_client *client =
		loop_owner(timer, struct ttrpc_client, timer);
	char text[256];

	if (client->fault == TTRPC_OK) {
		/* An answer that comes later is nobody's. */
		client_disconnect(client);
		client_end(client, TTRPC_DEADLINE_EXCEEDED, "no answer in time",
		           (struct ttrpc_bytes){ 0 });
		return;
	}
	snprintf(text, sizeof(text), "call \"%s\": %s", client->path,
	         strerror(-client->cause));
	client_end(client, client->fault, text, (struct ttrpc_bytes){ 0 });
}

static int client_take(void *context, const struct frame_header *header,
                       const uint8_t *data)
{
	struct ttrpc_client *client = context;

	/* Of another call, or what was answered already. */
	if (header->type != FRAME_RESPONSE || !client->done ||
	    header->stream != client->stream || client->request ||
	    client->response_memory)
		return 0;
	if (!data)
		return -EMSGSIZE;
	return envelope_read_response(data, header->size, &client->response,
	                              &client->response_memory);
}

static void client_read(struct ttrpc_client *client)
{
	uint8_t bytes[READ_SIZE];
	ssize_t size = sys_read(client->source.fd, bytes, sizeof(bytes));
	int result;

	if (size == -EAGAIN)
		return;
	if (size <= 0) {
		client_lose(client, (int)size);
		return;
	}
	result = frame_feed(&client->reader, bytes, (size_t)size, client_take,
	                    client);
	if (result < 0)
		client_lose(client, result);
	else if (client->response_memory)
		client_end(client, client->response.code, client->response.text,
		           client->response.payload);
}

static void client_write(struct ttrpc_client *client)
{
	int result = envelope_send(client->request, client->source.fd);

	if (result > 0) {
		free(client->request);
		client->request = NULL;
		result = loop_change(&client->source, EPOLLIN);
	}
	if (result < 0)
		client_lose(client, result);
}

static void client_ready(struct loop_source *source, uint32_t events)
{
	struct ttrpc_client *client =
		loop_owner(source, struct ttrpc_client, source);

	/* One of them: after a call's end the client may be gone. */
	if (events & EPOLLIN)
		client_read(client);
	else if (events & (EPOLLHUP | EPOLLERR))
		client_lose(client, 0);
	else if (client->request)
		client_write(client);
}

struct ttrpc_client *ttrpc_client_open(struct loop *loop, const char *path)
{
	struct ttrpc_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->path = strdup(path);
	if (!client->path) {
		free(client);
		return NULL;
	}
	client->loop = loop;
	client->source.fd = -1;
	client->source.ready = client_ready;
	client->timer.expired = client_expired;
	return client;
}

void ttrpc_client_close(struct ttrpc_client *client)
{
	if (!client)
		return;
	client_disconnect(client);
	loop_disarm(&client->timer);
	free(client->request);
	free(client->path);
	free(client);
}

/* A unix socket connects at once, or not at all (EAGAIN: too many wait). */
static int client_connect(struct ttrpc_client *client)
{
	auto_close int fd =
		sys_connect_unix(SOCK_STREAM | SOCK_NONBLOCK, client->path);
	int result;

	if (fd < 0)
		return fd;
	client->source.fd = fd;
	client->source.events = EPOLLIN | EPOLLOUT;
	result = loop_add(client->loop, &client->source);
	if (result < 0)
		client->source.fd = -1;
	else
		take_fd(&fd);
	return result;
}

static int client_begin(struct ttrpc_client *client,
                        const struct ttrpc_client_call *call,
                        enum ttrpc_code *ret_fault)
{
	int result = 0;

	/* Stream ids only grow: after the last one comes a new connection. */
	if (client->stream >= INT32_MAX)
		client_disconnect(client);
	*ret_fault = TTRPC_UNAVAILABLE;
	if (client->source.fd < 0)
		result = client_connect(client);
	else
		result = loop_change(&client->source, EPOLLIN | EPOLLOUT);
	if (result < 0)
		return result;
	client->stream += client->stream ? 2 : 1;
	*ret_fault = TTRPC_RESOURCE_EXHAUSTED;
	return envelope_request(client->stream, call, &client->request);
}

void ttrpc_client_call(struct ttrpc_client *client,
                       const struct ttrpc_client_call *call, ttrpc_done *done,
                       void *context)
{
	client->done = done;
	client->context = context;
	client->cause = client_begin(client, call, &client->fault);
	if (client->cause < 0) {
		client_disconnect(client);
		loop_arm(client->loop, &client->timer, 0);
		return;
	}
	client->fault = TTRPC_OK;
	loop_arm(client->loop, &client->timer, call->timeout_ms);
}
