/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks with final arguments, environment and deadline. */
#include "oci/oci.h"
#include "plan/decide.h"

#define MS_PER_SECOND UINT64_C(1000)

/* 68 years: longer timeouts are cut, so that no sum overflows. */
#define TIMEOUT_MAX_SECONDS INT64_C(0x7fffffff)

_Static_assert((int)PLAN_HOOK_KINDS == (int)OCI_HOOK_KINDS,
               "hooks are the same on both sides");

static char **strings(struct arena *arena, const struct oci_strings *from)
{
	char **list = arena_new_array(arena, char *, from->count + 1);
	size_t i;

	for (i = 0; i < from->count; i++)
		list[i] = arena_strdup(arena, from->items[i]);
	return list;
}

static void plan_hook(struct arena *arena, const struct oci_hook *from,
                      struct plan_hook *hook)
{
	hook->path = from->path;
	if (from->args.count > 0) {
		hook->args = strings(arena, &from->args);
	} else {
		hook->args = arena_new_array(arena, char *, 2);
		hook->args[0] = arena_strdup(arena, from->path);
	}
	if (from->env_set)
		hook->env = strings(arena, &from->env);
	if (from->timeout.set && from->timeout.value > 0) {
		int64_t seconds = from->timeout.value;

		if (seconds > TIMEOUT_MAX_SECONDS)
			seconds = TIMEOUT_MAX_SECONDS;
		hook->timeout_ms = (uint64_t)seconds * MS_PER_SECOND;
	}
}

/*
 * C013: where their output goes. Those in the container's root would find
 * another file there, or none, and keep theirs.
 */
static void add_output(struct planner *p, size_t kind)
{
	struct plan_hook_list *list = &p->plan->hooks[kind];
	size_t i;

	for (i = 0; kind != PLAN_HOOK_START_CONTAINER && i < list->count; i++) {
		list->items[i].out =
			oci_annotation(p->spec, "run.oci.hooks.stdout");
		list->items[i].err =
			oci_annotation(p->spec, "run.oci.hooks.stderr");
	}
}

int plan_hooks(struct planner *p, struct error *err)
{
	size_t kind;
	size_t i;

	(void)err;
	for (kind = 0; kind < PLAN_HOOK_KINDS; kind++) {
		const struct oci_hook_list *from = &p->spec->hooks[kind];
		struct plan_hook_list *list = &p->plan->hooks[kind];

		list->count = from->count;
		list->items = arena_new_array(p->arena, struct plan_hook,
		                              from->count);
		for (i = 0; i < from->count; i++)
			plan_hook(p->arena, &from->items[i], &list->items[i]);
		add_output(p, kind);
	}
	return 0;
}
