/* SPDX-License-Identifier: Apache-2.0 */
/* What will be done, decided before anything is done. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/opt.h"
#include "plan/variant.h"

/*
 * A plan is a constant: strings, numbers and order, made by plan_create() or
 * plan_exec() from (specification, facts, options) and interpreted by the
 * engine. It holds no descriptors: what is opened on the host has an index
 * into `sources`, and the engine keeps the descriptors in a table beside it.
 */

/* ---- on the host, by the parent, before the container's processes exist */

enum plan_source_kind {
	PLAN_SOURCE_NAMESPACE, /* O_RDONLY on a namespace file, type checked */
	PLAN_SOURCE_TREE,      /* a detached clone of a host tree */
	PLAN_SOURCE_DEVICE,    /* the same of a device node, verified */
	PLAN_SOURCE_NODE,      /* of one that is made at PATH, for this alone */
	PLAN_SOURCE_FS,        /* a new instance of the file system `fs` */
};

struct plan_mount;

/*
 * A host path, resolved exactly once. A tree is cloned detached
 * (open_tree, Linux 5.2), so that no mount table sees it.
 */
struct plan_source {
	enum plan_source_kind kind;
	const char *path;
	/* NAMESPACE: a sysctl that is written in it, so it may not be runf's. */
	const char *sysctl;
	int namespace_type;    /* NAMESPACE: CLONE_NEW* */
	bool recursive;        /* TREE: with the mounts below */
	bool no_follow;        /* TREE: the last component may not be a link */
	struct plan_mount *fs; /* FS: type, origin and options count; PATH is
	                          the type */
	/* TREE, FS: idmapped with these maps (texts as for uid_map), or NULL. */
	const char *uid_map;
	const char *gid_map;
	bool idmap_recursive;
	bool idmap_layers; /* FS: not of it but of what it lies on */
	uint64_t device;   /* DEVICE, NODE: the dev_t it must have, */
	uint32_t mode;     /* and S_IFCHR or S_IFBLK; NODE: with permissions */
	uint32_t uid;      /* NODE: its owner on the host */
	uint32_t gid;
};

/* ---- namespaces */

enum plan_actor {
	PLAN_IN_PARENT, /* before the clone, undone after it */
	PLAN_IN_BRIDGE, /* a process that only exists to be in between */
	PLAN_IN_INIT,
};

enum plan_ns_verb {
	PLAN_NS_JOIN,        /* setns to sources[source] */
	PLAN_NS_CLONE,       /* clone3 with `flags`; may be 0 */
	PLAN_NS_UNSHARE,     /* unshare `flags` */
	PLAN_NS_WAIT_IDMAP,  /* until the parent has written the maps */
	PLAN_NS_OFFSETS,     /* unshare time, set the offsets, enter */
	PLAN_NS_TAKE,        /* enter those that the maker made */
	PLAN_NS_BECOME_ROOT, /* idmap.root_uid and root_gid */
};

struct plan_ns_step {
	enum plan_actor actor;
	enum plan_ns_verb verb;
	int flags;     /* CLONE_NEW*: what is made, or the type joined */
	size_t source; /* JOIN */
};

struct plan_idmap {
	bool needed;
	const char *uid_map; /* text for /proc/PID/uid_map */
	const char *gid_map;
	bool deny_setgroups;
	bool use_helpers; /* newuidmap, newgidmap */
	/* BECOME_ROOT: 0, or the first id mapped where 0 is not. */
	uint32_t root_uid;
	uint32_t root_gid;
};

struct plan_namespaces {
	struct plan_ns_step *steps;
	size_t count;
	int all;     /* CLONE_NEW*: every one that is new or joined */
	int created; /* CLONE_NEW*: the new ones */
	/*
	 * CLONE_NEW*: what a helper makes on another CPU while init mounts,
	 * the network with its loopback up; init TAKEs it when it has to.
	 */
	int helped;
	struct plan_idmap idmap;
	const char *time_offsets; /* text for timens_offsets, or NULL */
};

/* ---- what init does to its surroundings, in order */

/* One parameter of fsconfig(2); value NULL is a flag. */
struct plan_fs_option {
	const char *key;
	const char *value;
};

enum plan_mount_kind {
	PLAN_MOUNT_FS,    /* a new instance of `type` (fsopen) */
	PLAN_MOUNT_BIND,  /* sources[source] */
	PLAN_MOUNT_INNER, /* bind `origin`, a path inside the container */
	PLAN_MOUNT_ATTR,  /* change what is mounted at destination */
};

struct plan_mount {
	enum plan_mount_kind kind;
	const char *destination; /* clean, inside the container */
	const char *type;
	const char *origin; /* FS: the "source" parameter; INNER: a path */
	size_t source;
	struct plan_fs_option *options;
	size_t options_count;
	/* MOUNT_ATTR_* for this mount, and for all mounts of its tree. */
	uint64_t set;
	uint64_t clear;
	uint64_t recursive_set;
	uint64_t late; /* of `set`: not while a new instance is made */
	uint64_t recursive_clear;
	uint64_t propagation; /* MS_SHARED and the like; 0: as it is */
	bool propagation_recursive;
	/*
	 * FS: mount(2) with these options, as one of them is too long for
	 * fsconfig(2); or NULL. Of a source, in a directory that paths in it
	 * are relative to, or, if the layers are mapped, among these: each
	 * `lowerdir+` and `datadir+` of `options` by its number.
	 */
	const char *data;
	uint64_t data_flags; /* MS_* beside those of `set` */
	const char *directory;
	bool loop;         /* FS: `origin` is a file: by a loop device */
	const char *label; /* SELinux's, for the root of it, or NULL */
	bool copy_mode;    /* tmpfs over a directory, no mode=: take its mode */
	bool copy_up;      /* tmpcopyup: and its content */
	bool no_follow;    /* destination may not be or lie below a link */
	bool on_link;      /* BIND: if it is a link, that is what it lies on */
	/* Verify that it is one and keep a descriptor: the trusted procfs. */
	bool is_proc;
	bool copy_symlink;  /* BIND: a link is made anew, not mounted */
	bool may_lack_attr; /* keep flags that are locked instead of failing */
	/* FS failed with EPERM (sysfs, cgroup2): attach this source, or -1. */
	int fallback_source;
};

/* A node made with mknod, or (bind) sources[source] attached to a file. */
struct plan_device {
	const char *path;
	uint32_t mode; /* S_IFCHR | 0666 */
	uint64_t device;
	uint32_t uid;
	uint32_t gid;
	bool bind;
	size_t source;
};

struct plan_link {
	const char *path;
	const char *target;
	bool replace;   /* remove what is there first (/dev/ptmx) */
	bool if_exists; /* only to something (/proc/kcore) */
};

struct plan_sysctl {
	const char *key;  /* as the config has it, for messages */
	const char *path; /* below /proc/sys, with slashes */
	const char *value;
};

enum plan_step_kind {
	PLAN_STEP_NAMESPACE, /* ns: a step whose actor is init */
	PLAN_STEP_KEYRING,   /* text: the session keyring's name */
	PLAN_STEP_LOOPBACK,
	PLAN_STEP_HOSTNAME,   /* text */
	PLAN_STEP_DOMAINNAME, /* text */
	PLAN_STEP_CUT,        /* propagation of "/" (flags: MS_REC | ...) */
	PLAN_STEP_ROOT,       /* text: attach the rootfs, a mount, private */
	PLAN_STEP_ROOT_MOUNT, /* mount: a BIND is the root, at `origin` */
	PLAN_STEP_HOST_ROOT,  /* no mount namespace: the root as it is */
	PLAN_STEP_MOUNT,
	PLAN_STEP_DEVICE,
	PLAN_STEP_LINK,
	PLAN_STEP_CONSOLE,         /* open the pty, send the master, bind it */
	PLAN_STEP_RUNTIME_HOOKS,   /* tell the parent, wait for its word */
	PLAN_STEP_CONTAINER_HOOKS, /* createContainer, by init */
	PLAN_STEP_PIVOT,           /* pivot_root, old root away */
	PLAN_STEP_MOVE_ROOT,       /* --no-pivot: MS_MOVE and chroot */
	PLAN_STEP_CHROOT,          /* no mount namespace of its own */
	PLAN_STEP_WAIT_CGROUP,     /* until the parent has moved init (v1) */
	PLAN_STEP_SYSCTL,
	PLAN_STEP_PROPAGATION,   /* of "/", after the pivot (flags) */
	PLAN_STEP_READONLY_ROOT, /* text: made before if missing, or NULL */
	PLAN_STEP_MASK,          /* text: hide, if it exists */
	PLAN_STEP_READONLY,      /* text: read-only, if it exists */
};

/* A word for KIND, and what STEP is about: a path or name, or NULL. */
const char *plan_step_name(enum plan_step_kind kind);
struct plan_step;
const char *plan_step_detail(const struct plan_step *step);

/* As many mounts as one message to init carries. */
#define PLAN_BESIDE_MAX 4

struct plan_step {
	enum plan_step_kind kind;
	/*
	 * Not 0: the parent does it while init does what comes before. It
	 * makes the instance of a MOUNT, which init only attaches (this is its
	 * number, from 1), and a DEVICE or LINK in that instance.
	 */
	unsigned int beside;

	union {
		const char *text;
		uint64_t flags;
		struct plan_ns_step ns;
		struct plan_mount mount;
		struct plan_device device;
		struct plan_link link;
		struct plan_sysctl sysctl;
	};
};

/* ---- what init becomes */

struct plan_rlimit {
	const char *name; /* RLIMIT_NOFILE: for messages */
	int resource;
	uint64_t soft;
	uint64_t hard;
};

struct plan_caps {
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
	uint64_t held; /* effective besides, until the filter is loaded */
	int last;      /* highest capability to drop from the bounding set */
};

/* As sched_setattr(2) takes it. */
struct plan_scheduler {
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

/* Bit n is number n, as the kernel's masks of CPUs and nodes have it. */
struct plan_bits {
	const char *list; /* what it was made from; NULL: there is none */
	unsigned long *words;
	size_t count; /* words */
};

struct plan_memory_policy {
	int mode; /* for set_mempolicy(2), with its flags */
	struct plan_bits nodes;
};

struct plan_process {
	char **args; /* NULL-terminated */
	/*
	 * NULL-terminated. If home_slot >= 0, env[home_slot] is "HOME=" and
	 * init puts the home directory of `uid` there, found in the
	 * container's /etc/passwd, or "/".
	 */
	char **env;
	int home_slot;
	const char *search_path; /* PATH of env, or the default */
	const char *cwd;
	uint32_t uid;
	uint32_t gid;
	uint32_t *groups;
	size_t groups_count;
	bool keep_groups; /* do not call setgroups at all */
	uint32_t umask;
	struct plan_caps caps;
	struct plan_rlimit *rlimits;
	size_t rlimits_count;
	bool no_new_privs;
	struct opt_i64 oom_score_adj;
	bool terminal;
	uint16_t rows; /* 0: leave */
	uint16_t columns;
	const char *apparmor; /* profile, or NULL */
	const char *selinux;  /* label, or NULL */
	uint32_t keep_fds;    /* descriptors 3 to 3 + keep_fds - 1 survive */
	/* NULL, or not set: as runf's own. */
	const struct plan_scheduler *scheduler;
	struct opt_u32 io_priority; /* for ioprio_set(2) */
	struct opt_u32 personality;
	const struct plan_memory_policy *memory_policy;
	/*
	 * exec: the CPUs of runf while it starts the process, and of the
	 * process in its cgroup. With neither it may use all.
	 */
	struct plan_bits initial_cpus;
	struct plan_bits cpus;
};

/* ---- limits */

enum plan_cgroup_mode {
	PLAN_CGROUP_DISABLED,
	PLAN_CGROUP_V2, /* dirs[0] is the v2 leaf, nothing else */
	PLAN_CGROUP_V1, /* v1 leaves; in hybrid dirs[0] is a v2 leaf */
};

/* One directory to make. The leaf is MOUNT PATH; parents are made too. */
struct plan_cgroup_dir {
	const char *controllers; /* v1: "memory"; "" is the v2 tree */
	const char *mount;
	const char *path;
	bool keep; /* from the state: it was there before, never remove it */
};

struct plan_cgroup_write {
	size_t dir;       /* index into dirs */
	const char *file; /* memory.max */
	const char *value;
	const char *what; /* resources.memory.limit: for messages */
	bool if_present;  /* a missing file is no error (the value is moot) */
	bool keep_first_word; /* cpu.max: only what follows is replaced */
	/* Where FILE is missing, or has nothing for the device. Or NULL. */
	const char *other_file;
	const char *other_value;
	/*
	 * FILE has many entries; the value sets the one that its first word
	 * names, and this unsets it. NULL: FILE has one value.
	 */
	const char *undo;
	/* Refuse everything while the number in this file is above `ceiling`. */
	const char *usage_file; /* memory.current, or NULL */
	uint64_t ceiling;
};

struct bpf_insn;

struct plan_unit_property {
	const char *name; /* as org.freedesktop.systemd1 has it */
	struct variant value;
	bool recent; /* older versions of systemd do without it */
};

/* systemd's unit for a container. */
struct plan_unit {
	const char *name; /* NULL: there is none; "runf-web.scope" */
	bool user;        /* of the user's manager, not of the host's */
	struct plan_unit_property *properties;
	size_t count;
	/*
	 * In an update: quota and period as the files tell them once they are
	 * written, because only one of them may be given.
	 */
	bool cpu_quota;
};

struct plan_cgroup {
	enum plan_cgroup_mode mode;
	/*
	 * The container's cgroup as the state tells it. With a unit of a
	 * user's manager only the end of it, until systemd has made it.
	 */
	const char *path;
	struct plan_unit unit;
	struct plan_cgroup_dir *dirs;
	size_t dirs_count;
	/*
	 * v2: controllers that the writes need, "memory pids"; enabled from
	 * the root downwards only when the leaf lacks a file.
	 */
	const char *enable;
	struct plan_cgroup_write *writes; /* before anything runs inside */
	size_t writes_count;
	const struct bpf_insn *device_program; /* v2 and hybrid, or NULL */
	size_t device_program_length;
	bool optional; /* nothing is limited: do without if not permitted */
	struct opt_u32 owner; /* give the v2 leaf to this uid of the host */
};

/* A class of resctrl, and perhaps a monitoring group in it. */
struct plan_rdt {
	const char *root;    /* where it is mounted; NULL: none is asked for */
	const char *group;   /* the class; "": the root's own */
	const char *monitor; /* the group's name, or NULL */
	bool shared;         /* it has a name of its own: others may be in it */
	bool must_exist;     /* nothing is said of what it may use */
	const char **lines;  /* for schemata, each with its newline */
	size_t lines_count;
	bool made; /* from the state: it was not there before */
};

/* ---- seccomp */

struct plan_seccomp_arg {
	uint32_t index;
	uint32_t op; /* enum scmp_compare */
	uint64_t a;  /* scmp_arg_cmp's datum_a */
	uint64_t b;
};

/* One rule for one system call name. */
struct plan_seccomp_rule {
	const char *name;
	uint32_t action; /* SECCOMP_RET_* with its data */
	struct plan_seccomp_arg *args;
	size_t args_count;
};

struct plan_seccomp {
	bool needed;
	bool early; /* load while capabilities are held: no no_new_privs */
	uint32_t default_action;
	uint32_t *archs; /* libseccomp tokens; the native one is always meant */
	size_t archs_count;
	uint32_t flags;     /* SECCOMP_FILTER_FLAG_* for seccomp(2) */
	bool flags_default; /* nobody asked for them: an old kernel may drop */
	bool strict;        /* a call that nobody knows is an error */
	/* The instructions themselves, and none of what follows. */
	const void *raw;
	size_t raw_length; /* instructions */
	/* Some action notifies: to whom, with which words (or NULL). */
	bool notify;
	const char *listener;
	const char *metadata;
	/*
	 * A rule whose action is the default one only says that its name is
	 * known to the profile.
	 */
	struct plan_seccomp_rule *rules;
	size_t rules_count;
	/*
	 * The whole of the above as bytes: equal profiles have equal keys.
	 * The cache adds what is the host's: kernel, architecture, library.
	 */
	const void *key;
	size_t key_length;
};

/* ---- network devices */

/*
 * The parent gives those of the host to the container's network namespace,
 * through a helper (net/netdev.c), whose whole argv this is: after its name,
 * for each device its name here and there. args NULL: none.
 */
struct plan_net {
	char **args; /* NULL-terminated */
	bool joined; /* the namespace is sources[source], else init's own */
	size_t source;
};

/* ---- hooks */

struct plan_hook {
	const char *path;
	char **args;         /* NULL-terminated */
	char **env;          /* NULL-terminated; NULL: as the runtime's own */
	uint64_t timeout_ms; /* 0: none */
	/* Files its output is appended to, from its directory; or NULL. */
	const char *out;
	const char *err;
};

struct plan_hook_list {
	struct plan_hook *items;
	size_t count;
};

/* In the order of enum oci_hook_kind. */
enum plan_hook_kind {
	PLAN_HOOK_PRESTART,
	PLAN_HOOK_CREATE_RUNTIME,
	PLAN_HOOK_CREATE_CONTAINER,
	PLAN_HOOK_START_CONTAINER,
	PLAN_HOOK_POSTSTART,
	PLAN_HOOK_POSTSTOP,
	PLAN_HOOK_KINDS,
};

/* ---- the whole */

struct plan {
	/*
	 * What the parent mounts at `rootfs` before there are sources: steps
	 * ROOT_MOUNT and MOUNT with sources of their own. Or NULL.
	 */
	const struct plan *host_root;
	const char *id;
	const char *bundle; /* absolute */
	const char *rootfs; /* absolute */
	/*
	 * Attributes of mounts are set by mount(2), once they are attached: the
	 * kernel has no mount_setattr(2).
	 */
	bool remount;
	const char *mount_label;     /* SELinux's for new instances, or NULL */
	const char *mount_label_key; /* the option: context */
	struct plan_source *sources;
	size_t sources_count;
	struct plan_namespaces ns;
	struct plan_step *steps;
	size_t steps_count;
	struct plan_process *process; /* NULL: config without process */
	struct plan_cgroup cgroup;
	struct plan_rdt rdt;
	struct plan_seccomp seccomp;
	struct plan_net net;
	struct plan_hook_list hooks[PLAN_HOOK_KINDS];
	bool notify; /* the container has a NOTIFY_SOCKET: make its directory */
	const char **warnings; /* things to know that are no faults */
	size_t warnings_count;
};
