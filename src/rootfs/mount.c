/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of the container: made detached, finished, then attached. */
#include "sys/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/process.h"

/* The inode of a procfs's own root. */
#define PROC_ROOT_INO 1

#define MESSAGE_SIZE 256
#define MODE_SIZE    16

int mount_attach(int tree, int target)
{
	return sys_move_mount(tree, "", target, "",
	                      MOVE_MOUNT_F_EMPTY_PATH |
	                              MOVE_MOUNT_T_EMPTY_PATH);
}

int mount_clone(int fd, unsigned int flags)
{
	return sys_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | flags);
}

/* ---- attributes */

/*
 * A bind's mounts are peers of the host's. A propagation that is for the top
 * only has to cut off what lies below as well, or the container could mount
 * into the host there. Only "shared" asks for just that.
 */
static uint64_t propagation_below(const struct plan_mount *m)
{
	if (m->propagation_recursive)
		return m->propagation;
	if (m->kind == PLAN_MOUNT_BIND && m->propagation != MS_SHARED)
		return MS_SLAVE;
	return 0;
}

/* One call for a single mount; for a tree, all of it and then its top. */
static int try_attributes(struct rootfs *rootfs, int tree, bool recursive,
                          const struct plan_mount *m, uint64_t clear)
{
	const struct attr single = { (m->recursive_set & ~clear) | m->set,
		                     m->recursive_clear | clear,
		                     m->propagation };
	const struct attr all = { m->recursive_set, m->recursive_clear,
		                  propagation_below(m) };
	const struct attr top = { m->set, clear,
		                  m->propagation_recursive ? 0
		                                           : m->propagation };
	int result;

	if (!recursive)
		return attr_set(rootfs, tree, 0, &single);
	result = attr_set(rootfs, tree, AT_RECURSIVE, &all);
	return result < 0 ? result : attr_set(rootfs, tree, 0, &top);
}

static int finish_tree(struct rootfs *rootfs, int tree, bool recursive,
                       const struct plan_mount *m, struct error *err)
{
	int result = try_attributes(rootfs, tree, recursive, m, m->clear);

	if (result == -EPERM && m->may_lack_attr)
		result = try_attributes(rootfs, tree, recursive, m, 0);
	if (result == -EPERM)
		return error_system(err, result,
		                    "change attributes that are locked");
	if (result < 0)
		return error_system(err, result, "set mount attributes");
	return 0;
}

/* ---- a new instance of a file system */

static int fs_error(int fs, int code, const char *what, struct error *err)
{
	char message[MESSAGE_SIZE];

	sys_fs_message(fs, message, sizeof(message));
	if (*message)
		return error_system(err, code, "%s: %s", what, message);
	return error_system(err, code, "%s", what);
}

static int set_parameter(int fs, const char *key, const char *value,
                         struct error *err)
{
	int result = sys_fsconfig_set(fs, key, value);
	char what[MESSAGE_SIZE];

	if (result >= 0)
		return 0;
	snprintf(what, sizeof(what), "option %s%s%s", key, value ? "=" : "",
	         value ? value : "");
	return fs_error(fs, result, what, err);
}

/* D042: a tmpfs looks like the directory it covers, if there was one. */
static int copy_mode(int fs, const struct target *target, struct error *err)
{
	struct stat found;
	char mode[MODE_SIZE];
	int result;

	if (target->made)
		return 0;
	result = sys_fstat(target->fd, &found);
	if (result < 0)
		return error_system(err, result, "stat");
	snprintf(mode, sizeof(mode), "%o", found.st_mode & 07777);
	return set_parameter(fs, "mode", mode, err);
}

static bool is_readonly(const struct plan_mount *m)
{
	size_t i;

	for (i = 0; i < m->options_count; i++)
		if (str_equal(m->options[i].key, "ro"))
			return true;
	return false;
}

static int configure(int fs, const struct plan_mount *m,
                     const struct target *target, struct error *err)
{
	char name[LOOP_PATH_SIZE];
	auto_close int device = -1;
	const char *origin = m->origin;
	int result = 0;
	size_t i;

	if (m->loop) {
		result = device =
			loop_attach(origin, is_readonly(m), name, err);
		origin = name;
	}
	if (result >= 0 && origin)
		result = set_parameter(fs, "source", origin, err);
	for (i = 0; result == 0 && i < m->options_count; i++)
		result = set_parameter(fs, m->options[i].key,
		                       m->options[i].value, err);
	if (result == 0 && m->copy_mode)
		result = copy_mode(fs, target, err);
	if (result < 0)
		return result;
	result = sys_fsconfig_create(fs);
	return result < 0 ? fs_error(fs, result, m->type, err) : 0;
}

/* The root's own label, as a new instance has no option for it. */
static int set_label(int tree, const char *label, struct error *err)
{
	auto_close int root = sys_openat(tree, ".", O_RDONLY | O_DIRECTORY, 0);
	int result = root;

	if (result >= 0)
		result = sys_fsetxattr(root, "security.selinux", label,
		                       strlen(label) + 1);
	return result < 0 ? error_system(err, result, "label \"%s\"", label)
	                  : 0;
}

int mount_make(const struct plan_mount *m, const struct target *target,
               int *ret_tree, struct error *err)
{
	auto_close int fs = sys_fsopen(m->type);
	auto_close int tree = -1;
	int result;

	if (fs < 0)
		return error_system(err, fs, "file system %s", m->type);
	result = configure(fs, m, target, err);
	if (result < 0)
		return result;
	tree = sys_fsmount(fs, (unsigned int)(m->set & ~m->late));
	if (tree < 0)
		return fs_error(fs, tree, m->type, err);
	if (m->label)
		result = set_label(tree, m->label, err);
	if (result < 0)
		return result;
	if (m->copy_up && copy_up(target->fd, tree, err) < 0)
		return error_wrap(err, "copy what is there");
	*ret_tree = take_fd(&tree);
	return 0;
}

/* What an instance is not told while it is made. */
static int finish_instance(struct rootfs *rootfs, int tree,
                           const struct plan_mount *m, struct error *err)
{
	const struct attr attr = { m->late, 0, m->propagation };
	int result = attr_set(rootfs, tree, 0, &attr);

	return result < 0 ? error_system(err, result, "set mount attributes")
	                  : 0;
}

/* What the host has, with at least the restrictions that were asked for. */
static int use_fallback(struct rootfs *rootfs, const struct plan_mount *m,
                        int *ret_tree, struct error *err)
{
	struct rootfs_source source = { .fd = -1 };
	const struct attr restricted = { m->set, 0, MS_PRIVATE };
	auto_close int own = -1;
	int result = source_get(rootfs, (size_t)m->fallback_source, &source,
	                        &own, err);

	if (result < 0)
		return result;
	result = attr_set(rootfs, source.fd, AT_RECURSIVE, &restricted);
	if (result < 0)
		return error_system(err, result, "set mount attributes");
	result = own >= 0 ? take_fd(&own) : sys_dup_above(source.fd, 0);
	if (result < 0)
		return error_system(err, result, "dup");
	*ret_tree = result;
	return 0;
}

/* ---- attached */

/* The magic number that has to be found at the destination, or 0. */
static int64_t expected_magic(const struct plan_mount *m)
{
	if (m->kind != PLAN_MOUNT_FS)
		return 0;
	if (str_equal(m->type, "proc"))
		return PROC_SUPER_MAGIC;
	return str_equal(m->type, "sysfs") ? SYSFS_MAGIC : 0;
}

/*
 * A mount stays with its directory when that is renamed, so another process
 * may have put a different one in its place meanwhile.
 */
static int verify_place(struct rootfs *rootfs, const struct plan_mount *m,
                        struct error *err)
{
	int64_t magic = expected_magic(m);
	auto_close int fd = -1;
	struct statfs found;
	int result;

	if (!magic)
		return 0;
	fd = target_open_existing(rootfs, m->destination, true);
	result = fd < 0 ? fd : sys_fstatfs(fd, &found);
	if (result < 0)
		return error_system(err, result, "find it again");
	if ((int64_t)found.f_type != magic)
		return error_set(err, ERROR_SYSTEM, -EXDEV,
		                 "something else has taken its place");
	return 0;
}

/* EINVAL is all the kernel says of a directory on a file: clients want more. */
static int attach_error(int result, int tree, int target)
{
	struct stat above;
	struct stat below;

	if (result == -EINVAL && sys_fstat(tree, &above) == 0 &&
	    sys_fstat(target, &below) == 0 &&
	    S_ISDIR(above.st_mode) != S_ISDIR(below.st_mode))
		return -ENOTDIR;
	return result;
}

/* Attach TREE, and keep what later steps need. */
static int place_tree(struct rootfs *rootfs, const struct plan_mount *m,
                      int tree, int target, struct error *err)
{
	int *keep = NULL;
	int result = mount_attach(tree, target);

	if (result < 0)
		return error_system(err, attach_error(result, tree, target),
		                    "attach");
	target_forget(rootfs, m->destination);
	if (str_equal(m->destination, "/"))
		keep = &rootfs->root;
	else if (m->is_proc && !(m->set & MOUNT_ATTR_RDONLY))
		keep = &rootfs->proc;
	if (keep) {
		result = sys_dup_above(tree, 0);
		if (result < 0)
			return error_system(err, result, "dup");
		fd_close(keep);
		*keep = result;
	}
	return verify_place(rootfs, m, err);
}

/*
 * With options that are too long for fsconfig(2): mount(2) on the directory
 * that we are in, which no link can lead away from. The new mount is looked
 * up anew for what is left to do: it has to be one, on top of what PLACE is.
 */
static int mount_by_path(struct rootfs *rootfs, const struct plan_mount *m,
                         int place, struct error *err)
{
	static const uint64_t same = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
	                             MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	auto_close int tree = -1;
	struct stat below;
	struct stat found;
	int result = sys_fchdir(place);

	if (result == 0)
		result =
			sys_mount(m->origin ? m->origin : m->type, ".", m->type,
		                  (m->set & same) | m->data_flags, m->data);
	if (result < 0)
		return error_system(err, result, "%s", m->type);
	target_forget(rootfs, m->destination);
	tree = target_open_existing(rootfs, m->destination, m->no_follow);
	result = tree < 0 ? tree : sys_fstat(tree, &found);
	if (result == 0)
		result = sys_fstat(place, &below);
	if (result < 0)
		return error_system(err, result, "find it again");
	if (found.st_dev == below.st_dev)
		return error_set(err, ERROR_SYSTEM, -EXDEV,
		                 "something else has taken its place");
	return finish_tree(rootfs, tree, false, m, err);
}

static int mount_fs(struct rootfs *rootfs, const struct plan_mount *m,
                    struct error *err)
{
	struct target target = { .fd = -1 };
	auto_close int place = -1;
	auto_close int tree = -1;
	int result = target_open(rootfs, m->destination, S_IFDIR, m->no_follow,
	                         &target, err);

	if (result < 0)
		return result;
	place = target.fd;
	if (m->data)
		return mount_by_path(rootfs, m, place, err);
	result = mount_make(m, &target, &tree, err);
	if ((result == -EPERM || result == -EBUSY) && m->fallback_source >= 0)
		result = use_fallback(rootfs, m, &tree, err);
	if (result == 0 && !rootfs->remount)
		result = finish_instance(rootfs, tree, m, err);
	if (result == 0)
		result = place_tree(rootfs, m, tree, place, err);
	if (result == 0 && rootfs->remount)
		result = finish_instance(rootfs, tree, m, err);
	return result;
}

/* ---- made by the parent */

int rootfs_make_beside(const struct plan_mount *mount, int *ret_fd,
                       struct error *err)
{
	if (mount_make(mount, NULL, ret_fd, err) < 0)
		return error_wrap(err, "mount %s", mount->destination);
	return 0;
}

int rootfs_place_beside(struct rootfs *rootfs, const struct plan_mount *mount,
                        int fd, struct error *err)
{
	auto_close int place = -1;
	int result = rootfs_open_target(rootfs, mount->destination, S_IFDIR,
	                                mount->no_follow, &place, err);

	if (result == 0)
		result = place_tree(rootfs, mount, fd, place, err);
	if (result == 0)
		result = finish_instance(rootfs, fd, mount, err);
	if (result < 0)
		return error_wrap(err, "mount %s", mount->destination);
	return 0;
}

/* ---- binds */

/* Only a procfs as a whole may stand at /proc. */
static int check_proc(int tree, struct error *err)
{
	struct statfs fs = { 0 };
	struct stat root = { 0 };

	if (sys_fstatfs(tree, &fs) < 0 || sys_fstat(tree, &root) < 0 ||
	    fs.f_type != PROC_SUPER_MAGIC || root.st_ino != PROC_ROOT_INO)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "the source is no procfs");
	return 0;
}

/* The same link in the container, instead of a mount. */
static int copy_link(struct rootfs *rootfs, const struct plan_mount *m,
                     int source, struct error *err)
{
	char target[PATH_MAX];
	char found[PATH_MAX];
	const char *name;
	ssize_t length = sys_readlinkat(source, "", target, sizeof(target));
	int dir = target_open_parent(rootfs, m->destination, &name, err);
	int result;

	if (dir < 0)
		return dir;
	if (length < 0)
		return error_system(err, (int)length, "read the link");
	result = sys_symlinkat(target, dir, name);
	if (result == -EEXIST &&
	    sys_readlinkat(dir, name, found, sizeof(found)) >= 0 &&
	    str_equal(found, target))
		return 0;
	if (result < 0)
		return error_system(err, result, "make the link");
	return 0;
}

/* A tmpfs that the parent made: what it could not see of the target. */
static int fill_source(const struct plan_mount *m, int tree,
                       const struct target *target, struct error *err)
{
	struct stat found;
	int result = 0;

	if (m->copy_mode && !target->made) {
		result = sys_fstat(target->fd, &found);
		if (result == 0)
			result = sys_fchmodat(tree, ".", found.st_mode & 07777);
	}
	if (result < 0)
		return error_system(err, result, "take its mode");
	if (m->copy_up && copy_up(target->fd, tree, err) < 0)
		return error_wrap(err, "copy what is there");
	return 0;
}

static int mount_bind(struct rootfs *rootfs, const struct plan_mount *m,
                      struct error *err)
{
	bool recursive = rootfs->planned[m->source].recursive;
	struct target target = { .fd = -1 };
	struct rootfs_source source = { .fd = -1 };
	auto_close int own = -1;
	auto_close int place = -1;
	mode_t kind;
	int result = source_get(rootfs, m->source, &source, &own, err);

	if (result == 0 && m->is_proc)
		result = check_proc(source.fd, err);
	if (result < 0)
		return result;
	if (m->copy_symlink && source.type == S_IFLNK)
		return copy_link(rootfs, m, source.fd, err);
	kind = source.type == S_IFDIR ? S_IFDIR : S_IFREG;
	if (m->on_link && !m->no_follow)
		result = target_open_link(rootfs, m->destination, kind, &target,
		                          err);
	else
		result = target_open(rootfs, m->destination, kind, m->no_follow,
		                     &target, err);
	place = target.fd;
	if (result == 0)
		result = fill_source(m, source.fd, &target, err);
	if (result == 0 && !rootfs->remount)
		result = finish_tree(rootfs, source.fd, recursive, m, err);
	if (result == 0)
		result = place_tree(rootfs, m, source.fd, place, err);
	if (result == 0 && rootfs->remount)
		result = finish_tree(rootfs, source.fd, recursive, m, err);
	return result;
}

/*
 * The whole root. It lies where config.json says, for hooks that look for it
 * there, and so that it can become the root.
 */
int mount_root(struct rootfs *rootfs, const struct plan_mount *m,
               struct error *err)
{
	struct rootfs_source source = { .fd = -1 };
	bool recursive = rootfs->planned[m->source].recursive;
	auto_close int own = -1;
	auto_close int place =
		sys_openat(AT_FDCWD, m->origin, O_PATH | O_DIRECTORY, 0);
	int result = place;

	if (place < 0)
		return error_system(err, place, "open rootfs %s", m->origin);
	result = source_get(rootfs, m->source, &source, &own, err);
	if (result == 0 && !rootfs->remount)
		result = finish_tree(rootfs, source.fd, recursive, m, err);
	if (result < 0)
		return result;
	result = mount_attach(source.fd, place);
	if (result < 0)
		return error_system(err, attach_error(result, source.fd, place),
		                    "mount rootfs %s", m->origin);
	if (rootfs->remount)
		result = finish_tree(rootfs, source.fd, recursive, m, err);
	if (result < 0)
		return result;
	result = sys_dup_above(source.fd, 0);
	if (result < 0)
		return error_system(err, result, "dup");
	rootfs->root = result;
	rootfs->own_mounts = true;
	sys_umask(SETUP_UMASK);
	return 0;
}

static int change_mount(struct rootfs *rootfs, const struct plan_mount *m,
                        struct error *err)
{
	auto_close int fd =
		target_open_existing(rootfs, m->destination, m->no_follow);

	if (fd < 0)
		return error_system(err, fd, "find it");
	return finish_tree(rootfs, fd, true, m, err);
}

static int apply(struct rootfs *rootfs, const struct plan_mount *m,
                 struct error *err)
{
	switch (m->kind) {
	case PLAN_MOUNT_FS: return mount_fs(rootfs, m, err);
	case PLAN_MOUNT_BIND: return mount_bind(rootfs, m, err);
	case PLAN_MOUNT_ATTR: return change_mount(rootfs, m, err);
	case PLAN_MOUNT_INNER: break;
	}
	return error_set(err, ERROR_INTERNAL, -EINVAL, "no kind of mount");
}

int mount_apply(struct rootfs *rootfs, const struct plan_mount *mount,
                struct error *err)
{
	if (apply(rootfs, mount, err) < 0)
		return error_wrap(err, "mount %s", mount->destination);
	return 0;
}
