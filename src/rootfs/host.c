/* SPDX-License-Identifier: Apache-2.0 */
/* A container's root that the host sees, too, and how it goes again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/path.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

int rootfs_number_of(const char *path, uint64_t *ret_number, struct error *err)
{
	auto_close int fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	int result = fd < 0 ? fd : sys_mount_id(fd, ret_number);

	if (result < 0)
		return error_system(err, result, "look at rootfs %s", path);
	return 0;
}

int rootfs_mount_on_host(const struct plan *plan, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	struct rootfs_source *sources = arena_new_array(
		&arena, struct rootfs_source, plan->sources_count);
	struct rootfs rootfs cleanup_with(rootfs_end);
	mode_t before = sys_umask(SETUP_UMASK);
	int result;
	size_t i;

	rootfs_begin(&rootfs, plan, sources);
	for (i = 0; i < plan->sources_count; i++)
		sources[i].fd = -1;
	result = source_open_all(plan, sources, err);
	for (i = 0; result == 0 && i < plan->steps_count; i++)
		result = rootfs_apply(&rootfs, &plan->steps[i], err);
	for (i = 0; i < plan->sources_count; i++)
		fd_close(&sources[i].fd);
	sys_umask(before);
	return result;
}

static bool is_new_mount(const struct plan_step *step)
{
	return step->kind == PLAN_STEP_MOUNT &&
	       (step->mount.kind == PLAN_MOUNT_FS ||
	        step->mount.kind == PLAN_MOUNT_BIND);
}

/* What lies on another mount has its place there. */
static bool stands_on_root(const struct plan *plan, size_t at)
{
	const char *path = plan->steps[at].mount.destination;
	size_t i;

	for (i = 0; i < at; i++)
		if (is_new_mount(&plan->steps[i]) &&
		    path_is_within(path, plan->steps[i].mount.destination))
			return false;
	return true;
}

/* A source that is gone is left for CRIU to complain of. */
static mode_t kind_of_place(const struct plan *plan, const struct plan_mount *m)
{
	struct stat found;
	const char *path = m->kind == PLAN_MOUNT_BIND
	                           ? plan->sources[m->source].path
	                           : NULL;

	return path && sys_fstatat(AT_FDCWD, path, &found, 0) == 0 &&
	                       !S_ISDIR(found.st_mode)
	               ? S_IFREG
	               : S_IFDIR;
}

int rootfs_make_places(const struct plan *plan, struct error *err)
{
	struct rootfs rootfs cleanup_with(rootfs_end);
	mode_t before = sys_umask(SETUP_UMASK);
	int result;
	size_t i;

	rootfs_begin(&rootfs, plan, NULL);
	result = root_use_host(&rootfs, plan->rootfs, err);
	for (i = 0; result == 0 && i < plan->steps_count; i++) {
		const struct plan_mount *m = &plan->steps[i].mount;
		auto_close int place = -1;

		if (is_new_mount(&plan->steps[i]) && !m->copy_symlink &&
		    stands_on_root(plan, i))
			result = rootfs_open_target(&rootfs, m->destination,
			                            kind_of_place(plan, m),
			                            m->no_follow, &place, err);
	}
	sys_umask(before);
	return result;
}

/* What lies below goes with it. */
int rootfs_unmount_on_host(const char *path, uint64_t number, struct error *err)
{
	uint64_t now = number;
	struct error why = { .code = 0 };
	int result = rootfs_number_of(path, &now, &why);

	if (result == 0 && now != number)
		result = sys_umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	/* Not mounted there, or no such place. */
	if (result == 0 || result == -EINVAL || result == -ENOENT)
		return 0;
	return error_system(err, result, "unmount rootfs %s", path);
}
