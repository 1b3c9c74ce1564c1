/* SPDX-License-Identifier: Apache-2.0 */
/* Reading documents: those the library answers with, and files. */
#include "cli/document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/fail.h"
#include "sys/file.h"

int document_parse(struct arena *arena, const char *json, enum json_type type,
                   const struct json_value **ret_root, struct runf_error *err)
{
	const struct json_value *root;
	struct error fault;
	int result =
		json_parse(arena, json, strlen(json), "librunf", &root, &fault);

	if (result < 0)
		return fail_with(err, RUNF_ERROR_INTERNAL, result, "%s",
		                 fault.text);
	if (root->type != type)
		return fail_with(err, RUNF_ERROR_INTERNAL, -EINVAL,
		                 "librunf: unexpected document");
	*ret_root = root;
	return 0;
}

const char *document_text(const struct json_value *value)
{
	if (!value ||
	    (value->type != JSON_STRING && value->type != JSON_NUMBER))
		return NULL;
	return value->text;
}

/* All of FD. */
static int read_all(int fd, struct buf *text)
{
	char piece[4096];
	ssize_t count;

	while ((count = sys_read(fd, piece, sizeof(piece))) > 0) {
		if (text->length + (size_t)count > JSON_MAX_BYTES)
			return -EFBIG;
		buf_add(text, piece, (size_t)count);
	}
	return (int)count;
}

int document_read(struct arena *arena, const char *path, const char **ret_text,
                  struct runf_error *err)
{
	struct buf text = { .arena = arena };
	bool is_stdin = str_equal(path, "-");
	auto_close int file = -1;
	int result;

	if (!is_stdin) {
		file = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
		if (file < 0)
			return fail_system(err, file, "open '%s'", path);
	}
	result = read_all(is_stdin ? STDIN_FILENO : file, &text);
	if (result < 0)
		return fail_system(err, result, "read '%s'", path);
	*ret_text = buf_str(&text);
	return 0;
}
