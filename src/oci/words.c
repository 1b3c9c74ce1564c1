/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the specification and what the kernel calls them. */
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/resource.h>

#include "base/str.h"
#include "oci/internal.h"
#include "oci/oci.h"

#ifndef CLONE_NEWTIME
#	define CLONE_NEWTIME 0x00000080
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#	define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

const struct str_value oci_namespace_types[] = {
	{ "pid", CLONE_NEWPID },
	{ "network", CLONE_NEWNET },
	{ "mount", CLONE_NEWNS },
	{ "ipc", CLONE_NEWIPC },
	{ "uts", CLONE_NEWUTS },
	{ "user", CLONE_NEWUSER },
	{ "cgroup", CLONE_NEWCGROUP },
	{ "time", CLONE_NEWTIME },
	{ NULL, 0 },
};

#define CAPABILITY(name)    \
	{                   \
#		name, name \
	}

const struct str_value oci_capability_names[] = {
	CAPABILITY(CAP_CHOWN),
	CAPABILITY(CAP_DAC_OVERRIDE),
	CAPABILITY(CAP_DAC_READ_SEARCH),
	CAPABILITY(CAP_FOWNER),
	CAPABILITY(CAP_FSETID),
	CAPABILITY(CAP_KILL),
	CAPABILITY(CAP_SETGID),
	CAPABILITY(CAP_SETUID),
	CAPABILITY(CAP_SETPCAP),
	CAPABILITY(CAP_LINUX_IMMUTABLE),
	CAPABILITY(CAP_NET_BIND_SERVICE),
	CAPABILITY(CAP_NET_BROADCAST),
	CAPABILITY(CAP_NET_ADMIN),
	CAPABILITY(CAP_NET_RAW),
	CAPABILITY(CAP_IPC_LOCK),
	CAPABILITY(CAP_IPC_OWNER),
	CAPABILITY(CAP_SYS_MODULE),
	CAPABILITY(CAP_SYS_RAWIO),
	CAPABILITY(CAP_SYS_CHROOT),
	CAPABILITY(CAP_SYS_PTRACE),
	CAPABILITY(CAP_SYS_PACCT),
	CAPABILITY(CAP_SYS_ADMIN),
	CAPABILITY(CAP_SYS_BOOT),
	CAPABILITY(CAP_SYS_NICE),
	CAPABILITY(CAP_SYS_RESOURCE),
	CAPABILITY(CAP_SYS_TIME),
	CAPABILITY(CAP_SYS_TTY_CONFIG),
	CAPABILITY(CAP_MKNOD),
	CAPABILITY(CAP_LEASE),
	CAPABILITY(CAP_AUDIT_WRITE),
	CAPABILITY(CAP_AUDIT_CONTROL),
	CAPABILITY(CAP_SETFCAP),
	CAPABILITY(CAP_MAC_OVERRIDE),
	CAPABILITY(CAP_MAC_ADMIN),
	CAPABILITY(CAP_SYSLOG),
	CAPABILITY(CAP_WAKE_ALARM),
	CAPABILITY(CAP_BLOCK_SUSPEND),
	CAPABILITY(CAP_AUDIT_READ),
	{ "CAP_PERFMON", 38 }, /* newer than some headers */
	{ "CAP_BPF", 39 },
	{ "CAP_CHECKPOINT_RESTORE", 40 },
	{ NULL, 0 },
};

#define RLIMIT(name)        \
	{                   \
#		name, name \
	}

const struct str_value oci_rlimit_types[] = {
	RLIMIT(RLIMIT_AS),
	RLIMIT(RLIMIT_CORE),
	RLIMIT(RLIMIT_CPU),
	RLIMIT(RLIMIT_DATA),
	RLIMIT(RLIMIT_FSIZE),
	RLIMIT(RLIMIT_LOCKS),
	RLIMIT(RLIMIT_MEMLOCK),
	RLIMIT(RLIMIT_MSGQUEUE),
	RLIMIT(RLIMIT_NICE),
	RLIMIT(RLIMIT_NOFILE),
	RLIMIT(RLIMIT_NPROC),
	RLIMIT(RLIMIT_RSS),
	RLIMIT(RLIMIT_RTPRIO),
	RLIMIT(RLIMIT_RTTIME),
	RLIMIT(RLIMIT_SIGPENDING),
	RLIMIT(RLIMIT_STACK),
	{ NULL, 0 },
};

/* Not every header has all of them, or says the same of SCHED_OTHER. */
const struct str_value oci_scheduler_policies[] = {
	{ "SCHED_OTHER", 0 },    { "SCHED_FIFO", 1 }, { "SCHED_RR", 2 },
	{ "SCHED_BATCH", 3 },    { "SCHED_ISO", 4 },  { "SCHED_IDLE", 5 },
	{ "SCHED_DEADLINE", 6 }, { NULL, 0 },
};

const struct str_value oci_scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 1 << 0 },
	{ "SCHED_FLAG_RECLAIM", 1 << 1 },
	{ "SCHED_FLAG_DL_OVERRUN", 1 << 2 },
	{ "SCHED_FLAG_KEEP_POLICY", 1 << 3 },
	{ "SCHED_FLAG_KEEP_PARAMS", 1 << 4 },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", 1 << 5 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 1 << 6 },
	{ NULL, 0 },
};

const struct str_value oci_io_classes[] = {
	{ "IOPRIO_CLASS_RT", 1 },
	{ "IOPRIO_CLASS_BE", 2 },
	{ "IOPRIO_CLASS_IDLE", 3 },
	{ NULL, 0 },
};

const struct str_value oci_memory_modes[] = {
	{ "MPOL_DEFAULT", OCI_MPOL_DEFAULT },
	{ "MPOL_PREFERRED", OCI_MPOL_PREFERRED },
	{ "MPOL_BIND", OCI_MPOL_BIND },
	{ "MPOL_INTERLEAVE", OCI_MPOL_INTERLEAVE },
	{ "MPOL_LOCAL", OCI_MPOL_LOCAL },
	{ "MPOL_PREFERRED_MANY", OCI_MPOL_PREFERRED_MANY },
	{ "MPOL_WEIGHTED_INTERLEAVE", OCI_MPOL_WEIGHTED_INTERLEAVE },
	{ NULL, 0 },
};

const struct str_value oci_memory_flags[] = {
	{ "MPOL_F_STATIC_NODES", 1 << 15 },
	{ "MPOL_F_RELATIVE_NODES", 1 << 14 },
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 },
	{ NULL, 0 },
};

const struct str_value oci_seccomp_actions[] = {
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
	{ NULL, 0 },
};

#define OPERATOR(name)      \
	{                   \
#		name, name \
	}

const struct str_value oci_seccomp_operators[] = {
	OPERATOR(SCMP_CMP_EQ), OPERATOR(SCMP_CMP_GE),
	OPERATOR(SCMP_CMP_GT), OPERATOR(SCMP_CMP_LE),
	OPERATOR(SCMP_CMP_LT), OPERATOR(SCMP_CMP_MASKED_EQ),
	OPERATOR(SCMP_CMP_NE), { NULL, 0 },
};

const struct str_value oci_seccomp_flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	{ NULL, 0 },
};

#define ARCH(name)          \
	{                   \
#		name, name \
	}

/* What this libseccomp does not know is unknown here, too. */
const struct str_value oci_seccomp_archs[] = {
	ARCH(SCMP_ARCH_X86),
	ARCH(SCMP_ARCH_X86_64),
	ARCH(SCMP_ARCH_X32),
	ARCH(SCMP_ARCH_ARM),
	ARCH(SCMP_ARCH_AARCH64),
	ARCH(SCMP_ARCH_MIPS),
	ARCH(SCMP_ARCH_MIPS64),
	ARCH(SCMP_ARCH_MIPS64N32),
	ARCH(SCMP_ARCH_MIPSEL),
	ARCH(SCMP_ARCH_MIPSEL64),
	ARCH(SCMP_ARCH_MIPSEL64N32),
	ARCH(SCMP_ARCH_PPC),
	ARCH(SCMP_ARCH_PPC64),
	ARCH(SCMP_ARCH_PPC64LE),
	ARCH(SCMP_ARCH_S390),
	ARCH(SCMP_ARCH_S390X),
	ARCH(SCMP_ARCH_PARISC),
	ARCH(SCMP_ARCH_PARISC64),
	ARCH(SCMP_ARCH_RISCV64),
#ifdef SCMP_ARCH_LOONGARCH64
	ARCH(SCMP_ARCH_LOONGARCH64),
#endif
#ifdef SCMP_ARCH_M68K
	ARCH(SCMP_ARCH_M68K),
#endif
#ifdef SCMP_ARCH_SH
	ARCH(SCMP_ARCH_SH),
#endif
#ifdef SCMP_ARCH_SHEB
	ARCH(SCMP_ARCH_SHEB),
#endif
	{ NULL, 0 },
};

const struct str_value oci_propagations[] = {
	{ "private", 0 },    { "rprivate", 0 },    { "shared", 0 },
	{ "rshared", 0 },    { "slave", 0 },       { "rslave", 0 },
	{ "unbindable", 0 }, { "runbindable", 0 }, { NULL, 0 },
};

const char *const oci_throttle_names[OCI_THROTTLE_KINDS] = {
	[OCI_READ_BPS] = "throttleReadBpsDevice",
	[OCI_WRITE_BPS] = "throttleWriteBpsDevice",
	[OCI_READ_IOPS] = "throttleReadIOPSDevice",
	[OCI_WRITE_IOPS] = "throttleWriteIOPSDevice",
};

const char *const oci_hook_names[OCI_HOOK_KINDS] = {
	[OCI_HOOK_PRESTART] = "prestart",
	[OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
	[OCI_HOOK_CREATE_CONTAINER] = "createContainer",
	[OCI_HOOK_START_CONTAINER] = "startContainer",
	[OCI_HOOK_POSTSTART] = "poststart",
	[OCI_HOOK_POSTSTOP] = "poststop",
};
