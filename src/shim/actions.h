/* SPDX-License-Identifier: Apache-2.0 */
/* What containerd executes the shim for. */
#pragma once

#include <stdbool.h>

struct shim_args {
	const char *namespace_;
	const char *address; /* containerd's gRPC socket */
	const char *publish; /* its binary */
	const char *id;
	const char *bundle; /* NULL: the current directory */
	const char *socket_dir;
	bool debug;
	bool info;
	bool version;
	const char *action; /* "start", "delete", or NULL */
	char **argv;
	char **env;
};

/* Each returns the exit status; what went wrong is on stderr. */
int start_main(const struct shim_args *args);
int delete_main(const struct shim_args *args);
int info_main(void);
