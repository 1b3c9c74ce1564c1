/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes of the container, and the links beside them in /dev. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "plan/mounts.h"

#define DEFAULT_MODE 0666
#define MAJOR_MAX    0xfff
#define MINOR_MAX    0xfffff

/* What every container has, listed or not. */
static const struct {
	const char *path;
	int64_t major;
	int64_t minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },    { "/dev/zero", 1, 5 },
	{ "/dev/full", 1, 7 },    { "/dev/random", 1, 8 },
	{ "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct plan_link dev_links[] = {
	{ .path = "/dev/fd", .target = "/proc/self/fd" },
	{ .path = "/dev/stdin", .target = "/proc/self/fd/0" },
	{ .path = "/dev/stdout", .target = "/proc/self/fd/1" },
	{ .path = "/dev/stderr", .target = "/proc/self/fd/2" },
	{ .path = "/dev/core", .target = "/proc/kcore", .if_exists = true },
	{ .path = "/dev/ptmx", .target = "pts/ptmx", .replace = true },
};

/* dev_t as Linux lays it out. */
static uint64_t device_number(uint64_t major, uint64_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffULL) << 12;
}

static uint32_t mode_of(const struct oci_device *device)
{
	uint32_t mode = device->file_mode.set ? device->file_mode.value & 07777
	                                      : DEFAULT_MODE;

	switch (device->type) {
	case OCI_DEVICE_CHAR: return S_IFCHR | mode;
	case OCI_DEVICE_BLOCK: return S_IFBLK | mode;
	case OCI_DEVICE_FIFO: return S_IFIFO | mode;
	case OCI_DEVICE_ALL: break;
	}
	return 0;
}

/* A node as it was asked for, where runf is root enough to make one. */
static void ask_for_node(const struct planner *p,
                         const struct oci_device *device,
                         struct plan_source *source)
{
	const struct oci_linux *config = p->spec->linux_;
	const struct facts *facts = p->facts;

	if (!device->file_mode.set && device->uid == 0 && device->gid == 0)
		return;
	if (!p->options->node || facts->uid != 0 || facts->user_namespace ||
	    !(facts->caps & UINT64_C(1) << CAP_MKNOD) ||
	    !(p->plan->ns.created & CLONE_NEWUSER) ||
	    !plan_map_id(&config->uid_mappings, device->uid, &source->uid) ||
	    !plan_map_id(&config->gid_mappings, device->gid, &source->gid))
		return;
	source->kind = PLAN_SOURCE_NODE;
	source->path = arena_printf(p->arena, "%s%zu", p->options->node,
	                            p->plan->sources_count);
	source->mode = mode_of(device);
}

/*
 * mknod(2) is not for a user namespace: it gets the host's nodes, or one that
 * is made outside if another owner or mode than theirs is asked for.
 */
static void add_source(struct planner *p, const struct oci_device *config,
                       struct plan_device *device)
{
	struct plan_source source = {
		.kind = PLAN_SOURCE_DEVICE,
		.path = device->path,
		.device = device->device,
		.mode = device->mode & S_IFMT,
	};

	ask_for_node(p, config, &source);
	device->bind = true;
	device->source = planner_add_source(p, &source);
}

static int add_device(struct planner *p, const struct oci_device *device,
                      struct error *err)
{
	const char *path = path_clean(p->arena, device->path);
	uint32_t mode = mode_of(device);
	struct plan_device *planned;

	if (!path_is_absolute(device->path) || str_equal(path, "/"))
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "\"%s\" is no path for a device",
		                 device->path);
	if (!mode)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "%s: there is no node of type \"a\"", path);
	planned = &planner_add_step(p, PLAN_STEP_DEVICE)->device;
	planned->path = path;
	planned->mode = mode;
	planned->uid = device->uid;
	planned->gid = device->gid;
	if (S_ISFIFO(mode))
		return 0;
	if (device->major < 0 || device->major > MAJOR_MAX ||
	    device->minor < 0 || device->minor > MINOR_MAX)
		return error_set(err, ERROR_CONFIG, -EINVAL,
		                 "%s: there is no device %lld:%lld", path,
		                 (long long)device->major,
		                 (long long)device->minor);
	planned->device =
		device_number((uint64_t)device->major, (uint64_t)device->minor);
	if (plan_in_user_namespace(p))
		add_source(p, device, planned);
	return 0;
}

static bool is_listed(struct planner *p, const char *path)
{
	const struct oci_linux *config = p->spec->linux_;
	size_t i;

	for (i = 0; config && i < config->devices_count; i++) {
		if (str_equal(path_clean(p->arena, config->devices[i].path),
		              path))
			return true;
	}
	return false;
}

static int add_default_devices(struct planner *p, struct error *err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(default_devices); i++) {
		struct oci_device device = {
			.type = OCI_DEVICE_CHAR,
			.path = default_devices[i].path,
			.major = default_devices[i].major,
			.minor = default_devices[i].minor,
		};
		int result = 0;

		if (!is_listed(p, device.path))
			result = add_device(p, &device, err);
		if (result < 0)
			return result;
	}
	return 0;
}

static void add_links(struct planner *p)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dev_links); i++)
		planner_add_step(p, PLAN_STEP_LINK)->link = dev_links[i];
}

int plan_devices(struct planner *p, struct error *err)
{
	const struct oci_linux *config = p->spec->linux_;
	/* A /dev of the host has its nodes; none is to be added to it. */
	bool host_dev = mounts_bind_dev(p);
	int result = 0;
	size_t i;

	if (!host_dev)
		result = add_default_devices(p, err);
	if (result < 0)
		return result;
	for (i = 0; config && i < config->devices_count; i++) {
		const struct oci_device *device = &config->devices[i];

		if (host_dev &&
		    path_is_within(path_clean(p->arena, device->path), "/dev"))
			continue;
		if (add_device(p, device, err) < 0)
			return error_wrap(err, "linux.devices[%zu]", i);
	}
	if (!host_dev)
		add_links(p);
	return 0;
}
