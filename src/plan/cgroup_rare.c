/* SPDX-License-Identifier: Apache-2.0 */
/* What few containers limit: huge pages, RDMA, and v1's network classes. */
#include <errno.h>
#include <inttypes.h>

#include "base/buf.h"
#include "plan/cgroup.h"

/*
 * Pages in use, and pages promised (rsvd, since Linux 5.7): a program may map
 * what it never touches, and then starve the host all the same.
 */
static void add_hugepages(struct limits *l, const char *suffix)
{
	const struct oci_resources *resources = l->resources;
	size_t i;

	for (i = 0; i < resources->hugepage_limits_count; i++) {
		const struct oci_hugepage_limit *limit =
			&resources->hugepage_limits[i];
		const char *value = limits_unsigned(l, limit->limit);
		const char *what = arena_printf(
			l->arena, "linux.resources.hugepageLimits[%zu]", i);

		limits_add(l,
		           arena_printf(l->arena, "hugetlb.%s.%s",
		                        limit->page_size, suffix),
		           value, what, false);
		limits_add(l,
		           arena_printf(l->arena, "hugetlb.%s.rsvd.%s",
		                        limit->page_size, suffix),
		           value, what, true);
	}
}

int cgroup_v2_hugetlb(struct limits *l, struct error *err)
{
	(void)err;
	add_hugepages(l, "max");
	return 0;
}

int cgroup_v1_hugetlb(struct limits *l, struct error *err)
{
	(void)err;
	add_hugepages(l, "limit_in_bytes");
	return 0;
}

/* The file is the same in both versions. */
int cgroup_rdma(struct limits *l, struct error *err)
{
	size_t i;

	(void)err;
	for (i = 0; i < l->resources->rdma_count; i++) {
		const struct oci_rdma *rdma = &l->resources->rdma[i];
		struct buf value = { .arena = l->arena };
		struct buf undo = { .arena = l->arena };
		struct plan_cgroup_write *write;

		buf_add_str(&value, rdma->device);
		buf_add_str(&undo, rdma->device);
		if (rdma->hca_handles.set) {
			buf_printf(&value, " hca_handle=%" PRIu32,
			           rdma->hca_handles.value);
			buf_add_str(&undo, " hca_handle=max");
		}
		if (rdma->hca_objects.set) {
			buf_printf(&value, " hca_object=%" PRIu32,
			           rdma->hca_objects.value);
			buf_add_str(&undo, " hca_object=max");
		}
		write = limits_add(l, "rdma.max", buf_str(&value),
		                   arena_printf(l->arena,
		                                "linux.resources.rdma[\"%s\"]",
		                                rdma->device),
		                   false);
		write->undo = buf_str(&undo);
	}
	return 0;
}

int cgroup_v1_net_cls(struct limits *l, struct error *err)
{
	const struct opt_u32 *class_id = &l->resources->network.class_id;

	(void)err;
	if (class_id->set)
		limits_add(l, "net_cls.classid",
		           limits_unsigned(l, class_id->value),
		           "linux.resources.network.classID",
		           class_id->value == 0);
	return 0;
}

int cgroup_v1_net_prio(struct limits *l, struct error *err)
{
	const struct oci_network *network = &l->resources->network;
	size_t i;

	(void)err;
	for (i = 0; i < network->priorities_count; i++) {
		const char *name = network->priorities[i].name;
		struct plan_cgroup_write *write = limits_add(
			l, "net_prio.ifpriomap",
			arena_printf(l->arena, "%s %" PRIu32, name,
		                     network->priorities[i].priority),
			arena_printf(l->arena,
		                     "linux.resources.network.priorities[%zu]",
		                     i),
			false);

		write->undo = arena_printf(l->arena, "%s 0", name);
	}
	return 0;
}

/* Packets of a v2 cgroup are matched by its path; nothing is set in it. */
static int refuse_network(const char *member, const char *controller,
                          struct error *err)
{
	return error_set(
		err, ERROR_UNSUPPORTED, -ENOTSUP,
		"linux.resources.network.%s: the %s controller is not available: cgroup v2 has none, and no v1 hierarchy with it is mounted",
		member, controller);
}

int cgroup_v2_net_cls(struct limits *l, struct error *err)
{
	if (l->resources->network.class_id.value)
		return refuse_network("classID", "net_cls", err);
	return 0;
}

int cgroup_v2_net_prio(struct limits *l, struct error *err)
{
	if (l->resources->network.priorities_count)
		return refuse_network("priorities", "net_prio", err);
	return 0;
}
