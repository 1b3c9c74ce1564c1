/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a server on a unix socket. */
#include "fn/client.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/str.h"
#include "sys/file.h"
#include "sys/socket.h"

#define HEAD_MAX ((size_t)64 * 1024)

/* What has been received and not been used yet. */
struct stream {
	int socket;
	char bytes[HEAD_MAX];
	size_t begin;
	size_t end;
};

int client_connect(const char *path)
{
	return sys_connect_unix(SOCK_STREAM, path);
}

/* More behind what is there. 0 at the end, -EMSGSIZE without room. */
static ssize_t stream_fill(struct stream *stream)
{
	ssize_t got;

	if (stream->begin && stream->end == sizeof(stream->bytes)) {
		memmove(stream->bytes, stream->bytes + stream->begin,
		        stream->end - stream->begin);
		stream->end -= stream->begin;
		stream->begin = 0;
	}
	if (stream->end == sizeof(stream->bytes))
		return -EMSGSIZE;
	got = sys_read(stream->socket, stream->bytes + stream->end,
	               sizeof(stream->bytes) - stream->end);
	if (got > 0)
		stream->end += (size_t)got;
	return got;
}

/* Up to and with the next END: a copy of what is before it. */
static int stream_until(struct arena *arena, struct stream *stream,
                        const char *end, const char **ret_text)
{
	for (;;) {
		char *begin = stream->bytes + stream->begin;
		size_t size = stream->end - stream->begin;
		char *found = memmem(begin, size, end, strlen(end));
		ssize_t got;

		if (found) {
			*ret_text = arena_strndup(arena, begin,
			                          (size_t)(found - begin));
			stream->begin += (size_t)(found - begin) + strlen(end);
			return 0;
		}
		got = stream_fill(stream);
		if (got <= 0)
			return got < 0 ? (int)got : -EPIPE;
	}
}

/* SIZE bytes to OUTPUT; SIZE_MAX: until the end. */
static int stream_pass(struct stream *stream, size_t size,
                       const struct client_request *request)
{
	while (size) {
		size_t here = stream->end - stream->begin;
		ssize_t got = 1;
		int result;

		if (!here) {
			stream->begin = stream->end = 0;
			got = stream_fill(stream);
			here = stream->end;
		}
		if (got <= 0)
			return got == 0 && size != SIZE_MAX ? -EPIPE : (int)got;
		if (here > size)
			here = size;
		result = request->output(request->context,
		                         stream->bytes + stream->begin, here);
		if (result < 0)
			return result;
		stream->begin += here;
		if (size != SIZE_MAX)
			size -= here;
	}
	return 0;
}

static int pass_chunks(struct arena *arena, struct stream *stream,
                       const struct client_request *request)
{
	const char *line;
	uint64_t size;
	int result;

	do {
		char *end;

		result = stream_until(arena, stream, "\r\n", &line);
		if (result < 0)
			return result;
		end = strchrnul(line, ';');
		line = arena_strndup(arena, line, (size_t)(end - line));
		if (str_to_u64(line, 16, &size) < 0 || size > SIZE_MAX / 2)
			return -EPROTO;
		result = stream_pass(stream, (size_t)size, request);
		if (result == 0 && size)
			result = stream_until(arena, stream, "\r\n", &line);
	} while (result == 0 && size);
	return result;
}

const char *client_header(struct arena *arena,
                          const struct client_answer *answer, const char *name)
{
	const char *line = answer->head;
	size_t length = strlen(name);

	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " \t");
		return arena_strndup(arena, line, strcspn(line, "\r"));
	}
	return NULL;
}

static int receive_head(struct arena *arena, struct stream *stream,
                        struct client_answer *ret_answer)
{
	const char *text;
	uint32_t status = 0;
	int result;

	do {
		result = stream_until(arena, stream, "\r\n\r\n",
		                      &ret_answer->head);
		if (result < 0)
			return result;
		text = str_after(ret_answer->head, "HTTP/1.1 ");
		if (!text ||
		    str_to_u32(arena_strndup(arena, text, 3), 10, &status) < 0)
			return -EPROTO;
	} while (status == 100);
	ret_answer->status = status;
	return 0;
}

static int receive(struct arena *arena, struct stream *stream,
                   const struct client_request *request,
                   struct client_answer *ret_answer)
{
	const char *value;
	uint64_t size = SIZE_MAX;
	int result = receive_head(arena, stream, ret_answer);

	if (result < 0 || ret_answer->status == 204)
		return result;
	value = client_header(arena, ret_answer, "Transfer-Encoding");
	if (value && str_equal(value, "chunked"))
		return pass_chunks(arena, stream, request);
	value = client_header(arena, ret_answer, "Content-Length");
	if (value && str_to_u64(value, 10, &size) < 0)
		return -EPROTO;
	return stream_pass(stream, (size_t)size, request);
}

int client_post(struct arena *arena, int socket,
                const struct client_request *request,
                struct client_answer *ret_answer, struct error *err)
{
	struct stream *stream = arena_new(arena, struct stream);
	const struct http_header *header;
	struct buf head = { .arena = arena };
	int result;

	buf_printf(&head,
	           "POST %s HTTP/1.1\r\nHost: localhost\r\n"
	           "Connection: close\r\nContent-Length: %zu\r\n",
	           request->path, request->body_size);
	for (header = request->headers; header->name; header++)
		buf_printf(&head, "%s: %s\r\n", header->name, header->value);
	buf_add_str(&head, "\r\n");
	stream->socket = socket;
	result = sys_write_all(socket, head.data, head.length);
	if (result == 0)
		result = sys_write_all(socket, request->body,
		                       request->body_size);
	/* It may have refused the rest, and say so. */
	if (result == 0 || result == -EPIPE || result == -ECONNRESET)
		result = receive(arena, stream, request, ret_answer);
	if (result < 0)
		return error_system(err, result, "ask the server for %s",
		                    request->path);
	return 0;
}
