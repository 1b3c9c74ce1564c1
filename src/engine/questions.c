/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked: state, list, ps. */
#include <errno.h>

#include "base/str.h"
#include "cgroup/cgroup.h"
#include "engine/later.h"
#include "engine/state.h"
#include "json/json.h"
#include "sys/poll.h"

#define INDENT "  "

/* A create that takes longer to write its record is told as it is. */
#define RECORD_MS 100

/*
 * Most clients do not know "creating", and a create is soon through. Where it
 * runs hooks, which may be asking this, it has written its record before. The
 * lock does not tell a create that has just begun, or ended, from a dead one.
 */
static int find_recorded(struct engine *engine, struct arena *arena,
                         const char *id, struct found *ret_found,
                         struct error *err)
{
	int tries = RECORD_MS;
	int result;

	while ((result = later_find(engine, arena, id, STORE_UNLOCKED,
	                            ret_found, err)) == 0 &&
	       !ret_found->recorded && tries--) {
		lifecycle_release(ret_found);
		*ret_found = FOUND_NONE;
		sys_poll(NULL, 0, 1);
	}
	return result;
}

int engine_state(struct engine *engine, struct arena *arena, const char *id,
                 const char **ret_json, struct error *err)
{
	auto_found struct found found = FOUND_NONE;
	struct json_writer w = { .buf.arena = arena, .indent = INDENT };
	int result = find_recorded(engine, arena, id, &found, err);

	if (result < 0)
		return result;
	state_write(&w, &found);
	*ret_json = buf_str(&w.buf);
	return 0;
}

int engine_list(struct engine *engine, struct arena *arena,
                const char **ret_json, struct error *err)
{
	struct json_writer w = { .buf.arena = arena, .indent = INDENT };
	static const char *const nothing[] = { NULL };
	const char **ids = (const char **)(uintptr_t)nothing;
	int result = engine_open_store(engine, false, err);

	if (result == 0)
		result = store_list(arena, &engine->store, &ids, err);
	/* Nobody has made a container here yet: none is the answer. */
	if (result < 0 && result != -ENOENT)
		return result;
	json_open_array(&w, NULL);
	for (; *ids; ids++) {
		auto_found struct found found = FOUND_NONE;
		struct error why = { .code = 0 };

		result = lifecycle_find(arena, &engine->store, *ids,
		                        STORE_UNLOCKED, &found, &why);
		if (result == 0)
			state_write(&w, &found);
		else if (why.kind != ERROR_NOT_FOUND)
			log_warning(&engine->log, "%s", why.text);
	}
	json_close_array(&w);
	*ret_json = buf_str(&w.buf);
	return 0;
}

int engine_ps(struct engine *engine, struct arena *arena, const char *id,
              const char **ret_json, struct error *err)
{
	auto_found struct found found = FOUND_NONE;
	struct json_writer w = { .buf.arena = arena, .indent = "" };
	int32_t *pids = NULL;
	size_t count = 0;
	size_t i;
	int result = later_find(engine, arena, id, STORE_UNLOCKED, &found, err);

	if (result < 0)
		return result;
	if (found.cgroup.mode == PLAN_CGROUP_DISABLED)
		return error_set(err, ERROR_UNSUPPORTED, -EOPNOTSUPP,
		                 "container \"%s\" has no cgroup to ask", id);
	result = cgroup_pids(&found.cgroup, arena, &pids, &count, err);
	if (result < 0)
		return result;
	json_open_array(&w, NULL);
	for (i = 0; i < count; i++)
		json_put_i64(&w, NULL, pids[i]);
	json_close_array(&w);
	*ret_json = buf_str(&w.buf);
	return 0;
}
