/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the documents that the library answers with. */
#pragma once

#include <runf/error.h>

#include "json/json.h"

/* JSON, whose root must be of TYPE; what else is the library's mistake. */
int document_parse(struct arena *arena, const char *json, enum json_type type,
                   const struct json_value **ret_root, struct runf_error *err);

/* The text of a string or a number; NULL for anything else, and for NULL. */
const char *document_text(const struct json_value *value);
