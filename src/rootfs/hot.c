/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts that come and go while the container runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

static int begin(struct rootfs *rootfs, const struct plan *plan,
                 const struct rootfs_source *sources, struct error *err)
{
	rootfs_begin(rootfs, plan, sources);
	rootfs->root = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	rootfs->own_mounts = true;
	sys_umask(SETUP_UMASK);
	if (rootfs->root < 0)
		return error_system(err, rootfs->root,
		                    "open the container's root");
	return 0;
}

/* The mount whose root FD is; whatever path the container sees it at. */
static int unmount(int own_fds, int fd)
{
	char name[16];
	int result = sys_fchdir(own_fds);

	snprintf(name, sizeof(name), "%d", fd);
	return result < 0 ? result : sys_umount2(name, MNT_DETACH);
}

int rootfs_add_mounts(const struct plan *plan, struct rootfs_source *sources,
                      int own_fds, struct error *err)
{
	struct rootfs rootfs cleanup_with(rootfs_end);
	int result = begin(&rootfs, plan, sources, err);
	size_t done = 0;

	if (result == 0)
		result = source_open_all(plan, sources, err);
	for (; result == 0 && done < plan->steps_count; done++) {
		result = rootfs_apply(&rootfs, &plan->steps[done], err);
		if (result < 0)
			break;
	}
	while (result < 0 && done-- > 0)
		unmount(own_fds, sources[plan->steps[done].mount.source].fd);
	return result;
}

static int open_mount(struct rootfs *rootfs, const char *path, int *ret_fd,
                      struct error *err)
{
	auto_close int fd = target_open_existing(rootfs, path, false);
	int result = fd < 0 ? fd : sys_is_mount_root(fd);

	if (result < 0)
		return error_system(err, result, "find %s", path);
	if (!result || str_equal(path, "/"))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "%s: nothing is mounted there that can be "
		                 "removed",
		                 path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int rootfs_remove_mounts(const char *const *paths, int *fds, size_t count,
                         int own_fds, struct error *err)
{
	static const struct plan nothing;
	struct rootfs rootfs cleanup_with(rootfs_end);
	int result = begin(&rootfs, &nothing, NULL, err);
	size_t opened = 0;

	while (result == 0 && opened < count) {
		result = open_mount(&rootfs, paths[opened], &fds[opened], err);
		opened += result == 0;
	}
	while (opened-- > 0) {
		int removed = result < 0 ? 0 : unmount(own_fds, fds[opened]);

		if (removed < 0)
			result = error_system(err, removed, "unmount %s",
			                      paths[opened]);
		fd_close(&fds[opened]);
	}
	return result;
}
