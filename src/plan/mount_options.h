/* SPDX-License-Identifier: Apache-2.0 */
/* What the option words of one mount mean. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "oci/spec.h"
#include "plan/plan.h"

/*
 * The words of mounts[].options, sorted by what they ask for. Where words
 * contradict each other the last one wins.
 */
struct mount_options {
	bool bind;
	bool recursive; /* rbind */
	bool remount;
	bool copy_up;
	bool copy_symlink;
	bool source_no_follow;
	bool target_no_follow;
	bool idmap;
	bool idmap_recursive;
	const char *idmap_ranges; /* "uids=A-B-C#...;gids=...", or NULL */
	/* MOUNT_ATTR_* */
	uint64_t set;
	uint64_t clear;
	uint64_t recursive_set;
	uint64_t recursive_clear;
	uint64_t propagation; /* MS_SHARED and the like, or 0 */
	bool propagation_recursive;
	/* Flags of the file system instance (sync): nothing for a bind. */
	struct plan_fs_option *instance;
	size_t instance_count;
	/* Words that are not ours: for the file system. */
	struct plan_fs_option *data;
	size_t data_count;
};

/* Every list of words has a meaning; there is no failure. */
void mount_options_read(struct arena *arena, const struct oci_strings *words,
                        struct mount_options *ret_options);

/*
 * The id maps of an idmapped mount, as texts for uid_map and gid_map: the
 * mount's own, else those the option names, else the container's.
 */
int mount_idmap(struct arena *arena, const struct mount_options *options,
                const struct oci_mount *mount, const struct oci_linux *config,
                struct plan_source *source, struct error *err);
