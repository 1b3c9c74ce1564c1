/* SPDX-License-Identifier: Apache-2.0 */
/* How an administrator wants containers to be run: containerd's options. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "ttrpc/ttrpc.h"

struct shim_options {
	bool no_pivot;
	bool no_new_keyring;
	bool systemd_cgroup;
	bool shared; /* one shim for all containers of the namespace */
	const char *shim_cgroup; /* NULL: where containerd is */
	const char *root;        /* NULL: the default */
	const char *criu;        /* NULL: from PATH */
	const char *criu_image_path;
	const char *criu_work_path;
	uid_t io_uid; /* -1: nobody in particular */
	gid_t io_gid;
};

/*
 * An Any of containerd's: TYPE is its URL, with or without a host before it;
 * "" is no options at all. Texts are in ARENA. What is unknown is a warning,
 * what is of the wrong type an error that names file, line and key.
 */
int options_read(struct arena *arena, const char *type,
                 struct ttrpc_bytes value, const struct log *log,
                 struct shim_options *ret_options, struct error *err);

/* True if options_read() knows options of TYPE. */
bool options_has_type(const char *type);
