/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containerd says when it starts a shim. The first byte says which part
 * the others are: all of standard input, runc's options, or those in TOML.
 */
#include <options.pb-c.h>
#include <string.h>

#include "json/utf8.h"
#include "shim/bootstrap.h"
#include "shim/message.h"
#include "shim/options.h"
#include "tests/fuzz/fuzz.h"

#define RUNC   "containerd.runc.v1.Options"
#define CONFIG "runtimeoptions.v1.Options"

static void check_options(struct arena *arena, const char *type,
                          struct ttrpc_bytes bytes)
{
	struct shim_options options = { .root = "as before" };
	struct error err = { 0 };
	int result = options_read(arena, type, bytes, NULL, &options, &err);

	FUZZ_CHECK(result <= 0);
	FUZZ_CHECK(err.code == result);
	FUZZ_CHECK((result < 0) == (*err.text != '\0'));
	if (result < 0) {
		FUZZ_CHECK(strcmp(options.root, "as before") == 0);
		return;
	}
	FUZZ_CHECK(!options.root || *options.root);
	/* protobuf-c does not look at that; TOML is read by us. */
	FUZZ_CHECK(strcmp(type, RUNC) == 0 || !options.root ||
	           utf8_is_valid(options.root, strlen(options.root)));
}

/* Never with a path: what stands in files of this machine is no input. */
static void check_toml(struct arena *arena, const uint8_t *data, size_t size)
{
	uint8_t *copy = arena_alloc(arena, size + 1);
	Opt__Config config;

	opt__config__init(&config);
	memcpy(copy, data, size);
	config.body.data = copy;
	config.body.len = size;
	check_options(arena, CONFIG, message_pack(arena, &config.base));
}

static void check_start(struct arena *arena, struct ttrpc_bytes bytes)
{
	struct bootstrap bootstrap;
	struct error err = { 0 };
	int result = bootstrap_read(arena, bytes, "web1", "k8s.io", &bootstrap,
	                            &err);

	FUZZ_CHECK(result <= 0);
	FUZZ_CHECK(err.code == result);
	if (result < 0)
		return;
	FUZZ_CHECK(bootstrap.has_params || !bootstrap.socket_dir);
	FUZZ_CHECK(!bootstrap.has_params || !*bootstrap.type ||
	           options_has_type(bootstrap.type));
	if (strcmp(bootstrap.type, RUNC) == 0)
		check_options(arena, RUNC, bootstrap.options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct ttrpc_bytes bytes = { data + 1, size - 1 };

	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0: check_start(&arena, bytes); break;
	case 1: check_options(&arena, RUNC, bytes); break;
	default: check_toml(&arena, data + 1, size - 1); break;
	}
	arena_release(&arena);
	return 0;
}
