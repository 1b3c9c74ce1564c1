/* SPDX-License-Identifier: Apache-2.0 */
/* config.json as types: runtime-spec 1.3, the parts that Linux has. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/opt.h"

/*
 * Everything is decoded into one arena and never changed afterwards. A
 * pointer is NULL, an array has count 0, an opt_* is not `set` where the
 * document is silent. Words of the specification are decoded into the
 * values the kernel uses (CLONE_NEW*, RLIMIT_*, capability numbers) so that
 * nothing below compares strings again; where a word has no kernel value
 * the enums here stand for it.
 */

/* "KEY": "VALUE" pairs in the order of the document. */
struct oci_pair {
	const char *key;
	const char *value;
};

struct oci_map {
	struct oci_pair *pairs;
	size_t count;
};

struct oci_strings {
	const char **items;
	size_t count;
};

struct oci_root {
	const char *path;
	bool readonly;
};

struct oci_id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct oci_id_mappings {
	struct oci_id_mapping *items;
	size_t count;
};

struct oci_mount {
	const char *destination;
	const char *source;
	const char *type;
	struct oci_strings options;
	struct oci_id_mappings uid_mappings;
	struct oci_id_mappings gid_mappings;
};

struct oci_user {
	uint32_t uid;
	uint32_t gid;
	struct opt_u32 umask;
	uint32_t *additional_gids;
	size_t additional_gids_count;
};

/* A set of capabilities: bit n is CAP_n. */
struct oci_capabilities {
	bool set; /* the object was there */
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
	struct oci_strings unknown; /* names nobody knows: a warning each */
};

struct oci_rlimit {
	int resource; /* RLIMIT_* */
	const char *type;
	uint64_t soft; /* UINT64_MAX is RLIM_INFINITY */
	uint64_t hard;
};

struct oci_console_size {
	uint16_t height;
	uint16_t width;
};

struct oci_scheduler {
	bool set;
	int policy; /* SCHED_* */
	int64_t nice;
	int64_t priority;
	uint64_t flags; /* SCHED_FLAG_* */
	struct opt_u64 runtime;
	struct opt_u64 deadline;
	struct opt_u64 period;
};

struct oci_io_priority {
	bool set;
	int io_class; /* IOPRIO_CLASS_* */
	int64_t priority;
};

/* Lists of CPUs, "0-3,7". */
struct oci_cpu_affinity {
	const char *initial;
	const char *final;
};

struct oci_process {
	bool terminal;
	struct oci_console_size console_size;
	const char *cwd;
	struct oci_strings env;
	struct oci_strings args;
	struct oci_user user;
	struct oci_rlimit *rlimits;
	size_t rlimits_count;
	struct oci_capabilities capabilities;
	bool no_new_privileges;
	struct opt_i64 oom_score_adj;
	const char *apparmor_profile;
	const char *selinux_label;
	struct oci_scheduler scheduler;
	struct oci_io_priority io_priority;
	struct oci_cpu_affinity exec_cpus;
};

struct oci_namespace {
	int type; /* CLONE_NEW* */
	const char *path;
};

enum oci_device_type {
	OCI_DEVICE_ALL = 'a',
	OCI_DEVICE_BLOCK = 'b',
	OCI_DEVICE_CHAR = 'c', /* "u" is decoded to this */
	OCI_DEVICE_FIFO = 'p',
};

struct oci_device {
	enum oci_device_type type;
	const char *path;
	int64_t major;
	int64_t minor;
	struct opt_u32 file_mode;
	uint32_t uid;
	uint32_t gid;
};

#define OCI_ACCESS_READ  1U
#define OCI_ACCESS_WRITE 2U
#define OCI_ACCESS_MKNOD 4U

struct oci_device_rule {
	bool allow;
	enum oci_device_type type;
	int64_t major;   /* -1: any */
	int64_t minor;   /* -1: any */
	uint32_t access; /* OCI_ACCESS_* */
};

struct oci_memory {
	struct opt_i64 limit; /* bytes; -1 is unlimited */
	struct opt_i64 reservation;
	struct opt_i64 swap; /* memory plus swap */
	struct opt_i64 kernel;
	struct opt_i64 kernel_tcp;
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer;
	struct opt_bool use_hierarchy;
	struct opt_bool check_before_update;
};

struct oci_cpu {
	struct opt_u64 shares;
	struct opt_i64 quota;  /* us in each period; <= 0 is unlimited */
	struct opt_u64 burst;  /* us */
	struct opt_u64 period; /* us */
	struct opt_i64 realtime_runtime;
	struct opt_u64 realtime_period;
	const char *cpus;
	const char *mems;
	struct opt_i64 idle;
};

struct oci_pids {
	struct opt_i64 limit;
};

/* One device's share: 0 is as good as absent. */
struct oci_weight_device {
	int64_t major;
	int64_t minor;
	uint16_t weight;
	uint16_t leaf_weight;
};

struct oci_throttle {
	int64_t major;
	int64_t minor;
	uint64_t rate; /* each second; 0 is unlimited */
};

enum oci_throttle_kind {
	OCI_READ_BPS,
	OCI_WRITE_BPS,
	OCI_READ_IOPS,
	OCI_WRITE_IOPS,
	OCI_THROTTLE_KINDS,
};

struct oci_throttles {
	struct oci_throttle *items;
	size_t count;
};

struct oci_block_io {
	uint16_t weight; /* 10 to 1000; 0 is as good as absent */
	uint16_t leaf_weight;
	struct oci_weight_device *weight_devices;
	size_t weight_devices_count;
	struct oci_throttles throttles[OCI_THROTTLE_KINDS];
};

struct oci_hugepage_limit {
	const char *page_size; /* "2MB", as the kernel's files have it */
	uint64_t limit;
};

struct oci_interface_priority {
	const char *name;
	uint32_t priority;
};

struct oci_network {
	struct opt_u32 class_id;
	struct oci_interface_priority *priorities;
	size_t priorities_count;
};

struct oci_rdma {
	const char *device;
	struct opt_u32 hca_handles;
	struct opt_u32 hca_objects;
};

struct oci_resources {
	bool set; /* the object was there */
	struct oci_device_rule *devices;
	size_t devices_count;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct oci_pids pids;
	struct oci_block_io block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t hugepage_limits_count;
	struct oci_network network;
	struct oci_rdma *rdma;
	size_t rdma_count;
	struct oci_map unified;
};

/*
 * Values of SECCOMP_RET_* for actions, without their data; OCI_SECCOMP_UNSET
 * where the profile is silent.
 */
#define OCI_SECCOMP_UNSET UINT32_C(0xffffffff)

struct oci_seccomp_arg {
	uint32_t index;
	uint32_t op; /* enum scmp_compare of seccomp.h, by number */
	uint64_t value;
	uint64_t value_two;
};

struct oci_seccomp_rule {
	struct oci_strings names;
	uint32_t action;
	struct opt_u32 errno_ret;
	struct oci_seccomp_arg *args;
	size_t args_count;
};

struct oci_seccomp {
	bool set;
	uint32_t default_action;
	struct opt_u32 default_errno_ret;
	struct oci_strings architectures; /* SCMP_ARCH_* */
	bool flags_set; /* the member was there, perhaps empty */
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	const char *listener_path;
	const char *listener_metadata;
	struct oci_seccomp_rule *rules;
	size_t rules_count;
};

struct oci_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

/* The kernel's numbers. */
enum oci_memory_mode {
	OCI_MPOL_DEFAULT,
	OCI_MPOL_PREFERRED,
	OCI_MPOL_BIND,
	OCI_MPOL_INTERLEAVE,
	OCI_MPOL_LOCAL,
	OCI_MPOL_PREFERRED_MANY,
	OCI_MPOL_WEIGHTED_INTERLEAVE,
};

struct oci_memory_policy {
	bool set;
	int mode; /* enum oci_memory_mode */
	const char *nodes;
	uint32_t flags; /* MPOL_F_* */
};

struct oci_intel_rdt {
	bool set;
	const char *clos_id;
	const char *l3_cache_schema;
	const char *mem_bw_schema;
	struct oci_strings schemata;
	bool monitoring;
};

/* One of netDevices: what is NAME on the host becomes TARGET inside. */
struct oci_net_device {
	const char *name;
	const char *target; /* NAME too, unless the config says otherwise */
};

struct oci_linux {
	struct oci_namespace *namespaces;
	size_t namespaces_count;
	struct oci_id_mappings uid_mappings;
	struct oci_id_mappings gid_mappings;
	struct oci_time_offset monotonic;
	struct oci_time_offset boottime;
	struct oci_device *devices;
	size_t devices_count;
	const char *cgroups_path;
	struct oci_resources resources;
	const char *rootfs_propagation; /* checked word, or NULL */
	struct oci_seccomp seccomp;
	struct oci_map sysctl;
	struct oci_strings masked_paths;
	struct oci_strings readonly_paths;
	const char *mount_label;
	struct opt_u32 personality; /* PER_LINUX, PER_LINUX32 */
	struct oci_memory_policy memory_policy;
	struct oci_intel_rdt intel_rdt;
	struct oci_net_device *net_devices;
	size_t net_devices_count;
};

struct oci_hook {
	const char *path;
	struct oci_strings args;
	bool env_set; /* the member was there: the hook's whole environment */
	struct oci_strings env;
	struct opt_i64 timeout; /* seconds */
};

struct oci_hook_list {
	struct oci_hook *items;
	size_t count;
};

enum oci_hook_kind {
	OCI_HOOK_PRESTART,
	OCI_HOOK_CREATE_RUNTIME,
	OCI_HOOK_CREATE_CONTAINER,
	OCI_HOOK_START_CONTAINER,
	OCI_HOOK_POSTSTART,
	OCI_HOOK_POSTSTOP,
	OCI_HOOK_KINDS,
};

struct oci_spec {
	const char *oci_version;
	struct oci_root *root;       /* NULL if absent */
	struct oci_process *process; /* NULL if absent */
	struct oci_mount *mounts;
	size_t mounts_count;
	const char *hostname;
	const char *domainname;
	struct oci_hook_list hooks[OCI_HOOK_KINDS];
	struct oci_map annotations;
	struct oci_linux
		*linux_; /* NULL if absent; `linux` is a macro in GNU C */
};
