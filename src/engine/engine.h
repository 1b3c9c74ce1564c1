/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of a container's life, and what they share. */
#pragma once

#include <runf/runf.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "plan/plan.h"
#include "store/store.h"

struct oci_process;
struct oci_spec;

/* One user of the library: where containers are, and whom to tell. */
struct engine {
	struct store store; /* fd -1 until the first verb needs it */
	const char *root;
	struct log log;
	const char *criu; /* NULL: from PATH */
	bool cgroup_disabled;
	bool self_protected;
	uint64_t began_ns; /* the program, where a trace begins; 0: unknown */
	/* What the program runs from, or -1: closed once init has done so. */
	int self_mount;
};

/* Open the state root once; with CREATE make it. -ENOENT if it is missing. */
int engine_open_store(struct engine *engine, bool create, struct error *err);

/*
 * The verbs take the public option structs as they are: they are the words
 * of this layer too. See runf.h for what they promise.
 */
int engine_create(struct engine *engine, const char *id,
                  const struct runf_create_options *options, struct error *err);
int engine_start(struct engine *engine, const char *id,
                 const struct runf_start_options *options, struct error *err);
int engine_run(struct engine *engine, const char *id,
               const struct runf_run_options *options, int *ret_status,
               struct error *err);
int engine_exec(struct engine *engine, const char *id,
                const struct runf_exec_options *options, int *ret_status,
                struct error *err);
int engine_kill(struct engine *engine, const char *id, int signal, bool all,
                struct error *err);
int engine_delete(struct engine *engine, const char *id, bool force,
                  struct error *err);
int engine_freeze(struct engine *engine, const char *id, bool frozen,
                  struct error *err);
int engine_update(struct engine *engine, const char *id, const char *resources,
                  struct error *err);
/* Add MOUNTS (a document) to a container, or remove them. */
int engine_mounts(struct engine *engine, const char *id, const char *mounts,
                  bool add, struct error *err);
/* True if this build can checkpoint and restore at all. */
bool engine_has_criu(void);
int engine_checkpoint(struct engine *engine, const char *id,
                      const struct runf_checkpoint_options *options,
                      struct error *err);
int engine_restore(struct engine *engine, const char *id,
                   const struct runf_restore_options *options, int *ret_status,
                   struct error *err);
/* Documents in ARENA. */
int engine_state(struct engine *engine, struct arena *arena, const char *id,
                 const char **ret_json, struct error *err);
int engine_list(struct engine *engine, struct arena *arena,
                const char **ret_json, struct error *err);
/* What RET_STATS points to is in ARENA. */
int engine_read_stats(struct engine *engine, struct arena *arena,
                      const char *id, struct runf_stats *ret_stats,
                      struct error *err);
int engine_events(struct engine *engine, const char *id,
                  const struct runf_events_options *options, struct error *err);
/* What of it is open needs no engine: see runf.h. */
int engine_oom_open(struct engine *engine, const char *id,
                    struct runf_oom **ret_oom, struct error *err);
int engine_oom_fd(const struct runf_oom *oom);
int engine_oom_read(struct runf_oom *oom, uint64_t *ret_kills);
void engine_oom_close(struct runf_oom *oom);
/* Then cgroup/stats.h has what can be done with it. */
int engine_hold_cgroup(struct engine *engine, const char *id,
                       struct runf_cgroup **ret_cgroup, struct error *err);
int engine_freeze_held(struct runf_cgroup *cgroup, bool frozen);
int engine_kill_held(struct runf_cgroup *cgroup);
void engine_reset_peak(struct runf_cgroup *cgroup);
void engine_read_held(struct runf_cgroup *cgroup, struct runf_counts *ret);
void engine_release_cgroup(struct runf_cgroup *cgroup);
int engine_ps(struct engine *engine, struct arena *arena, const char *id,
              const char **ret_json, struct error *err);
