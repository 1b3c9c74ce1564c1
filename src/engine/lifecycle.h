/* SPDX-License-Identifier: Apache-2.0 */
/* In which state a container is, and which verbs that state admits. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "plan/plan.h"
#include "store/store.h"

struct cgroup;

enum status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
};

/* The word of the specification (and `paused`). */
const char *status_name(enum status status);

enum verb {
	VERB_START,
	VERB_EXEC,
	VERB_KILL,
	VERB_DELETE,
	VERB_PAUSE,
	VERB_RESUME,
	VERB_UPDATE,
	VERB_EVENTS,
	VERB_MOUNTS,
	VERB_CHECKPOINT,
};

/* 0, or ERROR_STATE with the words that clients know. */
int lifecycle_check(enum verb verb, enum status status, const char *id,
                    struct error *err);

/* A container as a later verb finds it. */
struct found {
	struct store_dir dir;
	bool recorded; /* false: create was killed before the record */
	struct store_record record;
	struct plan_cgroup cgroup; /* mode, path and dirs only */
	struct plan_rdt rdt;       /* root, group, monitor and made only */
	enum status status;
	int pidfd; /* of init while it lives, else -1 */
};

/*
 * Find container ID and its state. Whoever changes it locks it. Everything
 * that was found belongs to ARENA and lifecycle_release().
 */
int lifecycle_find(struct arena *arena, const struct store *store,
                   const char *id, enum store_lock lock,
                   struct found *ret_found, struct error *err);
void lifecycle_release(struct found *found);
#define FOUND_NONE ((struct found){ .dir.fd = -1, .pidfd = -1 })
#define auto_found cleanup_with(lifecycle_release)

/*
 * Field 22 of /proc/PID/stat, in clock ticks since boot, and whether the
 * process still runs (is neither a zombie nor gone).
 */
int lifecycle_start_time(pid_t pid, uint64_t *ret_start_time, bool *ret_alive);

/* Wait until the process behind PIDFD has ended. -ETIMEDOUT. */
int lifecycle_wait(int pidfd, int timeout_ms, struct error *err);

/*
 * The plan's cgroup as the record keeps it: what MADE did not make itself is
 * to be kept. NULL: as the plan says.
 */
void lifecycle_save_cgroup(struct arena *arena, const struct plan_cgroup *plan,
                           const struct cgroup *made,
                           struct store_record *record);
/* The same of its class; RDT as it was made. */
void lifecycle_save_rdt(const struct plan_rdt *rdt,
                        struct store_record *record);
/*
 * The directories that are still to be made as one text, for the journal:
 * what was there before is not ours to remove, whatever happens. ROOT_BELOW
 * is for a plan with a host_root.
 */
const char *lifecycle_journal(struct arena *arena, const struct plan *plan,
                              uint64_t root_below);
