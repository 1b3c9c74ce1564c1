/* SPDX-License-Identifier: Apache-2.0 */
/* Which system calls each step makes, and that each of them may fail. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "fake_sys.h"
#include "plan/plan.h"
#include "rootfs/rootfs.h"

#define RO   MOUNT_ATTR_RDONLY
#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static struct plan_source planned[] = {
	{ .kind = PLAN_SOURCE_TREE, .path = "/host", .recursive = true },
	{ .kind = PLAN_SOURCE_DEVICE,
	  .path = "/dev/null",
	  .device = 0x103,
	  .mode = S_IFCHR },
	{ .kind = PLAN_SOURCE_TREE,
	  .path = "/mapped/file",
	  .uid_map = "0 1 1\n",
	  .gid_map = "0 2 1\n" },
	{ .kind = PLAN_SOURCE_NAMESPACE,
	  .path = "/net",
	  .namespace_type = CLONE_NEWNET },
};

static struct plan_fs_option mode_755[] = { { "mode", "755" } };

#define FS(where, what, ...)                        \
	{                                           \
		.kind = PLAN_STEP_MOUNT, .mount = { \
			.kind = PLAN_MOUNT_FS,      \
			.destination = (where),     \
			.type = (what),             \
			.fallback_source = -1,      \
			__VA_ARGS__                 \
		}                                   \
	}

/* Each kind of step, as a container with everything has them. */
static const struct plan_step steps[] = {
	{ .kind = PLAN_STEP_CUT, .flags = MS_REC | MS_PRIVATE },
	{ .kind = PLAN_STEP_ROOT, .text = "/rootfs" },
	FS("/proc", "proc", .set = SAFE, .origin = "proc", .is_proc = true,
	   .no_follow = true),
	FS("/dev", "tmpfs", .set = MOUNT_ATTR_NOSUID, .options = mode_755,
	   .options_count = 1),
	FS("/run", "tmpfs", .set = RO, .copy_mode = true, .copy_up = true),
	{ .kind = PLAN_STEP_MOUNT,
	  .mount = { .kind = PLAN_MOUNT_BIND,
	             .destination = "/data",
	             .source = 0,
	             .set = RO,
	             .propagation = MS_PRIVATE,
	             .propagation_recursive = true } },
	{ .kind = PLAN_STEP_MOUNT,
	  .mount = { .kind = PLAN_MOUNT_BIND,
	             .destination = "/one/file",
	             .source = 2,
	             .propagation = MS_PRIVATE } },
	{ .kind = PLAN_STEP_DEVICE,
	  .device = { .path = "/dev/zero", .mode = S_IFCHR | 0666 } },
	{ .kind = PLAN_STEP_DEVICE,
	  .device = { .path = "/dev/null",
	              .mode = S_IFCHR | 0666,
	              .device = 0x103,
	              .uid = 5 } },
	{ .kind = PLAN_STEP_DEVICE,
	  .device = { .path = "/dev/bound", .bind = true, .source = 1 } },
	{ .kind = PLAN_STEP_LINK,
	  .link = { .path = "/dev/fd", .target = "/proc/self/fd" } },
	{ .kind = PLAN_STEP_PIVOT },
	{ .kind = PLAN_STEP_PROPAGATION, .flags = MS_SHARED | MS_REC },
	{ .kind = PLAN_STEP_READONLY_ROOT },
	{ .kind = PLAN_STEP_READONLY, .text = "/proc/sys" },
	{ .kind = PLAN_STEP_MASK, .text = "/proc/file" },
	{ .kind = PLAN_STEP_MASK, .text = "/proc/dir" },
	{ .kind = PLAN_STEP_MASK, .text = "/proc/dir2" },
	{ .kind = PLAN_STEP_MOUNT,
	  .mount = { .kind = PLAN_MOUNT_ATTR,
	             .destination = "/dev",
	             .set = RO } },
};

static const struct plan plan = { .sources = planned,
	                          .sources_count = ARRAY_SIZE(planned) };

static struct rootfs_source sources[ARRAY_SIZE(planned)];
static struct rootfs rootfs;
static struct error err;

static int open_sources(void)
{
	size_t i;
	int result = 0;

	for (i = 0; i < ARRAY_SIZE(planned); i++)
		sources[i].fd = -1;
	for (i = 0; result == 0 && i < ARRAY_SIZE(planned); i++)
		result = rootfs_open_source(&planned[i], &sources[i], &err);
	return result;
}

static void close_all(void)
{
	size_t i;

	rootfs_end(&rootfs);
	for (i = 0; i < ARRAY_SIZE(planned); i++)
		fd_close(&sources[i].fd);
}

static int apply_all(void)
{
	int result = open_sources();
	size_t i;

	for (i = 0; result == 0 && i < ARRAY_SIZE(steps); i++)
		result = rootfs_apply(&rootfs, &steps[i], &err);
	return result;
}

static void set_up(void)
{
	fake_reset();
	rootfs_begin(&rootfs, &plan, sources);
}

static void expect_calls(const struct plan_step *step, const char *calls)
{
	size_t before = strlen(fake_log());

	ck_assert_msg(rootfs_apply(&rootfs, step, &err) == 0, "%s", err.text);
	ck_assert_str_eq(fake_log() + before, calls);
}

/* ---- */

/* C048 */
START_TEST(a_file_system_takes_few_calls)
{
	expect_calls(&steps[3], "openat2 /dev\n"
	                        "fsopen tmpfs\n"
	                        "fsconfig mode=755\n"
	                        "fsconfig create tmpfs\n"
	                        "fsmount 0x2\n"
	                        "move_mount tmpfs to /dev\n");
}

END_TEST

/* D005 */
START_TEST(proc_is_looked_at_again)
{
	expect_calls(&steps[2], "openat2 /proc\n"
	                        "fsopen proc\n"
	                        "fsconfig source=proc\n"
	                        "fsconfig create proc\n"
	                        "fsmount 0xe\n"
	                        "move_mount proc to /proc\n"
	                        "dup proc\n"
	                        "openat2 /proc\n"
	                        "fstatfs /proc\n");
}

END_TEST

/* C048 */
START_TEST(binds_are_finished_before_they_are_attached)
{
	ck_assert_int_eq(open_sources(), 0);
	expect_calls(&steps[5],
	             "openat2 /data\n"
	             "mount_setattr /host recursive set 0 clear 0 prop "
	             "0x40000\n"
	             "mount_setattr /host set 0x1 clear 0 prop 0\n"
	             "move_mount /host to /data\n");
	expect_calls(&steps[6], "openat2 /one/file\n"
	                        "mount_setattr /mapped/file set 0 clear 0 prop "
	                        "0x40000\n"
	                        "move_mount /mapped/file to /one/file\n");
}

END_TEST

START_TEST(nodes_share_their_open_directory)
{
	expect_calls(&steps[7], "openat2 /dev\n"
	                        "mknodat /dev/zero 20666\n");
	expect_calls(&steps[8], "mknodat /dev/null 20666\n"
	                        "openat null\n"
	                        "fstat null\n"
	                        "fchownat null 5 0\n");
	expect_calls(&steps[10], "symlinkat /proc/self/fd /dev/fd\n");
}

END_TEST

START_TEST(what_is_missing_is_made_in_open_directories)
{
	static const struct plan_step shm = FS("/dev/shm", "tmpfs");
	static const struct plan_step pts = FS("/dev/pts", "devpts");

	fake_missing("/dev/pts");
	expect_calls(&pts, "openat2 /dev/pts\n"
	                   "openat2 /dev\n"
	                   "mkdirat /dev/pts 755\n"
	                   "openat pts\n"
	                   "fsopen devpts\n"
	                   "fsconfig create devpts\n"
	                   "fsmount 0\n"
	                   "move_mount devpts to pts\n");
	expect_calls(&shm, "mkdirat /dev/shm 755\n"
	                   "openat2 shm\n"
	                   "fsopen tmpfs\n"
	                   "fsconfig create tmpfs\n"
	                   "fsmount 0\n"
	                   "move_mount tmpfs to shm\n");
}

END_TEST

START_TEST(the_root_is_resolved_once)
{
	expect_calls(&steps[1], "openat /rootfs\n"
	                        "open_tree /rootfs recursive\n"
	                        "move_mount /rootfs to /rootfs\n");
	expect_calls(&steps[11], "fchdir /rootfs\n"
	                         "pivot_root . .\n"
	                         "umount2 .\n"
	                         "chdir /\n");
}

END_TEST

/* C050 E009 E011 */
START_TEST(masks_are_clones_of_one)
{
	expect_calls(&steps[15], "openat2 /proc/file\n"
	                         "fstat /proc/file\n"
	                         "openat2 /dev/null\n"
	                         "fstat /dev/null\n"
	                         "open_tree /dev/null\n"
	                         "move_mount /dev/null to /proc/file\n");
	rootfs_apply(&rootfs, &steps[16], &err);
	expect_calls(&steps[17], "openat2 /proc/dir2\n"
	                         "fstat /proc/dir2\n"
	                         "open_tree tmpfs\n"
	                         "move_mount tmpfs to /proc/dir2\n");
	expect_calls(&steps[14],
	             "openat2 /proc/sys\n"
	             "open_tree /proc/sys recursive\n"
	             "mount_setattr /proc/sys set 0x1 clear 0 prop 0\n"
	             "move_mount /proc/sys to /proc/sys\n");
}

END_TEST

/* A138 A091 */
START_TEST(masks_and_queues_get_the_label)
{
	static const struct plan labelled = { .mount_label = "a:b:c:s0,c1",
		                              .mount_label_key = "context" };
	static const struct plan_step queue =
		FS("/dev/mqueue", "mqueue", .label = "a:b:c:s0,c1");
	const char *before;

	rootfs_end(&rootfs);
	rootfs_begin(&rootfs, &labelled, sources);
	before = fake_log() + strlen(fake_log());
	rootfs_apply(&rootfs, &steps[16], &err);
	ck_assert_ptr_nonnull(strstr(before, "fsconfig context=a:b:c:s0,c1\n"
	                                     "fsconfig create tmpfs\n"));
	before = fake_log() + strlen(fake_log());
	ck_assert_int_eq(rootfs_apply(&rootfs, &queue, &err), 0);
	ck_assert_ptr_nonnull(strstr(before, "fsmount 0\n"
	                                     "openat .\n"
	                                     "fsetxattr"));
}

END_TEST

static const struct plan_source mapped_tmpfs = {
	.kind = PLAN_SOURCE_FS,
	.path = "tmpfs",
	.fs = &(struct plan_mount){ .kind = PLAN_MOUNT_FS,
	                            .destination = "/tmp",
	                            .type = "tmpfs",
	                            .fallback_source = -1 },
	.uid_map = "0 1 1\n",
	.gid_map = "0 2 1\n",
};

/* A080 C022 */
START_TEST(a_mapped_instance_is_mapped_before_anybody_sees_it)
{
	struct rootfs_source source = { .fd = -1 };

	ck_assert_int_eq(rootfs_open_source(&mapped_tmpfs, &source, &err), 0);
	ck_assert_str_eq(fake_log(),
	                 "fsopen tmpfs\n"
	                 "fsconfig create tmpfs\n"
	                 "fsmount 0\n"
	                 "pipe2\n"
	                 "clone 0x10000000\n"
	                 "write /proc/7/uid_map 0 1 1\n\n"
	                 "write /proc/7/gid_map 0 2 1\n\n"
	                 "openat /proc/7/ns/user\n"
	                 "waitid 7\n"
	                 "mount_setattr tmpfs userns set 0x100000 clear 0 "
	                 "prop 0\n");
	fd_close(&source.fd);
}

END_TEST

/* A079 */
START_TEST(long_options_go_to_a_directory_that_is_entered)
{
	static const struct plan_step step =
		FS("/data", "overlay", .origin = "overlay",
	           .data = "lowerdir=/a:/b", .set = MOUNT_ATTR_NOSUID,
	           .data_flags = MS_SYNCHRONOUS);

	/* The fake's files are all of one file system: nothing was mounted. */
	ck_assert_int_eq(rootfs_apply(&rootfs, &step, &err), -EXDEV);
	ck_assert_ptr_nonnull(strstr(fake_log(), "openat2 /data\n"
	                                         "fchdir /data\n"));
	ck_assert_ptr_nonnull(strstr(fake_log(), "openat2 /data\n"
	                                         "fstat /data\n"
	                                         "fstat /data\n"));
}

END_TEST

START_TEST(an_idmap_is_made_by_a_short_lived_process)
{
	ck_assert_int_eq(rootfs_open_source(&planned[2], &sources[2], &err), 0);
	ck_assert_str_eq(fake_log(),
	                 "open_tree /mapped/file\n"
	                 "fstat /mapped/file\n"
	                 "pipe2\n"
	                 "clone 0x10000000\n"
	                 "write /proc/7/uid_map 0 1 1\n\n"
	                 "write /proc/7/gid_map 0 2 1\n\n"
	                 "openat /proc/7/ns/user\n"
	                 "waitid 7\n"
	                 "mount_setattr /mapped/file userns set 0x100000 clear "
	                 "0 prop 0\n");
}

END_TEST

/* A083 */
START_TEST(a_locked_flag_may_stay_only_where_that_was_allowed)
{
	struct plan_step step = steps[6];

	ck_assert_int_eq(open_sources(), 0);
	step.mount.clear = RO;
	fake_fail(fake_calls() + 2, -EPERM);
	ck_assert_int_eq(rootfs_apply(&rootfs, &step, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "attributes that are locked"));
	step.mount.may_lack_attr = true;
	fake_fail(fake_calls() + 2, -EPERM);
	ck_assert_int_eq(rootfs_apply(&rootfs, &step, &err), 0);
}

END_TEST

/* A087 */
START_TEST(a_refused_file_system_is_replaced_by_its_fallback)
{
	struct plan_step step = FS("/sys", "sysfs", .set = RO | SAFE);

	ck_assert_int_eq(open_sources(), 0);
	step.mount.fallback_source = 0;
	fake_fail(fake_calls() + 3, -EPERM);
	expect_calls(&step, "openat2 /sys\n"
	                    "fsopen sysfs\n"
	                    "fsconfig create sysfs\n"
	                    "mount_setattr /host recursive set 0xf clear 0 "
	                    "prop 0x40000\n"
	                    "dup /host\n"
	                    "move_mount /host to /sys\n"
	                    "openat2 /sys\n"
	                    "fstatfs /sys\n");
	/* any other failure is one */
	fake_fail(fake_calls() + 3, -EINVAL);
	ck_assert_int_eq(rootfs_apply(&rootfs, &step, &err), -EINVAL);
}

END_TEST

/* D005 */
START_TEST(a_procfs_that_lost_its_place_is_an_error)
{
	/* to the double, what is found at this path is no procfs */
	static const struct plan_step step = FS("/swapped", "proc");

	ck_assert_int_eq(rootfs_apply(&rootfs, &step, &err), -EXDEV);
	ck_assert_ptr_nonnull(strstr(err.text, "has taken its place"));
}

END_TEST

START_TEST(steps_of_other_rooms_are_refused)
{
	struct plan_step step = { .kind = PLAN_STEP_SYSCTL };

	ck_assert_int_lt(rootfs_apply(&rootfs, &step, &err), 0);
	ck_assert_int_eq(err.kind, ERROR_INTERNAL);
}

END_TEST

/* ---- every call fails once */

static int count_fds(void)
{
	int count = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* The end of a helper that has done its work is only awaited. */
static bool is_tolerated(size_t call)
{
	const char *line = fake_log();

	while (call > 1) {
		line = strchr(line, '\n') + 1;
		call -= *line != '\n';
	}
	return strncmp(line, "waitid", 6) == 0;
}

/* E037 */
START_TEST(every_failing_call_is_an_error_and_leaves_no_fd)
{
	int before = count_fds();
	size_t total;
	size_t n;

	ck_assert_msg(apply_all() == 0, "%s", err.text);
	close_all();
	ck_assert_int_eq(count_fds(), before);
	total = fake_calls();
	ck_assert_uint_ge(total, 80);
	for (n = 1; n <= total; n++) {
		int result;

		set_up();
		memset(&err, 0, sizeof(err));
		fake_fail(n, -EIO);
		result = apply_all();
		ck_assert_msg(result == -EIO || is_tolerated(n),
		              "call %zu of %zu: %d\n%s", n, total, result,
		              fake_log());
		ck_assert(result == 0 || strstr(err.text, "Input/output"));
		close_all();
		ck_assert_msg(count_fds() == before, "call %zu leaks:\n%s", n,
		              fake_log());
	}
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("rootfs_calls");
	TCase *tcase = tcase_create("calls");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, a_file_system_takes_few_calls);
	tcase_add_test(tcase, proc_is_looked_at_again);
	tcase_add_test(tcase, binds_are_finished_before_they_are_attached);
	tcase_add_test(tcase, nodes_share_their_open_directory);
	tcase_add_test(tcase, what_is_missing_is_made_in_open_directories);
	tcase_add_test(tcase, the_root_is_resolved_once);
	tcase_add_test(tcase, masks_are_clones_of_one);
	tcase_add_test(tcase, masks_and_queues_get_the_label);
	tcase_add_test(tcase,
	               a_mapped_instance_is_mapped_before_anybody_sees_it);
	tcase_add_test(tcase, long_options_go_to_a_directory_that_is_entered);
	tcase_add_test(tcase, an_idmap_is_made_by_a_short_lived_process);
	tcase_add_test(tcase,
	               a_locked_flag_may_stay_only_where_that_was_allowed);
	tcase_add_test(tcase,
	               a_refused_file_system_is_replaced_by_its_fallback);
	tcase_add_test(tcase, a_procfs_that_lost_its_place_is_an_error);
	tcase_add_test(tcase, steps_of_other_rooms_are_refused);
	tcase_add_test(tcase, every_failing_call_is_an_error_and_leaves_no_fd);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
