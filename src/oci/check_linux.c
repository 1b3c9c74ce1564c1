/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for `linux`: namespaces and what needs them, devices, time. */
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>

#include "oci/internal.h"

#ifndef CLONE_NEWTIME
#	define CLONE_NEWTIME 0x00000080
#endif

/* The kernel's dev_t has 12 bits for the major and 20 for the minor. */
#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff
#define NANOSECS  UINT32_C(1000000000)

static void check_namespaces(struct oci_reader *r, const struct oci_linux *l)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < l->namespaces_count; i++) {
		uint64_t type = (uint64_t)l->namespaces[i].type;

		if (seen & type)
			oci_fault(r,
			          oci_path(r, "linux.namespaces[%zu].type", i),
			          "\"%s\" is given twice",
			          str_name_of(oci_namespace_types, type));
		seen |= type;
	}
}

static bool is_mapped(const struct oci_id_mappings *map, uint32_t id)
{
	for (size_t i = 0; i < map->count; i++)
		if (id >= map->items[i].container_id &&
		    id - map->items[i].container_id < map->items[i].size)
			return true;
	return false;
}

/* setuid() to an id without mapping fails. */
static void check_user_is_mapped(struct oci_reader *r,
                                 const struct oci_spec *spec)
{
	const struct oci_user *user = &spec->process->user;

	if (!is_mapped(&spec->linux_->uid_mappings, user->uid))
		oci_fault(r, "process.user.uid",
		          "%u is not mapped in the user namespace", user->uid);
	if (!is_mapped(&spec->linux_->gid_mappings, user->gid))
		oci_fault(r, "process.user.gid",
		          "%u is not mapped in the user namespace", user->gid);
	for (size_t i = 0; i < user->additional_gids_count; i++) {
		uint32_t gid = user->additional_gids[i];

		if (!is_mapped(&spec->linux_->gid_mappings, gid))
			oci_fault(
				r,
				oci_path(r, "process.user.additionalGids[%zu]",
			                 i),
				"%u is not mapped in the user namespace", gid);
	}
}

static void check_user_namespace(struct oci_reader *r,
                                 const struct oci_spec *spec)
{
	const struct oci_linux *l = spec->linux_;
	const struct oci_namespace *user;
	struct oci_mapping_pair maps = { &l->uid_mappings, &l->gid_mappings };
	bool mapped = maps.uid->count || maps.gid->count;

	user = oci_find_namespace(spec, CLONE_NEWUSER);
	if (mapped && !user)
		oci_fault(r,
		          maps.uid->count ? "linux.uidMappings"
		                          : "linux.gidMappings",
		          "needs a user namespace");
	oci_check_mappings(r, "linux.", maps);
	if (user && !user->path && maps.uid->count && maps.gid->count &&
	    spec->process)
		check_user_is_mapped(r, spec);
}

static void check_time_offsets(struct oci_reader *r,
                               const struct oci_spec *spec)
{
	const struct oci_time_offset *monotonic = &spec->linux_->monotonic;
	const struct oci_time_offset *boottime = &spec->linux_->boottime;
	const struct oci_namespace *time;

	if (!monotonic->set && !boottime->set)
		return;
	time = oci_find_namespace(spec, CLONE_NEWTIME);
	if (!time || time->path)
		oci_fault(r, "linux.timeOffsets", "needs a new time namespace");
	if (monotonic->nanosecs >= NANOSECS)
		oci_fault(r, "linux.timeOffsets.monotonic.nanosecs",
		          "%u is a second or more", monotonic->nanosecs);
	if (boottime->nanosecs >= NANOSECS)
		oci_fault(r, "linux.timeOffsets.boottime.nanosecs",
		          "%u is a second or more", boottime->nanosecs);
}

static void check_number(struct oci_reader *r, const char *name, size_t i,
                         int64_t number, int64_t max)
{
	if (number < 0 || number > max)
		oci_fault(r, oci_path(r, "linux.devices[%zu].%s", i, name),
		          "%" PRIi64 " is out of range (0 to %" PRIi64 ")",
		          number, max);
}

static void check_devices(struct oci_reader *r, const struct oci_linux *l)
{
	for (size_t i = 0; i < l->devices_count; i++) {
		const struct oci_device *device = &l->devices[i];

		check_number(r, "major", i, device->major, MAJOR_MAX);
		check_number(r, "minor", i, device->minor, MINOR_MAX);
	}
}

/* Without a mount namespace of its own the container's masks hit the host. */
static void check_hidden_paths(struct oci_reader *r,
                               const struct oci_spec *spec)
{
	if (oci_find_namespace(spec, CLONE_NEWNS))
		return;
	if (spec->linux_->masked_paths.count)
		oci_fault(r, "linux.maskedPaths", "needs a mount namespace");
	if (spec->linux_->readonly_paths.count)
		oci_fault(r, "linux.readonlyPaths", "needs a mount namespace");
}

static void check_memory_policy(struct oci_reader *r,
                                const struct oci_memory_policy *policy)
{
	static const char at[] = "linux.memoryPolicy.nodes";
	const char *mode =
		str_name_of(oci_memory_modes, (uint64_t)policy->mode);

	oci_check_numbers(r, at, "", policy->nodes);
	if (policy->mode < 0) /* an echo of a word that is not one */
		return;
	switch ((enum oci_memory_mode)policy->mode) {
	case OCI_MPOL_DEFAULT:
	case OCI_MPOL_LOCAL:
		if (policy->nodes)
			oci_fault(r, at, "%s takes none", mode);
		break;
	case OCI_MPOL_BIND:
	case OCI_MPOL_INTERLEAVE:
	case OCI_MPOL_PREFERRED_MANY:
	case OCI_MPOL_WEIGHTED_INTERLEAVE:
		if (!policy->nodes)
			oci_fault(r, at, "missing: %s needs them", mode);
		break;
	case OCI_MPOL_PREFERRED: break;
	}
}

/* The class is a directory below resctrl, and nothing else (D023). */
void oci_check_intel_rdt(struct oci_reader *r, const char *at,
                         const struct oci_intel_rdt *rdt)
{
	const char *id = rdt->clos_id;

	if (id && !str_equal(id, "/") &&
	    (strchr(id, '/') || str_equal(id, ".") || str_equal(id, "..")))
		oci_fault(r, oci_path(r, "%s.closID", at),
		          "%s is not a name of a class", oci_quote(r, id));
	for (size_t i = 0; i < rdt->schemata.count; i++)
		if (strchr(rdt->schemata.items[i], '\n'))
			oci_fault(r, oci_path(r, "%s.schemata[%zu]", at, i),
			          "must be one line");
}

/* As the kernel's dev_valid_name(); a template has one %d. */
static bool is_net_name(const char *name, bool template)
{
	const char *percent = strchr(name, '%');

	return *name && strlen(name) < IFNAMSIZ && !str_equal(name, ".") &&
	       !str_equal(name, "..") &&
	       !name[strcspn(name, "/: \t\n\v\f\r")] &&
	       (!percent ||
	        (template && percent[1] == 'd' && !strchr(percent + 1, '%')));
}

static void check_net_device(struct oci_reader *r, const struct oci_linux *l,
                             size_t i)
{
	const struct oci_net_device *device = &l->net_devices[i];
	const char *path = oci_path(r, "linux.netDevices%s",
	                            json_path_step(r->arena, device->name));

	if (!is_net_name(device->name, false))
		oci_fault(r, path, "%s is not the name of a network device",
		          oci_quote(r, device->name));
	else if (!is_net_name(device->target, true))
		oci_fault(r, oci_path(r, "%s.name", path),
		          "%s is not the name of a network device",
		          oci_quote(r, device->target));
	for (size_t j = 0; j < i; j++)
		if (str_equal(l->net_devices[j].target, device->target) &&
		    !strchr(device->target, '%'))
			oci_fault(r, path, "%s is the name of another one too",
			          oci_quote(r, device->target));
}

static void check_net_devices(struct oci_reader *r, const struct oci_spec *spec)
{
	const struct oci_linux *l = spec->linux_;

	if (l->net_devices_count && !oci_find_namespace(spec, CLONE_NEWNET))
		oci_fault(r, "linux.netDevices", "needs a network namespace");
	for (size_t i = 0; i < l->net_devices_count; i++)
		check_net_device(r, l, i);
}

void oci_check_linux(struct oci_reader *r, const struct oci_spec *spec)
{
	const struct oci_linux *l = spec->linux_;

	check_namespaces(r, l);
	check_user_namespace(r, spec);
	check_time_offsets(r, spec);
	check_devices(r, l);
	check_hidden_paths(r, spec);
	check_net_devices(r, spec);
	oci_check_sysctl(r, spec);
	if (l->resources.set)
		oci_check_resources(r, "linux.resources.", &l->resources);
	if (l->memory_policy.set)
		check_memory_policy(r, &l->memory_policy);
	if (l->intel_rdt.set)
		oci_check_intel_rdt(r, "linux.intelRdt", &l->intel_rdt);
	if (l->seccomp.set)
		oci_check_seccomp(r, spec);
}
