/* SPDX-License-Identifier: Apache-2.0 */
/* What `start` is told on its standard input, and what it answers. */
#include "shim/bootstrap.h"

#include <errno.h>
#include <options.pb-c.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "shim/message.h"
#include "shim/options.h"

/* Numbers of slog: INFO is 0, DEBUG -4, WARN 4, ERROR 8, and between them. */
static enum log_level level_of(int32_t level)
{
	if (level < -2)
		return LOG_LEVEL_DEBUG;
	if (level < 2)
		return LOG_LEVEL_INFO;
	return level < 6 ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR;
}

static void take_options(const Opt__Any *any, struct bootstrap *bootstrap)
{
	bootstrap->type = any->type;
	bootstrap->options.data = any->value.data;
	bootstrap->options.size = any->value.len;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static void take_params(const Opt__Params *params, struct bootstrap *bootstrap)
{
	const char *path = str_after(params->ttrpc_address, "unix://");
	size_t i;

	bootstrap->has_params = true;
	bootstrap->level = level_of(params->log_level);
	bootstrap->address = or_null(path ? path : params->ttrpc_address);
	bootstrap->socket_dir = or_null(params->socket_dir);
	/* Extensions of other kinds are for other shims. */
	for (i = 0; i < params->n_extensions; i++) {
		const Opt__Any *any = params->extensions[i]->value;

		if (any && options_has_type(any->type)) {
			take_options(any, bootstrap);
			return;
		}
	}
}

int bootstrap_read(struct arena *arena, struct ttrpc_bytes bytes,
                   const char *id, const char *namespace_,
                   struct bootstrap *ret_bootstrap, struct error *err)
{
	struct bootstrap bootstrap = {
		.type = "",
		.level = LOG_LEVEL_INFO,
	};
	const Opt__Params *params =
		message_unpack(&opt__params__descriptor, arena, bytes);
	const Opt__Any *any;

	/* An Any looks like it on the wire, but names a type there. */
	if (params && str_equal(params->id, id) &&
	    str_equal(params->namespace_, namespace_)) {
		take_params(params, &bootstrap);
	} else {
		any = message_unpack(&opt__any__descriptor, arena, bytes);
		if (!any)
			return error_set(err, ERROR_USAGE, -EBADMSG,
			                 "standard input is neither runtime "
			                 "options nor bootstrap parameters");
		take_options(any, &bootstrap);
	}
	*ret_bootstrap = bootstrap;
	return 0;
}

struct ttrpc_bytes bootstrap_answer(struct arena *arena,
                                    const struct bootstrap *bootstrap,
                                    const char *max_version,
                                    const char *address)
{
	static char protocol[] = "ttrpc";
	struct ttrpc_bytes bytes = { .data = address, .size = strlen(address) };
	Opt__Result result;

	opt__result__init(&result);
	if (bootstrap->has_params) {
		result.version = 3;
		result.address = (char *)(uintptr_t)address;
		result.protocol = protocol;
		return message_pack(arena, &result.base);
	}
	/* 1.6 knows no more than the address. Paths of ours need no escapes. */
	if (max_version) {
		bytes.data = arena_printf(arena,
		                          "{\"version\":2,\"address\":\"%s\","
		                          "\"protocol\":\"ttrpc\"}",
		                          address);
		bytes.size = strlen(bytes.data);
	}
	return bytes;
}
