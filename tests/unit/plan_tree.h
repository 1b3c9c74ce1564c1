/* SPDX-License-Identifier: Apache-2.0 */
/* A specification to plan a file tree from, and ways to look at the plan. */
#pragma once

#include <check.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/str.h"
#include "plan/decide.h"

#define USUAL (CLONE_NEWPID | CLONE_NEWNS)
#define RO    MOUNT_ATTR_RDONLY
#define SAFE  (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* Everything a plan of a file tree is made from, empty but valid. */
struct fixture {
	struct arena arena;
	struct oci_root root;
	struct oci_linux config;
	struct oci_spec spec;
	struct facts facts;
	struct plan_options options;
	struct plan plan;
	struct planner planner;
	struct error err;
};

static struct fixture f;

static inline void set_up(void)
{
	f = (struct fixture){
		.root = { .path = "rootfs" },
		.options = { .id = "web", .bundle = "/b" },
		.plan = { .id = "web", .bundle = "/b", .rootfs = "/b/rootfs" },
	};
	f.facts.cgroup.mode = FACTS_CGROUP_V2;
	f.facts.cgroup.v2_mount = "/sys/fs/cgroup";
	f.spec.root = &f.root;
	f.spec.linux_ = &f.config;
	f.plan.ns.all = f.plan.ns.created = USUAL;
	f.planner = (struct planner){
		.arena = &f.arena,
		.spec = &f.spec,
		.facts = &f.facts,
		.options = &f.options,
		.plan = &f.plan,
	};
}

static inline void tear_down(void)
{
	arena_release(&f.arena);
}

static inline struct oci_mount *add_mount(const char *destination,
                                          const char *type, const char *source,
                                          const char *words)
{
	struct oci_mount *mount =
		arena_push(&f.arena, f.spec.mounts, f.spec.mounts_count);

	mount->destination = destination;
	mount->type = type;
	mount->source = source;
	while (*words) {
		size_t length = strcspn(words, " ");

		*arena_push(&f.arena, mount->options.items,
		            mount->options.count) =
			arena_strndup(&f.arena, words, length);
		words += length;
		words += *words == ' ';
	}
	return mount;
}

static inline void add_cgroup_dir(const char *controllers, const char *mount)
{
	struct plan_cgroup_dir *dir = arena_push(&f.arena, f.plan.cgroup.dirs,
	                                         f.plan.cgroup.dirs_count);

	dir->controllers = controllers;
	dir->mount = mount;
	dir->path = "/web";
}

/* ---- the plan in one line */

static inline void put_mount(struct buf *buf, const struct plan_mount *mount)
{
	static const char *const kinds[] = { "fs", "bind", "inner", "attr" };

	buf_printf(buf, "%s", kinds[mount->kind]);
	if (mount->kind == PLAN_MOUNT_FS)
		buf_printf(buf, ".%s", mount->type);
	buf_printf(buf, ":%s", mount->destination);
	if ((mount->set | mount->recursive_set) & RO)
		buf_add_str(buf, ":ro");
}

static inline void put_step(struct buf *buf, const struct plan_step *step)
{
	static const char *const names[] = {
		[PLAN_STEP_NAMESPACE] = "namespace",
		[PLAN_STEP_KEYRING] = "keyring",
		[PLAN_STEP_LOOPBACK] = "loopback",
		[PLAN_STEP_HOSTNAME] = "hostname",
		[PLAN_STEP_DOMAINNAME] = "domainname",
		[PLAN_STEP_CUT] = "cut",
		[PLAN_STEP_ROOT] = "root",
		[PLAN_STEP_HOST_ROOT] = "host-root",
		[PLAN_STEP_DEVICE] = "device",
		[PLAN_STEP_LINK] = "link",
		[PLAN_STEP_CONSOLE] = "console",
		[PLAN_STEP_RUNTIME_HOOKS] = "runtime-hooks",
		[PLAN_STEP_CONTAINER_HOOKS] = "container-hooks",
		[PLAN_STEP_PIVOT] = "pivot",
		[PLAN_STEP_MOVE_ROOT] = "move-root",
		[PLAN_STEP_CHROOT] = "chroot",
		[PLAN_STEP_WAIT_CGROUP] = "wait-cgroup",
		[PLAN_STEP_SYSCTL] = "sysctl",
		[PLAN_STEP_PROPAGATION] = "propagation",
		[PLAN_STEP_READONLY_ROOT] = "readonly-root",
		[PLAN_STEP_MASK] = "mask",
		[PLAN_STEP_READONLY] = "readonly",
	};

	if (buf->length > 0)
		buf_add_char(buf, ' ');
	if (step->kind == PLAN_STEP_MOUNT)
		put_mount(buf, &step->mount);
	else
		buf_add_str(buf, names[step->kind]);
}

/* Defaults of /dev are the same in each: "dev" stands for all of them. */
static inline bool is_default(const struct plan_step *step)
{
	return step->kind == PLAN_STEP_DEVICE ||
	       (step->kind == PLAN_STEP_LINK &&
	        str_after(step->link.path, "/dev/"));
}

static inline const char *steps_text(void)
{
	struct buf buf = { .arena = &f.arena };
	size_t i;

	for (i = 0; i < f.plan.steps_count; i++) {
		const struct plan_step *step = &f.plan.steps[i];

		if (!is_default(step))
			put_step(&buf, step);
		else if (i == 0 || !is_default(&f.plan.steps[i - 1]))
			buf_add_str(&buf, buf.length > 0 ? " dev" : "dev");
	}
	return buf_str(&buf);
}

static inline void expect_steps(const char *expected)
{
	ck_assert_msg(plan_rootfs(&f.planner, &f.err) == 0, "%s", f.err.text);
	ck_assert_str_eq(steps_text(), expected);
}

static inline void expect_error(const char *part)
{
	ck_assert_int_lt(plan_rootfs(&f.planner, &f.err), 0);
	ck_assert_msg(strstr(f.err.text, part) != NULL, "%s", f.err.text);
	ck_assert_int_ne(f.err.kind, ERROR_INTERNAL);
}

static inline const struct plan_step *find_step(enum plan_step_kind kind,
                                                const char *path)
{
	size_t i;

	for (i = 0; i < f.plan.steps_count; i++) {
		const struct plan_step *step = &f.plan.steps[i];

		if (step->kind != kind)
			continue;
		if ((kind == PLAN_STEP_MOUNT &&
		     str_equal(step->mount.destination, path)) ||
		    (kind == PLAN_STEP_DEVICE &&
		     str_equal(step->device.path, path)) ||
		    (kind == PLAN_STEP_LINK &&
		     str_equal(step->link.path, path)) ||
		    !path)
			return step;
	}
	ck_abort_msg("no step for %s", path ? path : "it");
	return NULL;
}

static inline const struct plan_mount *mount_at(const char *path)
{
	return &find_step(PLAN_STEP_MOUNT, path)->mount;
}

static inline const struct plan_mount *only_mount(const char *destination,
                                                  const char *type,
                                                  const char *source,
                                                  const char *words)
{
	add_mount(destination, type, source, words);
	ck_assert_msg(plan_rootfs(&f.planner, &f.err) == 0, "%s", f.err.text);
	return mount_at(destination);
}

static inline int run_cases(const char *name, void (*const *add)(Suite *))
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	for (; *add; add++)
		(*add)(suite);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
