/* SPDX-License-Identifier: Apache-2.0 */
/* What a call of the library must leave as it found it. */
#include "tests/fault/world.h"

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

void world_say(struct world_text *text, const char *format, ...)
{
	size_t space = sizeof(text->text) - text->length;
	va_list args;
	int length;

	if (text->length && space > 3) {
		strcpy(text->text + text->length, ", ");
		text->length += 2;
		space -= 2;
	}
	va_start(args, format);
	length = vsnprintf(text->text + text->length, space, format, args);
	va_end(args);
	text->length += (size_t)length < space ? (size_t)length : space - 1;
}

/* Call VISIT for every number among the names of directory PATH. */
static void each_number(const char *path, struct world *world,
                        void (*visit)(struct world *world, int dir, int number))
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int number = atoi(entry->d_name);

		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
		    number != dirfd(dir))
			visit(world, dirfd(dir), number);
	}
	if (dir)
		closedir(dir);
}

static void take_fd_of(struct world *world, int dir, int number)
{
	struct world_fd *fd = &world->fds[world->fds_count];
	char name[16];
	ssize_t length;

	if (world->fds_count == WORLD_FDS)
		return;
	world->fds_count++;
	fd->number = number;
	snprintf(name, sizeof(name), "%d", number);
	length = readlinkat(dir, name, fd->target, sizeof(fd->target) - 1);
	fd->target[length < 0 ? 0 : length] = '\0';
}

/* The whole of a file of procfs, to be freed. */
static char *read_text(const char *path)
{
	size_t capacity = 1 << 16;
	char *text = malloc(capacity);
	size_t used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t count;

	while (fd >= 0 && text &&
	       (count = read(fd, text + used, capacity - used - 1)) > 0) {
		used += (size_t)count;
		if (used + 1 == capacity)
			text = realloc(text, capacity *= 2);
	}
	if (fd >= 0)
		close(fd);
	if (text)
		text[used] = '\0';
	return text;
}

/* Ours if its fourth field says so; zombies are. */
static void take_child(struct world *world, int dir, int number)
{
	char path[32];
	char *text;
	char *end;
	int parent = 0;

	(void)dir;
	snprintf(path, sizeof(path), "/proc/%d/stat", number);
	text = read_text(path);
	end = text ? strrchr(text, ')') : NULL;
	if (end && sscanf(end, ") %*c %d", &parent) == 1 &&
	    parent == getpid() && world->children_count < WORLD_CHILDREN)
		world->children[world->children_count++] = number;
	free(text);
}

static void take_namespaces(struct world *world)
{
	static const char *const names[] = { "cgroup", "ipc",
		                             "mnt",    "net",
		                             "pid",    "pid_for_children",
		                             "time",   "time_for_children",
		                             "user",   "uts" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		char *to = world->namespaces[world->namespaces_count++];
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		length = readlink(path, to, 63);
		to[length < 0 ? 0 : length] = '\0';
	}
}

void world_take(struct world *ret_world)
{
	memset(ret_world, 0, sizeof(*ret_world));
	each_number("/proc/self/fd", ret_world, take_fd_of);
	each_number("/proc", ret_world, take_child);
	take_namespaces(ret_world);
	ret_world->mounts = read_text("/proc/self/mountinfo");
	if (!getcwd(ret_world->cwd, sizeof(ret_world->cwd)))
		strcpy(ret_world->cwd, "(none)");
	sigprocmask(SIG_SETMASK, NULL, &ret_world->mask);
	ret_world->umask = umask(0);
	umask(ret_world->umask);
	prctl(PR_GET_CHILD_SUBREAPER, &ret_world->subreaper);
	ret_world->dumpable = prctl(PR_GET_DUMPABLE);
}

void world_release(struct world *world)
{
	free(world->mounts);
	world->mounts = NULL;
}

/* ---- differences */

static bool has_fd(const struct world *world, const struct world_fd *fd)
{
	size_t i;

	for (i = 0; i < world->fds_count; i++)
		if (world->fds[i].number == fd->number &&
		    strcmp(world->fds[i].target, fd->target) == 0)
			return true;
	return false;
}

static void compare_fds(const struct world *before, const struct world *after,
                        struct world_text *text)
{
	size_t i;

	for (i = 0; i < after->fds_count; i++)
		if (!has_fd(before, &after->fds[i]))
			world_say(text, "descriptor %d to %s",
			          after->fds[i].number, after->fds[i].target);
	for (i = 0; i < before->fds_count; i++)
		if (!has_fd(after, &before->fds[i]))
			world_say(text, "no descriptor %d to %s",
			          before->fds[i].number, before->fds[i].target);
}

static bool has_child(const struct world *world, pid_t pid)
{
	size_t i;

	for (i = 0; i < world->children_count; i++)
		if (world->children[i] == pid)
			return true;
	return false;
}

static void say_child(pid_t pid, struct world_text *wrong,
                      struct world_text *lost)
{
	char path[32];
	char *stat;
	char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = read_text(path);
	end = stat ? strrchr(stat, ')') : NULL;
	if (end && end[1] && end[2] == 'Z')
		world_say(lost, "an ended child");
	else
		world_say(wrong, "a living child");
	free(stat);
}

/* The first line of AFTER that BEFORE has not. */
static void compare_mounts(const char *before, char *after,
                           struct world_text *text)
{
	char *line;
	char *rest = after;

	if (!before || !after || strcmp(before, after) == 0)
		return;
	while ((line = strsep(&rest, "\n")))
		if (!strstr(before, line)) {
			world_say(text, "mount %s", line);
			return;
		}
	world_say(text, "a mount is gone");
}

void world_compare(const struct world *before, const struct world *after,
                   struct world_text *wrong, struct world_text *lost)
{
	struct world_text *text = wrong;
	size_t i;
	int signal;

	compare_fds(before, after, text);
	for (i = 0; i < after->children_count; i++)
		if (!has_child(before, after->children[i]))
			say_child(after->children[i], wrong, lost);
	for (i = 0; i < before->children_count; i++)
		if (!has_child(after, before->children[i]))
			world_say(text, "a child is gone");
	for (i = 0; i < before->namespaces_count; i++)
		if (strcmp(before->namespaces[i], after->namespaces[i]) != 0)
			world_say(lost, "another namespace %s",
			          after->namespaces[i]);
	compare_mounts(before->mounts, after->mounts, text);
	if (strcmp(before->cwd, after->cwd) != 0)
		world_say(text, "cwd %s", after->cwd);
	for (signal = 1; signal < NSIG; signal++)
		if (sigismember(&before->mask, signal) !=
		    sigismember(&after->mask, signal)) {
			world_say(text, "mask of signal %d", signal);
			break;
		}
	if (before->umask != after->umask)
		world_say(text, "umask %03o", after->umask);
	if (before->subreaper != after->subreaper)
		world_say(text, "subreaper %d", after->subreaper);
	if (before->dumpable != after->dumpable)
		world_say(text, "dumpable %d", after->dumpable);
}

/* ---- outside of the process */

/* Of those NAME is a container's, and NAME.scope is systemd's unit for it. */
void world_find_cgroups(const char *name, struct world_text *text)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;

	while (mounts && (mount = getmntent(mounts))) {
		char path[512];
		char unit[520];

		if (strncmp(mount->mnt_type, "cgroup", 6) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", mount->mnt_dir, name);
		snprintf(unit, sizeof(unit), "%s.scope", path);
		if (access(path, F_OK) == 0)
			world_say(text, "cgroup %s", path);
		/* As systemd does with one in which nobody is. */
		if (rmdir(unit) < 0 && access(unit, F_OK) == 0)
			world_say(text, "cgroup %s", unit);
	}
	if (mounts)
		endmntent(mounts);
}

void world_find_entries(const char *path, struct world_text *text)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			world_say(text, "state %s", entry->d_name);
	if (dir)
		closedir(dir);
}
