/* SPDX-License-Identifier: Apache-2.0 */
/* An image that wants out: links, fake devices, and races. */
#include <sys/prctl.h>

#include "container_tree.h"

static void link_to(const char *target, const char *path)
{
	must(symlink(target, in_root(path)));
}

/* Nothing may be made where links of the image pretend to lead. */
static void expect_host_unchanged(const char *path)
{
	ck_assert_msg(!is_there(path), "%s was made on the host", path);
}

/* ---- /proc and /sys */

static const struct {
	const char *path;
	const char *type;
	const char *target;
} special_links[] = {
	{ "/proc", "proc", "/etc" },       { "/proc", "proc", "etc" },
	{ "/proc", "proc", "../../../x" }, { "/proc", "proc", "missing" },
	{ "/sys", "sysfs", "/etc" },       { "/sys", "sysfs", "bad/sys" },
};

/* D005 D010 D011 */
START_TEST(proc_and_sys_behind_a_link_are_refused)
{
	link_to(special_links[_i].target, special_links[_i].path);
	add_mount(special_links[_i].path, special_links[_i].type, "none", "");
	must_fail("is or lies below a symbolic link");
}

END_TEST

/* A086 D003 */
START_TEST(a_link_into_proc_does_not_let_a_mount_in)
{
	static const char *const targets[] = { "/proc", "/proc/self",
		                               "/proc/self/attr",
		                               "../proc/sys" };

	make_dir(in_root("/proc"));
	link_to(targets[_i], "/volume");
	add_proc();
	add_mount("/volume", "tmpfs", "tmpfs", "");
	must_fail("mount /volume: /volume is a link into /proc");
}

END_TEST

/* A086 D003 */
START_TEST(only_a_procfs_can_be_bound_to_proc)
{
	add_mount("/proc", NULL, at("host"), "bind");
	must_fail("mount /proc: the source is no procfs");
}

END_TEST

/* A086 */
START_TEST(a_part_of_a_procfs_is_no_procfs)
{
	add_mount("/proc", NULL, "/proc/sys", "bind");
	must_fail("mount /proc: the source is no procfs");
}

END_TEST

/* A086 */
START_TEST(the_hosts_procfs_can_be_bound_to_proc)
{
	add_mount("/proc", NULL, "/proc", "rbind");
	must_enter();
	ck_assert(is_there("/proc/self"));
}

END_TEST

/* ---- /dev */

static const char *const dev_links[] = { "/etc", "etc", "../../../../etc" };
static const char *const dangling_links[] = {
	"/elsewhere/dev",
	"../../../../runf-elsewhere/dev",
};

static void make_devices_in(const char *target)
{
	ck_assert_int_eq(prepare(), 0);
	expect_host_unchanged("/etc/urandom");
	must(unshare(CLONE_NEWNS));
	ck_assert_msg(apply_steps() == 0, "%s", c.err.text);
	ck_assert(S_ISCHR(mode_of("/dev/urandom")));
	/* where the link leads to from the container's own root */
	ck_assert(is_there(target));
}

/* D018 */
START_TEST(a_dev_behind_a_link_stays_in_the_container)
{
	link_to(dev_links[(size_t)_i % ARRAY_SIZE(dev_links)], "/dev");
	if ((size_t)_i >= ARRAY_SIZE(dev_links))
		add_dev();
	make_devices_in("/etc/urandom");
}

END_TEST

/* D018 */
START_TEST(a_dev_that_is_a_link_to_nothing_is_refused)
{
	link_to(dangling_links[_i], "/dev");
	must_fail("/dev of the image is a link to nothing");
	expect_host_unchanged("/elsewhere");
	expect_host_unchanged("/runf-elsewhere");
}

END_TEST

START_TEST(a_mount_on_a_dev_that_is_a_link_to_nothing_is_made_inside)
{
	link_to(dangling_links[_i], "/dev");
	add_dev();
	make_devices_in(_i == 0 ? "/elsewhere" : "/runf-elsewhere");
}

END_TEST

/* D018 */
START_TEST(dev_links_do_not_reach_the_host)
{
	link_to(dev_links[_i], "/dev");
	must_enter_elsewhere();
	expect_host_unchanged("/etc/urandom");
	expect_host_unchanged("/etc/fd");
}

END_TEST

/* A126 */
START_TEST(a_file_in_place_of_a_device_is_an_error)
{
	make_dir(in_root("/dev"));
	make_file(in_root("/dev/null"), "not null");
	must_fail("make device /dev/null: File exists");
}

END_TEST

/* A126 */
START_TEST(a_link_in_place_of_a_device_is_an_error)
{
	make_dir(in_root("/dev"));
	link_to("/etc/passwd", "/dev/zero");
	must_fail("make device /dev/zero: File exists");
}

END_TEST

/* A126 */
START_TEST(the_right_device_may_be_there)
{
	make_dir(in_root("/dev"));
	must(mknod(in_root("/dev/null"), S_IFCHR | 0600, makedev(1, 3)));
	must_enter();
	ck_assert_uint_eq(mode_of("/dev/null"), S_IFCHR | 0600);
}

END_TEST

/* A099 A100 */
START_TEST(ptmx_of_the_image_is_replaced)
{
	make_dir(in_root("/dev"));
	link_to("/etc/passwd", "/dev/ptmx");
	link_to("/etc/passwd", "/dev/fd");
	must_enter();
	ck_assert_str_eq(link_text("/dev/ptmx"), "pts/ptmx");
	ck_assert_str_eq(link_text("/dev/fd"), "/etc/passwd");
}

END_TEST

/* A101 D016 */
START_TEST(a_console_behind_a_link_is_refused)
{
	int master;
	int slave;

	make_dir(in_root("/dev"));
	make_file(in_root("/etc/passwd"), "");
	link_to("/etc/passwd", "/dev/console");
	add_mount("/dev/pts", "devpts", "devpts", "newinstance ptmxmode=0666");
	must_enter();
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	must(master);
	must(unlockpt(master));
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	must(slave);
	ck_assert_int_eq(rootfs_bind_console(&c.rootfs, slave, &c.err), -ELOOP);
}

END_TEST

/* ---- targets of mounts */

static const struct {
	const char *link;
	const char *target;
	const char *mount;
	const char *made; /* where it really is in the container */
} target_links[] = {
	{ "/data", "/etc", "/data", "/etc" },
	{ "/data", "../../../../../etc", "/data", "/etc" },
	{ "/data", "/etc/", "/data/sub/deep", "/etc/sub/deep" },
	/* to nothing: made where the link says */
	{ "/data", "/new", "/data", "/new" },
	{ "/data", "/new/", "/data", "/new" },
	{ "/data", "new/sub", "/data/x", "/new/sub/x" },
	{ "/data", "../../../../new", "/data/x", "/new/x" },
	{ "/data", "//new//./sub", "/data/x", "/new/sub/x" },
	{ "/data", "/etc/../new", "/data/x", "/new/x" },
};

/* A076 D004 */
START_TEST(targets_behind_links_stay_in_the_container)
{
	bool file = (size_t)_i >= ARRAY_SIZE(target_links);
	size_t i = (size_t)_i % ARRAY_SIZE(target_links);
	int status;
	pid_t pid;

	make_file(at("host/file"), "mounted");
	link_to(target_links[i].target, target_links[i].link);
	add_mount(target_links[i].mount, NULL,
	          file && i > 1 ? at("host/file") : at("host"), "bind");
	pid = fork();
	if (pid == 0) {
		must_enter();
		_exit(find_mount(target_links[i].made,
		                 &(struct mount_line){ 0 }, NULL)
		              ? 0
		              : 2);
	}
	must(waitpid(pid, &status, 0));
	ck_assert_int_eq(status, 0);
	expect_host_unchanged("/new");
	expect_host_unchanged("/etc/sub");
}

END_TEST

/* D004 */
START_TEST(links_in_a_circle_end)
{
	link_to("b", "/a");
	link_to("a", "/b");
	add_mount("/a/x", "tmpfs", NULL, "");
	must_fail("Too many levels of symbolic links");
}

END_TEST

START_TEST(links_that_grow_end)
{
	link_to("a/a/a", "/a");
	add_mount("/a/x", "tmpfs", NULL, "");
	must_fail("Too many levels of symbolic links");
}

END_TEST

START_TEST(up_from_nothing_is_nothing)
{
	link_to("missing/../../etc", "/a");
	add_mount("/a", "tmpfs", NULL, "");
	must_fail("No such file or directory");
}

END_TEST

/* B123 */
START_TEST(a_target_below_a_file_is_an_error)
{
	make_file(in_root("/file"), "");
	add_mount("/file/x", "tmpfs", NULL, "");
	must_fail("Not a directory");
}

END_TEST

/* A077 */
START_TEST(a_missing_source_is_named)
{
	add_mount("/data", NULL, "missing", "bind");
	must_fail("bundle/missing: No such file or directory");
}

END_TEST

/* C020 */
START_TEST(dest_nofollow_does_not_follow_a_link)
{
	link_to("/etc", "/data");
	add_mount("/data", NULL, at("host"), "bind dest-nofollow");
	must_fail("Not a directory");
}

END_TEST

/* ---- masks */

static void mask(const char *path)
{
	*arena_push(&c.arena, c.config.masked_paths.items,
	            c.config.masked_paths.count) = path;
}

/* A138 D015 */
START_TEST(a_fake_null_does_not_mask)
{
	static const char *const fakes[] = { "link", "file", "zero" };

	make_dir(in_root("/dev"));
	make_file(in_root("/etc/secret"), "x");
	/* /dev of the host, prepared by the image's author */
	make_dir(at("host/dev"));
	if (str_equal(fakes[_i], "link"))
		must(symlink("/etc/secret", at("host/dev/null")));
	else if (str_equal(fakes[_i], "file"))
		make_file(at("host/dev/null"), "");
	else
		must(mknod(at("host/dev/null"), S_IFCHR | 0666, makedev(1, 5)));
	add_mount("/dev", NULL, at("host/dev"), "bind");
	mask("/etc/secret");
	must_fail("mask /etc/secret: /dev/null is not the null device");
}

END_TEST

/* A138 C050 E011 */
START_TEST(directories_share_one_empty_one)
{
	struct stat first;
	struct stat second;

	make_dir(in_root("/a"));
	make_dir(in_root("/b"));
	make_file(in_root("/b/secret"), "x");
	mask("/a");
	mask("/b");
	mask("/b"); /* again is no error */
	mask("/missing/x");
	mask("/etc/../b/secret");
	must_enter();
	must(stat("/a", &first));
	must(stat("/b", &second));
	ck_assert_uint_eq(first.st_dev, second.st_dev);
	ck_assert(!is_there("/b/secret"));
	ck_assert_int_eq(mkdir("/b/x", 0755), -1);
	ck_assert_int_eq(errno, EROFS);
}

END_TEST

START_TEST(what_was_open_is_not_used_below_a_mask)
{
	struct oci_device fifo = { .type = OCI_DEVICE_FIFO, .path = "/a/fifo" };
	int fd;

	/* no links of /dev in between */
	add_mount("/dev", NULL, at("host"), "bind");
	must(mknod(at("host/null"), S_IFCHR | 0666, makedev(1, 3)));
	c.config.devices = &fifo;
	c.config.devices_count = 1;
	mask("/a");
	must_enter();
	ck_assert_int_eq(rootfs_open_target(&c.rootfs, "/a/new", S_IFREG, false,
	                                    &fd, &c.err),
	                 -EROFS);
}

END_TEST

START_TEST(a_path_below_a_file_is_missing)
{
	make_file(in_root("/file"), "");
	mask("/file/x");
	must_enter();
}

END_TEST

/* A139 */
START_TEST(a_read_only_path_keeps_what_is_below)
{
	const char *paths[] = { "/etc", "/missing" };

	c.config.readonly_paths = (struct oci_strings){ paths, 2 };
	add_mount("/etc/sub", "tmpfs", "tmpfs", "nodev");
	must_enter();
	ck_assert(has_option("/etc", "ro"));
	ck_assert(has_option("/etc/sub", "rw"));
	ck_assert(has_option("/etc/sub", "nodev"));
}

END_TEST

/* ---- races */

/* Exchange two names of the container for as long as the test runs. */
static pid_t start_swapper(const char *a, const char *b)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		sys_renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

/* D006 D013 */
START_TEST(a_target_that_is_swapped_never_reaches_the_host)
{
	pid_t swapper;
	int round;

	make_dir(at("host/victim"));
	make_dir(in_root("/dir"));
	must(symlink(at("host/victim"), in_root("/link")));
	swapper = start_swapper(in_root("/dir"), in_root("/link"));
	must(swapper);
	add_mount("/dir/sub/deep", "tmpfs", "tmpfs", "");
	ck_assert_int_eq(prepare(), 0);
	for (round = 0; round < 300; round++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			if (unshare(CLONE_NEWNS) == 0)
				apply_steps();
			_exit(0);
		}
		must(waitpid(pid, &status, 0));
	}
	kill(swapper, SIGKILL);
	must(waitpid(swapper, NULL, 0));
	expect_host_unchanged(at("host/victim/sub"));
}

END_TEST

/* ---- */

static void add_special(TCase *tcase)
{
	tcase_add_loop_test(tcase, proc_and_sys_behind_a_link_are_refused, 0,
	                    ARRAY_SIZE(special_links));
	tcase_add_loop_test(tcase, a_link_into_proc_does_not_let_a_mount_in, 0,
	                    4);
	tcase_add_test(tcase, only_a_procfs_can_be_bound_to_proc);
	tcase_add_test(tcase, a_part_of_a_procfs_is_no_procfs);
	tcase_add_test(tcase, the_hosts_procfs_can_be_bound_to_proc);
}

static void add_devices(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_dev_behind_a_link_stays_in_the_container,
	                    0, 2 * ARRAY_SIZE(dev_links));
	tcase_add_loop_test(tcase, dev_links_do_not_reach_the_host, 0,
	                    ARRAY_SIZE(dev_links));
	tcase_add_loop_test(tcase, a_dev_that_is_a_link_to_nothing_is_refused,
	                    0, ARRAY_SIZE(dangling_links));
	tcase_add_loop_test(
		tcase,
		a_mount_on_a_dev_that_is_a_link_to_nothing_is_made_inside, 0,
		ARRAY_SIZE(dangling_links));
	tcase_add_test(tcase, a_file_in_place_of_a_device_is_an_error);
	tcase_add_test(tcase, a_link_in_place_of_a_device_is_an_error);
	tcase_add_test(tcase, the_right_device_may_be_there);
	tcase_add_test(tcase, ptmx_of_the_image_is_replaced);
	tcase_add_test(tcase, a_console_behind_a_link_is_refused);
}

static void add_targets(TCase *tcase)
{
	tcase_add_loop_test(tcase, targets_behind_links_stay_in_the_container,
	                    0, 2 * ARRAY_SIZE(target_links));
	tcase_add_test(tcase, links_in_a_circle_end);
	tcase_add_test(tcase, links_that_grow_end);
	tcase_add_test(tcase, up_from_nothing_is_nothing);
	tcase_add_test(tcase, a_target_below_a_file_is_an_error);
	tcase_add_test(tcase, a_missing_source_is_named);
	tcase_add_test(tcase, dest_nofollow_does_not_follow_a_link);
	tcase_add_test(tcase, a_target_that_is_swapped_never_reaches_the_host);
	tcase_set_timeout(tcase, 60);
}

static void add_masks(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_fake_null_does_not_mask, 0, 3);
	tcase_add_test(tcase, directories_share_one_empty_one);
	tcase_add_test(tcase, what_was_open_is_not_used_below_a_mask);
	tcase_add_test(tcase, a_path_below_a_file_is_missing);
	tcase_add_test(tcase, a_read_only_path_keeps_what_is_below);
}

int main(void)
{
	static void (*const cases[])(TCase *) = { add_special, add_devices,
		                                  add_targets, add_masks,
		                                  NULL };

	return run_cases("rootfs_hostile", cases);
}
