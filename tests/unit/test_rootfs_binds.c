/* SPDX-License-Identifier: Apache-2.0 */
/* What the container gets from the host: attributes, propagation, ids. */
#include "container_tree.h"

/* ---- attributes */

static const struct {
	const char *word;
	const char *shown; /* in mountinfo; with '!' in front: not shown */
} attributes[] = {
	{ "ro", "ro" },
	{ "rw", "rw" },
	{ "nosuid", "nosuid" },
	{ "nodev", "nodev" },
	{ "noexec", "noexec" },
	{ "nosymfollow", "nosymfollow" },
	{ "noatime", "noatime" },
	{ "nodiratime", "nodiratime" },
	{ "relatime", "relatime" },
	{ "strictatime", "!relatime" },
	{ "defaults", "rw" },
};

static bool is_shown(const char *path, const char *shown)
{
	if (*shown == '!')
		return !has_option(path, shown + 1);
	return has_option(path, shown);
}

/* As before Linux 5.12, where mount(2) sets what mount_setattr(2) does now. */
static void choose_kernel(bool old)
{
	if (old)
		c.facts.kernel = KERNEL(5, 10);
}

/* A084 A096 A102 A103 A105 */
START_TEST(an_attribute_is_set)
{
	size_t i = (size_t)_i % ARRAY_SIZE(attributes);
	size_t kind = (size_t)_i / ARRAY_SIZE(attributes);
	bool fs = kind % 2;

	choose_kernel(kind / 2);
	if (fs)
		add_mount("/t", "tmpfs", "tmpfs", attributes[i].word);
	else
		add_mount("/t", NULL, at("host"),
		          arena_printf(&c.arena, "bind %s",
		                       attributes[i].word));
	must_enter();
	ck_assert_msg(is_shown("/t", attributes[i].shown), "%s: %s",
	              attributes[i].word, mount_at("/t")->options);
}

END_TEST

static const struct {
	const char *word;
	unsigned long source; /* MS_* of the source */
	const char *shown;
} clearing[] = {
	{ "rw", MS_RDONLY, "rw" },
	{ "suid", MS_NOSUID, "!nosuid" },
	{ "dev", MS_NODEV, "!nodev" },
	{ "exec", MS_NOEXEC, "!noexec" },
	{ "atime", MS_NOATIME, "!noatime" },
	{ "diratime", MS_NODIRATIME, "!nodiratime" },
	/* what is not mentioned stays as the source has it */
	{ "exec", MS_NOSUID | MS_NOEXEC, "nosuid" },
	{ "noexec", MS_RDONLY, "ro" },
	{ "ro", MS_NOEXEC, "noexec" },
	{ "noatime", MS_NODEV, "nodev" },
	/* as said again for the whole tree */
	{ "rrw", MS_RDONLY, "rw" },
	{ "rsuid", MS_NOSUID, "!nosuid" },
	{ "rdev", MS_NODEV, "!nodev" },
	{ "rexec", MS_NOEXEC, "!noexec" },
	{ "ratime", MS_NOATIME, "!noatime" },
};

/* A083 A084 A103 A107 */
START_TEST(an_attribute_of_the_source_is_cleared_or_kept)
{
	size_t i = (size_t)_i % ARRAY_SIZE(clearing);
	bool old = (size_t)_i >= ARRAY_SIZE(clearing);

	choose_kernel(old);
	make_dir(at("host/src"));
	must(mount("tmpfs", at("host/src"), "tmpfs", 0, NULL));
	must(mount(NULL, at("host/src"), NULL,
	           MS_REMOUNT | MS_BIND | clearing[i].source, NULL));
	add_mount("/t", NULL, at("host/src"),
	          arena_printf(&c.arena, "%s %s", old ? "bind" : "rbind",
	                       clearing[i].word));
	must_enter();
	ck_assert_msg(is_shown("/t", clearing[i].shown), "%s: %s",
	              clearing[i].word, mount_at("/t")->options);
}

END_TEST

static const struct {
	const char *word;
	const char *shown;
} recursive[] = {
	{ "rro", "ro" },
	{ "rnosuid", "nosuid" },
	{ "rnodev", "nodev" },
	{ "rnoexec", "noexec" },
	{ "rnosymfollow", "nosymfollow" },
	{ "rnoatime", "noatime" },
	{ "rnodiratime", "nodiratime" },
	{ "rrelatime", "relatime" },
	{ "rstrictatime", "!relatime" },
};

START_TEST(a_recursive_attribute_reaches_the_whole_tree)
{
	make_dir(at("host/sub"));
	must(mount("tmpfs", at("host/sub"), "tmpfs", 0, NULL));
	add_mount("/t", NULL, at("host"),
	          arena_printf(&c.arena, "rbind %s", recursive[_i].word));
	must_enter();
	ck_assert(is_shown("/t", recursive[_i].shown));
	ck_assert(is_shown("/t/sub", recursive[_i].shown));
}

END_TEST

START_TEST(a_plain_attribute_is_for_the_top_only)
{
	make_dir(at("host/sub"));
	must(mount("tmpfs", at("host/sub"), "tmpfs", 0, NULL));
	add_mount("/t", NULL, at("host"), "rbind ro rnoexec nodev");
	add_mount("/u", NULL, at("host"), "bind ro");
	must_enter();
	ck_assert(has_option("/t", "ro"));
	ck_assert(has_option("/t", "noexec"));
	ck_assert(has_option("/t/sub", "rw"));
	ck_assert(has_option("/t/sub", "noexec"));
	ck_assert(!has_option("/t/sub", "nodev"));
	ck_assert(!find_mount("/u/sub", &(struct mount_line){ 0 }, NULL));
}

END_TEST

START_TEST(the_source_keeps_its_own_attributes)
{
	add_mount("/t", NULL, at("host"), "rbind rro rnoexec");
	must_enter_elsewhere();
	make_file(at("host/file"), "still writable");
}

END_TEST

/* ---- kinds of sources */

/* A077 D061 */
START_TEST(files_of_every_kind_can_be_bound)
{
	make_file(at("host/file"), "content");
	must(mkfifo(at("host/fifo"), 0600));
	must(mknod(at("host/null"), S_IFCHR | 0666, makedev(1, 3)));
	must(mknod(at("host/socket"), S_IFSOCK | 0600, 0));
	add_mount("/a/file", NULL, at("host/file"), "bind rro");
	add_mount("/a/fifo", NULL, at("host/fifo"), "rbind rnoexec");
	add_mount("/a/null", NULL, at("host/null"), "rbind rro");
	add_mount("/a/socket", NULL, at("host/socket"), "bind ro");
	add_mount("/bundle", NULL, ".", "bind");
	must_enter();
	ck_assert_str_eq(file_text("/a/file"), "content");
	ck_assert(S_ISFIFO(mode_of("/a/fifo")));
	ck_assert(S_ISCHR(mode_of("/a/null")));
	ck_assert(S_ISSOCK(mode_of("/a/socket")));
	ck_assert(is_there("/bundle/rootfs"));
}

END_TEST

/* C020 D035 */
START_TEST(a_link_is_followed_mounted_or_copied)
{
	make_file(at("host/file"), "content");
	must(symlink("file", at("host/link")));
	make_file(in_root("/etc/here"), "");
	add_mount("/a", NULL, at("host/link"), "bind");
	add_mount("/b", NULL, at("host/link"), "bind copy-symlink");
	add_mount("/c/d", NULL, at("host/link"), "bind copy-symlink");
	add_mount("/f", NULL, at("host/file"), "bind copy-symlink");
	add_mount("/etc/here", NULL, at("host/link"), "bind src-nofollow");
	must_enter();
	ck_assert_str_eq(file_text("/a"), "content");
	ck_assert_str_eq(link_text("/b"), "file");
	ck_assert_str_eq(link_text("/c/d"), "file");
	ck_assert_str_eq(file_text("/f"), "content");
	ck_assert(S_ISLNK(mode_of("/etc/here")));
}

END_TEST

START_TEST(a_device_that_is_another_is_refused)
{
	struct plan_source source = {
		.kind = PLAN_SOURCE_DEVICE,
		.path = "/dev/null",
		.device = makedev(1, 5),
		.mode = S_IFCHR,
	};

	ck_assert_int_lt(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
	source.device = makedev(1, 3);
	source.mode = S_IFBLK;
	ck_assert_int_lt(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
	source.mode = S_IFCHR;
	ck_assert_int_eq(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
	ck_assert_uint_eq(c.sources[0].type, S_IFCHR);
}

END_TEST

START_TEST(a_namespace_of_another_type_is_refused)
{
	struct plan_source source = {
		.kind = PLAN_SOURCE_NAMESPACE,
		.path = "/proc/self/ns/net",
		.namespace_type = CLONE_NEWIPC,
	};

	ck_assert_int_lt(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
	source.path = "/proc/self/status";
	ck_assert_int_lt(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
	source.path = "/proc/self/ns/ipc";
	ck_assert_int_eq(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
}

END_TEST

/* ---- propagation */

static const struct {
	const char *words;
	bool in;  /* the host's later mounts appear in the container */
	bool out; /* and the other way round */
} propagations[] = {
	{ "rbind", false, false },
	{ "rbind private", false, false },
	{ "rbind rprivate", false, false },
	{ "rbind slave", true, false },
	{ "rbind rslave", true, false },
	{ "rbind shared", true, true },
	{ "rbind rshared", true, true },
	{ "bind", false, false },
	{ "bind slave", true, false },
	{ "bind shared", true, true },
	{ "bind rshared ro", true, true },
	{ "rbind unbindable", false, false },
};

static void tell(int fd)
{
	must(write(fd, "x", 1));
}

static void await(int fd)
{
	char byte;

	ck_assert_int_eq(read(fd, &byte, 1), 1);
}

/* A085 A106 D047 */
START_TEST(mounts_propagate_as_told)
{
	int to[2];
	int from[2];
	int status;
	pid_t pid;

	must(mount(NULL, dir, NULL, MS_SHARED, NULL));
	make_dir(at("host/in"));
	make_dir(at("host/out"));
	must(pipe(to));
	must(pipe(from));
	pid = fork();
	if (pid == 0) {
		struct mount_line line;

		add_mount("/t", NULL, at("host"), propagations[_i].words);
		must_enter();
		tell(from[1]);
		await(to[0]);
		ck_assert(find_mount("/t/in", &line, NULL) ==
		          propagations[_i].in);
		must(mount("tmpfs", "/t/out", "tmpfs", 0, NULL));
		tell(from[1]);
		await(to[0]);
		_exit(0);
	}
	await(from[0]);
	must(mount("tmpfs", at("host/in"), "tmpfs", 0, NULL));
	tell(to[1]);
	await(from[0]);
	rootfs_begin(&c.rootfs, &(struct plan){ 0 }, NULL);
	ck_assert(find_mount(at("host/out"), &(struct mount_line){ 0 }, NULL) ==
	          propagations[_i].out);
	tell(to[1]);
	must(waitpid(pid, &status, 0));
	ck_assert_int_eq(status, 0);
}

END_TEST

START_TEST(what_lies_below_a_private_bind_does_not_reach_the_host)
{
	int status;
	pid_t pid;

	must(mount(NULL, dir, NULL, MS_SHARED, NULL));
	make_dir(at("host/sub"));
	must(mount("tmpfs", at("host/sub"), "tmpfs", 0, NULL));
	must(mount(NULL, at("host/sub"), NULL, MS_SHARED, NULL));
	make_dir(at("host/sub/x"));
	pid = fork();
	if (pid == 0) {
		add_mount("/t", NULL, at("host"), "rbind private");
		must_enter();
		must(mount("tmpfs", "/t/sub/x", "tmpfs", 0, "nr_inodes=77"));
		make_file("/t/sub/x/file", "");
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
	ck_assert_int_eq(status, 0);
	ck_assert(!is_there(at("host/sub/x/file")));
}

END_TEST

/* ---- ids */

static const struct {
	const char *words;
	bool own; /* the mount has mappings itself */
	uid_t top;
	uid_t below;
} idmaps[] = {
	{ "rbind", true, 1005, 6 },
	{ "rbind idmap", true, 1005, 6 },
	{ "rbind ridmap", true, 1005, 1006 },
	{ "bind idmap=uids=0-2000-100;gids=0-2000-100", false, 2005, 0 },
};

/* A080 A081 A082 A108 C021 D046 */
START_TEST(an_idmapped_mount_shows_other_owners)
{
	struct oci_id_mapping map = { 0, 1000, 100 };
	struct oci_mount *mapped;
	struct stat found;

	if (!kernel_is_at_least(6, 3)) {
		printf("skipped: a tmpfs cannot be idmapped before Linux 6.3\n");
		return;
	}
	make_dir(at("host/sub"));
	must(mount("tmpfs", at("host/sub"), "tmpfs", 0, NULL));
	make_file(at("host/file"), "");
	make_file(at("host/sub/file"), "");
	must(lchown(at("host/file"), 5, 5));
	must(lchown(at("host/sub/file"), 6, 6));
	mapped = add_mount("/t", NULL, at("host"), idmaps[_i].words);
	if (idmaps[_i].own)
		mapped->uid_mappings = mapped->gid_mappings =
			(struct oci_id_mappings){ &map, 1 };
	must_enter();
	must(lstat("/t/file", &found));
	ck_assert_uint_eq(found.st_uid, idmaps[_i].top);
	ck_assert_uint_eq(found.st_gid, idmaps[_i].top);
	if (!idmaps[_i].below)
		return;
	must(lstat("/t/sub/file", &found));
	ck_assert_uint_eq(found.st_uid, idmaps[_i].below);
}

END_TEST

/* ---- user namespaces */

/* Init in a new user namespace; the parent writes the maps. */
static int enter_user_namespace(int flags, int (*look)(void))
{
	char path[64];
	int ready[2];
	int mapped[2];
	int status;
	pid_t pid;

	must(pipe(ready));
	must(pipe(mapped));
	pid = fork();
	if (pid == 0) {
		int result;

		must(unshare(CLONE_NEWUSER | CLONE_NEWNS | flags));
		tell(ready[1]);
		await(mapped[0]);
		must(setresgid(0, 0, 0));
		must(setresuid(0, 0, 0));
		result = apply_steps();
		if (result < 0)
			fprintf(stderr, "%s\n", c.err.text);
		_exit(result < 0 ? 1 : look());
	}
	await(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	must(sys_write_file(AT_FDCWD, path, "0 100000 65536\n"));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	must(sys_write_file(AT_FDCWD, path, "0 100000 65536\n"));
	tell(mapped[1]);
	must(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int look_from_user_namespace(void)
{
	if (!S_ISCHR(mode_of("/dev/null")) ||
	    !has_option("/dev/null", "noexec"))
		return 2;
	if (!str_equal(mount_at("/sys")->type, "sysfs"))
		return 3;
	if (!has_option("/data", "ro") || !is_there("/data/file"))
		return 4;
	if (!str_equal(mount_at("/etc/secret")->type, "devtmpfs") &&
	    !S_ISCHR(mode_of("/etc/secret")))
		return 5;
	return 0;
}

static void be_user_container(void)
{
	struct oci_id_mapping *map = arena_new(&c.arena, struct oci_id_mapping);

	*map = (struct oci_id_mapping){ 0, 100000, 65536 };
	c.config.uid_mappings = (struct oci_id_mappings){ map, 1 };
	c.config.gid_mappings = (struct oci_id_mappings){ map, 1 };
	add_namespace(CLONE_NEWUSER);
	add_namespace(CLONE_NEWIPC);
	add_namespace(CLONE_NEWNET);
	make_dir(in_root("/dev"));
	make_dir(in_root("/sys"));
	make_dir(in_root("/proc"));
	make_dir(in_root("/data"));
	make_file(in_root("/etc/secret"), "x");
	make_file(at("host/file"), "");
	must(lchown(in_root("/etc"), 100000, 100000));
	must(lchown(in_root(""), 100000, 100000));
	add_mount("/proc", NULL, "/proc", "rbind");
	add_dev();
	add_mount("/dev/pts", "devpts", "devpts", "newinstance mode=0620");
	add_mount("/dev/mqueue", "mqueue", "mqueue", "");
	add_mount("/sys", "sysfs", "sysfs", "ro nosuid nodev noexec");
	add_mount("/data", NULL, at("host"), "rbind ro");
	*arena_push(&c.arena, c.config.masked_paths.items,
	            c.config.masked_paths.count) = "/etc/secret";
}

START_TEST(a_user_namespace_gets_everything)
{
	be_user_container();
	/* the parent can reach it, init could not */
	must(chmod(at("host"), 0755));
	make_dir(at("host/closed"));
	must(chmod(at("host/closed"), 0700));
	make_dir(at("host/closed/in"));
	make_dir(in_root("/closed"));
	add_mount("/closed", NULL, at("host/closed/in"), "bind");
	ck_assert_msg(prepare() == 0, "%s", c.err.text);
	ck_assert_int_eq(enter_user_namespace(CLONE_NEWIPC | CLONE_NEWNET,
	                                      look_from_user_namespace),
	                 0);
}

END_TEST

START_TEST(what_the_parent_may_not_clone_init_does)
{
	size_t i;

	be_user_container();
	ck_assert_msg(prepare() == 0, "%s", c.err.text);
	for (i = 0; i < c.plan->sources_count; i++) {
		close(c.sources[i].fd);
		c.sources[i].fd = -1;
	}
	ck_assert_int_eq(enter_user_namespace(CLONE_NEWIPC | CLONE_NEWNET,
	                                      look_from_user_namespace),
	                 0);
}

END_TEST

START_TEST(a_parent_without_power_leaves_sources_to_init)
{
	struct plan_source source = { .kind = PLAN_SOURCE_TREE,
		                      .path = "/etc" };

	must(setresuid(65534, 65534, 65534));
	ck_assert_int_eq(rootfs_open_source(&source, &c.sources[0], &c.err), 0);
	ck_assert_int_eq(c.sources[0].fd, -1);
}

END_TEST

static int look_at_fallback(void)
{
	return str_equal(mount_at("/sys")->type, "sysfs") &&
	                       has_option("/sys", "ro")
	               ? 0
	               : 3;
}

/* A087 D029 */
START_TEST(sysfs_falls_back_to_the_hosts_and_stays_read_only)
{
	be_user_container();
	c.config.namespaces_count--; /* net */
	ck_assert_msg(prepare() == 0, "%s", c.err.text);
	ck_assert_int_eq(enter_user_namespace(CLONE_NEWIPC, look_at_fallback),
	                 0);
}

END_TEST

/* ---- */

static void add_attributes(TCase *tcase)
{
	tcase_add_loop_test(tcase, an_attribute_is_set, 0,
	                    4 * ARRAY_SIZE(attributes));
	tcase_add_loop_test(tcase,
	                    an_attribute_of_the_source_is_cleared_or_kept, 0,
	                    2 * ARRAY_SIZE(clearing));
	tcase_add_loop_test(tcase, a_recursive_attribute_reaches_the_whole_tree,
	                    0, ARRAY_SIZE(recursive));
	tcase_add_test(tcase, a_plain_attribute_is_for_the_top_only);
	tcase_add_test(tcase, the_source_keeps_its_own_attributes);
	tcase_add_test(tcase, files_of_every_kind_can_be_bound);
	tcase_add_test(tcase, a_link_is_followed_mounted_or_copied);
	tcase_add_test(tcase, a_device_that_is_another_is_refused);
	tcase_add_test(tcase, a_namespace_of_another_type_is_refused);
}

static void add_propagation(TCase *tcase)
{
	tcase_add_loop_test(tcase, mounts_propagate_as_told, 0,
	                    ARRAY_SIZE(propagations));
	tcase_add_test(tcase,
	               what_lies_below_a_private_bind_does_not_reach_the_host);
}

static void add_ids(TCase *tcase)
{
	tcase_add_loop_test(tcase, an_idmapped_mount_shows_other_owners, 0,
	                    ARRAY_SIZE(idmaps));
	tcase_add_test(tcase, a_user_namespace_gets_everything);
	tcase_add_test(tcase, what_the_parent_may_not_clone_init_does);
	tcase_add_test(tcase, a_parent_without_power_leaves_sources_to_init);
	tcase_add_test(tcase,
	               sysfs_falls_back_to_the_hosts_and_stays_read_only);
}

int main(void)
{
	static void (*const cases[])(
		TCase *) = { add_attributes, add_propagation, add_ids, NULL };

	return run_cases("rootfs_binds", cases);
}
