/* SPDX-License-Identifier: Apache-2.0 */
/* The state document, as hooks, `state` and `list` get it. */
#include "engine/state.h"

#include <assert.h>
#include <stdio.h>

#include "base/str.h"
#include "hook/hook.h"
#include "oci/oci.h"

struct oci_map state_annotations(struct arena *arena,
                                 const struct store_record *record)
{
	struct oci_map map = { .count = record->annotations_count };
	size_t i;

	map.pairs = arena_new_array(arena, struct oci_pair, map.count);
	for (i = 0; i < map.count; i++)
		map.pairs[i] =
			(struct oci_pair){ record->annotations[i].key,
			                   record->annotations[i].value };
	return map;
}

const char *state_for_hooks(struct arena *arena,
                            const struct state_facts *facts, enum status status,
                            pid_t pid)
{
	struct json_writer w = { .buf.arena = arena, .indent = "" };
	struct oci_state state = {
		.id = facts->id,
		.status = status_name(status),
		.pid = pid,
		.bundle = facts->bundle,
		.rootfs = facts->rootfs,
		.created = facts->created,
		.annotations = facts->annotations,
	};

	oci_write_state(&w, NULL, &state);
	return buf_str(&w.buf);
}

void state_write(struct json_writer *w, const struct found *found)
{
	const struct store_record *r = &found->record;
	struct oci_map annotations = state_annotations(w->buf.arena, r);
	bool has_pid = found->recorded && found->status != STATUS_STOPPED;
	struct oci_state state = {
		.id = r->id,
		.status = status_name(found->status),
		.pid = has_pid ? r->pid : 0,
		.bundle = r->bundle ? r->bundle : "",
		.rootfs = r->rootfs,
		.created = r->created,
		.owner = r->owner == 0
		                 ? "root"
		                 : arena_printf(w->buf.arena, "%u", r->owner),
		.scope = found->cgroup.unit.name,
		.annotations = &annotations,
	};

	oci_write_state(w, NULL, &state);
}

void state_text_prepare(struct arena *arena, const struct state_facts *facts,
                        struct state_text *ret_text)
{
	static const char pid_key[] = "\"pid\":";
	static const char status_key[] = "\"status\":\"";
	/* The id cannot hold a quote, so the first match is the member. */
	char *head = arena_strdup(arena, state_for_hooks(arena, facts,
	                                                 STATUS_CREATING, 0));
	char *pid = strstr(head, pid_key);
	char *status = strstr(head, status_key);

	assert(pid && status && status > pid);
	pid += strlen(pid_key);
	status += strlen(status_key);
	ret_text->middle =
		arena_strndup(arena, pid + 1, (size_t)(status - pid - 1));
	ret_text->tail = status + strcspn(status, "\"");
	ret_text->size = strlen(head) + 64;
	ret_text->buffer = arena_alloc(arena, ret_text->size);
	*pid = '\0';
	ret_text->head = head;
}

const char *state_text_fill(const struct state_text *text, enum status status,
                            pid_t pid)
{
	snprintf(text->buffer, text->size, "%s%d%s%s%s", text->head, pid,
	         text->middle, status_name(status), text->tail);
	return text->buffer;
}

int state_run_hooks(const struct plan_hook_list *hooks, const char *state,
                    const char *cwd, struct error *err)
{
	size_t i;

	for (i = 0; i < hooks->count; i++) {
		int result = hook_run(&hooks->items[i], state, cwd, err);

		if (result < 0)
			return result;
	}
	return 0;
}

void state_run_poststop(const struct plan_hook_list *hooks, const char *state,
                        const char *cwd, const struct log *log)
{
	size_t i;

	for (i = 0; i < hooks->count; i++) {
		struct error err;

		if (hook_run(&hooks->items[i], state, cwd, &err) < 0)
			log_warning(log, "poststop hook: %s", err.text);
	}
}
