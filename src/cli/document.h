/* SPDX-License-Identifier: Apache-2.0 */
/* Reading documents: those the library answers with, and files. */
#pragma once

#include <runf/error.h>

#include "json/json.h"

/* JSON, whose root must be of TYPE; what else is the library's mistake. */
int document_parse(struct arena *arena, const char *json, enum json_type type,
                   const struct json_value **ret_root, struct runf_error *err);

/* The text of a string or a number; NULL for anything else, and for NULL. */
const char *document_text(const struct json_value *value);

/* All of the file PATH, or of stdin where it is "-". */
int document_read(struct arena *arena, const char *path, const char **ret_text,
                  struct runf_error *err);
