/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways of `runf-fn invoke`: here, or by a server. */
#pragma once

#include <stdbool.h>

#include "fn/command.h"
#include "fn/invocation.h"

struct invoke_options {
	bool stream;
	bool asynchronous;
	bool no_boost;
	unsigned int timeout_s; /* 0: the function's own */
};

struct invoke {
	const struct fn_globals *globals;
	const struct invoke_options *options;
	const char *name;
	const char *payload;
	size_t payload_size;
};

/* The program is protected. Returns the exit status, or a negative errno. */
int invoke_here(const struct invoke *invoke, struct error *err);
/* SOCKET is connected to the server, and used up. */
int invoke_by_server(const struct invoke *invoke, int socket,
                     struct error *err);

int invoke_exit_status(enum invocation_status status);
