/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a document: places as paths, and paths back to values. */
#pragma once

#include "json/json.h"

/* A value and how one comes to it; lives on the stack while decoding. */
struct json_place {
	const struct json_place *parent; /* NULL at the root */
	const char *key;                 /* NULL for an element of an array */
	size_t index;
	const struct json_value *value;
};

/* `process.rlimits[2].type`, `linux.sysctl["kernel.sem"]`, "" at the root. */
const char *json_place_path(struct arena *arena,
                            const struct json_place *place);

/* `["KEY"]` where KEY is more than a word, else `.KEY`. */
const char *json_path_step(struct arena *arena, const char *key);

/* Follow PATH from ROOT as far as the document goes; never NULL. */
const struct json_value *json_find(const struct json_value *root,
                                   const char *path);
