/* SPDX-License-Identifier: Apache-2.0 */
/* One cgroup directory: find it, open it, read its small files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/time.h"
#include "cgroup/internal.h"
#include "sys/file.h"
#include "sys/poll.h"

bool dir_has(const struct plan_cgroup_dir *dir, const char *controller)
{
	const char *list = dir->controllers;
	size_t wanted = strlen(controller);

	while (*list) {
		size_t length = strcspn(list, ",");

		if (length == wanted && memcmp(list, controller, length) == 0)
			return true;
		list += length;
		list += *list == ',';
	}
	return false;
}

const struct plan_cgroup_dir *cgroup_main_dir(const struct plan_cgroup *plan)
{
	size_t i;

	for (i = 0; i < plan->dirs_count; i++)
		if (dir_is_v2(&plan->dirs[i]))
			return &plan->dirs[i];
	for (i = 0; i < plan->dirs_count; i++)
		if (dir_has(&plan->dirs[i], "freezer"))
			return &plan->dirs[i];
	return plan->dirs_count ? &plan->dirs[0] : NULL;
}

int cgroup_need_main_dir(const struct plan_cgroup *plan,
                         const struct plan_cgroup_dir **ret_dir,
                         struct error *err)
{
	const struct plan_cgroup_dir *dir = cgroup_main_dir(plan);

	if (!dir)
		return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
		                 "the container has no cgroup");
	*ret_dir = dir;
	return 0;
}

int dir_open_mount(const struct plan_cgroup_dir *dir)
{
	return sys_openat(AT_FDCWD, dir->mount, O_PATH | O_DIRECTORY, 0);
}

int dir_open(const struct plan_cgroup_dir *dir)
{
	auto_close int mount = dir_open_mount(dir);

	if (mount < 0)
		return mount;
	return sys_openat2(mount, dir->path + 1, O_PATH | O_DIRECTORY, 0,
	                   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

bool cgroup_is_gone(int result)
{
	return result == -ENOENT || result == -ENODEV;
}

/* The layout that getdents64(2) writes. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

struct visit {
	uint8_t type; /* DT_* */
	dir_visit_fn *visit;
	void *context;
};

static int visit_entries(const char *bytes, size_t size,
                         const struct visit *visit)
{
	size_t at = 0;
	int result = 0;

	while (result == 0 && at < size) {
		const struct entry *entry = (const void *)(bytes + at);

		if (entry->type == visit->type &&
		    !str_equal(entry->name, ".") &&
		    !str_equal(entry->name, ".."))
			result = visit->visit(visit->context, entry->name);
		at += entry->length;
	}
	return result;
}

int dir_each(int dir, uint8_t type, dir_visit_fn *visit, void *context)
{
	const struct visit each = { type, visit, context };
	auto_close int fd = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	char bytes[CGROUP_TEXT_MAX] __attribute__((aligned(8)));
	ssize_t count = fd;
	int result = 0;

	while (result == 0 && count >= 0) {
		count = sys_getdents64(fd, bytes, sizeof(bytes));
		if (count <= 0)
			break;
		result = visit_entries(bytes, (size_t)count, &each);
	}
	if (count < 0 && !cgroup_is_gone((int)count))
		return (int)count;
	return result;
}

int dir_each_below(int dir, dir_visit_fn *visit, void *context)
{
	return dir_each(dir, DT_DIR, visit, context);
}

/* The number behind KEY in TEXT, lines of "key number". */
static int text_find_key(char *text, const char *key, uint64_t *ret_value)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *rest = str_after(line, key);

		if (rest && *rest == ' ')
			return str_to_u64(rest + 1, 10, ret_value);
	}
	return -ENODATA;
}

int file_read_key(int dir, const char *file, const char *key,
                  uint64_t *ret_value)
{
	char text[CGROUP_TEXT_MAX];
	ssize_t length = sys_read_file(dir, file, text, sizeof(text));

	if (length < 0)
		return (int)length;
	return text_find_key(text, key, ret_value);
}

static int milliseconds_left(uint64_t started_ns)
{
	uint64_t passed = (time_monotonic_ns() - started_ns) / 1000000;

	return passed < CGROUP_PATIENCE_MS ? (int)(CGROUP_PATIENCE_MS - passed)
	                                   : 0;
}

/* One reading of cgroup.events from its start; also arms poll(2). */
static int events_read(int events, const char *key, uint64_t *ret_value)
{
	char text[256];
	ssize_t length = sys_pread(events, text, sizeof(text) - 1, 0);

	if (length < 0)
		return (int)length;
	text[length] = '\0';
	return text_find_key(text, key, ret_value);
}

int events_wait(int dir, const char *key, uint64_t value)
{
	auto_close int events = sys_openat(dir, "cgroup.events", O_RDONLY, 0);
	uint64_t started = time_monotonic_ns();
	struct pollfd poll_fd = { .fd = events, .events = POLLPRI };
	uint64_t now;
	int left;
	int result;

	if (events < 0)
		return events;
	for (;;) {
		result = events_read(events, key, &now);
		if (result < 0 || now == value)
			return result;
		left = milliseconds_left(started);
		if (left == 0)
			return -ETIMEDOUT;
		result = sys_poll(&poll_fd, 1, left);
		if (result < 0)
			return result;
	}
}

bool cgroup_pause(uint64_t *started_ns)
{
	uint64_t now = time_monotonic_ns();

	if (*started_ns == 0)
		*started_ns = now;
	else if (milliseconds_left(*started_ns) == 0)
		return false;
	/* An eighth of what has passed: quick at first, calm later. */
	sys_poll(NULL, 0, 1 + (int)((now - *started_ns) / 8000000));
	return true;
}
