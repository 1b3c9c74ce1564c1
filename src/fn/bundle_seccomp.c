/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls of a function. Pure. */
#include <string.h>

#include "base/cleanup.h"
#include "fn/bundle_config.h"

/*
 * What is in neither list does not exist for a function (ENOSYS), so that
 * libraries take the way they have for older kernels: clone3, whose flags no
 * filter can read; io_uring; and what kernels to come will have.
 */
static const char allowed[] =
	"accept accept4 access alarm arch_prctl bind brk chdir chmod chown "
	"clock_getres clock_gettime clock_nanosleep close close_range connect "
	"copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 "
	"epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve "
	"execveat exit exit_group faccessat faccessat2 fadvise64 fallocate "
	"fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync "
	"fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs "
	"fsync ftruncate futex futex_wait futex_waitv futex_wake futimesat "
	"get_robust_list get_thread_area getcpu getcwd getdents getdents64 "
	"getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp "
	"getpid getppid getpriority getrandom getresgid getresuid getrlimit "
	"getrusage getsid getsockname getsockopt gettid gettimeofday getuid "
	"getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch "
	"ioctl ioprio_get ioprio_set kill landlock_add_rule "
	"landlock_create_ruleset landlock_restrict_self lchown lgetxattr link "
	"linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat "
	"madvise membarrier memfd_create mincore mkdir mkdirat mlock mlock2 "
	"mlockall mmap mprotect mremap msgctl msgget msgrcv msgsnd msync munlock "
	"munlockall munmap nanosleep newfstatat open openat openat2 pause "
	"pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free "
	"pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 "
	"process_mrelease pselect6 pwrite64 pwritev pwritev2 read readahead "
	"readlink readlinkat readv recvfrom recvmmsg recvmsg remap_file_pages "
	"removexattr rename renameat renameat2 restart_syscall rmdir rseq "
	"rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
	"rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max "
	"sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
	"sched_getscheduler sched_rr_get_interval sched_setaffinity "
	"sched_setattr sched_setparam sched_setscheduler sched_yield seccomp "
	"select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto "
	"set_robust_list set_thread_area set_tid_address setfsgid setfsuid "
	"setgid setgroups setitimer setpgid setpriority setregid setresgid "
	"setresuid setreuid setrlimit setsid setsockopt setuid setxattr shmat "
	"shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 socketpair "
	"splice stat statfs statx symlink symlinkat sync sync_file_range syncfs "
	"sysinfo tee tgkill time timer_create timer_delete timer_getoverrun "
	"timer_gettime timer_settime timerfd_create timerfd_gettime "
	"timerfd_settime times tkill truncate umask uname unlink unlinkat utime "
	"utimensat utimes vfork vmsplice wait4 waitid write writev";

/* Known, and refused as privileged calls are (EPERM). */
static const char refused[] =
	"acct add_key adjtimex bpf chroot clock_adjtime clock_settime "
	"delete_module fanotify_init finit_module fsconfig fsmount fsopen fspick "
	"get_mempolicy init_module ioperm iopl kcmp kexec_file_load kexec_load "
	"keyctl lookup_dcookie mbind migrate_pages mknod mknodat mount "
	"mount_setattr move_mount move_pages name_to_handle_at open_by_handle_at "
	"open_tree perf_event_open pidfd_getfd pivot_root process_madvise "
	"process_vm_readv process_vm_writev ptrace quotactl quotactl_fd reboot "
	"request_key set_mempolicy setdomainname sethostname setns settimeofday "
	"swapoff swapon syslog umount umount2 unshare userfaultfd vhangup";

#define EPERM_NUMBER  1
#define ENOSYS_NUMBER 38

static void put_names(struct json_writer *w, const char *words)
{
	json_open_array(w, "names");
	while (*words) {
		size_t length = strcspn(words, " ");

		json_put_str(w, NULL,
		             arena_strndup(w->buf.arena, words, length));
		words += length;
		words += *words == ' ';
	}
	json_close_array(w);
}

static void open_rule(struct json_writer *w, const char *names,
                      const char *action)
{
	json_open_object(w, NULL);
	put_names(w, names);
	json_put_str(w, "action", action);
}

struct condition {
	const char *call;
	unsigned int index;
	uint64_t value;
	const char *op;
	uint64_t value_two;
};

/* What depends on an argument: each row allows its call. */
static const struct condition conditions[] = {
	/* No new namespaces: CLONE_NEW* are all of these bits. */
	{ "clone", 0, 0x7e020000, "SCMP_CMP_MASKED_EQ", 0 },
	/* To the kernel's crypto, to virtual machines, and raw: no. */
	{ "socket", 0, 1, "SCMP_CMP_EQ", 0 },  /* AF_UNIX */
	{ "socket", 0, 2, "SCMP_CMP_EQ", 0 },  /* AF_INET */
	{ "socket", 0, 10, "SCMP_CMP_EQ", 0 }, /* AF_INET6 */
	{ "socket", 0, 16, "SCMP_CMP_EQ", 0 }, /* AF_NETLINK: who am I */
	/* The persona of Linux, and the question which one it is. */
	{ "personality", 0, 0, "SCMP_CMP_EQ", 0 },
	{ "personality", 0, 0xffffffff, "SCMP_CMP_EQ", 0 },
};

static void put_condition(struct json_writer *w,
                          const struct condition *condition)
{
	open_rule(w, condition->call, "SCMP_ACT_ALLOW");
	json_open_array(w, "args");
	json_open_object(w, NULL);
	json_put_u64(w, "index", condition->index);
	json_put_u64(w, "value", condition->value);
	json_put_u64(w, "valueTwo", condition->value_two);
	json_put_str(w, "op", condition->op);
	json_close_object(w);
	json_close_array(w);
	json_close_object(w);
}

void bundle_seccomp_write(struct json_writer *w)
{
	size_t i;

	json_open_object(w, "seccomp");
	json_put_str(w, "defaultAction", "SCMP_ACT_ERRNO");
	json_put_u64(w, "defaultErrnoRet", ENOSYS_NUMBER);
	json_open_array(w, "syscalls");
	open_rule(w, allowed, "SCMP_ACT_ALLOW");
	json_close_object(w);
	open_rule(w, refused, "SCMP_ACT_ERRNO");
	json_put_u64(w, "errnoRet", EPERM_NUMBER);
	json_close_object(w);
	for (i = 0; i < ARRAY_SIZE(conditions); i++)
		put_condition(w, &conditions[i]);
	json_close_array(w);
	json_close_object(w);
}
