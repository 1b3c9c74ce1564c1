/* SPDX-License-Identifier: Apache-2.0 */
/* One container being made: everything create and run hold meanwhile. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/time.h"
#include "cgroup/cgroup.h"
#include "engine/engine.h"
#include "engine/listener.h"
#include "engine/maker.h"
#include "engine/ready.h"
#include "engine/state.h"
#include "engine/trace.h"
#include "net/net.h"
#include "plan/facts.h"
#include "plan/plan.h"
#include "rdt/rdt.h"
#include "rootfs/rootfs.h"
#include "seccomp/seccomp.h"
#include "store/store.h"

struct creation {
	struct arena arena;
	struct engine *engine;
	const char *id;
	const struct runf_create_options *options;
	const struct runf_restore_options *restore; /* NULL: it is new */
	struct trace *trace; /* NULL: nobody wants to know */
	bool detached;       /* run: nobody stays with it */
	bool gated; /* init waits for `start` (create), or does not (run) */

	/* What shall be. */
	const char *config; /* the document, as copied into the store */
	size_t config_length;
	const struct oci_spec *spec;
	struct facts facts;
	const struct plan *plan;
	struct seccomp_program seccomp;
	struct state_text hook_state; /* for init's hooks */

	/* What is, to be given back or undone. */
	struct store_dir dir;
	struct cgroup_unit unit; /* only as long as it has no other process */
	bool has_unit;           /* systemd has made it */
	const struct plan_cgroup *place; /* the plan's, where it really is */
	struct cgroup cgroup;
	struct plan_rdt rdt; /* once it is there */
	bool root_on_host;   /* mounted there, on mount number... */
	uint64_t root_below;
	bool outside_cgroup; /* clone3 could not put init into it */
	struct rootfs_source *sources;
	int *source_fds; /* the same, for ns/ */
	size_t sources_open;
	struct maker maker;
	struct net_helper net;
	int console; /* connected console socket, or -1 */
	struct listener listener;
	struct ready ready; /* run: init has none of it */
	int gate;
	int sync[2]; /* parent's end, init's end */
	int master;  /* of the terminal, when nobody else took it */
	pid_t pid;   /* of init; 0: there is none yet */
	int pidfd;
	bool hooks_ran; /* prestart or later: poststop is due on failure */
	char created[TIME_TEXT_SIZE];
};

/*
 * After creation_load(): to a container in state `created` (gated), or to init on its
 * way to the program with nothing left to wait for. What fails is not undone
 * here but by creation_end().
 */
int creation_make(struct creation *c, struct error *err);

/* A phase of the parent's work, for whoever traces it. */
struct creation_phase {
	const char *name;
	int (*run)(struct creation *c, struct error *err);
};

/* One after the other, until one fails. */
int creation_run_phases(struct creation *c, const struct creation_phase *phases,
                        size_t count, struct error *err);

/*
 * Wait until the program is executed. A failure on the way is init's error.
 */
int creation_await_exec(struct creation *c, struct error *err);

/*
 * restore.c: the same as creation_make() and creation_await_exec(), but from
 * the images of a checkpoint: what was dumped runs on.
 */
int creation_restore(struct creation *c, struct error *err);

/*
 * run.c: all of `run`, or of a restore, from loading to deleting. RESTORE is
 * NULL or has the same create options.
 */
int run_container(struct engine *engine, const char *id,
                  const struct runf_run_options *options,
                  const struct runf_restore_options *restore, int *ret_status,
                  struct error *err);

/* Empty, for id and options that outlive it. */
void creation_begin(struct creation *c, struct engine *engine, const char *id,
                    const struct runf_create_options *options, bool gated);

/* The container stands: creation_end() only lets go of it. */
void creation_keep(struct creation *c);

/* Release everything, and unless it is kept, undo everything. */
void creation_end(struct creation *c);

#define auto_creation cleanup_with(creation_end)

/*
 * Are the descriptors to be preserved the caller's? What he passes is not
 * close-on-exec, or we would not have it; what we opened ourselves is, and must
 * not be taken for it. PROCESS may be NULL. For exec too.
 */
int creation_check_kept_fds(const struct plan_process *process,
                            struct error *err);
/* create.c: phases that a restore shares, and whether somebody takes a terminal. */
bool creation_has_console(const struct creation *c);
int creation_connect_console(struct creation *c, struct error *err);
int creation_open_store(struct creation *c, struct error *err);
int creation_claim(struct creation *c, struct error *err);
int creation_mount_root(struct creation *c, struct error *err);

/* load.c: the bundle as an absolute path, and its document. */
int load_config(struct arena *arena, const struct runf_create_options *options,
                const char **ret_bundle, const char **ret_text,
                size_t *ret_length, struct error *err);
/* load.c: the documents and decisions; nothing is created. */
int creation_load(struct creation *c, struct error *err);
/* parent.c: what the parent does once init exists. Poststop hooks only warn. */
/* True if init is not in all its cgroups yet: writes to procs files. */
bool creation_moves_init(const struct creation *c);
/*
 * End init, and find out its reason if it had one: it is the one to tell,
 * not that of the parent, RESULT and ERR, who could not go on without it.
 */
int creation_blame_init(struct creation *c, int result, struct error *err);
/* beside.c: what init finds made when it comes to it. */
int creation_help(struct creation *c, struct error *err);
int creation_converse(struct creation *c, struct error *err);
/* The parts of it that a restore needs, too. */
bool creation_has_runtime_hooks(const struct creation *c);
int creation_run_runtime_hooks(struct creation *c, struct error *err);
int creation_take_console(struct creation *c, int master, struct error *err);
int creation_write_record(struct creation *c, struct error *err);
void creation_run_poststop(struct creation *c);
struct state_facts creation_state_facts(const struct creation *c);
/* init.c: the other side. Does not return. */
void init_main(const struct creation *c) __attribute__((noreturn));

/*
 * Tell PID as the caller wishes: in FILE (a temporary one first, then renamed
 * over it), and as PIDFD over the unix stream socket SOCKET. Both may be NULL.
 */
int pid_announce(const char *file, const char *socket, pid_t pid, int pidfd,
                 struct error *err);
/* The same for a creation, as a phase. */
int creation_announce_pid(struct creation *c, struct error *err);
