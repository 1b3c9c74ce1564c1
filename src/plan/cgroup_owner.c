/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the container's root shall own its cgroup, as systemd inside wants. */
#include <linux/sched.h>

#include "base/str.h"
#include "plan/cgroup.h"

static bool has_new_cgroup_namespace(const struct oci_linux *linux_)
{
	size_t i;

	for (i = 0; i < linux_->namespaces_count; i++)
		if (linux_->namespaces[i].type == CLONE_NEWCGROUP)
			return !linux_->namespaces[i].path;
	return false;
}

static bool is_writable_cgroup_mount(const struct oci_mount *mount)
{
	size_t i;

	if (!str_equal(mount->destination, "/sys/fs/cgroup") || !mount->type ||
	    (!str_equal(mount->type, "cgroup") &&
	     !str_equal(mount->type, "cgroup2")))
		return false;
	for (i = 0; i < mount->options.count; i++)
		if (str_equal(mount->options.items[i], "ro"))
			return false;
	return true;
}

static bool has_writable_cgroup_mount(const struct oci_spec *spec)
{
	size_t i;

	for (i = 0; i < spec->mounts_count; i++)
		if (is_writable_cgroup_mount(&spec->mounts[i]))
			return true;
	return false;
}

void cgroup_decide_owner(struct planner *p)
{
	const struct oci_spec *spec = p->spec;
	struct plan_cgroup *cgroup = &p->plan->cgroup;
	uint32_t uid;

	if (cgroup->mode != PLAN_CGROUP_V2 || !spec->linux_ || !spec->process)
		return;
	if (!has_new_cgroup_namespace(spec->linux_) ||
	    !has_writable_cgroup_mount(spec))
		return;
	if (!plan_map_id(&spec->linux_->uid_mappings, spec->process->user.uid,
	                 &uid) ||
	    uid == p->facts->uid)
		return;
	cgroup->owner = (struct opt_u32){ .set = true, .value = uid };
}
