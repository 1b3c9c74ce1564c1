/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What decides about archives and about functions. The input is lines: first
 * the path of an entry, then the target of a link there, then variables.
 */
#include <string.h>

#include "base/buf.h"
#include "fn/bundle_config.h"
#include "fn/entry.h"
#include "fn/policy.h"
#include "json/json.h"
#include "tests/fuzz/fuzz.h"

#define LINES 16

/* Where one arrives from DIR (a depth) by PATH; -1: above the tree. */
static int walk(int depth, const char *path)
{
	while (*path && depth >= 0) {
		size_t length = strcspn(path, "/");

		if (length == 2 && memcmp(path, "..", 2) == 0)
			depth--;
		else if (length && !(length == 1 && *path == '.'))
			depth++;
		path += length;
		path += *path == '/';
	}
	return depth;
}

static void check_entry(const char *path, const char *target)
{
	char clean[ENTRY_PATH_MAX + 1];
	char again[ENTRY_PATH_MAX + 1];
	int depth;

	if (entry_check_path(path, clean))
		return;
	FUZZ_CHECK(*clean != '/' && strlen(clean) <= strlen(path));
	depth = walk(0, clean);
	FUZZ_CHECK(depth >= 0 && depth <= ENTRY_DEPTH_MAX);
	if (!*clean)
		return;
	FUZZ_CHECK(!entry_check_path(clean, again));
	FUZZ_CHECK(strcmp(clean, again) == 0);
	if (entry_check_link(clean, target))
		return;
	FUZZ_CHECK(*target != '/' && walk(depth - 1, target) >= 0);
}

/* Any environment makes a config that can be read. */
static void check_config(struct arena *arena, const char *const *given)
{
	static const char *const args[] = { "/bootstrap", NULL };
	struct function function = { .name = "f", .version = "00" };
	struct bundle_config config = { .function = &function,
		                        .root_path = "rootfs",
		                        .args = args,
		                        .cwd = "/" };
	const struct json_value *root;
	const char *const *each;
	const char *text;
	struct error err;

	policy_set_defaults(&function);
	function.handler = *given && strcmp(*given, "mine") ? *given : "";
	if (policy_check(&function, &err) < 0)
		function.handler = "";
	config.env = policy_environment(arena, &function, given, given);
	for (each = config.env; *each; each++) {
		size_t length = strcspn(*each, "=");

		FUZZ_CHECK((*each)[length] == '=');
		if (policy_is_reserved(*each, length))
			FUZZ_CHECK(strcmp(*each + length, "=mine") != 0);
	}
	text = bundle_config_write(arena, &config, false);
	FUZZ_CHECK(json_parse(arena, text, strlen(text), "config", &root,
	                      &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	char *text = arena_strndup(&arena, (const char *)data, size);
	const char *lines[LINES + 1] = { text };
	size_t count = 1;
	char *end;

	while (count < LINES && (end = strchr(lines[count - 1], '\n'))) {
		*end = '\0';
		lines[count++] = end + 1;
	}
	if (count >= 2) {
		check_entry(lines[0], lines[1]);
		check_config(&arena, lines + 2);
	}
	arena_release(&arena);
	return 0;
}
