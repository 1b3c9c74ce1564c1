/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroup that stays open, for who stops and counts often. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/internal.h"
#include "cgroup/stats.h"
#include "cgroup/text.h"
#include "sys/file.h"

#define NOT_COUNTED UINT64_MAX

/* One of its directories, as long as it has a use. */
struct held_dir {
	struct plan_cgroup_dir plan; /* of v1 or v2; no more is known */
	int fd;
};

struct runf_cgroup {
	struct held_dir main; /* with the processes */
	struct held_dir memory;
	struct held_dir cpu;  /* v1's, of the quota */
	struct held_dir time; /* v1's cpuacct */
	int peak;             /* v2: what is reset is this descriptor's */
	bool peak_was_reset;
};

static void held_close(struct held_dir *dir)
{
	fd_close(&dir->fd);
}

/* CONTROLLER is a literal: it outlives the plan. */
static int held_open(struct held_dir *dir, const struct plan_cgroup_dir *plan,
                     const char *controller, struct error *err)
{
	dir->plan.controllers = dir_is_v2(plan) ? "" : controller;
	dir->fd = dir_open(plan);
	if (dir->fd < 0)
		return error_system(err, dir->fd, "open cgroup %s%s",
		                    plan->mount, plan->path);
	return 0;
}

static int held_open_v1(struct held_dir *dir, const struct plan_cgroup *plan,
                        const char *controller, struct error *err)
{
	size_t i;

	for (i = 0; i < plan->dirs_count; i++)
		if (dir_has(&plan->dirs[i], controller))
			return held_open(dir, &plan->dirs[i], controller, err);
	return 0;
}

static int held_open_all(struct runf_cgroup *held,
                         const struct plan_cgroup *plan, struct error *err)
{
	const struct plan_cgroup_dir *memory = cgroup_memory_dir(plan);
	const struct plan_cgroup_dir *main;
	int result = cgroup_need_main_dir(plan, &main, err);

	if (result == 0)
		result = held_open(&held->main, main,
		                   dir_has(main, "freezer") ? "freezer" : "-",
		                   err);
	if (result == 0 && memory)
		result = held_open(&held->memory, memory, "memory", err);
	if (result == 0)
		result = held_open_v1(&held->cpu, plan, "cpu", err);
	if (result == 0)
		result = held_open_v1(&held->time, plan, "cpuacct", err);
	if (result == 0 && memory && dir_is_v2(memory))
		held->peak =
			sys_openat(held->memory.fd, "memory.peak", O_RDWR, 0);
	/* Before Linux 6.12 it cannot be written. */
	if (held->peak < 0 && held->memory.fd >= 0)
		held->peak =
			sys_openat(held->memory.fd, "memory.peak", O_RDONLY, 0);
	return result;
}

int cgroup_hold(const struct plan_cgroup *plan, struct runf_cgroup **ret_held,
                struct error *err)
{
	struct runf_cgroup *held = calloc(1, sizeof(*held));
	int result;

	if (!held)
		return error_system(err, -ENOMEM, "hold a cgroup");
	held->main.fd = held->memory.fd = held->cpu.fd = held->time.fd = -1;
	held->peak = -1;
	result = held_open_all(held, plan, err);
	if (result < 0) {
		cgroup_release(held);
		return result;
	}
	*ret_held = held;
	return 0;
}

void cgroup_release(struct runf_cgroup *held)
{
	if (!held)
		return;
	held_close(&held->main);
	held_close(&held->memory);
	held_close(&held->cpu);
	held_close(&held->time);
	fd_close(&held->peak);
	free(held);
}

int cgroup_held_freeze(const struct runf_cgroup *held, bool frozen)
{
	const struct held_dir *main = &held->main;

	if (dir_is_v2(&main->plan))
		return sys_write_file(main->fd, "cgroup.freeze",
		                      frozen ? "1" : "0");
	if (!dir_has(&main->plan, "freezer"))
		return -ENOTSUP;
	return sys_write_file(main->fd, "freezer.state",
	                      frozen ? "FROZEN" : "THAWED");
}

int cgroup_held_kill(const struct runf_cgroup *held)
{
	return dir_kill(&held->main.plan, held->main.fd);
}

void cgroup_held_reset_peak(struct runf_cgroup *held)
{
	int result = -ENOTSUP;

	if (held->peak >= 0)
		result = (int)sys_write(held->peak, "reset", 5);
	else if (held->memory.fd >= 0 && !dir_is_v2(&held->memory.plan))
		result = sys_write_file(held->memory.fd,
		                        "memory.max_usage_in_bytes", "0");
	held->peak_was_reset = result >= 0;
}

/* KEY's number in FILE divided by UNIT, or that nobody counts it. */
static uint64_t held_number(int dir, const char *file, const char *key,
                            uint64_t unit)
{
	char text[CGROUP_TEXT_MAX];
	uint64_t value;

	if (dir < 0 || sys_read_file(dir, file, text, sizeof(text)) < 0 ||
	    text_number(text, key, &value) < 0)
		return NOT_COUNTED;
	return value / unit;
}

static void held_read_cpu(const struct runf_cgroup *held,
                          struct runf_counts *ret)
{
	char text[CGROUP_TEXT_MAX] = "";

	ret->cpu_user_us = ret->cpu_system_us = ret->throttled_us = NOT_COUNTED;
	if (dir_is_v2(&held->main.plan)) {
		sys_read_file(held->main.fd, "cpu.stat", text, sizeof(text));
		text_number(text, "user_usec", &ret->cpu_user_us);
		text_number(text, "system_usec", &ret->cpu_system_us);
		text_number(text, "throttled_usec", &ret->throttled_us);
	} else if (held->time.fd >= 0) {
		ret->cpu_user_us = held_number(
			held->time.fd, "cpuacct.usage_user", NULL, 1000);
		ret->cpu_system_us = held_number(
			held->time.fd, "cpuacct.usage_sys", NULL, 1000);
	}
	if (held->cpu.fd >= 0)
		ret->throttled_us = held_number(held->cpu.fd, "cpu.stat",
		                                "throttled_time", 1000);
}

static uint64_t held_peak(const struct runf_cgroup *held)
{
	char text[32];
	uint64_t value;
	ssize_t length;

	if (held->peak < 0)
		return held_number(held->memory.fd, "memory.max_usage_in_bytes",
		                   NULL, 1);
	length = sys_pread(held->peak, text, sizeof(text) - 1, 0);
	if (length <= 0)
		return NOT_COUNTED;
	text[length] = '\0';
	return text_number(text, NULL, &value) < 0 ? NOT_COUNTED : value;
}

void cgroup_held_read(const struct runf_cgroup *held, struct runf_counts *ret)
{
	bool is_v2 = dir_is_v2(&held->memory.plan);

	held_read_cpu(held, ret);
	ret->memory_peak_bytes = held_peak(held);
	ret->peak_was_reset = held->peak_was_reset;
	ret->oom_kills =
		held_number(held->memory.fd,
	                    is_v2 ? "memory.events" : "memory.oom_control",
	                    "oom_kill", 1);
}
