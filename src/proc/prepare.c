/* SPDX-License-Identifier: Apache-2.0 */
/* What is done around the process: stdio, limits, labels, bounding set. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "proc/proc.h"
#include "sys/file.h"
#include "sys/process.h"

#define PROC_PATH_SIZE 64
#define NUMBER_SIZE    24
#define LABEL_SIZE     4096

static bool is_tolerated(int result)
{
	return result == -EPERM || result == -EROFS || result == -EINVAL;
}

int proc_own_stdio(const struct plan_process *process, struct error *err)
{
	struct stat st;
	int fd;
	int result;

	for (fd = 0; fd <= 2; fd++) {
		result = sys_fstat(fd, &st);
		if (result < 0)
			return error_system(err, result, "stat fd %d", fd);
		if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ||
		    (st.st_uid == process->uid && st.st_gid == process->gid))
			continue;
		result = sys_fchown(fd, process->uid, process->gid);
		if (result < 0 && !is_tolerated(result))
			return error_system(err, result, "chown fd %d", fd);
	}
	return 0;
}

/* FILE of PID's directory; 0 is the caller, however procfs numbers it. */
static void proc_path(char path[PROC_PATH_SIZE], pid_t pid, const char *file)
{
	if (pid == 0)
		snprintf(path, PROC_PATH_SIZE, "self/%s", file);
	else
		snprintf(path, PROC_PATH_SIZE, "%d/%s", (int)pid, file);
}

int proc_set_oom(int procfs, pid_t pid, int64_t value, struct error *err)
{
	char path[PROC_PATH_SIZE];
	char number[NUMBER_SIZE];
	int result;

	proc_path(path, pid, "oom_score_adj");
	snprintf(number, sizeof(number), "%" PRId64, value);
	result = sys_write_beneath(procfs, path, number);
	if (result < 0)
		return error_system(err, result,
		                    "process.oomScoreAdj: set it to %s",
		                    number);
	return 0;
}

int proc_set_rlimits(pid_t pid, const struct plan_process *process,
                     struct error *err)
{
	size_t i;

	for (i = 0; i < process->rlimits_count; i++) {
		const struct plan_rlimit *limit = &process->rlimits[i];
		struct rlimit value = {
			.rlim_cur = (rlim_t)limit->soft,
			.rlim_max = (rlim_t)limit->hard,
		};
		int result = sys_prlimit(pid, limit->resource, &value, NULL);

		if (result < 0)
			return error_system(err, result,
			                    "process.rlimits: set %s to "
			                    "%" PRIu64 " (hard %" PRIu64 ")",
			                    limit->name, limit->soft,
			                    limit->hard);
	}
	return 0;
}

/*
 * An inheritable capability outside of the bounding set can be gained only
 * while the bounding set still has it.
 */
static int keep_inheritable(const struct plan_caps *caps)
{
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
	int result;

	if (!(caps->inheritable & ~caps->bounding))
		return 0;
	result = sys_capget(&effective, &permitted, &inheritable);
	if (result < 0)
		return result;
	return sys_capset(effective, permitted,
	                  caps->inheritable & (permitted | inheritable));
}

/*
 * The kernel takes capabilities out one by one, each with new credentials:
 * 2.5 us a call and about thirty of them, the dearest part of becoming a
 * process. There is no cheaper way to the same set, and asking first which
 * are there saves calls only in a container. So just the unwanted ones are
 * dropped, at a moment when init would wait for its parent anyway. Without
 * CAP_SETPCAP the call fails, which is no harm where nothing is to be lost.
 */
static int drop_bounding(const struct plan_caps *caps, struct error *err)
{
	int cap;

	for (cap = 0; cap <= caps->last; cap++) {
		int result;

		if (caps->bounding >> cap & 1)
			continue;
		result = sys_drop_bounding(cap);
		if (result < 0 && sys_in_bounding(cap) != 0)
			return error_system(err, result,
			                    "drop capability %d from the "
			                    "bounding set",
			                    cap);
	}
	return 0;
}

int proc_prepare(const struct plan_process *process, struct error *err)
{
	int result = sys_setsid();

	if (result < 0)
		return error_system(err, result, "setsid");
	result = proc_set_attributes(process, err);
	if (result < 0)
		return result;
	result = keep_inheritable(&process->caps);
	if (result < 0)
		return error_system(err, result,
		                    "set inheritable capabilities");
	return drop_bounding(&process->caps, err);
}

static int write_label(int procfs, const char *file, const char *label,
                       struct error *err)
{
	char path[PROC_PATH_SIZE];
	int result;

	proc_path(path, 0, file);
	result = sys_write_beneath(procfs, path, label);
	if (result < 0)
		return error_system(err, result, "write \"%s\" to `/proc/%s`",
		                    label, path);
	return 0;
}

/*
 * Its own file is there since Linux 5.1. The older one is whichever module's
 * comes first, and ENOENT is what a profile that is not loaded gives.
 */
static int set_apparmor(int procfs, const char *profile, struct error *err)
{
	char text[LABEL_SIZE];
	int length = snprintf(text, sizeof(text), "exec %s", profile);

	if (length >= (int)sizeof(text))
		return error_set(err, ERROR_CONFIG, -ENAMETOOLONG,
		                 "process.apparmorProfile: too long");
	return write_label(procfs, "attr/apparmor/exec", text, err);
}

int proc_label_keys(int procfs, const struct plan_process *process,
                    struct error *err)
{
	if (!process->selinux)
		return 0;
	return write_label(procfs, "attr/keycreate", process->selinux, err);
}

int proc_set_lsm(int procfs, const struct plan_process *process,
                 struct error *err)
{
	int result = 0;

	if (process->apparmor)
		result = set_apparmor(procfs, process->apparmor, err);
	if (result == 0 && process->selinux)
		result =
			write_label(procfs, "attr/exec", process->selinux, err);
	return result;
}
