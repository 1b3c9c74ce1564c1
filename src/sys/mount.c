/* SPDX-License-Identifier: Apache-2.0 */
/* The new mount API (Linux 5.2; mount_setattr 5.12) and what is left of the old. */
#include "sys/mount.h"

#include <fcntl.h>
#include <linux/stat.h> /* statx: not every musl has it */
#include <string.h>

#include "sys/internal.h"

int sys_open_tree(int dir, const char *path, unsigned int flags)
{
	return (int)SYS_RETRY(
		syscall(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC));
}

int sys_move_mount(int from_dir, const char *from, int to_dir, const char *to,
                   unsigned int flags)
{
	return (int)SYS_RETRY(
		syscall(SYS_move_mount, from_dir, from, to_dir, to, flags));
}

int sys_fsopen(const char *type)
{
	return (int)SYS_RETRY(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
}

int sys_fsconfig_set(int fs, const char *key, const char *value)
{
	int command = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	return (int)SYS_RETRY(
		syscall(SYS_fsconfig, fs, command, key, value, 0));
}

int sys_fsconfig_create(int fs)
{
	return (int)SYS_RETRY(
		syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
}

void sys_fs_message(int fs, char *buffer, size_t size)
{
	ssize_t length;

	buffer[0] = '\0';
	/* Each read yields one message, oldest first: "e text". */
	while ((length = read(fs, buffer, size - 1)) > 0) {
		buffer[length] = '\0';
		if (length > 2 && buffer[1] == ' ')
			memmove(buffer, buffer + 2, (size_t)length - 1);
		buffer[strcspn(buffer, "\n")] = '\0';
	}
}

int sys_fsmount(int fs, unsigned int attributes)
{
	return (int)SYS_RETRY(
		syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes));
}

int sys_mount_setattr(int dir, const char *path, unsigned int flags,
                      uint64_t set, uint64_t clear, uint64_t propagation,
                      int userns)
{
	struct {
		uint64_t attr_set;
		uint64_t attr_clr;
		uint64_t propagation;
		uint64_t userns_fd;
	} attr = { set, clear, propagation, userns < 0 ? 0 : (uint64_t)userns };

	return (int)SYS_RETRY(syscall(SYS_mount_setattr, dir, path, flags,
	                              &attr, sizeof(attr)));
}

int sys_mount(const char *source, const char *target, const char *type,
              unsigned long flags, const char *data)
{
	return (int)SYS_RESULT(mount(source, target, type, flags, data));
}

int sys_umount2(const char *target, int flags)
{
	return (int)SYS_RESULT(umount2(target, flags));
}

int sys_is_mount_root(int fd)
{
	struct statx found;
	int result = (int)SYS_RESULT(
		syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0, &found));

	return result < 0 ? result
	                  : (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

int sys_mount_id(int fd, uint64_t *ret_id)
{
	struct statx found;
	int result = (int)SYS_RESULT(syscall(SYS_statx, fd, "", AT_EMPTY_PATH,
	                                     STATX_MNT_ID, &found));

	if (result == 0)
		*ret_id = found.stx_mnt_id;
	return result;
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)SYS_RESULT(syscall(SYS_pivot_root, new_root, put_old));
}
