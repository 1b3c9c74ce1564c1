/* SPDX-License-Identifier: Apache-2.0 */
/* Become the container's process: the last part of init's way, and exec's. */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "plan/plan.h"

/*
 * Nothing here allocates. The order, with the engine's own acts in brackets:
 *
 *   parent     proc_set_priorities        by pid: they may need the host's power
 *              proc_set_oom, proc_set_rlimits   if init is in a user
 *                                         namespace: the power is the host's
 *   init       proc_prepare               before it waits for the parent
 *              proc_label_keys            before a keyring is made
 *              [mounts, pivot]
 *              proc_own_stdio             unless there is a terminal
 *              proc_set_lsm
 *              proc_home
 *              proc_set_oom, proc_set_rlimits   otherwise; late, because low
 *                                         limits would bind init itself
 *              proc_close_fds
 *              proc_become                cwd, credentials, umask
 *              proc_find_program          failing at create, not at start
 *              [start gate; no_new_privs; seccomp]
 *              proc_drop_held             all that a filter must allow,
 *              proc_exec                  and only the former if seccomp.early
 *
 * PROCFS is a descriptor of a trusted procfs (ns_open_procfs, or the one the
 * rootfs made): nothing is written through a path of the container.
 */

/* PID's oom_score_adj; PID 0 is the caller. */
int proc_set_oom(int procfs, pid_t pid, int64_t value, struct error *err);

/* PID's limits; PID 0 is the caller. */
int proc_set_rlimits(pid_t pid, const struct plan_process *process,
                     struct error *err);

/* PID's scheduling policy and I/O priority, where the plan has any. */
int proc_set_priorities(pid_t pid, const struct plan_process *process,
                        struct error *err);

/* The CPUs that PID may use; 0 is the caller. */
int proc_set_cpus(pid_t pid, const struct plan_bits *cpus, struct error *err);

/* The caller's own CPUs, memory policy and personality. */
int proc_set_attributes(const struct plan_process *process, struct error *err);

/*
 * What needs nothing from the parent and takes time, most of all the
 * bounding set: a new session, its attributes, the capabilities that may
 * never come back. Afterwards the caller still holds what it had.
 */
int proc_prepare(const struct plan_process *process, struct error *err);

/*
 * Files, pipes and sockets at 0 to 2 are given to its user and group, so that
 * the container can open /dev/stdout again; devices (terminals, /dev/null) are
 * the host's.
 */
int proc_own_stdio(const struct plan_process *process, struct error *err);

/* SELinux label of keyrings made from here on. */
int proc_label_keys(int procfs, const struct plan_process *process,
                    struct error *err);

/* AppArmor profile and SELinux label of the program to be executed. */
int proc_set_lsm(int procfs, const struct plan_process *process,
                 struct error *err);

/* "HOME=" and a path. */
#define PROC_HOME_SIZE (sizeof("HOME=") + PATH_MAX)

/*
 * The text for process->env[home_slot] from the container's /etc/passwd, or
 * HOME=/; "" where the environment has a HOME.
 */
void proc_home(const struct plan_process *process, char home[PROC_HOME_SIZE]);

/*
 * Working directory (made if missing; proved to lie inside the root), groups,
 * ids, capabilities (with those held), umask. no_new_privs is not set here.
 */
int proc_become(const struct plan_process *process, struct error *err);

/* When the filter is loaded: give up what was held for that, if anything. */
int proc_drop_held(const struct plan_process *process, struct error *err);

/*
 * Where args[0] is: looked up as execvp(3) would, with the ids the caller
 * has. The texts of failure are those that engines recognise (ERROR_PROGRAM).
 */
int proc_find_program(const struct plan_process *process,
                      char ret_path[PATH_MAX], struct error *err);

/*
 * Descriptors 3 to 3 + keep_fds - 1 will be inherited (each must be open),
 * all others above 2 become close-on-exec: the caller still has its socket.
 */
int proc_close_fds(const struct plan_process *process, struct error *err);

/* Must come before a filter that is not loaded by a privileged process. */
int proc_no_new_privs(struct error *err);

/*
 * Execute PATH, with HOME of proc_home(). One system call, so that a filter
 * needs to allow no more. Returns only on failure.
 */
int proc_exec(const struct plan_process *process, const char *path, char *home,
              struct error *err);
