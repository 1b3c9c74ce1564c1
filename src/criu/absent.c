/* SPDX-License-Identifier: Apache-2.0 */
/* A build without protobuf-c: everything is there, and refuses. */
#include <errno.h>

#include "criu/criu.h"

static int refuse(struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
	                 "this runf was built without support for CRIU "
	                 "(meson option criu, package libprotobuf-c-dev)");
}

bool criu_is_built_in(void)
{
	return false;
}

int criu_find(struct arena *arena, const char *wanted,
              struct criu_program *ret_program, struct error *err)
{
	(void)arena;
	(void)wanted;
	(void)ret_program;
	return refuse(err);
}

int criu_ask_version(struct arena *arena, const struct criu_program *program,
                     int *ret_version, struct error *err)
{
	(void)arena;
	(void)program;
	(void)ret_version;
	return refuse(err);
}

int criu_ask_features(struct arena *arena, const struct criu_program *program,
                      struct criu_features *ret_features, struct error *err)
{
	(void)arena;
	(void)program;
	(void)ret_features;
	return refuse(err);
}

int criu_run(struct arena *arena, const struct criu_program *program,
             const struct criu_request *request,
             const struct criu_listener *listener, pid_t *ret_pid,
             struct error *err)
{
	(void)arena;
	(void)program;
	(void)request;
	(void)listener;
	(void)ret_pid;
	return refuse(err);
}
