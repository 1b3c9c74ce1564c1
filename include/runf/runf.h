/* SPDX-License-Identifier: Apache-2.0 */
/* librunf: OCI containers (runtime-spec 1.3) on Linux 5.10 and newer. */
#ifndef RUNF_RUNF_H
#define RUNF_RUNF_H

#include <runf/error.h>
#include <runf/stats.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The library never prints, exits or installs signal handlers, and leaves
 * cwd, umask, environment and signal mask as it found them. It makes no
 * threads. One context is used by one thread at a time; containers are
 * shared between processes by the state directory alone.
 *
 * Structs of options begin with their size, so that they can grow: set it
 * to sizeof, zero the rest. Functions return 0, or a negative errno with
 * *ERR filled in. Documents cross as JSON text; a returned text is released
 * with runf_free_text().
 */
struct runf;

enum runf_log_level {
	RUNF_LOG_ERROR,
	RUNF_LOG_WARNING,
	RUNF_LOG_INFO,
	RUNF_LOG_DEBUG
};

struct runf_options {
	size_t size;
	/* State directory, made if missing; NULL: /run/runf. */
	const char *root;
	/* No cgroup at all (--cgroup-manager=disabled). */
	bool cgroup_disabled;
	/* Told of warnings and, with log_level, more. May be NULL. */
	void (*log)(void *context, enum runf_log_level level, const char *text);
	void *log_context;
	enum runf_log_level log_level;
	/*
	 * The program may be visible to containers as /proc/PID/exe and is
	 * protected already: it runs from a sealed memfd, a detached
	 * read-only mount or a file nobody can write. When false, create and
	 * exec fail rather than expose it; see runf_protect_self().
	 */
	bool self_protected;
	/* When main() began (ns, CLOCK_MONOTONIC), for traces; 0: unknown. */
	uint64_t began_ns;
	/* CRIU: a path, or a name in PATH; NULL: criu. */
	const char *criu;
};

int runf_open(const struct runf_options *options, struct runf **ret_runf,
              struct runf_error *err);
void runf_close(struct runf *runf);
void runf_free_text(char *text);

/*
 * Run from a copy of this program that cannot be written through
 * /proc/PID/exe (CVE-2019-5736): a read-only bind mount that is attached
 * nowhere (Linux 5.12), else a sealed memfd. Where the kernel lets it (Linux
 * 5.9 with CONFIG_CHECKPOINT_RESTORE, and privilege), the mappings of this
 * process are exchanged; else the program is executed again and the function
 * does not return the first time. Returns 1 once it is protected, or a
 * negative errno. Call it first in main(), with main's arguments and
 * environment.
 */
int runf_protect_self(char *const argv[], char *const env[],
                      struct runf_error *err);

/* ---- containers */

/* As mount(8) has them; TARGET, of all but the first, is below the root. */
struct runf_mount {
	const char *type; /* or NULL, for a bind */
	const char *source;
	const char *target;         /* NULL: the root */
	const char *const *options; /* NULL-terminated, or NULL: none */
};

struct runf_create_options {
	size_t size;
	const char *bundle; /* NULL: the current directory */
	const char *config; /* file name in the bundle; NULL: config.json */
	const char *console_socket;
	const char *pidfd_socket;
	const char *pid_file;
	bool no_pivot;
	bool no_new_keyring;
	unsigned int preserve_fds; /* 3 to 3 + N - 1, behind LISTEN_FDS */
	const char *trace; /* file for the phases (Chrome trace events) */
	/* systemd makes the cgroup (slice:prefix:name); later verbs know. */
	bool systemd_cgroup;
	/*
	 * In place of console_socket, a unix socket that is connected; it
	 * stays the caller's. 0: none.
	 */
	int console_fd;
	pid_t *pid; /* told init's, as the caller sees it; or NULL */
	/*
	 * What the root consists of, in place of the content of root.path:
	 * the first is the root, the others lie at their targets in it, one
	 * after the other. They are the container's alone: nothing is mounted
	 * on the host, unless hooks that run there (prestart, createRuntime,
	 * poststart, poststop) or CRIU have to find it, or the container has
	 * no mount namespace of its own. Then it is mounted at root.path
	 * until the container is deleted. Options beside those of `mounts`:
	 * loop, and uidmap=ID:HOSTID:SIZE with gidmap=, which map the layers
	 * below an overlay, or else the mount itself.
	 */
	const struct runf_mount *rootfs;
	size_t rootfs_count;
};

/* Steps 1 to 5 of the specification's lifecycle: ends in state `created`. */
int runf_create(struct runf *runf, const char *id,
                const struct runf_create_options *options,
                struct runf_error *err);

/* Steps 6 to 9: from `created` to `running`. */
struct runf_start_options {
	size_t size;
	const char *trace; /* as in struct runf_create_options */
};

/* OPTIONS may be NULL. */
int runf_start(struct runf *runf, const char *id,
               const struct runf_start_options *options,
               struct runf_error *err);

struct runf_run_options {
	size_t size;
	struct runf_create_options create;
	bool detach;       /* return when it runs; *RET_STATUS is 0 */
	bool keep;         /* do not delete it when it has ended */
	bool no_subreaper; /* foreign orphans are not adopted while waiting */
};

/*
 * Create and start; unless detached, also relay the terminal on descriptors
 * 0 and 1 (if the container has one), forward signals, wait, and delete.
 * *RET_STATUS is the exit status, 128 + N after signal N.
 */
int runf_run(struct runf *runf, const char *id,
             const struct runf_run_options *options, int *ret_status,
             struct runf_error *err);

struct runf_exec_options {
	size_t size;
	/* A whole process.json; the members down to `tty` are then unused. */
	const char *process_file;
	const char *const *args; /* NULL-terminated; config's process else */
	const char *const *env;  /* NULL-terminated "K=V" beside config's */
	const char *cwd;
	const char *user; /* UID[:GID] */
	const unsigned int *additional_gids;
	size_t additional_gids_count;
	const char *const *caps; /* NULL-terminated CAP_* to add */
	const char *apparmor;
	const char *process_label;
	bool tty;
	bool no_new_privs;

	const char *console_socket;
	const char *pidfd_socket;
	const char *pid_file;
	const char *cgroup; /* existing sub-cgroup of the container's */
	unsigned int preserve_fds;
	bool detach;
	bool ignore_paused;
	const char *process; /* the text of one, in place of process_file */
	int console_fd;      /* as for create, these two */
	pid_t *pid;
};

/* Another process in a running container. *RET_STATUS as of runf_run(). */
int runf_exec(struct runf *runf, const char *id,
              const struct runf_exec_options *options, int *ret_status,
              struct runf_error *err);

/* Signal 1 to 64 to init, or with ALL to every process of the cgroup. */
int runf_kill(struct runf *runf, const char *id, int signal, bool all,
              struct runf_error *err);

/*
 * Steps 11 to 13. Only `stopped` and `created` containers; with FORCE any,
 * also half-created ones, and an unknown id is no error.
 */
int runf_delete(struct runf *runf, const char *id, bool force,
                struct runf_error *err);

int runf_pause(struct runf *runf, const char *id, struct runf_error *err);
int runf_resume(struct runf *runf, const char *id, struct runf_error *err);

/*
 * RESOURCES is a LinuxResources document, beside whose members `intelRdt` of
 * `linux` may stand: what it names is changed.
 */
int runf_update(struct runf *runf, const char *id, const char *resources,
                struct runf_error *err);

/*
 * MOUNTS is the `mounts` of a config.json, or an object with them: all are
 * made in the container, or none; likewise what is mounted at their
 * destinations goes.
 */
int runf_mounts_add(struct runf *runf, const char *id, const char *mounts,
                    struct runf_error *err);
int runf_mounts_remove(struct runf *runf, const char *id, const char *mounts,
                       struct runf_error *err);

/* ---- checkpoint and restore, by CRIU 3.14 or newer */

/* What both ways need to know. */
struct runf_criu_options {
	size_t size;
	const char *image_path;          /* directory; NULL: checkpoint */
	const char *work_path;           /* of CRIU's log; NULL: image_path */
	const char *manage_cgroups_mode; /* soft (NULL), full, strict, ignore */
	const char *network_lock;        /* iptables, nftables, skip */
	const char *empty_ns;            /* network: without its content */
	bool tcp_established;
	bool ext_unix_sk;
	bool shell_job; /* its terminal is the caller's */
	bool file_locks;
	bool lazy_pages;
	bool auto_dedup;
};

struct runf_checkpoint_options {
	size_t size;
	struct runf_criu_options criu;
	const char *parent_path; /* of a pre-dump, relative to image_path */
	const char *page_server; /* ADDRESS:PORT */
	/* With lazy_pages: told when pages can be fetched; 0: nobody. */
	unsigned int status_fd;
	bool leave_running;
	bool pre_dump; /* only memory; implies leave_running */
	bool tcp_skip_in_flight;
	bool link_remap;
};

/*
 * Write a running (or paused) container to files. Unless it is left running
 * it is deleted then. A failure leaves it running.
 */
int runf_checkpoint(struct runf *runf, const char *id,
                    const struct runf_checkpoint_options *options,
                    struct runf_error *err);

struct runf_restore_options {
	size_t size;
	struct runf_criu_options criu;
	/* As for a new container; `trace`, `pidfd_socket` too. */
	struct runf_create_options create;
	const char *lsm_profile; /* TYPE:NAME in place of the dumped one */
	const char *lsm_mount_context;
	bool tcp_close; /* established connections are closed */
	bool detach;    /* return when it runs; *RET_STATUS is 0 */
	bool no_subreaper;
};

/*
 * A container from what a checkpoint has written, running; then as
 * runf_run(). A failure leaves nothing behind.
 */
int runf_restore(struct runf *runf, const char *id,
                 const struct runf_restore_options *options, int *ret_status,
                 struct runf_error *err);

/* ---- questions */

/* The state document of one container. */
int runf_state(struct runf *runf, const char *id, char **ret_json,
               struct runf_error *err);
/* An array of them; unreadable ones are left out with a warning. */
int runf_list(struct runf *runf, char **ret_json, struct runf_error *err);
/* An array of host pids, sub-cgroups included. */
int runf_ps(struct runf *runf, const char *id, char **ret_json,
            struct runf_error *err);

/*
 * What a container that runs uses. Set STATS->size to sizeof(*STATS) before;
 * release what was read with runf_release_stats().
 */
int runf_read_stats(struct runf *runf, const char *id, struct runf_stats *stats,
                    struct runf_error *err);
void runf_release_stats(struct runf_stats *stats);

struct runf_events_options {
	size_t size;
	unsigned int interval_ms; /* between two lines of statistics; not 0 */
	bool once;                /* the statistics of now, and no more */
	/*
	 * Told each event, one line of JSON. What it returns, if it is not 0,
	 * ends the call and is what that returns.
	 */
	int (*event)(void *context, const char *json);
	void *context;
};

/*
 * Statistics now and then, and each time that a process is killed because
 * memory is used up, until the container ends.
 */
int runf_events(struct runf *runf, const char *id,
                const struct runf_events_options *options,
                struct runf_error *err);

/*
 * The deaths of a container because its memory was used up, for who waits
 * for many things at once: nothing here blocks. What is open lives without
 * RUNF, costs two descriptors at most, and does not hold the container.
 */
struct runf_oom;

/* How long to wait with the next look at what is not counted yet. */
#define RUNF_OOM_PAUSE_MS 20

int runf_oom_open(struct runf *runf, const char *id, struct runf_oom **ret_oom,
                  struct runf_error *err);
/* To be polled for reading; -1 where nobody counts, and nothing comes. */
int runf_oom_fd(const struct runf_oom *oom);
/*
 * Take what there is to be read. *RET_KILLS is how many processes have been
 * killed so far, since the container was made. Returns 0; 1 if a death was
 * told that is not counted yet (cgroup v1), so that another look is due in
 * RUNF_OOM_PAUSE_MS although nothing will be readable; or a negative errno:
 * the cgroup is gone, and all has been said.
 */
int runf_oom_read(struct runf_oom *oom, uint64_t *ret_kills);
/* NULL is fine. */
void runf_oom_close(struct runf_oom *oom);

/*
 * The cgroup of a container that stays open, for who stops, continues and
 * counts often: nothing but the first call looks anything up, and none forks.
 * It lives without RUNF, costs six descriptors at most, and does not hold the
 * container. -ENODEV says that the cgroup is gone.
 */
struct runf_cgroup;

int runf_cgroup_open(struct runf *runf, const char *id,
                     struct runf_cgroup **ret_cgroup, struct runf_error *err);
/*
 * Whether the container is in a state for it is the caller's matter. Nothing
 * is waited for: the processes stop where they next can.
 */
int runf_cgroup_freeze(struct runf_cgroup *cgroup, bool frozen);
/* SIGKILL to all that is in it, be it frozen or forking. */
int runf_cgroup_kill(struct runf_cgroup *cgroup);
/*
 * The peak of memory is from now on counted anew: with v2 since Linux 6.12,
 * for this handle alone. Elsewhere the peak stays that of all times.
 */
void runf_cgroup_reset_peak(struct runf_cgroup *cgroup);
void runf_cgroup_read(struct runf_cgroup *cgroup,
                      struct runf_counts *ret_counts);
/* NULL is fine. */
void runf_cgroup_close(struct runf_cgroup *cgroup);

/* ---- without a container; no privilege, no context needed */

/*
 * What create would do, as JSON: the plan for this host. ID may be NULL.
 */
int runf_plan(const char *id, const struct runf_create_options *options,
              char **ret_json, struct runf_error *err);

/*
 * All faults of config.json at once: an array of {path, line, level, text},
 * empty if there are none. Fails only if the file cannot be read.
 */
int runf_check(const struct runf_create_options *options, char **ret_json,
               struct runf_error *err);

/* The features document (features.md of the specification). */
int runf_features(char **ret_json, struct runf_error *err);

/* A sample config.json. */
int runf_spec(bool rootless, char **ret_json, struct runf_error *err);

const char *runf_version(void);
/* The commit it was built from, or "unknown". */
const char *runf_commit(void);

#ifdef __cplusplus
}
#endif

#endif
