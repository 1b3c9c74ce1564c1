/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of cgroup/ only. */
#pragma once

#include <stdio.h>

#include "cgroup/cgroup.h"

/* For what the kernel does soon: processes to die or to freeze. */
#define CGROUP_PATIENCE_MS 10000

/* Large enough for the flat files of one value or a few lines. */
#define CGROUP_TEXT_MAX 4096

static inline bool dir_is_v2(const struct plan_cgroup_dir *dir)
{
	return *dir->controllers == '\0';
}

/* True if the v1 hierarchy of DIR has CONTROLLER. */
bool dir_has(const struct plan_cgroup_dir *dir, const char *controller);

/*
 * The directory that has the container's processes: v2's, else the v1
 * freezer's, else the first. NULL if the plan has none.
 */
const struct plan_cgroup_dir *cgroup_main_dir(const struct plan_cgroup *plan);
/* The same, or the error that there is none. */
int cgroup_need_main_dir(const struct plan_cgroup *plan,
                         const struct plan_cgroup_dir **ret_dir,
                         struct error *err);

/* O_PATH on the mount, and on the directory below it; or -errno. */
int dir_open_mount(const struct plan_cgroup_dir *dir);
int dir_open(const struct plan_cgroup_dir *dir);

/* ENOENT and ENODEV: what a removed cgroup and its files say. */
bool cgroup_is_gone(int result);

/*
 * VISIT each entry of TYPE (DT_*), or each directory, in DIR, until it returns
 * something else than 0, which is returned then. A directory that is gone has
 * nothing in it.
 */
typedef int dir_visit_fn(void *context, const char *name);
int dir_each(int dir, uint8_t type, dir_visit_fn *visit, void *context);
int dir_each_below(int dir, dir_visit_fn *visit, void *context);

/*
 * The number behind KEY in a file of "key number" lines. -ENODATA if no
 * line has KEY.
 */
int file_read_key(int dir, const char *file, const char *key,
                  uint64_t *ret_value);

/*
 * Wait until KEY in cgroup.events of DIR has VALUE. Returns 0, -ETIMEDOUT
 * at the end of CGROUP_PATIENCE_MS, or -errno.
 */
int events_wait(int dir, const char *key, uint64_t value);

/* A pause that grows with each TRY; false when the patience is at its end. */
bool cgroup_pause(uint64_t *started_ns);

/* make.c: make, check and open the next directory of CGROUP's plan. */
int cgroup_make_next(struct cgroup *cgroup, struct error *err);
/* Remove what was made for directory INDEX, as far as it is empty. */
void cgroup_unmake(const struct cgroup *cgroup, size_t index);

/* enable.c: turn the controllers NAMES on for DIR, from the root downwards. */
int cgroup_enable(const struct plan_cgroup_dir *dir, const char *names,
                  struct error *err);

/*
 * limits.c: all writes of the plan. OLD, if not NULL, has an element for
 * each of them, and gets what was in the file before (in ARENA).
 */
int cgroup_write_limits(const struct cgroup *cgroup, struct arena *arena,
                        const char **old, struct error *err);

/* One write, to the file of WRITE, or else to its other one. */
int cgroup_write_either(int dir, const struct plan_cgroup_write *write,
                        const char *value, const char *other_value);

/* unit.c: tell systemd the limits of the plan, which are in the files. */
int cgroup_set_unit(const struct cgroup *cgroup, struct error *err);

/* devices.c: the plan's program in place of those that are attached. */
int cgroup_replace_devices(const struct cgroup *cgroup, struct error *err);

/* pids.c: those of DIR and all below, unsorted, appended. */
struct pid_list {
	struct arena *arena;
	int32_t *pids;
	size_t count;
};

int pid_list_read(struct pid_list *list, int dir);
void pid_list_sort(struct pid_list *list);
bool pid_list_has(const struct pid_list *list, int32_t pid);
/* 1 if processes are in DIR or below, 0 if not. */
int dir_is_populated(const struct plan_cgroup_dir *plan, int dir);

/* freeze.c: as cgroup_freeze() and cgroup_is_frozen(), for an open DIR. */
int dir_freeze(const struct plan_cgroup_dir *plan, int dir, bool frozen);
int dir_is_frozen(const struct plan_cgroup_dir *plan, int dir,
                  bool *ret_frozen);

/* kill.c: SIGKILL to all below DIR. */
int dir_kill(const struct plan_cgroup_dir *plan, int dir);

/* remove.c: kill, wait and remove DIR with all below, unless to be kept. */
int dir_remove(const struct plan_cgroup_dir *dir, struct error *err);
