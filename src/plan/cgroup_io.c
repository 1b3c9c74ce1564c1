/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.blockIO: weights and rates, for both versions. */
#include <errno.h>
#include <inttypes.h>

#include "oci/oci.h"
#include "plan/cgroup.h"

#define WHAT "linux.resources.blockIO"

/* 1 to 10000 for io.weight from 10 to 1000. */
static unsigned int weight_of_iocost(uint16_t weight)
{
	return 1 + (weight - 10U) * 9999 / 990;
}

/* What a rule for one device is called. */
static const char *name_of(struct limits *l, const char *list, size_t index)
{
	return arena_printf(l->arena, WHAT ".%s[%zu]", list, index);
}

/*
 * Who shares by weight is the scheduler bfq, for the devices that use it, or
 * else iocost, which has its own file and scale. KEY is a device or "default".
 */
static void add_v2_weight(struct limits *l, const char *key, uint16_t weight,
                          const char *what)
{
	const char *text = arena_printf(l->arena, "%s %u", key, weight);
	struct plan_cgroup_write *write =
		limits_add(l, "io.bfq.weight", text, what, false);
	bool is_default = str_equal(key, "default");

	write->other_file = "io.weight";
	write->other_value =
		arena_printf(l->arena, "%s %u", key, weight_of_iocost(weight));
	write->undo = is_default ? "default 100"
	                         : arena_printf(l->arena, "%s default", key);
}

/* Before Linux 5.0 the scheduler was cfq, and its files had no name in them. */
static void add_v1_weight(struct limits *l, const char *value, const char *what)
{
	bool is_device = strchr(value, ' ');
	struct plan_cgroup_write *write = limits_add(
		l, is_device ? "blkio.bfq.weight_device" : "blkio.bfq.weight",
		value, what, false);

	write->other_file = is_device ? "blkio.weight_device" : "blkio.weight";
	write->other_value = value;
}

static const char *device_text(struct limits *l, int64_t major, int64_t minor)
{
	return arena_printf(l->arena, "%" PRId64 ":%" PRId64, major, minor);
}

static void add_v1_device(struct limits *l,
                          const struct oci_weight_device *device,
                          const char *what)
{
	const char *key = device_text(l, device->major, device->minor);
	struct plan_cgroup_write *write;

	if (device->weight) {
		add_v1_weight(
			l, arena_printf(l->arena, "%s %u", key, device->weight),
			what);
		l->writes[l->count - 1].undo =
			arena_printf(l->arena, "%s default", key);
	}
	if (device->leaf_weight) {
		write = limits_add(l, "blkio.leaf_weight_device",
		                   arena_printf(l->arena, "%s %u", key,
		                                device->leaf_weight),
		                   what, false);
		write->undo = arena_printf(l->arena, "%s 0", key);
	}
}

struct throttle_row {
	const char *v2; /* key in io.max */
	const char *v1; /* file */
};

static const struct throttle_row throttle_rows[OCI_THROTTLE_KINDS] = {
	[OCI_READ_BPS] = { "rbps=", "blkio.throttle.read_bps_device" },
	[OCI_WRITE_BPS] = { "wbps=", "blkio.throttle.write_bps_device" },
	[OCI_READ_IOPS] = { "riops=", "blkio.throttle.read_iops_device" },
	[OCI_WRITE_IOPS] = { "wiops=", "blkio.throttle.write_iops_device" },
};

static void add_throttle(struct limits *l, bool is_v2,
                         enum oci_throttle_kind kind, size_t index)
{
	const struct oci_throttle *throttle =
		&l->resources->block_io.throttles[kind].items[index];
	const char *key = device_text(l, throttle->major, throttle->minor);
	const char *what = name_of(l, oci_throttle_names[kind], index);
	const char *name = is_v2 ? throttle_rows[kind].v2 : "";
	const char *none = is_v2 ? "max" : "0";
	const char *rate =
		throttle->rate ? limits_unsigned(l, throttle->rate) : none;
	const char *file = is_v2 ? "io.max" : throttle_rows[kind].v1;
	struct plan_cgroup_write *write;

	write = limits_add(l, file,
	                   arena_printf(l->arena, "%s %s%s", key, name, rate),
	                   what, !throttle->rate);
	write->undo = arena_printf(l->arena, "%s %s%s", key, name, none);
}

static void add_throttles(struct limits *l, bool is_v2)
{
	const struct oci_throttles *lists = l->resources->block_io.throttles;
	size_t kind;
	size_t i;

	for (kind = 0; kind < OCI_THROTTLE_KINDS; kind++)
		for (i = 0; i < lists[kind].count; i++)
			add_throttle(l, is_v2, (enum oci_throttle_kind)kind, i);
}

static int refuse_leaf_weight(const char *what, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
	                 "%s: leafWeight: cgroup v2 has none", what);
}

int cgroup_v2_io(struct limits *l, struct error *err)
{
	const struct oci_block_io *io = &l->resources->block_io;
	size_t i;

	if (io->leaf_weight)
		return refuse_leaf_weight(WHAT, err);
	if (io->weight)
		add_v2_weight(l, "default", io->weight, WHAT ".weight");
	for (i = 0; i < io->weight_devices_count; i++) {
		const struct oci_weight_device *device = &io->weight_devices[i];
		const char *what = name_of(l, "weightDevice", i);

		if (device->leaf_weight)
			return refuse_leaf_weight(what, err);
		add_v2_weight(l, device_text(l, device->major, device->minor),
		              device->weight, what);
	}
	add_throttles(l, true);
	return 0;
}

int cgroup_v1_io(struct limits *l, struct error *err)
{
	const struct oci_block_io *io = &l->resources->block_io;
	size_t i;

	(void)err;
	if (io->weight)
		add_v1_weight(l, limits_unsigned(l, io->weight),
		              WHAT ".weight");
	if (io->leaf_weight)
		limits_add(l, "blkio.leaf_weight",
		           limits_unsigned(l, io->leaf_weight),
		           WHAT ".leafWeight", false);
	for (i = 0; i < io->weight_devices_count; i++)
		add_v1_device(l, &io->weight_devices[i],
		              name_of(l, "weightDevice", i));
	add_throttles(l, false);
	return 0;
}
