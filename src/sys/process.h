/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: making, naming, waiting for, signalling and becoming them. */
#pragma once

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

/*
 * clone3(2) without CLONE_VM: the child returns 0 on its own copy of the
 * stack. *RET_PIDFD is written in the parent. CGROUP is a directory of a v2
 * tree (CLONE_INTO_CGROUP is added, Linux 5.7), or -1. Exit signal SIGCHLD
 * (0 with CLONE_PARENT).
 */
pid_t sys_clone(uint64_t flags, int cgroup, int *ret_pidfd);
/* execveat(2) by descriptor: AT_EMPTY_PATH. Returns only on failure. */
int sys_exec_fd(int fd, char *const argv[], char *const env[]);
int sys_execve(const char *path, char *const argv[], char *const env[]);
void sys_exit(int status) __attribute__((noreturn));
/*
 * waitid(2) on a pid or, with P_PIDFD, a descriptor. Returns 0; with WNOHANG
 * and nothing to report ret_info->si_pid is 0.
 */
int sys_waitid(idtype_t type, id_t id, siginfo_t *ret_info, int options);
int sys_pidfd_open(pid_t pid);
int sys_pidfd_send_signal(int pidfd, int signal);
int sys_kill(pid_t pid, int signal);
pid_t sys_getpid(void);
uid_t sys_geteuid(void);
gid_t sys_getegid(void);

/* prctl(2), each with its name. */
int sys_set_dumpable(int on);
int sys_set_pdeathsig(int signal);
/* Processes with other cookies do not run on this one's core beside it. */
int sys_make_core_cookie(void);
int sys_set_keepcaps(int on);
int sys_set_no_new_privs(void);
int sys_set_child_subreaper(int on);
int sys_get_child_subreaper(void);
int sys_drop_bounding(int capability);
/* 1 or 0; -EINVAL for a capability that the kernel does not know. */
int sys_in_bounding(int capability);
int sys_clear_ambient(void);
int sys_raise_ambient(int capability);
int sys_set_name(const char *name);

/* capset(2) for the calling thread; bit n is capability n. */
int sys_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable);
int sys_capget(uint64_t *ret_effective, uint64_t *ret_permitted,
               uint64_t *ret_inheritable);

int sys_setresuid(uid_t uid);
int sys_setresgid(gid_t gid);
int sys_setgroups(size_t count, const gid_t *groups);
mode_t sys_umask(mode_t mask);
pid_t sys_setsid(void);
int sys_chdir(const char *path);
int sys_fchdir(int fd);
int sys_chroot(const char *path);
/* The path, or "(unreachable)..." as the kernel says it. */
int sys_getcwd(char *buffer, size_t size);
int sys_prlimit(pid_t pid, int resource, const struct rlimit *limit,
                struct rlimit *ret_old);
/* Close descriptors FIRST to LAST (Linux 5.9); FLAGS: CLOSE_RANGE_*. */
int sys_close_range(unsigned int first, unsigned int last, int flags);
/*
 * sched_setaffinity(2) for PID, 0 being the caller; a mask of SIZE bytes. Get
 * fills what the kernel has and returns its bytes.
 */
int sys_set_affinity(pid_t pid, const void *mask, size_t size);
int sys_get_affinity(pid_t pid, void *mask, size_t size);
/* All CPUs allowed, so that the cpuset decides; ENOSYS is no error. */
int sys_reset_affinity(pid_t pid);

/* The kernel's struct sched_attr, of Linux 5.3. */
struct sys_sched_attr {
	uint32_t size; /* filled in by the call */
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
	uint32_t util_min;
	uint32_t util_max;
};

int sys_sched_setattr(pid_t pid, const struct sys_sched_attr *attr);
/* ioprio_set(2) for one process. */
int sys_set_io_priority(pid_t pid, int priority);
/* set_mempolicy(2): BITS of NODES count; it survives execve. */
int sys_set_memory_policy(int mode, const unsigned long *nodes, size_t bits);
/* How many CPUs this process may run on. */
int sys_count_cpus(void);
int sys_personality(unsigned long persona);
struct utsname;
int sys_uname(struct utsname *ret_name);

/* seccomp(2): SECCOMP_SET_MODE_FILTER. LENGTH counts instructions. */
struct sock_filter;
int sys_seccomp_load(const struct sock_filter *filter, uint16_t length,
                     unsigned int flags);

/* keyctl(KEYCTL_JOIN_SESSION_KEYRING). Returns the key's id. */
int sys_join_session_keyring(const char *name);

/* All dispositions to default, mask empty. */
int sys_reset_signals(void);
/* sigprocmask(SIG_SETMASK). RET_OLD may be NULL. */
int sys_set_signal_mask(const sigset_t *mask, sigset_t *ret_old);
int sys_signalfd(const sigset_t *mask);
