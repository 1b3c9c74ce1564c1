/* SPDX-License-Identifier: Apache-2.0 */
/* Which values follow from blockIO, huge pages, RDMA and network classes. */
#include "cgroup_plan.h"

/* The other file of write INDEX, and what unsets it. */
static const char *rest_of(size_t index)
{
	const struct plan_cgroup_write *write = &in.plan.cgroup.writes[index];

	ck_assert_uint_lt(index, in.plan.cgroup.writes_count);
	return arena_printf(&in.arena, "%s=%s -> %s",
	                    write->other_file ? write->other_file : "",
	                    write->other_value ? write->other_value : "",
	                    write->undo ? write->undo : "");
}

static const struct {
	uint16_t weight;
	const char *iocost;
} weights[] = {
	{ 10, "1" },     { 11, "11" },      { 100, "910" },
	{ 500, "4950" }, { 1000, "10000" },
};

/* A175 */
START_TEST(weights_are_for_the_scheduler_or_for_iocost)
{
	const char *text = arena_printf(&in.arena, "%u", weights[_i].weight);

	in.config.resources.block_io.weight = weights[_i].weight;
	ck_assert_str_eq(decided(&v2),
	                 arena_printf(&in.arena, ":io.bfq.weight=default %s",
	                              text));
	ck_assert_str_eq(in.plan.cgroup.enable, "io");
	ck_assert_str_eq(rest_of(0),
	                 arena_printf(&in.arena,
	                              "io.weight=default %s -> default 100",
	                              weights[_i].iocost));
	ck_assert_str_eq(decided(&hybrid),
	                 arena_printf(&in.arena, "blkio:blkio.bfq.weight=%s",
	                              text));
	ck_assert_str_eq(rest_of(0),
	                 arena_printf(&in.arena, "blkio.weight=%s -> ", text));
}

END_TEST

START_TEST(no_weight_is_no_write)
{
	ck_assert_str_eq(decided(&v2), "");
	ck_assert_str_eq(decided(&v1), "");
}

END_TEST

/* A177 */
START_TEST(a_device_has_a_weight_of_its_own)
{
	static struct oci_weight_device device = { 8, 16, 200, 0 };

	in.config.resources.block_io.weight_devices = &device;
	in.config.resources.block_io.weight_devices_count = 1;
	ck_assert_str_eq(decided(&v2), ":io.bfq.weight=8:16 200");
	ck_assert_str_eq(rest_of(0), "io.weight=8:16 1920 -> 8:16 default");
	ck_assert_str_eq(decided(&v1),
	                 "blkio:blkio.bfq.weight_device=8:16 200");
	ck_assert_str_eq(rest_of(0),
	                 "blkio.weight_device=8:16 200 -> 8:16 default");
}

END_TEST

/* A176 */
START_TEST(leaf_weights_need_v1)
{
	static struct oci_weight_device device = { 8, 16, 0, 300 };
	struct oci_block_io *io = &in.config.resources.block_io;

	io->leaf_weight = 400;
	assert_refused(&v2, ERROR_UNSUPPORTED, "blockIO: leafWeight");
	ck_assert_str_eq(decided(&v1), "blkio:blkio.leaf_weight=400");
	io->leaf_weight = 0;
	io->weight_devices = &device;
	io->weight_devices_count = 1;
	assert_refused(&v2, ERROR_UNSUPPORTED, "weightDevice[0]: leafWeight");
	ck_assert_str_eq(decided(&v1),
	                 "blkio:blkio.leaf_weight_device=8:16 300");
}

END_TEST

/* A178 */
START_TEST(every_throttle_is_a_write_of_its_own)
{
	static struct oci_throttle read[] = { { 8, 0, 1000 }, { 8, 16, 0 } };
	static struct oci_throttle rest[] = { { 8, 0, 7 } };
	struct oci_throttles *lists = in.config.resources.block_io.throttles;

	lists[OCI_READ_BPS] = (struct oci_throttles){ read, 2 };
	lists[OCI_WRITE_BPS] = (struct oci_throttles){ rest, 1 };
	lists[OCI_READ_IOPS] = (struct oci_throttles){ rest, 1 };
	lists[OCI_WRITE_IOPS] = (struct oci_throttles){ rest, 1 };
	ck_assert_str_eq(decided(&v2), ":io.max=8:0 rbps=1000 | "
	                               "?:io.max=8:16 rbps=max | "
	                               ":io.max=8:0 wbps=7 | "
	                               ":io.max=8:0 riops=7 | "
	                               ":io.max=8:0 wiops=7");
	ck_assert_str_eq(rest_of(0), "= -> 8:0 rbps=max");
	ck_assert_str_eq(in.plan.cgroup.writes[1].what,
	                 "linux.resources.blockIO.throttleReadBpsDevice[1]");
	ck_assert_str_eq(decided(&v1),
	                 "blkio:blkio.throttle.read_bps_device=8:0 1000 | "
	                 "blkio?:blkio.throttle.read_bps_device=8:16 0 | "
	                 "blkio:blkio.throttle.write_bps_device=8:0 7 | "
	                 "blkio:blkio.throttle.read_iops_device=8:0 7 | "
	                 "blkio:blkio.throttle.write_iops_device=8:0 7");
	ck_assert_str_eq(rest_of(0), "= -> 8:0 0");
}

END_TEST

/* A182: an entry of `unified` does not push out those of other devices. */
START_TEST(unified_entries_come_last_beside_the_others)
{
	static struct oci_throttle read = { 8, 0, 1000 };
	static struct oci_pair pair = { "io.max",
		                        "8:16 rbps=1\n8:32 rbps=2\n" };

	in.config.resources.block_io.throttles[OCI_READ_BPS] =
		(struct oci_throttles){ &read, 1 };
	in.config.resources.unified = (struct oci_map){ &pair, 1 };
	ck_assert_str_eq(decided(&v2), ":io.max=8:0 rbps=1000 | "
	                               ":io.max=8:16 rbps=1 | "
	                               ":io.max=8:32 rbps=2");
	assert_refused(&hybrid, ERROR_UNSUPPORTED,
	               "the io controller is not in the v2 tree: cgroup v1 "
	               "holds it at /cg/blkio");
}

END_TEST

/* A179 D062 */
START_TEST(huge_pages_are_limited_in_use_and_promised)
{
	static struct oci_hugepage_limit limits[] = {
		{ "2MB", 0 },
		{ "1GB", UINT64_MAX },
	};

	in.config.resources.hugepage_limits = limits;
	in.config.resources.hugepage_limits_count = 2;
	ck_assert_str_eq(decided(&v2),
	                 ":hugetlb.2MB.max=0 | ?:hugetlb.2MB.rsvd.max=0 | "
	                 ":hugetlb.1GB.max=18446744073709551615 | "
	                 "?:hugetlb.1GB.rsvd.max=18446744073709551615");
	/* The hybrid host of the tests has it in v2. */
	ck_assert_ptr_nonnull(strstr(decided(&hybrid), ":hugetlb.2MB.max=0"));
	ck_assert_str_eq(in.plan.cgroup.enable, "hugetlb");
	assert_refused(&v1, ERROR_UNSUPPORTED, "the hugetlb controller");
}

END_TEST

START_TEST(huge_pages_have_other_names_in_v1)
{
	static struct facts_cgroup_v1 hierarchy = { "hugetlb", "/cg/hugetlb" };
	static struct oci_hugepage_limit limit = { "2MB", 4 << 20 };
	const struct facts facts = {
		.cgroup = { FACTS_CGROUP_V1, NULL, NULL, &hierarchy, 1 },
	};

	in.config.resources.hugepage_limits = &limit;
	in.config.resources.hugepage_limits_count = 1;
	ck_assert_str_eq(decided(&facts),
	                 "hugetlb:hugetlb.2MB.limit_in_bytes=4194304 | "
	                 "hugetlb?:hugetlb.2MB.rsvd.limit_in_bytes=4194304");
}

END_TEST

/* A181 */
START_TEST(rdma_names_only_what_is_limited)
{
	static struct oci_rdma devices[] = {
		{ "mlx5_1", { true, 3 }, { true, 10000 } },
		{ "ocrdma1", { false, 0 }, { true, 0 } },
	};

	in.config.resources.rdma = devices;
	in.config.resources.rdma_count = 2;
	ck_assert_str_eq(decided(&v2),
	                 ":rdma.max=mlx5_1 hca_handle=3 hca_object=10000 | "
	                 ":rdma.max=ocrdma1 hca_object=0");
	ck_assert_str_eq(rest_of(1), "= -> ocrdma1 hca_object=max");
	ck_assert_str_eq(decided(&v1),
	                 "rdma:rdma.max=mlx5_1 hca_handle=3 hca_object=10000 | "
	                 "rdma:rdma.max=ocrdma1 hca_object=0");
}

END_TEST

/* A180 */
START_TEST(network_classes_need_v1)
{
	static struct oci_interface_priority priorities[] = {
		{ "eth0", 5 },
		{ "lo", 1 },
	};
	struct oci_network *network = &in.config.resources.network;

	network->class_id = (struct opt_u32){ true, 0x100001 };
	ck_assert_str_eq(decided(&v1),
	                 "net_cls,net_prio:net_cls.classid=1048577");
	assert_refused(&v2, ERROR_UNSUPPORTED, "the net_cls controller");
	network->class_id.value = 0;
	ck_assert_str_eq(decided(&v2), "");
	network->priorities = priorities;
	network->priorities_count = 2;
	ck_assert_str_eq(decided(&hybrid),
	                 "net_cls,net_prio:net_prio.ifpriomap=eth0 5 | "
	                 "net_cls,net_prio:net_prio.ifpriomap=lo 1");
	assert_refused(&v2, ERROR_UNSUPPORTED, "the net_prio controller");
	assert_refused(&v1_few, ERROR_UNSUPPORTED, "the net_prio controller");
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("plan/cgroup io");
	TCase *tests = add_case(suite, "rare limits");

	tcase_add_loop_test(tests, weights_are_for_the_scheduler_or_for_iocost,
	                    0, ARRAY_SIZE(weights));
	tcase_add_test(tests, no_weight_is_no_write);
	tcase_add_test(tests, a_device_has_a_weight_of_its_own);
	tcase_add_test(tests, leaf_weights_need_v1);
	tcase_add_test(tests, every_throttle_is_a_write_of_its_own);
	tcase_add_test(tests, unified_entries_come_last_beside_the_others);
	tcase_add_test(tests, huge_pages_are_limited_in_use_and_promised);
	tcase_add_test(tests, huge_pages_have_other_names_in_v1);
	tcase_add_test(tests, rdma_names_only_what_is_limited);
	tcase_add_test(tests, network_classes_need_v1);
	return run_suite(suite);
}
