/* SPDX-License-Identifier: Apache-2.0 */
/* Small files that the shim leaves in a bundle, and what it reads there. */
#include "shim/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"
#include "json/json.h"
#include "sys/file.h"

#define ROOT_FILE "runf.root"
#define TEXT_MAX  4096

/* /proc/PID/status names up to 65536 groups. */
#define STATUS_MAX ((size_t)1024 * 1024)

/* Annotations that make containers share a shim; the first one counts. */
static const char *const groups[] = {
	"io.runf.shim.group",
	"io.containerd.runc.v2.group",
	"io.kubernetes.cri.sandbox-id",
};

/* The whole of config.json, or NULL: Create will tell what is wrong. */
static const char *read_config(struct arena *arena, const char *bundle,
                               size_t *ret_length)
{
	auto_close int dir =
		sys_openat(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0);
	auto_close int fd =
		dir < 0 ? dir : sys_openat(dir, "config.json", O_RDONLY, 0);
	struct stat found;
	char *text;
	size_t length = 0;
	ssize_t got = 1;

	if (fd < 0 || sys_fstat(fd, &found) < 0 ||
	    (size_t)found.st_size > JSON_MAX_BYTES)
		return NULL;
	text = arena_alloc(arena, (size_t)found.st_size + 1);
	while (length < (size_t)found.st_size && got > 0) {
		got = sys_read(fd, text + length,
		               (size_t)found.st_size - length);
		if (got > 0)
			length += (size_t)got;
	}
	*ret_length = length;
	return text;
}

/*
 * Most documents have none of the names: they need not be taken apart. Where
 * something is escaped, it may be one of them.
 */
static bool may_have_group(const char *text)
{
	bool found = strstr(text, "\\u") != NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups) && !found; i++)
		found = strstr(text, groups[i]) != NULL;
	return found;
}

const char *bundle_group(struct arena *arena, const char *bundle,
                         const char *id)
{
	const struct json_value *root;
	const struct json_value *annotations;
	struct json_fault fault;
	size_t length;
	const char *text = read_config(arena, bundle, &length);
	size_t i;

	if (!text || !may_have_group(text) ||
	    json_scan(arena, text, length, &root, &fault) < 0 ||
	    root->type != JSON_OBJECT)
		return id;
	annotations = json_get(root, "annotations");
	if (!annotations || annotations->type != JSON_OBJECT)
		return id;
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		const struct json_value *group =
			json_get(annotations, groups[i]);

		if (group && group->type == JSON_STRING && *group->text)
			return group->text;
	}
	return id;
}

int bundle_write(const char *bundle, const char *name, const char *text,
                 struct error *err)
{
	auto_close int dir =
		sys_openat(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0);
	auto_close int fd = -1;
	char temporary[64];
	int result = dir;

	snprintf(temporary, sizeof(temporary), ".%s", name);
	if (dir >= 0)
		result = fd =
			sys_openat(dir, temporary,
		                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
		                   0600);
	if (fd >= 0)
		result = sys_write_all(fd, text, strlen(text));
	if (result >= 0)
		result = sys_renameat2(dir, temporary, dir, name, 0);
	if (result < 0)
		return error_system(err, result, "write \"%s\" in \"%s\"", name,
		                    bundle);
	return 0;
}

void bundle_write_pid(const char *bundle, pid_t pid)
{
	char text[16];
	struct error ignored;

	snprintf(text, sizeof(text), "%d", pid);
	bundle_write(bundle, "init.pid", text, &ignored);
}

const char *bundle_read(struct arena *arena, const char *bundle,
                        const char *name)
{
	auto_close int dir =
		sys_openat(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0);
	char *text = arena_alloc(arena, TEXT_MAX);

	if (dir < 0 || sys_read_file(dir, name, text, TEXT_MAX) < 0)
		return NULL;
	return text;
}

int bundle_note_root(const char *bundle, const char *root,
                     const char *namespace_, struct error *err)
{
	const char *rest = str_after(root, BUNDLE_ROOT "/");

	if (rest && str_equal(rest, namespace_))
		return 0;
	return bundle_write(bundle, ROOT_FILE, root, err);
}

const char *bundle_root(struct arena *arena, const char *bundle,
                        const char *namespace_)
{
	const char *root = bundle_read(arena, bundle, ROOT_FILE);

	return root ? root : arena_printf(arena, BUNDLE_ROOT "/%s", namespace_);
}

bool bundle_shares_pids(struct arena *arena, pid_t pid)
{
	char path[32];
	char *text = arena_alloc(arena, STATUS_MAX);
	const char *line;
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (sys_read_file(AT_FDCWD, path, text, STATUS_MAX) < 0)
		return false;
	line = strstr(text, "\nNSpid:");
	end = line ? strchr(line + 1, '\n') : NULL;
	return !end || end[-1] != '1' || end[-2] != '\t';
}
