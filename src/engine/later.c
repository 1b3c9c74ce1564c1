/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs after create share. */
#include "engine/later.h"

#include <errno.h>
#include <signal.h>

#include "cgroup/cgroup.h"
#include "engine/state.h"
#include "oci/oci.h"
#include "plan/decide.h"
#include "rdt/rdt.h"
#include "rootfs/rootfs.h"
#include "sys/process.h"

/* Longer than any process needs that SIGKILL has reached. */
#define KILL_TIMEOUT_MS 10000

int engine_open_store(struct engine *engine, bool create, struct error *err)
{
	if (engine->store.fd >= 0)
		return 0;
	return store_open(engine->root, create, &engine->store, err);
}

int later_find(struct engine *engine, struct arena *arena, const char *id,
               enum store_lock lock, struct found *ret_found, struct error *err)
{
	int result = oci_check_id(id, err);

	if (result == 0)
		result = engine_open_store(engine, false, err);
	if (result == -ENOENT)
		return error_set(err, ERROR_NOT_FOUND, -ENOENT,
		                 "container does not exist: \"%s\"", id);
	if (result < 0)
		return result;
	return lifecycle_find(arena, &engine->store, id, lock, ret_found, err);
}

int later_read_spec(struct arena *arena, const struct found *found,
                    const struct oci_spec **ret_spec, struct error *err)
{
	struct oci_faults faults = { .arena = arena };
	const char *text;
	size_t length;
	int result = store_read_config(arena, &found->dir, &text, &length, err);

	if (result < 0)
		return result;
	return oci_read_spec(arena, text, length, "saved config.json", &faults,
	                     ret_spec, err);
}

int later_hooks(struct arena *arena, const struct found *found,
                enum plan_hook_kind kind, struct plan_hook_list *ret_hooks,
                struct error *err)
{
	struct plan plan = { .bundle = found->record.bundle };
	struct planner planner = { .arena = arena, .plan = &plan };
	int result = later_read_spec(arena, found, &planner.spec, err);

	if (result == 0)
		result = plan_hooks(&planner, err);
	if (result == 0)
		*ret_hooks = plan.hooks[kind];
	return result;
}

const char *later_state(struct arena *arena, const struct found *found,
                        enum status status)
{
	const struct store_record *r = &found->record;
	struct oci_map annotations = state_annotations(arena, r);
	struct state_facts facts = {
		.id = r->id,
		.bundle = r->bundle,
		.annotations = &annotations,
	};

	return state_for_hooks(arena, &facts, status,
	                       status == STATUS_STOPPED ? 0 : (pid_t)r->pid);
}

int later_kill(const struct found *found, struct error *err)
{
	int result = 0;

	if (found->cgroup.mode != PLAN_CGROUP_DISABLED)
		result = cgroup_kill(&found->cgroup, SIGKILL, err);
	if (found->pidfd < 0)
		return result;
	/* Without a cgroup, or where it could not be killed as a whole. */
	sys_pidfd_send_signal(found->pidfd, SIGKILL);
	return lifecycle_wait(found->pidfd, KILL_TIMEOUT_MS, err);
}

int later_join(const struct cgroup *cgroup, pid_t pid, bool outside,
               struct error *err)
{
	const struct plan_cgroup *plan = cgroup->plan;
	int result = 0;

	/*
	 * Between the cgroups of two users only systemd may move it, and where
	 * all is v1 only systemd knows the hierarchy that it watches.
	 */
	if (plan->unit.name &&
	    (cgroup->leaf < 0 || (outside && plan->unit.user))) {
		result = cgroup_attach_to_unit(plan, pid, err);
		outside = false;
	}
	return result < 0 ? result : cgroup_join(cgroup, pid, outside, err);
}

void later_stop_unit(struct engine *engine, const struct plan_cgroup *plan,
                     const char *id)
{
	struct error why;

	/* Empty it goes by itself; a bus that is gone must keep nobody. */
	if (plan->unit.name && cgroup_stop_unit(plan, &why) < 0)
		log_warning(&engine->log, "container \"%s\": %s", id, why.text);
}

int later_destroy(struct engine *engine, struct arena *arena,
                  struct found *found, struct error *err)
{
	struct plan_hook_list hooks = { .count = 0 };
	int result = cgroup_remove(&found->cgroup, err);

	if (result == 0)
		result = rdt_remove(&found->rdt, err);
	if (result < 0)
		return result;
	later_stop_unit(engine, &found->cgroup, found->record.id);
	if (found->recorded && found->record.poststop) {
		struct error why;

		/* A hook that cannot be known keeps nobody from deleting. */
		if (later_hooks(arena, found, PLAN_HOOK_POSTSTOP, &hooks,
		                &why) < 0)
			log_warning(&engine->log, "poststop hooks: %s",
			            why.text);
		state_run_poststop(&hooks,
		                   later_state(arena, found, STATUS_STOPPED),
		                   found->record.bundle, &engine->log);
	}
	if (found->record.root_on_host)
		result = rootfs_unmount_on_host(found->record.rootfs,
		                                found->record.root_below, err);
	return result < 0 ? result
	                  : store_remove(&engine->store, &found->dir, err);
}
