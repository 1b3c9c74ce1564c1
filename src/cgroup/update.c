/* SPDX-License-Identifier: Apache-2.0 */
/* Change the limits of a container that runs. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "sys/file.h"

/* memory.checkBeforeUpdate: what is in use must fit. */
static int check_usage(const struct cgroup *cgroup,
                       const struct plan_cgroup_write *write, struct error *err)
{
	int dir = cgroup->dirs[write->dir];
	char text[64];
	uint64_t used;
	ssize_t length =
		sys_read_file(dir, write->usage_file, text, sizeof(text));

	if (length < 0)
		return length == -ENOENT ? 0 : (int)length;
	text[strcspn(text, "\n")] = '\0';
	if (str_to_u64(text, 10, &used) < 0 || used <= write->ceiling)
		return 0;
	return error_set(err, ERROR_STATE, -EBUSY,
	                 "%s: %s bytes are in use, more than the new limit",
	                 write->what, text);
}

static int check_usages(const struct cgroup *cgroup, struct error *err)
{
	const struct plan_cgroup *plan = cgroup->plan;
	size_t i;
	int result = 0;

	for (i = 0; result == 0 && i < plan->writes_count; i++)
		if (plan->writes[i].usage_file)
			result = check_usage(cgroup, &plan->writes[i], err);
	return result;
}

/* The line of TEXT for the entry that WRITE sets, or what unsets it. */
static const char *entry_of(const struct plan_cgroup_write *write, char *text)
{
	size_t length = strcspn(write->value, " ") + 1;
	char *line;

	while ((line = strsep(&text, "\n")))
		if (strncmp(line, write->value, length) == 0)
			return line;
	return write->undo;
}

/* What to write so that a file says again what it said: TEXT. */
static const char *restorable(const struct plan_cgroup_write *write, char *text)
{
	char *word = text;

	if (write->undo)
		return entry_of(write, text);

	/* memory.oom_control tells "oom_kill_disable 0" and more. */
	if (str_after(text, "oom_kill_disable ")) {
		word = text + strlen("oom_kill_disable ");
		word[strcspn(word, "\n")] = '\0';
	}
	return word;
}

/* Twice, as the values bound each other: see cgroup_write_limits(). */
static void restore(const struct cgroup *cgroup, struct arena *arena,
                    const char **old)
{
	const struct plan_cgroup *plan = cgroup->plan;
	size_t i;
	int round;

	for (round = 0; round < 2; round++) {
		for (i = plan->writes_count; i > 0; i--) {
			const struct plan_cgroup_write *write =
				&plan->writes[i - 1];
			const char *text;

			if (!old[i - 1])
				continue;
			text = restorable(write,
			                  arena_strdup(arena, old[i - 1]));
			cgroup_write_either(cgroup->dirs[write->dir], write,
			                    text, text);
		}
	}
}

/*
 * Move what is in FROM and below to TO. Processes may fork meanwhile: again,
 * until the list tells nobody new. Who has left is no matter.
 */
static int move_all(int from, int to)
{
	auto_arena struct arena arena = { 0 };
	struct pid_list moved = { .arena = &arena };
	bool news = true;
	int result = 0;

	while (result == 0 && news) {
		struct pid_list now = { .arena = &arena };
		size_t i;

		news = false;
		result = pid_list_read(&now, from);
		pid_list_sort(&now);
		for (i = 0; result == 0 && i < now.count; i++) {
			char text[16];

			if (pid_list_has(&moved, now.pids[i]))
				continue;
			news = true;
			snprintf(text, sizeof(text), "%d", now.pids[i]);
			result = sys_write_file(to, "cgroup.procs", text);
			if (result == -ESRCH)
				result = 0;
		}
		moved = now;
	}
	return result;
}

/* A hierarchy that limited nothing so far gets the processes. */
static int adopt(const struct cgroup *cgroup, size_t first, struct error *err)
{
	const struct plan_cgroup_dir *main = cgroup_main_dir(cgroup->plan);
	int from = cgroup->dirs[main - cgroup->plan->dirs];
	size_t i;

	for (i = first; i < cgroup->count; i++) {
		const struct plan_cgroup_dir *dir = &cgroup->plan->dirs[i];
		int result = move_all(from, cgroup->dirs[i]);

		if (result < 0)
			return error_system(
				err, result,
				"move the container into cgroup %s%s",
				dir->mount, dir->path);
	}
	return 0;
}

/* The container lives on: its processes are moved out, not killed. */
static void abandon(const struct cgroup *cgroup, size_t first)
{
	size_t i;

	for (i = first; i < cgroup->count; i++) {
		auto_close int parent = sys_openat(cgroup->dirs[i], "..",
		                                   O_PATH | O_DIRECTORY, 0);

		if (parent >= 0)
			move_all(cgroup->dirs[i], parent);
		cgroup_unmake(cgroup, i);
	}
}

int cgroup_update(const struct plan_cgroup *existing,
                  const struct plan_cgroup *update, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_cgroup struct cgroup cgroup = CGROUP_NONE;
	const char **old =
		arena_new_array(&arena, const char *, update->writes_count);
	int result = cgroup_open(existing, NULL, &cgroup, err);

	cgroup.plan = update;
	while (result == 0 && cgroup.count < update->dirs_count)
		result = cgroup_make_next(&cgroup, err);
	if (result == 0)
		result = check_usages(&cgroup, err);
	if (result == 0)
		result = cgroup_write_limits(&cgroup, &arena, old, err);
	if (result == 0)
		result = adopt(&cgroup, existing->dirs_count, err);
	if (result == 0)
		result = cgroup_replace_devices(&cgroup, err);
	if (result == 0 && update->unit.name)
		result = cgroup_set_unit(&cgroup, err);
	if (result == 0)
		return 0;
	restore(&cgroup, &arena, old);
	abandon(&cgroup, existing->dirs_count);
	return result;
}
