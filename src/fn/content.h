/* SPDX-License-Identifier: Apache-2.0 */
/* What was deployed, as one SHA-256: the version's name. */
#pragma once

#include <sha2.h>
#include <sys/types.h>

#include "base/error.h"

#define CONTENT_DIGITS 64

struct content {
	SHA2_CTX sha;
};

void content_begin(struct content *content);
/* KEY and TEXT with their lengths, so that nothing runs into its neighbour. */
void content_add(struct content *content, const char *key, const char *text);
/* All bytes of a file. */
int content_add_file(struct content *content, const char *key, const char *path,
                     struct error *err);
/*
 * The tree at PATH: names, kinds, owners, modes and bytes in order, but no
 * times: a copy that keeps them is the same.
 */
int content_add_tree(struct content *content, const char *path,
                     struct error *err);
void content_end(struct content *content, char ret_hex[CONTENT_DIGITS + 1]);
