/* SPDX-License-Identifier: Apache-2.0 */
/* The short verbs: kill, delete, pause, resume, update. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cgroup/cgroup.h"
#include "engine/later.h"
#include "oci/oci.h"
#include "plan/decide.h"
#include "probe/probe.h"
#include "rdt/rdt.h"
#include "sys/process.h"

#define SIGNAL_MAX 64

static int kill_not_running(struct error *err)
{
	return error_set(err, ERROR_STATE, -ESRCH,
	                 "container not running: no such process");
}

int engine_kill(struct engine *engine, const char *id, int signal, bool all,
                struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_found struct found found = FOUND_NONE;
	int result;

	if (signal < 0 || signal > SIGNAL_MAX)
		return error_set(err, ERROR_USAGE, -EINVAL,
		                 "signal %d is not between 0 and %d", signal,
		                 SIGNAL_MAX);
	result = later_find(engine, &arena, id, STORE_UNLOCKED, &found, err);
	if (result < 0)
		return result;
	if (all) {
		/* Also what init left behind: an ended container is no error. */
		if (found.cgroup.mode != PLAN_CGROUP_DISABLED)
			return cgroup_kill(&found.cgroup, signal, err);
		if (found.status == STATUS_STOPPED)
			return 0;
	}
	result = lifecycle_check(VERB_KILL, found.status, id, err);
	if (result < 0)
		return result;
	result = sys_pidfd_send_signal(found.pidfd, signal);
	if (result == -ESRCH)
		return kill_not_running(err);
	if (result < 0)
		return error_system(err, result, "signal init of \"%s\"", id);
	return 0;
}

int engine_delete(struct engine *engine, const char *id, bool force,
                  struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_found struct found found = FOUND_NONE;
	struct error why = { .code = 0 };
	int result = later_find(engine, &arena, id, STORE_LOCKED, &found, &why);

	if (result < 0 && force && why.kind == ERROR_NOT_FOUND)
		return 0;
	if (result < 0) {
		if (err)
			*err = why;
		return result;
	}
	if (!force) {
		result = lifecycle_check(VERB_DELETE, found.status, id, err);
		if (result < 0)
			return result;
	}
	if (found.status != STATUS_STOPPED)
		result = later_kill(&found, err);
	if (result < 0)
		return result;
	return later_destroy(engine, &arena, &found, err);
}

int engine_freeze(struct engine *engine, const char *id, bool frozen,
                  struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_found struct found found = FOUND_NONE;
	int result = later_find(engine, &arena, id, STORE_LOCKED, &found, err);

	if (result == 0)
		result = lifecycle_check(frozen ? VERB_PAUSE : VERB_RESUME,
		                         found.status, id, err);
	if (result < 0)
		return result;
	if (found.cgroup.mode == PLAN_CGROUP_DISABLED)
		return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                 "container \"%s\" has no cgroup to freeze",
		                 id);
	return cgroup_freeze(&found.cgroup, frozen, err);
}

/* The limits of cgroups; what of them is new is noted. */
static int update_cgroup(const struct found *found, struct arena *arena,
                         const struct oci_resources *wanted, struct error *err)
{
	struct plan_cgroup update;
	struct store_record record = found->record;
	struct facts facts;
	int result = probe_facts(arena, &facts, err);

	if (result == 0)
		result = plan_cgroup_update(arena, &facts, &found->cgroup,
		                            wanted, &update, err);
	if (result == 0)
		result = cgroup_update(&found->cgroup, &update, err);
	/* A v1 limit that was not there before brings a hierarchy with it. */
	if (result == 0 && update.dirs_count != found->cgroup.dirs_count) {
		lifecycle_save_cgroup(arena, &update, NULL, &record);
		result = store_write_record(arena, &found->dir, &record, err);
	}
	return result;
}

int engine_update(struct engine *engine, const char *id, const char *resources,
                  struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_found struct found found = FOUND_NONE;
	struct oci_faults faults = { .arena = &arena };
	const struct oci_linux *wanted;
	struct plan_rdt rdt;
	struct plan_rdt before = { .lines_count = 0 };
	int result = later_find(engine, &arena, id, STORE_LOCKED, &found, err);

	if (result == 0)
		result = lifecycle_check(VERB_UPDATE, found.status, id, err);
	if (result == 0)
		result =
			oci_read_resources(&arena, resources, strlen(resources),
		                           "resources", &faults, &wanted, err);
	if (result == 0)
		result = plan_rdt_update(&arena, &wanted->intel_rdt, &found.rdt,
		                         &rdt, err);
	if (result == 0)
		result = rdt_update(&rdt, &arena, &before, err);
	if (result < 0)
		return result;
	result = update_cgroup(&found, &arena, &wanted->resources, err);
	/* All of it or nothing. */
	if (result < 0)
		rdt_update(&before, &arena, &rdt, NULL);
	return result;
}
