/* SPDX-License-Identifier: Apache-2.0 */
/* The container's file tree: the interpreter of its steps. */
#include "rootfs/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>

#include "base/fd.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"

void rootfs_begin(struct rootfs *rootfs, const struct plan *plan,
                  const struct rootfs_source *sources)
{
	*rootfs = (struct rootfs){
		.root = -1,
		.proc = -1,
		.null = -1,
		.empty = -1,
		.parent = -1,
		.remount = plan->remount,
		.label = plan->mount_label,
		.label_key = plan->mount_label_key,
		.planned = plan->sources,
		.sources = sources,
		.sources_count = plan->sources_count,
	};
}

void rootfs_end(struct rootfs *rootfs)
{
	fd_close(&rootfs->root);
	fd_close(&rootfs->proc);
	fd_close(&rootfs->null);
	fd_close(&rootfs->empty);
	fd_close(&rootfs->parent);
}

int rootfs_apply(struct rootfs *rootfs, const struct plan_step *step,
                 struct error *err)
{
	switch (step->kind) {
	case PLAN_STEP_CUT: return root_cut(step->flags, err);
	case PLAN_STEP_ROOT: return root_attach(rootfs, step->text, err);
	case PLAN_STEP_ROOT_MOUNT: return mount_root(rootfs, &step->mount, err);
	case PLAN_STEP_HOST_ROOT: return root_use_host(rootfs, step->text, err);
	case PLAN_STEP_MOUNT: return mount_apply(rootfs, &step->mount, err);
	case PLAN_STEP_DEVICE: return node_make(rootfs, &step->device, err);
	case PLAN_STEP_LINK: return node_link(rootfs, &step->link, err);
	case PLAN_STEP_PIVOT: return root_pivot(rootfs, err);
	case PLAN_STEP_MOVE_ROOT: return root_move(rootfs, err);
	case PLAN_STEP_CHROOT: return root_chroot(rootfs, err);
	case PLAN_STEP_PROPAGATION:
		return root_propagate(rootfs, step->flags, err);
	case PLAN_STEP_READONLY_ROOT:
		return root_make_readonly(rootfs, step->text, err);
	case PLAN_STEP_MASK: return mask_hide(rootfs, step->text, err);
	case PLAN_STEP_READONLY:
		return mask_make_readonly(rootfs, step->text, err);
	case PLAN_STEP_NAMESPACE:
	case PLAN_STEP_KEYRING:
	case PLAN_STEP_LOOPBACK:
	case PLAN_STEP_HOSTNAME:
	case PLAN_STEP_DOMAINNAME:
	case PLAN_STEP_CONSOLE:
	case PLAN_STEP_RUNTIME_HOOKS:
	case PLAN_STEP_CONTAINER_HOOKS:
	case PLAN_STEP_WAIT_CGROUP:
	case PLAN_STEP_SYSCTL: break;
	}
	return error_set(err, ERROR_INTERNAL, -EINVAL,
	                 "step %d is none of the file tree", (int)step->kind);
}

static int open_private_proc(void)
{
	auto_close int fs = sys_fsopen("proc");
	int result;

	if (fs < 0)
		return fs;
	result = sys_fsconfig_create(fs);
	if (result < 0)
		return result;
	return sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
	                               MOUNT_ATTR_NOEXEC);
}

int rootfs_proc(struct rootfs *rootfs, struct error *err)
{
	auto_close int proc = -1;
	struct statfs found;
	int result;

	if (rootfs->proc >= 0)
		return rootfs->proc;
	proc = open_private_proc();
	if (proc < 0)
		return error_system(err, proc, "mount a private procfs");
	result = sys_fstatfs(proc, &found);
	if (result < 0 || found.f_type != PROC_SUPER_MAGIC)
		return error_set(err, ERROR_SYSTEM, -EINVAL,
		                 "a new procfs is none");
	rootfs->proc = take_fd(&proc);
	return rootfs->proc;
}
