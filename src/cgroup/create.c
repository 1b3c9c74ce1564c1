/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroups: made with their limits, entered, undone. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "sys/file.h"

static bool is_not_permitted(int result)
{
	return result == -EACCES || result == -EPERM || result == -EROFS;
}

static int give_file(int leaf, const char *file, uid_t owner)
{
	int result = sys_fchownat(leaf, file, owner, (gid_t)-1,
	                          *file ? 0 : AT_EMPTY_PATH);

	return result == -ENOENT ? 0 : result;
}

/* The kernel names the files that it is safe to give away. */
static int give_leaf(int leaf, uid_t owner, struct error *err)
{
	char text[CGROUP_TEXT_MAX] = "cgroup.procs\ncgroup.subtree_control\n"
				     "cgroup.threads\n";
	char *rest = text;
	char *file;
	int result = give_file(leaf, "", owner);

	/* Without that list (before Linux 4.15) the old three remain. */
	(void)sys_read_file(AT_FDCWD, "/sys/kernel/cgroup/delegate", text,
	                    sizeof(text));
	while (result == 0 && (file = strsep(&rest, "\n")))
		if (*file)
			result = give_file(leaf, file, owner);
	if (result < 0)
		return error_system(err, result, "give the cgroup to uid %u",
		                    owner);
	return 0;
}

int cgroup_create(const struct plan_cgroup *plan, struct cgroup *ret_cgroup,
                  struct error *err)
{
	struct cgroup cgroup = CGROUP_NONE;
	int result = 0;

	cgroup.plan = plan;
	while (result == 0 && cgroup.count < plan->dirs_count)
		result = cgroup_make_next(&cgroup, err);
	if (plan->optional && is_not_permitted(result)) {
		cgroup_undo(&cgroup, NULL);
		result = 0;
	} else if (result == 0) {
		result = cgroup_write_limits(&cgroup, NULL, NULL, err);
	}
	if (result == 0 && plan->owner.set && cgroup.leaf >= 0)
		result = give_leaf(cgroup.leaf, plan->owner.value, err);
	if (result < 0) {
		cgroup_undo(&cgroup, NULL);
		return result;
	}
	*ret_cgroup = cgroup;
	return 0;
}

int cgroup_join(const struct cgroup *cgroup, pid_t pid, bool leaf_too,
                struct error *err)
{
	char text[16];
	size_t i;

	snprintf(text, sizeof(text), "%d", pid);
	for (i = 0; i < cgroup->count; i++) {
		const struct plan_cgroup_dir *plan = &cgroup->plan->dirs[i];
		bool is_leaf = dir_is_v2(plan);
		int result;

		if (is_leaf && !leaf_too)
			continue;
		result =
			sys_write_file(is_leaf ? cgroup->leaf : cgroup->dirs[i],
		                       "cgroup.procs", text);
		if (result < 0)
			return error_system(err, result,
			                    "move process %d into cgroup %s%s",
			                    pid, plan->mount, plan->path);
	}
	return 0;
}

int cgroup_undo(struct cgroup *cgroup, struct error *err)
{
	int first = 0;
	size_t i;

	for (i = 0; i < cgroup->count; i++) {
		struct plan_cgroup_dir dir = cgroup->plan->dirs[i];
		int result;

		dir.keep = !cgroup->made[i];
		result = dir_remove(&dir, first ? NULL : err);
		if (first == 0)
			first = result;
		/* Parents that were made for it. */
		if (cgroup->made[i] > 1)
			cgroup_unmake(cgroup, i);
	}
	cgroup_close(cgroup);
	return first;
}

void cgroup_close(struct cgroup *cgroup)
{
	size_t i;

	for (i = 0; i < cgroup->count; i++)
		fd_close(&cgroup->dirs[i]);
	if (cgroup->leaf_is_sub)
		fd_close(&cgroup->leaf);
	*cgroup = CGROUP_NONE;
}

/*
 * "PATH", or in v1 "CONTROLLER:PATH": in the hierarchy that has it only.
 * Returns the path, with *RET_CONTROLLER NULL for all of them.
 */
static const char *sub_path(const struct cgroup *cgroup, const char *sub,
                            char controller[64], const char **ret_controller)
{
	size_t length = strcspn(sub, ":/");

	*ret_controller = NULL;
	if (cgroup->plan->mode == PLAN_CGROUP_V1 && sub[length] == ':' &&
	    length < 64) {
		memcpy(controller, sub, length);
		controller[length] = '\0';
		*ret_controller = controller;
		sub += length + 1;
	}
	return sub + strspn(sub, "/");
}

/* PATH below directory I of CGROUP takes its place; for v2 that is the leaf. */
static int enter_sub(struct cgroup *cgroup, size_t i, const char *path)
{
	int fd = sys_openat2(cgroup->dirs[i], path, O_PATH | O_DIRECTORY, 0,
	                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return fd;
	if (dir_is_v2(&cgroup->plan->dirs[i])) {
		cgroup->leaf = fd;
		cgroup->leaf_is_sub = true;
	} else {
		fd_close(&cgroup->dirs[i]);
		cgroup->dirs[i] = fd;
	}
	return 0;
}

/* A cgroup below the container's, which SUB names however it likes. */
static int open_sub(struct cgroup *cgroup, const char *sub, struct error *err)
{
	char word[64];
	const char *controller;
	const char *path = sub_path(cgroup, sub, word, &controller);
	bool found = false;
	size_t i;

	if (path_has_dotdot(path))
		return error_set(
			err, ERROR_USAGE, -EINVAL,
			"cgroup \"%s\": \"..\" would lead out of the container's",
			sub);
	for (i = 0; i < cgroup->count; i++) {
		int result;

		if (controller && !dir_has(&cgroup->plan->dirs[i], controller))
			continue;
		found = true;
		result = *path ? enter_sub(cgroup, i, path) : 0;
		if (result < 0)
			return error_system(
				err, result,
				"open cgroup \"%s\" below the container's",
				sub);
	}
	if (!found)
		return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
		                 "cgroup \"%s\": the container is in no "
		                 "hierarchy of that kind",
		                 sub);
	return 0;
}

int cgroup_open(const struct plan_cgroup *plan, const char *sub,
                struct cgroup *ret_cgroup, struct error *err)
{
	auto_cgroup struct cgroup cgroup = CGROUP_NONE;
	int result = 0;

	cgroup.plan = plan;
	while (cgroup.count < plan->dirs_count &&
	       cgroup.count < CGROUP_DIRS_MAX) {
		const struct plan_cgroup_dir *dir = &plan->dirs[cgroup.count];
		int fd = dir_open(dir);

		if (fd < 0)
			return error_system(err, fd, "open cgroup %s%s",
			                    dir->mount, dir->path);
		if (dir_is_v2(dir))
			cgroup.leaf = fd;
		cgroup.dirs[cgroup.count++] = fd;
	}
	if (sub)
		result = open_sub(&cgroup, sub, err);
	if (result < 0)
		return result;
	*ret_cgroup = cgroup;
	cgroup = CGROUP_NONE;
	return 0;
}

/* The path in the line "0::PATH" of TEXT, a /proc/PID/cgroup. */
static const char *find_v2_path(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *path = str_after(line, "0::");

		if (path)
			return path;
	}
	return NULL;
}

int cgroup_open_of_pid(const struct plan_cgroup *plan, pid_t pid, int *ret_fd,
                       struct error *err)
{
	const struct plan_cgroup_dir *main = cgroup_main_dir(plan);
	struct plan_cgroup_dir dir;
	char file[32];
	char text[CGROUP_TEXT_MAX];
	const char *path;
	ssize_t length;
	int fd;

	if (!main || !dir_is_v2(main))
		return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
		                 "the container has no cgroup in a v2 tree");
	snprintf(file, sizeof(file), "/proc/%d/cgroup", pid);
	length = sys_read_file(AT_FDCWD, file, text, sizeof(text));
	if (length < 0)
		return error_system(err, (int)length, "read %s", file);
	path = find_v2_path(text);
	if (!path || path_has_dotdot(path) || !path_is_within(path, main->path))
		return error_set(
			err, ERROR_STATE, -EXDEV,
			"process %d has left the container's cgroup %s", pid,
			main->path);
	dir = *main;
	dir.path = path;
	fd = dir_open(&dir);
	if (fd < 0)
		return error_system(err, fd, "open cgroup %s%s", dir.mount,
		                    dir.path);
	*ret_fd = fd;
	return 0;
}
