/* SPDX-License-Identifier: Apache-2.0 */
/* Caches and memory bandwidth: classes of resctrl (Intel RDT and its kin). */
#include "rdt/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/file.h"

#define SCHEMATA  "schemata"
#define TASKS     "tasks"
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)

/* More than the schemata of any machine. */
#define SCHEMATA_SIZE 16384

/* Why the kernel refused it, from a file for that; *TEXT may stay "". */
static void rdt_reason(const struct plan_rdt *plan, char text[256])
{
	auto_close int root = sys_openat(AT_FDCWD, plan->root, DIRECTORY, 0);
	ssize_t length = -1;

	if (root >= 0)
		length = sys_read_file(root, "info/last_cmd_status", text, 256);
	text[0] = length > 0 ? text[0] : '\0';
	text[strcspn(text, "\n")] = '\0';
}

/* The class's directory. */
static int rdt_open(const struct plan_rdt *plan, int root)
{
	return sys_openat(root, *plan->group ? plan->group : ".", DIRECTORY, 0);
}

static int rdt_open_root(const struct plan_rdt *plan, struct error *err)
{
	int root = sys_openat(AT_FDCWD, plan->root, DIRECTORY, 0);
	int result = root;

	/* The directory is there on every kernel that knows resctrl. */
	if (result >= 0)
		result = sys_faccessat(root, SCHEMATA, F_OK, 0);
	if (result == 0)
		return root;
	fd_close(&root);
	return error_set(err, ERROR_UNSUPPORTED, result,
	                 "linux.intelRdt: no resctrl is mounted at \"%s\"",
	                 plan->root);
}

static int rdt_write_lines(const struct plan_rdt *plan, int group,
                           struct error *err)
{
	char reason[256];
	size_t i;

	for (i = 0; i < plan->lines_count; i++) {
		/* The line has its end with it: one write, one schema. */
		int result = sys_write_beneath(group, SCHEMATA, plan->lines[i]);

		if (result == 0)
			continue;
		rdt_reason(plan, reason);
		return error_system(err, result,
		                    "linux.intelRdt: write \"%.*s\" (%s)",
		                    (int)strcspn(plan->lines[i], "\n"),
		                    plan->lines[i], reason);
	}
	return 0;
}

/* The same mask or number, however many zeros stand before it. */
static bool same_value(const char *a, size_t a_length, const char *b,
                       size_t b_length)
{
	for (; a_length > 1 && *a == '0'; a_length--)
		a++;
	for (; b_length > 1 && *b == '0'; b_length--)
		b++;
	return a_length == b_length && strncasecmp(a, b, a_length) == 0;
}

/* "0=ff" among "0=fff;1=ff" to the end of the line. */
static bool has_domain(const char *line, const char *wanted, size_t length)
{
	size_t name = strcspn(wanted, "=") + 1;

	for (;;) {
		size_t each = strcspn(line, ";\n");

		if (name <= length && each > name &&
		    strncmp(line, wanted, name) == 0)
			return same_value(line + name, each - name,
			                  wanted + name, length - name);
		if (line[each] != ';')
			return false;
		line += each + 1;
	}
}

/* WANTED, "L3:0=ff;1=ff", says nothing that SCHEMATA does not. */
static bool has_line(const char *schemata, const char *wanted)
{
	size_t name = strcspn(wanted, ":\n");
	const char *line = schemata;

	if (wanted[name] != ':')
		return false;
	name++;
	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		line += strspn(line, " ");
		if (strncmp(line, wanted, name) != 0)
			continue;
		line += name;
		for (wanted += name; *wanted && *wanted != '\n';) {
			size_t each = strcspn(wanted, ";\n");

			if (!has_domain(line, wanted, each))
				return false;
			wanted += each + (wanted[each] == ';');
		}
		return true;
	}
	return false;
}

/* A class that is others' too is not changed, but must be as wanted. */
static int rdt_compare_lines(const struct plan_rdt *plan, int group,
                             struct error *err)
{
	char schemata[SCHEMATA_SIZE];
	ssize_t length;
	size_t i;

	if (!plan->lines_count)
		return 0;
	length = sys_read_file(group, SCHEMATA, schemata, sizeof(schemata));
	if (length < 0)
		return error_system(err, (int)length,
		                    "linux.intelRdt: read schemata of \"%s\"",
		                    plan->group);
	for (i = 0; i < plan->lines_count; i++)
		if (!has_line(schemata, plan->lines[i]))
			return error_set(
				err, ERROR_CONFIG, -EEXIST,
				"linux.intelRdt: class \"%s\" is there, but not with \"%.*s\"",
				plan->group, (int)strcspn(plan->lines[i], "\n"),
				plan->lines[i]);
	return 0;
}

/* All that the class says of itself, as lines to write. */
static int rdt_read_lines(int group, struct arena *arena,
                          struct plan_rdt *before)
{
	char schemata[SCHEMATA_SIZE];
	char *rest = schemata;
	const char *line;
	ssize_t length =
		sys_read_file(group, SCHEMATA, schemata, sizeof(schemata));

	before->lines = NULL;
	before->lines_count = 0;
	if (length < 0)
		return (int)length;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			*arena_push(arena, before->lines, before->lines_count) =
				arena_printf(arena, "%s\n",
			                     line + strspn(line, " "));
	return 0;
}

int rdt_update(const struct plan_rdt *plan, struct arena *arena,
               struct plan_rdt *ret_before, struct error *err)
{
	auto_close int root = -1;
	auto_close int group = -1;
	struct plan_rdt before = *plan;
	int result;

	if (!plan->lines_count)
		return 0;
	root = rdt_open_root(plan, err);
	if (root < 0)
		return root;
	result = group = rdt_open(plan, root);
	if (result >= 0)
		result = rdt_read_lines(group, arena, &before);
	if (result < 0)
		return error_system(err, result,
		                    "linux.intelRdt: read class \"%s\"",
		                    plan->group);
	result = rdt_write_lines(plan, group, err);
	if (result < 0)
		rdt_write_lines(&before, group, NULL);
	else
		*ret_before = before;
	return result;
}

static int rdt_make_monitor(const struct plan_rdt *plan, int group,
                            struct error *err)
{
	auto_close int groups = -1;
	int result;

	if (!plan->monitor)
		return 0;
	groups = sys_openat(group, "mon_groups", DIRECTORY, 0);
	result = groups;
	if (result >= 0)
		result = sys_mkdirat(groups, plan->monitor, 0755);
	if (result < 0)
		return error_system(
			err, result,
			"linux.intelRdt.enableMonitoring: make group \"%s\"",
			plan->monitor);
	return 0;
}

/* What fails after the class was made takes it away again. */
static int rdt_fill(const struct plan_rdt *plan, int root, bool made,
                    struct error *err)
{
	auto_close int group = rdt_open(plan, root);
	int result;

	if (group < 0)
		return error_system(err, group,
		                    "linux.intelRdt: open class \"%s\"",
		                    plan->group);
	result = made ? rdt_write_lines(plan, group, err)
	              : rdt_compare_lines(plan, group, err);
	if (result == 0)
		result = rdt_make_monitor(plan, group, err);
	if (result < 0 && made)
		sys_unlinkat(root, plan->group, AT_REMOVEDIR);
	return result;
}

int rdt_create(const struct plan_rdt *plan, bool *ret_made, struct error *err)
{
	auto_close int root = -1;
	char reason[256];
	int result = -EEXIST;

	if (!plan->root)
		return 0;
	root = rdt_open_root(plan, err);
	if (root < 0)
		return root;
	if (*plan->group && !plan->must_exist)
		result = sys_mkdirat(root, plan->group, 0755);
	if (result < 0 && result != -EEXIST) {
		rdt_reason(plan, reason);
		return error_system(err, result,
		                    "linux.intelRdt: make class \"%s\" (%s)",
		                    plan->group, reason);
	}
	if (plan->must_exist &&
	    sys_faccessat(root, plan->group, F_OK, 0) == -ENOENT)
		return error_set(
			err, ERROR_CONFIG, -ENOENT,
			"linux.intelRdt.closID: class \"%s\" does not exist, and no schema is given",
			plan->group);
	*ret_made = result == 0;
	return rdt_fill(plan, root, result == 0, err);
}

static int rdt_add(const struct plan_rdt *plan, int dir, const char *path,
                   pid_t pid, struct error *err)
{
	char number[16];
	int result;

	snprintf(number, sizeof(number), "%d", pid);
	result = sys_write_beneath(dir, path, number);
	if (result < 0)
		return error_system(err, result,
		                    "linux.intelRdt: put process %d into "
		                    "class \"%s\"",
		                    pid, plan->group);
	return 0;
}

int rdt_join(const struct plan_rdt *plan, pid_t pid, struct error *err)
{
	auto_close int root = -1;
	auto_close int group = -1;
	char path[PATH_MAX];
	int result;

	if (!plan->root)
		return 0;
	root = rdt_open_root(plan, err);
	if (root < 0)
		return root;
	group = rdt_open(plan, root);
	if (group < 0)
		return error_system(err, group,
		                    "linux.intelRdt: open class \"%s\"",
		                    plan->group);
	result = rdt_add(plan, group, TASKS, pid, err);
	/* Only who is in the class may be in its group. */
	if (result == 0 && plan->monitor) {
		snprintf(path, sizeof(path), "mon_groups/%s/" TASKS,
		         plan->monitor);
		result = rdt_add(plan, group, path, pid, err);
	}
	return result;
}

/* The kernel would send its processes to the root's class. */
static bool rdt_is_empty(int group)
{
	char text[16];

	return sys_read_file(group, TASKS, text, sizeof(text)) == 0;
}

int rdt_remove(const struct plan_rdt *plan, struct error *err)
{
	auto_close int root = -1;
	auto_close int group = -1;
	char path[PATH_MAX];
	int result = 0;

	if (!plan->root)
		return 0;
	root = sys_openat(AT_FDCWD, plan->root, DIRECTORY, 0);
	group = root < 0 ? root : rdt_open(plan, root);
	if (group == -ENOENT)
		return 0;
	if (group < 0)
		result = group;
	if (result == 0 && plan->monitor) {
		snprintf(path, sizeof(path), "mon_groups/%s", plan->monitor);
		result = sys_unlinkat(group, path, AT_REMOVEDIR);
	}
	if ((result == 0 || result == -ENOENT) && plan->made &&
	    (!plan->shared || rdt_is_empty(group)))
		result = sys_unlinkat(root, plan->group, AT_REMOVEDIR);
	if (result < 0 && result != -ENOENT)
		return error_system(err, result,
		                    "linux.intelRdt: remove class \"%s\"",
		                    plan->group);
	return 0;
}
