/* SPDX-License-Identifier: Apache-2.0 */
/* The config.json of a function's bundle. Pure. */
#pragma once

#include "fn/function.h"
#include "json/json.h"

/* What the kind of deployment has found out. */
struct bundle_config {
	const struct function *function;
	const char *root_path; /* absolute, or below the bundle */
	bool has_task;         /* task/ is /var/task, opt/ is /opt */
	const char *const *args;
	const char *const *env;
	const char *cwd;
	const struct json_value *user; /* of process.user; NULL: nobody's own */
};

/* BOOST: without the CPU quota, for the start of the function's runtime. */
const char *bundle_config_write(struct arena *arena,
                                const struct bundle_config *config, bool boost);

/* "seccomp" into the object that is open in W. */
void bundle_seccomp_write(struct json_writer *w);
