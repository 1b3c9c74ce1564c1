/* SPDX-License-Identifier: Apache-2.0 */
/* The file tree of a container, made for real: what it looks like inside. */
#include "container_tree.h"

#define SAFE "nosuid nodev noexec"

/* ---- the whole */

static void be_default(void)
{
	static const char *masked[] = { "/proc/keys", "/proc/acpi",
		                        "/proc/timer_list", "/proc/no/such",
		                        "/sys/firmware" };
	static const char *readonly[] = { "/proc/bus", "/proc/sys",
		                          "/proc/sysrq-trigger", "/no/such" };

	add_proc();
	add_dev();
	add_mount("/dev/pts", "devpts", "devpts",
	          "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5");
	add_mount("/dev/shm", "tmpfs", "shm", SAFE " mode=1777 size=65536k");
	add_mount("/dev/mqueue", "mqueue", "mqueue", SAFE);
	add_mount("/sys", "sysfs", "sysfs", SAFE " ro");
	c.root.readonly = true;
	c.config.masked_paths = (struct oci_strings){ masked, 5 };
	c.config.readonly_paths = (struct oci_strings){ readonly, 4 };
}

/* A039 A085 A090 A138 A139 */
START_TEST(the_default_container_has_all_of_its_mounts)
{
	static const struct {
		const char *path;
		const char *type;
		const char *options[4];
	} mounts[] = {
		{ "/", "tmpfs", { "ro" } },
		{ "/proc", "proc", { "rw", "nosuid", "nodev", "noexec" } },
		{ "/dev", "tmpfs", { "rw", "nosuid" } },
		{ "/dev/pts", "devpts", { "rw", "nosuid", "noexec" } },
		{ "/dev/shm", "tmpfs", { "rw", "nosuid", "nodev", "noexec" } },
		{ "/dev/mqueue",
		  "mqueue",
		  { "rw", "nosuid", "nodev", "noexec" } },
		{ "/sys", "sysfs", { "ro", "nosuid", "nodev", "noexec" } },
		{ "/proc/keys", "tmpfs", { "rw", "nosuid" } },
		{ "/sys/firmware", "tmpfs", { "ro", "noexec" } },
		{ "/proc/sys", "proc", { "ro", "nosuid" } },
	};

	size_t i;
	size_t j;

	be_default();
	must_enter();
	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		struct mount_line line = *mount_at(mounts[i].path);

		ck_assert_str_eq(line.type, mounts[i].type);
		ck_assert_str_eq(line.propagation, "");
		for (j = 0; j < 4 && mounts[i].options[j]; j++)
			ck_assert_msg(has_word(line.options,
			                       mounts[i].options[j]),
			              "%s: %s", mounts[i].path, line.options);
	}
	ck_assert_str_eq(mount_at("/dev/shm")->source, "shm");
	ck_assert(has_word(mount_at("/dev/pts")->instance, "ptmxmode=666"));
}

END_TEST

/* A138 A139 */
START_TEST(nothing_of_the_host_is_left)
{
	struct mount_line line;
	char text[8];
	int count = 0;

	be_default();
	must_enter();
	ck_assert(!find_mount("/no", &line, &count));
	/* root, six mounts, up to four masks and three read-only paths */
	ck_assert_int_ge(count, 11);
	ck_assert_int_le(count, 14);
	ck_assert_int_lt(open("/root/.", O_RDONLY), 0);
	ck_assert_int_eq(open("/etc/x", O_CREAT | O_WRONLY, 0600), -1);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_eq(sys_getcwd(text, sizeof(text)), 2);
	/* masked: a null device, an empty directory */
	ck_assert_int_eq(sys_read_file(AT_FDCWD, "/proc/timer_list", text, 8),
	                 0);
	ck_assert_int_eq(rmdir("/sys/firmware"), -1);
	ck_assert_int_eq(open("/proc/sys/kernel/hostname", O_WRONLY), -1);
	ck_assert_int_eq(errno, EROFS);
}

END_TEST

/* A099 A100 A126 A128 A129 A131 */
START_TEST(devices_and_links_are_as_they_should)
{
	static const struct {
		const char *path;
		unsigned int major;
		unsigned int minor;
	} nodes[] = {
		{ "/dev/null", 1, 3 },    { "/dev/zero", 1, 5 },
		{ "/dev/full", 1, 7 },    { "/dev/random", 1, 8 },
		{ "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
	};
	struct oci_device own = { .type = OCI_DEVICE_FIFO,
		                  .path = "/new/dir/fifo",
		                  .file_mode = { true, 0622 },
		                  .uid = 3,
		                  .gid = 4 };
	struct stat found;
	size_t i;

	umask(077);
	c.config.devices = &own;
	c.config.devices_count = 1;
	be_default();
	must_enter();
	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		must(lstat(nodes[i].path, &found));
		ck_assert_uint_eq(found.st_mode, S_IFCHR | 0666);
		ck_assert_uint_eq(found.st_rdev,
		                  makedev(nodes[i].major, nodes[i].minor));
	}
	ck_assert_str_eq(link_text("/dev/fd"), "/proc/self/fd");
	ck_assert_str_eq(link_text("/dev/stderr"), "/proc/self/fd/2");
	ck_assert_str_eq(link_text("/dev/ptmx"), "pts/ptmx");
	ck_assert(is_there("/dev/core") == is_there("/proc/kcore"));
	must(lstat("/new/dir/fifo", &found));
	ck_assert_uint_eq(found.st_mode, S_IFIFO | 0622);
	ck_assert_uint_eq(found.st_uid, 3);
	ck_assert_uint_eq(found.st_gid, 4);
	/* whatever umask runf was started with */
	ck_assert_uint_eq(mode_of("/new/dir"), S_IFDIR | 0755);
}

END_TEST

/* A130 */
START_TEST(a_node_is_made_as_it_was_asked_for_and_works)
{
	struct plan_source source = {
		.kind = PLAN_SOURCE_NODE,
		.path = at("host/node1"),
		.device = makedev(1, 5),
		.mode = S_IFCHR | 0626,
		.uid = 10,
		.gid = 11,
	};
	struct stat found;
	char zero = 1;
	int place;

	make_file(at("host/here"), "");
	must(mount(at("host"), at("host"), NULL, MS_BIND, NULL));
	must(mount(NULL, at("host"), NULL, MS_BIND | MS_REMOUNT | MS_NODEV,
	           NULL));
	ck_assert_int_eq(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
	ck_assert_int_eq(fstat(c.sources[0].fd, &found), 0);
	ck_assert_uint_eq(found.st_mode, S_IFCHR | 0626);
	ck_assert_uint_eq(found.st_rdev, makedev(1, 5));
	ck_assert_uint_eq(found.st_uid, 10);
	ck_assert_uint_eq(found.st_gid, 11);
	must(sys_move_mount(c.sources[0].fd, "", AT_FDCWD, at("host/here"),
	                    MOVE_MOUNT_F_EMPTY_PATH));
	place = open(at("host/here"), O_RDONLY);
	must(place);
	ck_assert_int_eq(read(place, &zero, 1), 1);
	ck_assert_int_eq(zero, 0);
	close(place);
	ck_assert_int_eq(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
	source.device = makedev(1, 3);
	ck_assert_int_lt(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
}

END_TEST

START_TEST(no_descriptor_is_left_open)
{
	int before = count_fds();
	size_t i;

	be_default();
	add_mount("/data", NULL, at("host"), "rbind ro");
	must_enter();
	for (i = 0; i < c.plan->sources_count; i++)
		close(c.sources[i].fd);
	rootfs_end(&c.rootfs);
	ck_assert_int_eq(count_fds(), before);
}

END_TEST

/* D028 */
START_TEST(the_hosts_mounts_do_not_change)
{
	const char *before;
	char *text = arena_alloc(&c.arena, 65536);

	/* the test's host propagates as hosts do */
	must(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL));
	be_default();
	add_mount("/data", NULL, at("host"), "rbind rshared");
	must(sys_read_file(AT_FDCWD, "/proc/self/mountinfo", text, 65536));
	before = arena_strdup(&c.arena, text);
	must_enter_elsewhere();
	must(sys_read_file(AT_FDCWD, "/proc/self/mountinfo", text, 65536));
	ck_assert_str_eq(text, before);
}

END_TEST

/* B044 C043 */
START_TEST(without_pivot_the_root_is_moved)
{
	struct mount_line line;

	be_default();
	c.options.no_pivot = true;
	must_enter();
	ck_assert_str_eq(mount_at("/proc")->type, "proc");
	ck_assert(has_option("/", "ro"));
	ck_assert(!find_mount("/no", &line, NULL));
	ck_assert(!is_there(dir));
}

END_TEST

/* C044 */
START_TEST(without_a_mount_namespace_the_root_is_only_entered)
{
	c.config.namespaces_count = 0;
	ck_assert_msg(prepare() == 0, "%s", c.err.text);
	ck_assert_msg(apply_steps() == 0, "%s", c.err.text);
	ck_assert(is_there("/etc"));
	ck_assert(!is_there(dir));
	ck_assert(!is_there("/dev"));
	ck_assert_int_eq(rootfs_bind_console(&c.rootfs, 0, &c.err), 0);
}

END_TEST

/* ---- tmpfs */

static const struct {
	const char *path;
	const char *words;
	mode_t existing; /* 0: not there before */
	mode_t mode;
} tmpfs_modes[] = {
	{ "/t", "", 0, 01777 },          { "/t", "", 0755, 0755 },
	{ "/t", "", 01777, 01777 },      { "/t", "", 0500, 0500 },
	{ "/t", "mode=700", 0, 0700 },   { "/t", "mode=700", 0755, 0700 },
	{ "/t", "mode=1777", 0, 01777 }, { "/a/b/t", "", 0, 01777 },
	{ "/t", "ro", 0750, 0750 },
};

/* A092 D042 */
START_TEST(a_tmpfs_has_its_own_mode_or_that_of_its_place)
{
	mode_t existing = tmpfs_modes[_i].existing;

	if (existing) {
		make_dir(in_root("/t"));
		must(chmod(in_root("/t"), existing));
	}
	add_mount(tmpfs_modes[_i].path, "tmpfs", "tmpfs",
	          tmpfs_modes[_i].words);
	must_enter();
	ck_assert_uint_eq(mode_of(tmpfs_modes[_i].path),
	                  S_IFDIR | tmpfs_modes[_i].mode);
}

END_TEST

/* A092 D042 */
START_TEST(modes_of_other_file_systems_are_their_own)
{
	make_dir(in_root("/proc"));
	make_dir(in_root("/mq"));
	must(chmod(in_root("/proc"), 0700));
	must(chmod(in_root("/mq"), 0700));
	add_proc();
	add_mount("/mq", "mqueue", "mqueue", "");
	must_enter();
	ck_assert_uint_eq(mode_of("/proc"), S_IFDIR | 0555);
	ck_assert_uint_eq(mode_of("/mq"), S_IFDIR | 01777);
}

END_TEST

/* A093 A109 C019 */
START_TEST(tmpcopyup_copies_what_is_there)
{
	struct stat found;

	make_dir(in_root("/d"));
	make_dir(in_root("/d/sub"));
	make_file(in_root("/d/sub/file"), "content");
	must(chmod(in_root("/d/sub/file"), 04711));
	must(lchown(in_root("/d/sub/file"), 7, 8));
	must(chmod(in_root("/d/sub/file"), 04711));
	must(symlink("/etc/shadow", in_root("/d/link")));
	must(mkfifo(in_root("/d/fifo"), 0622));
	must(chmod(in_root("/d"), 01770));
	must(lchown(in_root("/d"), 5, 6));
	add_mount("/d", "tmpfs", "tmpfs", "tmpcopyup ro");
	must_enter();
	ck_assert_str_eq(file_text("/d/sub/file"), "content");
	must(lstat("/d/sub/file", &found));
	ck_assert_uint_eq(found.st_mode, S_IFREG | 04711);
	ck_assert_uint_eq(found.st_uid, 7);
	ck_assert_str_eq(link_text("/d/link"), "/etc/shadow");
	ck_assert(S_ISFIFO(mode_of("/d/fifo")));
	must(lstat("/d", &found));
	ck_assert_uint_eq(found.st_mode, S_IFDIR | 01770);
	ck_assert_uint_eq(found.st_uid, 5);
	ck_assert(has_option("/d", "ro"));
}

END_TEST

/* A079 */
START_TEST(a_kernel_message_is_passed_on)
{
	add_mount("/t", "tmpfs", "tmpfs", "nonsense=1");
	must_fail("mount /t: option nonsense=1: tmpfs: Unknown parameter");
}

END_TEST

/* A078 */
START_TEST(an_unknown_file_system_is_named)
{
	add_mount("/t", "nofs", "none", "");
	must_fail("mount /t: file system nofs: No such device");
}

END_TEST

/* A102 */
START_TEST(flags_of_an_instance_reach_it)
{
	add_mount("/t", "tmpfs", "tmpfs",
	          "sync dirsync lazytime silent iversion defaults");
	must_enter();
	ck_assert(has_word(mount_at("/t")->instance, "sync"));
	ck_assert(has_word(mount_at("/t")->instance, "dirsync"));
	ck_assert(has_word(mount_at("/t")->instance, "lazytime"));
}

END_TEST

/* A106 */
START_TEST(a_new_file_system_may_be_shared)
{
	add_mount("/t", "tmpfs", "tmpfs", "rshared");
	must_enter();
	ck_assert_ptr_nonnull(
		str_after(mount_at("/t")->propagation, "shared:"));
}

END_TEST

/* A101 D045 */
START_TEST(a_read_only_dev_is_finished_first)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	must(master);
	add_mount("/dev", "tmpfs", "tmpfs", "ro mode=755");
	must_enter();
	ck_assert(has_option("/dev", "ro"));
	ck_assert(is_there("/dev/null"));
	ck_assert(is_there("/dev/ptmx"));
}

END_TEST

START_TEST(a_mount_may_be_the_root)
{
	make_file(at("host/file"), "from the host");
	add_mount("/", NULL, at("host"), "bind");
	add_proc();
	must_enter();
	ck_assert_str_eq(file_text("/file"), "from the host");
	ck_assert(is_there("/proc/self"));
	ck_assert(is_there("/dev/null"));
}

END_TEST

START_TEST(what_was_open_is_not_used_below_a_later_mount)
{
	struct oci_device fifo = { .type = OCI_DEVICE_FIFO, .path = "/a/fifo" };

	add_mount("/dev", NULL, at("host"), "bind");
	c.config.devices = &fifo;
	c.config.devices_count = 1;
	add_mount("/a/first", "tmpfs", "tmpfs", "");
	add_mount("/a", "tmpfs", "tmpfs", "");
	must_enter();
	ck_assert(S_ISFIFO(mode_of("/a/fifo")));
}

END_TEST

/* A094 */
START_TEST(a_remount_changes_what_is_there)
{
	add_mount("/t", "tmpfs", "tmpfs", "noexec");
	add_mount("/t", "tmpfs", "tmpfs", "remount ro exec nodev");
	must_enter();
	ck_assert(has_option("/t", "ro"));
	ck_assert(has_option("/t", "nodev"));
	ck_assert(!has_option("/t", "noexec"));
}

END_TEST

/* A094 */
START_TEST(a_remount_of_no_mount_is_an_error)
{
	add_mount("/etc", NULL, NULL, "remount ro");
	must_fail("mount /etc: ");
}

END_TEST

/* ---- cgroups of v1 */

/* A089 */
START_TEST(v1_hierarchies_are_shown_below_a_tmpfs)
{
	static struct facts_cgroup_v1 v1[] = {
		{ "freezer", "/sys/fs/cgroup/freezer" },
	};
	struct statfs found;

	if (statfs(v1[0].mount, &found) < 0 ||
	    found.f_type != CGROUP_SUPER_MAGIC) {
		printf("skipped: no v1 freezer at %s\n", v1[0].mount);
		return;
	}
	c.options.cgroup_disabled = false;
	c.facts.cgroup.mode = FACTS_CGROUP_V1;
	c.facts.cgroup.v1 = v1;
	c.facts.cgroup.v1_count = 1;
	add_namespace(CLONE_NEWCGROUP);
	add_mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro relatime");
	must_enter();
	ck_assert_str_eq(mount_at("/sys/fs/cgroup")->type, "tmpfs");
	ck_assert(has_option("/sys/fs/cgroup", "ro"));
	ck_assert_str_eq(mount_at("/sys/fs/cgroup/freezer")->type, "cgroup");
	ck_assert(has_option("/sys/fs/cgroup/freezer", "ro"));
	ck_assert(has_option("/sys/fs/cgroup/freezer", "noexec"));
	ck_assert(is_there("/sys/fs/cgroup/freezer/cgroup.procs"));
}

END_TEST

/* ---- the trusted procfs */

/* D003 D017 */
START_TEST(the_trusted_procfs_is_the_containers_or_a_private_one)
{
	struct statfs found;
	int proc;

	if (_i)
		add_proc();
	must_enter();
	ck_assert(_i == (c.rootfs.proc >= 0));
	proc = rootfs_proc(&c.rootfs, &c.err);
	must(proc);
	must(fstatfs(proc, &found));
	ck_assert_int_eq(found.f_type, PROC_SUPER_MAGIC);
	ck_assert_int_eq(rootfs_proc(&c.rootfs, &c.err), proc);
	must(sys_openat2(proc, "sys/kernel/hostname", O_RDONLY, 0,
	                 RESOLVE_BENEATH | RESOLVE_NO_XDEV));
	/* what covers an entry is refused */
	if (_i) {
		must(mount("tmpfs", "/proc/sys", "tmpfs", 0, NULL));
		ck_assert_int_eq(sys_openat2(proc, "sys/x", O_RDWR | O_CREAT,
		                             0600,
		                             RESOLVE_BENEATH | RESOLVE_NO_XDEV),
		                 -EXDEV);
	}
}

END_TEST

/* ---- console */

/* A101 D016 */
START_TEST(the_console_is_the_terminal)
{
	struct stat console;
	struct stat terminal;
	int master = -1;
	int slave;

	add_dev();
	add_mount("/dev/pts", "devpts", "devpts", "newinstance ptmxmode=0666");
	must_enter();
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	must(master);
	must(unlockpt(master));
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	must(slave);
	ck_assert_msg(rootfs_bind_console(&c.rootfs, slave, &c.err) == 0, "%s",
	              c.err.text);
	must(stat("/dev/console", &console));
	must(fstat(slave, &terminal));
	ck_assert_uint_eq(console.st_rdev, terminal.st_rdev);
	ck_assert_str_eq(mount_at("/dev/console")->type, "devpts");
}

END_TEST

/* A101 D016 */
START_TEST(a_console_that_is_no_terminal_is_refused)
{
	int fd;

	add_dev();
	must_enter();
	fd = open("/dev/null", O_RDWR);
	must(fd);
	ck_assert_int_lt(rootfs_bind_console(&c.rootfs, fd, &c.err), 0);
	ck_assert(!is_there("/dev/console"));
}

END_TEST

/* ---- */

static void add_whole(TCase *tcase)
{
	tcase_add_test(tcase, the_default_container_has_all_of_its_mounts);
	tcase_add_test(tcase, nothing_of_the_host_is_left);
	tcase_add_test(tcase, devices_and_links_are_as_they_should);
	tcase_add_test(tcase, a_node_is_made_as_it_was_asked_for_and_works);
	tcase_add_test(tcase, no_descriptor_is_left_open);
	tcase_add_test(tcase, the_hosts_mounts_do_not_change);
	tcase_add_test(tcase, without_pivot_the_root_is_moved);
	tcase_add_test(tcase,
	               without_a_mount_namespace_the_root_is_only_entered);
	tcase_add_test(tcase, v1_hierarchies_are_shown_below_a_tmpfs);
	tcase_add_loop_test(
		tcase, the_trusted_procfs_is_the_containers_or_a_private_one, 0,
		2);
	tcase_add_test(tcase, the_console_is_the_terminal);
	tcase_add_test(tcase, a_console_that_is_no_terminal_is_refused);
}

static void add_instances(TCase *tcase)
{
	tcase_add_loop_test(tcase,
	                    a_tmpfs_has_its_own_mode_or_that_of_its_place, 0,
	                    ARRAY_SIZE(tmpfs_modes));
	tcase_add_test(tcase, modes_of_other_file_systems_are_their_own);
	tcase_add_test(tcase, tmpcopyup_copies_what_is_there);
	tcase_add_test(tcase, a_kernel_message_is_passed_on);
	tcase_add_test(tcase, an_unknown_file_system_is_named);
	tcase_add_test(tcase, flags_of_an_instance_reach_it);
	tcase_add_test(tcase, a_new_file_system_may_be_shared);
	tcase_add_test(tcase, a_read_only_dev_is_finished_first);
	tcase_add_test(tcase, a_mount_may_be_the_root);
	tcase_add_test(tcase, what_was_open_is_not_used_below_a_later_mount);
	tcase_add_test(tcase, a_remount_changes_what_is_there);
	tcase_add_test(tcase, a_remount_of_no_mount_is_an_error);
}

int main(void)
{
	static void (*const cases[])(TCase *) = { add_whole, add_instances,
		                                  NULL };

	return run_cases("rootfs", cases);
}
