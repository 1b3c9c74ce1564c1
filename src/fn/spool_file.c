/* SPDX-License-Identifier: Apache-2.0 */
/* Accepted asynchronous invocations, each a file. */
#include "fn/spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/time.h"
#include "fn/crc32.h"
#include "json/json.h"
#include "sys/file.h"

#define HEADER_MAX ((size_t)64 * 1024)
#define PATH_SIZE  (SPOOL_NAME_SIZE + 16)
#define ID_LENGTH  (INVOCATION_ID_SIZE - 1)

void spool_name_format(const struct spool_name *name,
                       char ret_text[SPOOL_NAME_SIZE])
{
	snprintf(ret_text, SPOOL_NAME_SIZE, "%llu.%u.%s",
	         (unsigned long long)name->due_ms, name->attempt, name->id);
}

static bool id_is_valid(const char *id)
{
	return strspn(id, "0123456789abcdef-") == ID_LENGTH &&
	       strlen(id) == ID_LENGTH;
}

bool spool_name_parse(const char *text, struct spool_name *ret_name)
{
	struct spool_name name = { .due_ms = 0 };
	char copy[SPOOL_NAME_SIZE];
	char *attempt, *id;

	if (*text == '.' || strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	attempt = strchr(copy, '.');
	id = attempt ? strchr(attempt + 1, '.') : NULL;
	if (!id)
		return false;
	*attempt++ = '\0';
	*id++ = '\0';
	if (str_to_u64(copy, 10, &name.due_ms) < 0 ||
	    str_to_u32(attempt, 10, &name.attempt) < 0 || !id_is_valid(id))
		return false;
	memcpy(name.id, id, sizeof(name.id));
	*ret_name = name;
	return true;
}

int spool_sync(int dir, const char *box)
{
	auto_close int fd = sys_openat(dir, box, O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? fd : sys_fsync(fd);
}

/* DIR/NAME, made if it is missing, and DIR synced. */
static int make_dir(int dir, const char *name)
{
	int result = sys_mkdirat(dir, name, 0700);

	if (result == 0)
		result = sys_fsync(dir);
	if (result < 0 && result != -EEXIST)
		return result;
	return sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

int spool_open_dir(const char *root, const char *name, int *ret_dir,
                   struct error *err)
{
	auto_close int top =
		sys_openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY, 0);
	auto_close int spool = top < 0 ? top : make_dir(top, "spool");
	auto_close int dir = spool < 0 ? spool : make_dir(spool, name);
	auto_close int new = dir < 0 ? dir : make_dir(dir, "new");
	auto_close int in = new < 0 ? new : make_dir(dir, "in");
	auto_close int dead = in < 0 ? in : make_dir(dir, "dead");

	if (dead < 0)
		return error_system(err, dead, "make %s/spool/%s", root, name);
	*ret_dir = take_fd(&dir);
	return 0;
}

static void temporary_path(const char *box, const char *id,
                           char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/.%s", box, id);
}

static const char *event_header(struct arena *arena,
                                const struct spool_event *event)
{
	struct json_writer w = { .buf.arena = arena, .indent = "" };

	json_open_object(&w, NULL);
	json_put_str(&w, "id", event->id);
	json_put_u64(&w, "accepted_ms", event->accepted_ms);
	if (event->client_context)
		json_put_str(&w, "client_context", event->client_context);
	json_put_u64(&w, "size", event->payload_size);
	json_put_u64(&w, "crc32",
	             crc32_add(0, event->payload, event->payload_size));
	json_close_object(&w);
	buf_add_char(&w.buf, '\n');
	return buf_str(&w.buf);
}

int spool_write(int dir, const char *box, const struct spool_event *event,
                struct error *err)
{
	auto_arena struct arena arena = { 0 };
	const char *header = event_header(&arena, event);
	auto_close int fd = -1;
	char path[PATH_SIZE];
	int result;

	if (strlen(header) > HEADER_MAX)
		return error_set(err, ERROR_USAGE, -E2BIG,
		                 "the client context is longer than %zu bytes",
		                 HEADER_MAX / 2);
	temporary_path(box, event->id, path);
	fd = sys_openat(dir, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	result = fd < 0 ? fd : sys_write_all(fd, header, strlen(header));
	if (result == 0)
		result = sys_write_all(fd, event->payload, event->payload_size);
	if (result == 0)
		return (int)(strlen(header) + event->payload_size);
	if (fd >= 0)
		sys_unlinkat(dir, path, 0);
	return error_system(err, result, "write the event %s", event->id);
}

int spool_commit(int dir, const char *box, const struct spool_name *name)
{
	char file[SPOOL_NAME_SIZE];
	char path[PATH_SIZE];
	char to[PATH_SIZE];
	auto_close int fd = -1;
	int result;

	temporary_path(box, name->id, path);
	spool_name_format(name, file);
	snprintf(to, sizeof(to), "%s/%s", box, file);
	fd = sys_openat(dir, path, O_RDONLY | O_NOFOLLOW, 0);
	result = fd < 0 ? fd : sys_fsync(fd);
	return result < 0 ? result : sys_renameat2(dir, path, dir, to, 0);
}

/* The file's bytes and a NUL. */
static int read_whole(int dir, const char *path, char **ret_bytes,
                      size_t *ret_size)
{
	auto_close int fd = sys_openat(dir, path, O_RDONLY | O_NOFOLLOW, 0);
	struct stat stat;
	char *bytes;
	size_t size = 0;
	int result = fd < 0 ? fd : sys_fstat(fd, &stat);

	if (result < 0)
		return result;
	if (!S_ISREG(stat.st_mode) ||
	    (size_t)stat.st_size > HEADER_MAX + INVOCATION_PAYLOAD_MAX)
		return -EBADMSG;
	bytes = malloc((size_t)stat.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	while (size < (size_t)stat.st_size) {
		ssize_t got =
			sys_read(fd, bytes + size, (size_t)stat.st_size - size);

		if (got <= 0) {
			free(bytes);
			return got < 0 ? (int)got : -EBADMSG;
		}
		size += (size_t)got;
	}
	bytes[size] = '\0';
	*ret_bytes = bytes;
	*ret_size = size;
	return 0;
}

static bool member_u64(const struct json_value *object, const char *key,
                       uint64_t *ret_value)
{
	const struct json_value *value = json_get(object, key);

	return value && value->type == JSON_NUMBER &&
	       json_to_u64(value, ret_value) == 0;
}

static const char *member_text(const struct json_value *object, const char *key)
{
	const struct json_value *value = json_get(object, key);

	return value && value->type == JSON_STRING ? value->text : NULL;
}

/*
 * BYTES begin with the header; texts are put into it, which is longer than
 * what they say.
 */
static int decode_event(char *bytes, size_t size, struct spool_event *event)
{
	auto_arena struct arena arena = { 0 };
	const struct json_value *root;
	struct json_fault fault;
	const char *id, *context;
	uint64_t payload_size, crc;
	char *end = memchr(bytes, '\n', size);

	if (!end ||
	    json_scan(&arena, bytes, (size_t)(end - bytes), &root, &fault) <
	            0 ||
	    root->type != JSON_OBJECT)
		return -EBADMSG;
	id = member_text(root, "id");
	context = member_text(root, "client_context");
	event->payload = end + 1;
	event->payload_size = size - (size_t)(end + 1 - bytes);
	if (!id || !id_is_valid(id) ||
	    !member_u64(root, "accepted_ms", &event->accepted_ms) ||
	    !member_u64(root, "size", &payload_size) ||
	    !member_u64(root, "crc32", &crc) ||
	    payload_size != event->payload_size ||
	    crc != crc32_add(0, event->payload, event->payload_size))
		return -EBADMSG;
	memcpy(event->id, id, sizeof(event->id));
	event->client_context = NULL;
	if (context && strlen(context) < (size_t)(end - bytes)) {
		memcpy(bytes, context, strlen(context) + 1);
		event->client_context = bytes;
	}
	return 0;
}

int spool_read(int dir, const char *file, struct spool_event *ret_event,
               char **ret_memory, struct error *err)
{
	char path[PATH_SIZE];
	char *bytes = NULL;
	size_t size = 0;
	int result;

	snprintf(path, sizeof(path), "new/%s", file);
	result = read_whole(dir, path, &bytes, &size);
	if (result == 0) {
		result = decode_event(bytes, size, ret_event);
		if (result < 0)
			free(bytes);
	}
	if (result < 0)
		return error_system(err, result, "read the event %s", file);
	*ret_memory = bytes;
	return 0;
}

static int write_reason(int dir, const char *id, const char *text)
{
	char path[PATH_SIZE];
	auto_close int fd = -1;
	int result;

	snprintf(path, sizeof(path), "dead/%s.reason", id);
	fd = sys_openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
	                0600);
	result = fd < 0 ? fd : sys_write_all(fd, text, strlen(text));
	return result < 0 ? result : sys_fsync(fd);
}

int spool_bury(int dir, const char *file, const char *id, const char *reason,
               const char *text, uint32_t attempts)
{
	auto_arena struct arena arena = { 0 };
	struct json_writer w = { .buf.arena = &arena, .indent = "" };
	char from[PATH_SIZE];
	char to[PATH_SIZE];
	char now[TIME_TEXT_SIZE];
	int result;

	time_now_text(now);
	json_open_object(&w, NULL);
	json_put_str(&w, "time", now);
	json_put_str(&w, "reason", reason);
	json_put_str(&w, "error", text);
	json_put_u64(&w, "attempts", attempts);
	json_close_object(&w);
	buf_add_char(&w.buf, '\n');
	/* First the reason: who finds the event finds that, too. */
	result = write_reason(dir, id, buf_str(&w.buf));
	if (result < 0)
		return result;
	snprintf(from, sizeof(from), "new/%s", file);
	snprintf(to, sizeof(to), "dead/%s", id);
	return sys_renameat2(dir, from, dir, to, 0);
}

int spool_put(const char *root, const char *name,
              const struct spool_event *event, struct error *err)
{
	struct spool_name file = { .due_ms = event->accepted_ms };
	auto_close int dir = -1;
	int result = spool_open_dir(root, name, &dir, err);

	if (result == 0)
		result = spool_write(dir, "in", event, err);
	if (result < 0)
		return result;
	memcpy(file.id, event->id, sizeof(file.id));
	result = spool_commit(dir, "in", &file);
	if (result == 0)
		result = spool_sync(dir, "in");
	return result < 0 ? error_system(err, result, "keep the event %s",
	                                 event->id)
	                  : 0;
}
