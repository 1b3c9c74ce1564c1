/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: making, naming, waiting for, signalling and becoming them. */
#include "sys/process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "sys/internal.h"

/* Linux 5.14 */
#ifndef PR_SCHED_CORE
#	define PR_SCHED_CORE        62
#	define PR_SCHED_CORE_CREATE 1
#endif
#ifndef PR_SCHED_CORE_SCOPE_THREAD_GROUP
#	define PR_SCHED_CORE_SCOPE_THREAD_GROUP 1
#endif

#ifndef CLONE_INTO_CGROUP
#	define CLONE_INTO_CGROUP 0x200000000ULL
#endif

/* The highest signal, and as many CPUs as Linux can have (CONFIG_NR_CPUS). */
#define SIGNAL_MAX     64
#define CPU_MASK_BYTES 1024

pid_t sys_clone(uint64_t flags, int cgroup, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	long pid;

	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	pid = SYS_RESULT(syscall(SYS_clone3, &args, sizeof(args)));
	if (pid > 0)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

int sys_exec_fd(int fd, char *const argv[], char *const env[])
{
	return (int)SYS_RESULT(
		syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH));
}

int sys_execve(const char *path, char *const argv[], char *const env[])
{
	return (int)SYS_RESULT(execve(path, argv, env));
}

void sys_exit(int status)
{
	_exit(status);
}

int sys_waitid(idtype_t type, id_t id, siginfo_t *ret_info, int options)
{
	ret_info->si_pid = 0;
	return (int)SYS_RETRY(waitid(type, id, ret_info, options));
}

int sys_pidfd_open(pid_t pid)
{
	return (int)SYS_RESULT(syscall(SYS_pidfd_open, pid, 0));
}

int sys_pidfd_send_signal(int pidfd, int signal)
{
	return (int)SYS_RESULT(
		syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

int sys_kill(pid_t pid, int signal)
{
	return (int)SYS_RESULT(kill(pid, signal));
}

pid_t sys_getpid(void)
{
	return getpid();
}

uid_t sys_geteuid(void)
{
	return geteuid();
}

gid_t sys_getegid(void)
{
	return getegid();
}

int sys_set_dumpable(int on)
{
	return (int)SYS_RESULT(prctl(PR_SET_DUMPABLE, on, 0, 0, 0));
}

int sys_set_pdeathsig(int signal)
{
	return (int)SYS_RESULT(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0));
}

int sys_make_core_cookie(void)
{
	return (int)SYS_RESULT(prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0,
	                             PR_SCHED_CORE_SCOPE_THREAD_GROUP, 0));
}

int sys_set_keepcaps(int on)
{
	return (int)SYS_RESULT(prctl(PR_SET_KEEPCAPS, on, 0, 0, 0));
}

int sys_set_no_new_privs(void)
{
	return (int)SYS_RESULT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

int sys_set_child_subreaper(int on)
{
	return (int)SYS_RESULT(prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0));
}

int sys_get_child_subreaper(void)
{
	int on;
	int result =
		(int)SYS_RESULT(prctl(PR_GET_CHILD_SUBREAPER, &on, 0, 0, 0));

	return result < 0 ? result : on;
}

int sys_drop_bounding(int capability)
{
	return (int)SYS_RESULT(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0));
}

int sys_in_bounding(int capability)
{
	return (int)SYS_RESULT(prctl(PR_CAPBSET_READ, capability, 0, 0, 0));
}

int sys_clear_ambient(void)
{
	return (int)SYS_RESULT(
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
}

int sys_raise_ambient(int capability)
{
	return (int)SYS_RESULT(
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0));
}

int sys_set_name(const char *name)
{
	return (int)SYS_RESULT(prctl(PR_SET_NAME, name, 0, 0, 0));
}

int sys_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted,
		  (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		  (uint32_t)(inheritable >> 32) },
	};

	return (int)SYS_RESULT(syscall(SYS_capset, &header, data));
}

int sys_capget(uint64_t *ret_effective, uint64_t *ret_permitted,
               uint64_t *ret_inheritable)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	int result = (int)SYS_RESULT(syscall(SYS_capget, &header, data));

	if (result < 0)
		return result;
	*ret_effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*ret_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	*ret_inheritable = data[0].inheritable | (uint64_t)data[1].inheritable
	                                                 << 32;
	return 0;
}

int sys_setresuid(uid_t uid)
{
	return (int)SYS_RESULT(syscall(SYS_setresuid, uid, uid, uid));
}

int sys_setresgid(gid_t gid)
{
	return (int)SYS_RESULT(syscall(SYS_setresgid, gid, gid, gid));
}

int sys_setgroups(size_t count, const gid_t *groups)
{
	return (int)SYS_RESULT(syscall(SYS_setgroups, count, groups));
}

mode_t sys_umask(mode_t mask)
{
	return umask(mask);
}

pid_t sys_setsid(void)
{
	return (pid_t)SYS_RESULT(setsid());
}

int sys_chdir(const char *path)
{
	return (int)SYS_RESULT(chdir(path));
}

int sys_fchdir(int fd)
{
	return (int)SYS_RESULT(fchdir(fd));
}

int sys_chroot(const char *path)
{
	return (int)SYS_RESULT(chroot(path));
}

int sys_getcwd(char *buffer, size_t size)
{
	/* libc hides "(unreachable)" behind ENOENT; the kernel tells. */
	return (int)SYS_RESULT(syscall(SYS_getcwd, buffer, size));
}

int sys_prlimit(pid_t pid, int resource, const struct rlimit *limit,
                struct rlimit *ret_old)
{
	/* The resource's type is an enum of glibc's own, or int. */
	return (int)SYS_RESULT(
		syscall(SYS_prlimit64, pid, resource, limit, ret_old));
}

int sys_close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)SYS_RESULT(
		syscall(SYS_close_range, first, last, (unsigned int)flags));
}

int sys_set_affinity(pid_t pid, const void *mask, size_t size)
{
	return (int)SYS_RESULT(syscall(SYS_sched_setaffinity, pid, size, mask));
}

int sys_get_affinity(pid_t pid, void *mask, size_t size)
{
	return (int)SYS_RESULT(syscall(SYS_sched_getaffinity, pid, size, mask));
}

int sys_reset_affinity(pid_t pid)
{
	unsigned char mask[CPU_MASK_BYTES];
	int result;

	memset(mask, 0xff, sizeof(mask));
	result = sys_set_affinity(pid, mask, sizeof(mask));
	return result == -ENOSYS ? 0 : result;
}

int sys_sched_setattr(pid_t pid, const struct sys_sched_attr *attr)
{
	struct sys_sched_attr sized = *attr;

	sized.size = sizeof(sized);
	return (int)SYS_RESULT(syscall(SYS_sched_setattr, pid, &sized, 0));
}

int sys_set_io_priority(pid_t pid, int priority)
{
	const int who_process = 1; /* IOPRIO_WHO_PROCESS */

	return (int)SYS_RESULT(
		syscall(SYS_ioprio_set, who_process, pid, priority));
}

int sys_set_memory_policy(int mode, const unsigned long *nodes, size_t bits)
{
	/* The kernel takes one bit less than it is told. */
	return (int)SYS_RESULT(
		syscall(SYS_set_mempolicy, mode, nodes, bits ? bits + 1 : 0));
}

int sys_count_cpus(void)
{
	unsigned char mask[CPU_MASK_BYTES];
	int length = sys_get_affinity(0, mask, sizeof(mask));
	int count = 0;
	int i;

	for (i = 0; i < length; i++)
		count += __builtin_popcount(mask[i]);
	return length < 0 ? length : count;
}

int sys_personality(unsigned long persona)
{
	return (int)SYS_RESULT(personality(persona));
}

int sys_uname(struct utsname *ret_name)
{
	return (int)SYS_RESULT(uname(ret_name));
}

int sys_seccomp_load(const struct sock_filter *filter, uint16_t length,
                     unsigned int flags)
{
	struct sock_fprog program = {
		.len = length,
		.filter = (struct sock_filter *)(uintptr_t)filter,
	};

	return (int)SYS_RESULT(
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

int sys_join_session_keyring(const char *name)
{
	return (int)SYS_RESULT(
		syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name));
}

int sys_reset_signals(void)
{
	/* The kernel's own layout: libc refuses two signals of its own. */
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} action = { .handler = SIG_DFL };

	uint64_t empty = 0;
	int signal;

	for (signal = 1; signal <= SIGNAL_MAX; signal++) {
		if (signal == SIGKILL || signal == SIGSTOP)
			continue;
		syscall(SYS_rt_sigaction, signal, &action, NULL,
		        sizeof(action.mask));
	}
	return (int)SYS_RESULT(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &empty,
	                               NULL, sizeof(empty)));
}

int sys_set_signal_mask(const sigset_t *mask, sigset_t *ret_old)
{
	return (int)SYS_RESULT(sigprocmask(SIG_SETMASK, mask, ret_old));
}

int sys_signalfd(const sigset_t *mask)
{
	return (int)SYS_RESULT(signalfd(-1, mask, SFD_CLOEXEC | SFD_NONBLOCK));
}
