/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories. Every descriptor is close-on-exec at birth. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>

/* All of sys/: result >= 0, or -errno. EINTR is retried where harmless. */

/* openat(2); O_CLOEXEC and O_NOCTTY are added. */
int sys_openat(int dir, const char *path, int flags, mode_t mode);

/*
 * openat2(2), Linux 5.6. RESOLVE is RESOLVE_* of linux/openat2.h. EAGAIN,
 * which a rename elsewhere causes, is retried a bounded number of times.
 */
int sys_openat2(int dir, const char *path, int flags, mode_t mode,
                uint64_t resolve);

ssize_t sys_read(int fd, void *buffer, size_t size);
ssize_t sys_pread(int fd, void *buffer, size_t size, off_t offset);
ssize_t sys_write(int fd, const void *bytes, size_t size);
/* Until all is written, or fail. Returns 0. */
int sys_write_all(int fd, const void *bytes, size_t size);
/* One open, one write, as kernel interface files want it. Returns 0. */
int sys_write_file(int dir, const char *path, const char *text);
/*
 * The same where nothing may lead elsewhere: PATH is followed only below DIR
 * (of procfs, say) and over no mount and no magic link.
 */
int sys_write_beneath(int dir, const char *path, const char *text);
/*
 * At most SIZE - 1 bytes and a NUL. Returns the length, or -EOVERFLOW when
 * the file is longer.
 */
ssize_t sys_read_file(int dir, const char *path, char *buffer, size_t size);
int sys_close(int fd);
int sys_mkdirat(int dir, const char *path, mode_t mode);
int sys_mknodat(int dir, const char *path, mode_t mode, dev_t device);
int sys_symlinkat(const char *target, int dir, const char *path);
int sys_unlinkat(int dir, const char *path, int flags);
int sys_renameat2(int from_dir, const char *from, int to_dir, const char *to,
                  unsigned int flags);
/* Returns the length; the text ends in NUL or the call in -ENAMETOOLONG. */
ssize_t sys_readlinkat(int dir, const char *path, char *buffer, size_t size);
int sys_fstat(int fd, struct stat *ret_stat);
int sys_fstatat(int dir, const char *path, struct stat *ret_stat, int flags);
int sys_fstatfs(int fd, struct statfs *ret_statfs);
int sys_statfs(const char *path, struct statfs *ret_statfs);
int sys_fchmodat(int dir, const char *path, mode_t mode);
int sys_fchmod(int fd, mode_t mode);
int sys_fchown(int fd, uid_t uid, gid_t gid);
/* fchownat(2); AT_EMPTY_PATH is allowed. */
int sys_fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags);
int sys_ftruncate(int fd, off_t size);
int sys_fsync(int fd);
/* All of the file system that FD is in. */
int sys_syncfs(int fd);
/* LOCK_EX, LOCK_SH, LOCK_UN, LOCK_NB of flock(2). */
int sys_flock(int fd, int operation);
int sys_faccessat(int dir, const char *path, int mode, int flags);
ssize_t sys_getdents64(int fd, void *buffer, size_t size);
int sys_pipe2(int ret_fds[2], int flags);
/* Duplicate onto the lowest free number >= LOWEST, close-on-exec. */
int sys_dup_above(int fd, int lowest);
int sys_dup3(int from, int to, int flags);
int sys_set_cloexec(int fd, int on);
/* 1 if FD is close-on-exec, 0 if not. */
int sys_get_cloexec(int fd);
/* F_GETFL and F_SETFL. */
int sys_get_status_flags(int fd);
int sys_set_status_flags(int fd, int flags);
int sys_memfd_create(const char *name, unsigned int flags);
int sys_add_seals(int fd, int seals);
int sys_get_seals(int fd);
ssize_t sys_sendfile(int to, int from, off_t *offset, size_t size);
int sys_eventfd(void); /* reading it does not wait */
int sys_inotify_init(int flags);
int sys_inotify_add_watch(int fd, const char *path, uint32_t mask);
/* Names one after the other, each with its NUL. Returns their bytes. */
ssize_t sys_flistxattr(int fd, char *names, size_t size);
ssize_t sys_fgetxattr(int fd, const char *name, void *value, size_t size);
int sys_fsetxattr(int fd, const char *name, const void *value, size_t size);
