/* SPDX-License-Identifier: Apache-2.0 */
/* What `start` is told on its standard input, and what it answers. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "ttrpc/ttrpc.h"

struct bootstrap {
	bool has_params;  /* containerd 2.3 or newer */
	const char *type; /* of the runtime options, "": none */
	struct ttrpc_bytes options;
	const char *socket_dir; /* NULL: the default */
	const char *address;    /* containerd's ttrpc socket, or NULL */
	enum log_level level;
};

/*
 * BYTES are an Any of the runtime options, BootstrapParams of containerd 2.3
 * (whose first fields are ID and NAMESPACE), or nothing. All in ARENA, or
 * pointing into BYTES.
 */
int bootstrap_read(struct arena *arena, struct ttrpc_bytes bytes,
                   const char *id, const char *namespace_,
                   struct bootstrap *ret_bootstrap, struct error *err);

/*
 * The text that tells ADDRESS ("unix:///...") to the containerd that asked:
 * MAX_VERSION is its MAX_SHIM_VERSION, NULL before 1.7.
 */
struct ttrpc_bytes bootstrap_answer(struct arena *arena,
                                    const struct bootstrap *bootstrap,
                                    const char *max_version,
                                    const char *address);
