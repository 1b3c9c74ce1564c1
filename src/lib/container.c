/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs, as the public header promises them. */
#include <errno.h>

#include "lib/internal.h"

int runf_create(struct runf *runf, const char *id,
                const struct runf_create_options *options,
                struct runf_error *ret_err)
{
	struct runf_create_options ours;
	struct error err = { .code = 0 };
	int result;

	if (!runf || !id || !options)
		return -EINVAL;
	result = lib_take_options(&ours, sizeof(ours), options, options->size,
	                          &err);
	if (result == 0)
		result = engine_create(&runf->engine, id, &ours, &err);
	return lib_return(result, &err, ret_err);
}

int runf_start(struct runf *runf, const char *id,
               const struct runf_start_options *options,
               struct runf_error *ret_err)
{
	struct runf_start_options ours = { .size = sizeof(ours) };
	struct error err = { .code = 0 };
	int result = 0;

	if (!runf || !id)
		return -EINVAL;
	if (options)
		result = lib_take_options(&ours, sizeof(ours), options,
		                          options->size, &err);
	if (result == 0)
		result = engine_start(&runf->engine, id, &ours, &err);
	return lib_return(result, &err, ret_err);
}

int runf_run(struct runf *runf, const char *id,
             const struct runf_run_options *options, int *ret_status,
             struct runf_error *ret_err)
{
	struct runf_run_options ours;
	struct error err = { .code = 0 };
	int result;

	if (!runf || !id || !options || !ret_status)
		return -EINVAL;
	result = lib_take_options(&ours, sizeof(ours), options, options->size,
	                          &err);
	if (result == 0)
		result = engine_run(&runf->engine, id, &ours, ret_status, &err);
	return lib_return(result, &err, ret_err);
}

int runf_exec(struct runf *runf, const char *id,
              const struct runf_exec_options *options, int *ret_status,
              struct runf_error *ret_err)
{
	struct runf_exec_options ours;
	struct error err = { .code = 0 };
	int result;

	if (!runf || !id || !options || !ret_status)
		return -EINVAL;
	result = lib_take_options(&ours, sizeof(ours), options, options->size,
	                          &err);
	if (result == 0)
		result =
			engine_exec(&runf->engine, id, &ours, ret_status, &err);
	return lib_return(result, &err, ret_err);
}

int runf_kill(struct runf *runf, const char *id, int signal, bool all,
              struct runf_error *ret_err)
{
	struct error err = { .code = 0 };

	if (!runf || !id)
		return -EINVAL;
	return lib_return(engine_kill(&runf->engine, id, signal, all, &err),
	                  &err, ret_err);
}

int runf_delete(struct runf *runf, const char *id, bool force,
                struct runf_error *ret_err)
{
	struct error err = { .code = 0 };

	if (!runf || !id)
		return -EINVAL;
	return lib_return(engine_delete(&runf->engine, id, force, &err), &err,
	                  ret_err);
}

static int lib_freeze(struct runf *runf, const char *id, bool frozen,
                      struct runf_error *ret_err)
{
	struct error err = { .code = 0 };

	if (!runf || !id)
		return -EINVAL;
	return lib_return(engine_freeze(&runf->engine, id, frozen, &err), &err,
	                  ret_err);
}

int runf_pause(struct runf *runf, const char *id, struct runf_error *err)
{
	return lib_freeze(runf, id, true, err);
}

int runf_resume(struct runf *runf, const char *id, struct runf_error *err)
{
	return lib_freeze(runf, id, false, err);
}

int runf_update(struct runf *runf, const char *id, const char *resources,
                struct runf_error *ret_err)
{
	struct error err = { .code = 0 };

	if (!runf || !id || !resources)
		return -EINVAL;
	return lib_return(engine_update(&runf->engine, id, resources, &err),
	                  &err, ret_err);
}

static int lib_mounts(struct runf *runf, const char *id, const char *mounts,
                      bool add, struct runf_error *ret_err)
{
	struct error err = { .code = 0 };

	if (!runf || !id || !mounts)
		return -EINVAL;
	return lib_return(engine_mounts(&runf->engine, id, mounts, add, &err),
	                  &err, ret_err);
}

int runf_mounts_add(struct runf *runf, const char *id, const char *mounts,
                    struct runf_error *err)
{
	return lib_mounts(runf, id, mounts, true, err);
}

int runf_mounts_remove(struct runf *runf, const char *id, const char *mounts,
                       struct runf_error *err)
{
	return lib_mounts(runf, id, mounts, false, err);
}

int runf_checkpoint(struct runf *runf, const char *id,
                    const struct runf_checkpoint_options *options,
                    struct runf_error *ret_err)
{
	struct runf_checkpoint_options ours;
	struct error err = { .code = 0 };
	int result;

	if (!runf || !id || !options)
		return -EINVAL;
	result = lib_take_options(&ours, sizeof(ours), options, options->size,
	                          &err);
	if (result == 0)
		result = engine_checkpoint(&runf->engine, id, &ours, &err);
	return lib_return(result, &err, ret_err);
}

int runf_restore(struct runf *runf, const char *id,
                 const struct runf_restore_options *options, int *ret_status,
                 struct runf_error *ret_err)
{
	struct runf_restore_options ours;
	struct error err = { .code = 0 };
	int result;

	if (!runf || !id || !options || !ret_status)
		return -EINVAL;
	result = lib_take_options(&ours, sizeof(ours), options, options->size,
	                          &err);
	if (result == 0)
		result = engine_restore(&runf->engine, id, &ours, ret_status,
		                        &err);
	return lib_return(result, &err, ret_err);
}

int runf_state(struct runf *runf, const char *id, char **ret_json,
               struct runf_error *ret_err)
{
	auto_arena struct arena arena = { 0 };
	struct error err = { .code = 0 };
	const char *json = "";
	int result;

	if (!runf || !id || !ret_json)
		return -EINVAL;
	result = engine_state(&runf->engine, &arena, id, &json, &err);
	return lib_return_text(result, json, ret_json, &err, ret_err);
}

int runf_list(struct runf *runf, char **ret_json, struct runf_error *ret_err)
{
	auto_arena struct arena arena = { 0 };
	struct error err = { .code = 0 };
	const char *json = "";
	int result;

	if (!runf || !ret_json)
		return -EINVAL;
	result = engine_list(&runf->engine, &arena, &json, &err);
	return lib_return_text(result, json, ret_json, &err, ret_err);
}

int runf_ps(struct runf *runf, const char *id, char **ret_json,
            struct runf_error *ret_err)
{
	auto_arena struct arena arena = { 0 };
	struct error err = { .code = 0 };
	const char *json = "";
	int result;

	if (!runf || !id || !ret_json)
		return -EINVAL;
	result = engine_ps(&runf->engine, &arena, id, &json, &err);
	return lib_return_text(result, json, ret_json, &err, ret_err);
}

void runf_release_stats(struct runf_stats *stats)
{
	struct arena arena;

	if (!stats || !stats->owned)
		return;
	arena = *(struct arena *)stats->owned;
	stats->owned = NULL;
	arena_release(&arena);
}

/* The arena is in itself, and belongs to the caller with the rest. */
int runf_read_stats(struct runf *runf, const char *id, struct runf_stats *stats,
                    struct runf_error *ret_err)
{
	auto_arena struct arena arena = { 0 };
	struct error err = { .code = 0 };
	struct runf_stats ours;
	struct arena *owned;
	int result;

	if (!runf || !id || !stats || stats->size < sizeof(ours))
		return -EINVAL;
	result = engine_read_stats(&runf->engine, &arena, id, &ours, &err);
	if (result < 0)
		return lib_return(result, &err, ret_err);
	owned = arena_new(&arena, struct arena);
	*owned = arena;
	arena = (struct arena){ 0 };
	ours.size = stats->size;
	ours.owned = owned;
	*stats = ours;
	return 0;
}

int runf_events(struct runf *runf, const char *id,
                const struct runf_events_options *options,
                struct runf_error *ret_err)
{
	struct runf_events_options ours;
	struct error err = { .code = 0 };
	int result;

	if (!runf || !id || !options || !options->event)
		return -EINVAL;
	result = lib_take_options(&ours, sizeof(ours), options, options->size,
	                          &err);
	if (result == 0)
		result = engine_events(&runf->engine, id, &ours, &err);
	return lib_return(result, &err, ret_err);
}

int runf_oom_open(struct runf *runf, const char *id, struct runf_oom **ret_oom,
                  struct runf_error *ret_err)
{
	struct error err = { .code = 0 };

	if (!runf || !id || !ret_oom)
		return -EINVAL;
	return lib_return(engine_oom_open(&runf->engine, id, ret_oom, &err),
	                  &err, ret_err);
}

int runf_oom_fd(const struct runf_oom *oom)
{
	return oom ? engine_oom_fd(oom) : -1;
}

int runf_oom_read(struct runf_oom *oom, uint64_t *ret_kills)
{
	return oom && ret_kills ? engine_oom_read(oom, ret_kills) : -EINVAL;
}

void runf_oom_close(struct runf_oom *oom)
{
	engine_oom_close(oom);
}

int runf_cgroup_open(struct runf *runf, const char *id,
                     struct runf_cgroup **ret_cgroup,
                     struct runf_error *ret_err)
{
	struct error err = { .code = 0 };

	if (!runf || !id || !ret_cgroup)
		return -EINVAL;
	return lib_return(engine_hold_cgroup(&runf->engine, id, ret_cgroup,
	                                     &err),
	                  &err, ret_err);
}

int runf_cgroup_freeze(struct runf_cgroup *cgroup, bool frozen)
{
	return cgroup ? engine_freeze_held(cgroup, frozen) : -EINVAL;
}

int runf_cgroup_kill(struct runf_cgroup *cgroup)
{
	return cgroup ? engine_kill_held(cgroup) : -EINVAL;
}

void runf_cgroup_reset_peak(struct runf_cgroup *cgroup)
{
	if (cgroup)
		engine_reset_peak(cgroup);
}

void runf_cgroup_read(struct runf_cgroup *cgroup,
                      struct runf_counts *ret_counts)
{
	if (cgroup && ret_counts)
		engine_read_held(cgroup, ret_counts);
}

void runf_cgroup_close(struct runf_cgroup *cgroup)
{
	engine_release_cgroup(cgroup);
}
