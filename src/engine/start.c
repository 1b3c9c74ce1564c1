/* SPDX-License-Identifier: Apache-2.0 */
/* start: from `created` to `running`, and the hooks that follow. */
#include <errno.h>
#include <fcntl.h>

#include "engine/gate.h"
#include "engine/later.h"
#include "engine/ready.h"
#include "engine/state.h"
#include "engine/trace.h"
#include "sys/file.h"

static int start_poststart(struct arena *arena, const struct found *found,
                           struct error *err)
{
	struct plan_hook_list hooks;
	int result;

	if (!found->record.poststart)
		return 0;
	result = later_hooks(arena, found, PLAN_HOOK_POSTSTART, &hooks, err);
	if (result == 0)
		result = state_run_hooks(
			&hooks, later_state(arena, found, STATUS_RUNNING),
			found->record.bundle, err);
	return result < 0 ? error_wrap(err, "poststart hook") : 0;
}

static int start_find(struct engine *engine, struct arena *arena,
                      const char *id, struct found *ret_found,
                      struct error *err)
{
	int result =
		later_find(engine, arena, id, STORE_LOCKED, ret_found, err);

	if (result == 0)
		result =
			lifecycle_check(VERB_START, ret_found->status, id, err);
	return result;
}

static int start_traced(struct engine *engine, const char *id,
                        struct trace *trace, struct error *err)
{
	auto_arena struct arena arena = { 0 };
	auto_found struct found found = FOUND_NONE;
	auto_ready struct ready ready = READY_NONE;
	struct error ignored;
	uint64_t begin = trace_now(trace);
	int result = start_find(engine, &arena, id, &found, err);

	if (result < 0)
		return result;
	trace_span(trace, "find", NULL, begin);
	begin = trace_now(trace);
	result = ready_listen(&found.dir, &ready, err);
	if (result < 0)
		return result;
	result = gate_open(&found.dir, err);
	trace_span(trace, "gate to program", NULL, begin);
	begin = trace_now(trace);
	sys_unlinkat(found.dir.fd, STORE_GATE, 0);
	if (result == 0)
		result = start_poststart(&arena, &found, err);
	if (result < 0 && err->kind == ERROR_HOOK) {
		/* Stop the container, and go on with step 12. */
		later_kill(&found, &ignored);
		later_destroy(engine, &arena, &found, &ignored);
	}
	if (result == 0 && ready.socket >= 0) {
		store_unlock(&found.dir);
		ready_wait(&ready, (pid_t)found.record.pid, found.pidfd);
	}
	trace_span(trace, "after", NULL, begin);
	return result;
}

int engine_start(struct engine *engine, const char *id,
                 const struct runf_start_options *options, struct error *err)
{
	struct trace *trace = NULL;
	int result = 0;

	if (options->trace)
		result = trace_begin(options->trace, engine->began_ns, &trace,
		                     err);
	if (result == 0)
		result = start_traced(engine, id, trace, err);
	return trace_end(trace, result, err);
}
