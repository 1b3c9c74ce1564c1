/* SPDX-License-Identifier: Apache-2.0 */
/* What the names and links in an archive may be. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENTRY_PATH_MAX  1024
#define ENTRY_DEPTH_MAX 40
#define ENTRIES_MAX     100000

/*
 * PATH as it stands in the archive, NULL if it could not be read. *RET_CLEAN
 * is the same without empty and "." parts: names only, below the place where
 * it is unpacked. "" is that place itself. Returns NULL, or what is wrong.
 */
const char *entry_check_path(const char *path,
                             char ret_clean[ENTRY_PATH_MAX + 1]);

/*
 * TARGET of the symbolic link at PATH (clean) must stay in the tree whatever
 * other links are in it: ".." only in front, where what it leads up from are
 * directories and no links. Returns NULL, or what is wrong.
 */
const char *entry_check_link(const char *path, const char *target);

/* Neither setuid nor setgid. MODE is st_mode's. Returns NULL or the reason. */
const char *entry_check_mode(uint32_t mode);

/* Add MORE to *TOTAL; false if that is more than MAX. */
bool entry_count(uint64_t *total, uint64_t more, uint64_t max);
