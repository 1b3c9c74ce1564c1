/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle in a tmpfs, and the real steps of its file tree, in one process. */
#pragma once

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "plan/decide.h"
#include "rootfs/rootfs.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/ns.h"
#include "sys/process.h"

#define SOURCES_MAX 32

/* In a root without /proc the sanitizer cannot look for leaks. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/*
 * Each test is a process of its own (check forks), in a mount namespace of
 * its own: that is the test's "host". DIR is a tmpfs there, with
 * DIR/bundle/rootfs for the container and DIR/host for what it may bind, and
 * everything else is read-only.
 */
struct container {
	struct arena arena;
	struct oci_root root;
	struct oci_linux config;
	struct oci_namespace namespaces[8];
	struct oci_spec spec;
	struct facts facts;
	struct plan_options options;
	const struct plan *plan;
	struct rootfs_source sources[SOURCES_MAX];
	struct rootfs rootfs;
	struct error err;
};

static struct container c;
static char dir[64] = "/tmp/runf-rootfs-XXXXXX";

#define must(call) ck_assert_msg((call) >= 0, "%s: %s", #call, strerror(errno))

/* DIR/PATH, in the arena. */
static inline const char *at(const char *path)
{
	return arena_printf(&c.arena, "%s/%s", dir, path);
}

static inline const char *in_root(const char *path)
{
	return arena_printf(&c.arena, "%s/bundle/rootfs%s", dir, path);
}

static inline void make_dir(const char *path)
{
	must(mkdir(path, 0755));
}

static inline void make_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static inline void add_namespace(int type)
{
	c.namespaces[c.config.namespaces_count++].type = type;
}

static inline void set_up(void)
{
	c = (struct container){ .root = { .path = "rootfs" },
		                .options = { .id = "test",
		                             .no_new_keyring = true,
		                             .cgroup_disabled = true } };
	umask(022);
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	/* A broken build shall not be able to break the machine. */
	must(sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, MOUNT_ATTR_RDONLY,
	                       0, 0, -1));
	must(sys_mount_setattr(AT_FDCWD, "/proc", 0, 0, MOUNT_ATTR_RDONLY, 0,
	                       -1));
	must(sys_mount_setattr(AT_FDCWD, "/sys", 0, 0, MOUNT_ATTR_RDONLY, 0,
	                       -1));
	must(mount("tmpfs", dir, "tmpfs", 0, "mode=755"));
	make_dir(at("host"));
	make_dir(at("bundle"));
	make_dir(at("bundle/rootfs"));
	make_dir(in_root("/etc"));
	c.options.bundle = at("bundle");
	c.facts.kernel = KERNEL(6, 1);
	c.config.namespaces = c.namespaces;
	c.spec.root = &c.root;
	c.spec.linux_ = &c.config;
	add_namespace(CLONE_NEWNS);
}

static inline void tear_down(void)
{
	arena_release(&c.arena);
}

static inline struct oci_mount *add_mount(const char *destination,
                                          const char *type, const char *source,
                                          const char *words)
{
	struct oci_mount *mount =
		arena_push(&c.arena, c.spec.mounts, c.spec.mounts_count);

	mount->destination = destination;
	mount->type = type;
	mount->source = source;
	while (*words) {
		size_t length = strcspn(words, " ");

		*arena_push(&c.arena, mount->options.items,
		            mount->options.count) =
			arena_strndup(&c.arena, words, length);
		words += length;
		words += *words == ' ';
	}
	return mount;
}

static inline void add_proc(void)
{
	add_mount("/proc", "proc", "proc", "nosuid nodev noexec");
}

static inline void add_dev(void)
{
	add_mount("/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755");
}

/* ---- running */

/* By the parent: the plan and its sources. */
static inline int prepare(void)
{
	size_t i;
	int result = plan_create(&c.arena, &c.spec, &c.facts, &c.options,
	                         &c.plan, &c.err);

	ck_assert_uint_le(result == 0 ? c.plan->sources_count : 0, SOURCES_MAX);
	for (i = 0; result == 0 && i < c.plan->sources_count; i++)
		result = rootfs_open_source(&c.plan->sources[i], &c.sources[i],
		                            &c.err);
	return result;
}

static inline int apply_step(const struct plan_step *step)
{
	switch (step->kind) {
	case PLAN_STEP_NAMESPACE:
		return step->ns.verb == PLAN_NS_UNSHARE
		               ? sys_unshare(step->ns.flags)
		               : 0;
	case PLAN_STEP_KEYRING:
	case PLAN_STEP_LOOPBACK:
	case PLAN_STEP_HOSTNAME:
	case PLAN_STEP_DOMAINNAME:
	case PLAN_STEP_CONSOLE:
	case PLAN_STEP_RUNTIME_HOOKS:
	case PLAN_STEP_CONTAINER_HOOKS:
	case PLAN_STEP_WAIT_CGROUP:
	case PLAN_STEP_SYSCTL: return 0;
	case PLAN_STEP_CUT:
	case PLAN_STEP_ROOT:
	case PLAN_STEP_ROOT_MOUNT:
	case PLAN_STEP_HOST_ROOT:
	case PLAN_STEP_MOUNT:
	case PLAN_STEP_DEVICE:
	case PLAN_STEP_LINK:
	case PLAN_STEP_PIVOT:
	case PLAN_STEP_MOVE_ROOT:
	case PLAN_STEP_CHROOT:
	case PLAN_STEP_PROPAGATION:
	case PLAN_STEP_READONLY_ROOT:
	case PLAN_STEP_MASK:
	case PLAN_STEP_READONLY: break;
	}
	return rootfs_apply(&c.rootfs, step, &c.err);
}

/* By init, in the namespaces of the container. */
static inline int apply_steps(void)
{
	int result = 0;
	size_t i;

	rootfs_begin(&c.rootfs, c.plan, c.sources);
	for (i = 0; result == 0 && i < c.plan->steps_count; i++)
		result = apply_step(&c.plan->steps[i]);
	return result;
}

/* The whole, up to "/" being the container's. */
static inline int enter(void)
{
	int result = prepare();

	if (result == 0)
		result = sys_unshare(CLONE_NEWNS);
	return result == 0 ? apply_steps() : result;
}

static inline void must_enter(void)
{
	ck_assert_msg(enter() == 0, "%s", c.err.text);
}

/* The same in a process of its own; the test stays on the host. */
static inline void must_enter_elsewhere(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(enter() == 0 ? 0 : 1);
	must(waitpid(pid, &status, 0));
	ck_assert_int_eq(status, 0);
}

static inline void must_fail(const char *part)
{
	ck_assert_int_lt(enter(), 0);
	ck_assert_msg(strstr(c.err.text, part) != NULL, "%s", c.err.text);
}

/* ---- looking */

struct mount_line {
	char options[256];
	char propagation[128];
	char type[64];
	char source[128];
	char instance[256];
};

static inline bool parse_line(char *line, const char *path,
                              struct mount_line *ret_line)
{
	char place[512];
	char *end = strstr(line, " - ");
	char *optional;
	int used = 0;

	ck_assert_ptr_nonnull(end);
	*end = '\0';
	ck_assert_int_eq(sscanf(line, "%*d %*d %*s %*s %511s %255s%n", place,
	                        ret_line->options, &used),
	                 2);
	optional = line + used;
	snprintf(ret_line->propagation, sizeof(ret_line->propagation), "%s",
	         *optional ? optional + 1 : "");
	ck_assert_int_eq(sscanf(end + 3, "%63s %127s %255s", ret_line->type,
	                        ret_line->source, ret_line->instance),
	                 3);
	return str_equal(place, path);
}

/* The topmost mount at PATH; false if there is none. COUNT may be NULL. */
static inline bool find_mount(const char *path, struct mount_line *ret_line,
                              int *count)
{
	int proc = rootfs_proc(&c.rootfs, &c.err);
	int fd = openat(proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct mount_line line = { 0 };
	char text[1024];
	bool found = false;
	FILE *file;

	must(fd);
	file = fdopen(fd, "r");
	while (fgets(text, sizeof(text), file)) {
		if (count)
			++*count;
		if (!parse_line(text, path, &line))
			continue;
		*ret_line = line;
		found = true;
	}
	fclose(file);
	return found;
}

/* It is that of the next call, too. */
static inline const struct mount_line *mount_at(const char *path)
{
	static struct mount_line line;

	line = (struct mount_line){ 0 };
	ck_assert_msg(find_mount(path, &line, NULL), "nothing at %s", path);
	return &line;
}

/* WORD is one of LIST, which has commas between them. */
static inline bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (strncmp(list, word, length) == 0 &&
		    (list[length] == ',' || list[length] == '\0'))
			return true;
	}
	return false;
}

static inline bool has_option(const char *path, const char *word)
{
	return has_word(mount_at(path)->options, word);
}

static inline mode_t mode_of(const char *path)
{
	struct stat found;

	must(lstat(path, &found));
	return found.st_mode;
}

static inline bool is_there(const char *path)
{
	struct stat found;

	return lstat(path, &found) == 0;
}

static inline int count_fds(void)
{
	int count = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static inline bool kernel_is_at_least(int major, int minor)
{
	struct utsname name;
	int found[2];

	must(uname(&name));
	ck_assert_int_eq(sscanf(name.release, "%d.%d", &found[0], &found[1]),
	                 2);
	return found[0] > major || (found[0] == major && found[1] >= minor);
}

static inline const char *link_text(const char *path)
{
	char *text = arena_alloc(&c.arena, 256);

	must(readlink(path, text, 255));
	return text;
}

static inline const char *file_text(const char *path)
{
	char *text = arena_alloc(&c.arena, 256);

	ck_assert_int_ge(sys_read_file(AT_FDCWD, path, text, 256), 0);
	return text;
}

/* ---- the program */

static inline int run_cases(const char *name, void (*const *add)(TCase *))
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0) {
		printf("%s: skipped: not allowed to mount\n", name);
		return 77;
	}
	if (!mkdtemp(dir))
		return EXIT_FAILURE;
	for (; *add; add++) {
		TCase *tcase = tcase_create(name);

		tcase_add_checked_fixture(tcase, set_up, tear_down);
		(*add)(tcase);
		suite_add_tcase(suite, tcase);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	rmdir(dir);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
