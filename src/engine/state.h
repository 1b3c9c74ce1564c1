/* SPDX-License-Identifier: Apache-2.0 */
/* The state document, as hooks, `state` and `list` get it. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/log.h"
#include "engine/lifecycle.h"
#include "oci/spec.h"
#include "plan/plan.h"

/*
 * A state whose status and pid are filled in later, without memory: init
 * knows its pid in the container only once it runs there.
 */
struct state_text {
	const char *head;   /* up to the pid */
	const char *middle; /* from behind it to the status word */
	const char *tail;   /* what follows that */
	char *buffer;
	size_t size;
};

/* What the state says beside status and pid. */
struct state_facts {
	const char *id;
	const char *bundle;
	const char *rootfs;  /* NULL in what hooks get */
	const char *created; /* NULL in what hooks get */
	const struct oci_map *annotations;
};

struct oci_map state_annotations(struct arena *arena,
                                 const struct store_record *record);

/* The document for hooks: compact, without a final newline. */
const char *state_for_hooks(struct arena *arena,
                            const struct state_facts *facts, enum status status,
                            pid_t pid);

/* The document of a found container, with INDENT as in json_writer. */
struct json_writer;
void state_write(struct json_writer *w, const struct found *found);

/* Ready to be filled by init, and the filling. */
void state_text_prepare(struct arena *arena, const struct state_facts *facts,
                        struct state_text *ret_text);
const char *state_text_fill(const struct state_text *text, enum status status,
                            pid_t pid);

/*
 * Run the hooks of one list in order, STATE on their standard input. The
 * first failure ends it.
 */
int state_run_hooks(const struct plan_hook_list *hooks, const char *state,
                    const char *cwd, struct error *err);

/* Every one of them; a failure is a warning (step 13 of the lifecycle). */
void state_run_poststop(const struct plan_hook_list *hooks, const char *state,
                        const char *cwd, const struct log *log);
