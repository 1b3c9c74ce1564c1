/* SPDX-License-Identifier: Apache-2.0 */
/* runf version, and --version */
#include "base/cleanup.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/document.h"

#define SECCOMP_KEY    "io.github.seccomp.libseccomp.version"
#define CHECKPOINT_KEY "io.runf.checkpoint.enabled"

/* What a build may lack, in the words that crun's line has for it. */
static void add_parts(struct buf *text, const struct json_value *features)
{
	static const struct {
		const char *word;
		const char *object;
		const char *key;
	} parts[] = {
		{ "+SYSTEMD", "cgroup", "systemd" },
		{ "+SELINUX", "selinux", "enabled" },
		{ "+APPARMOR", "apparmor", "enabled" },
		{ "+SECCOMP", "seccomp", "enabled" },
	};
	const struct json_value *all = json_get(features, "linux");
	const struct json_value *notes = json_get(features, "annotations");
	const char *checkpoint =
		notes ? document_text(json_get(notes, CHECKPOINT_KEY)) : NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		const struct json_value *part =
			all ? json_get(all, parts[i].object) : NULL;

		part = part ? json_get(part, parts[i].key) : NULL;
		if (part && part->type == JSON_BOOL && part->boolean)
			buf_printf(text, "%s ", parts[i].word);
	}
	if (checkpoint && str_equal(checkpoint, "true"))
		buf_printf(text, "+CRIU ");
	buf_printf(text, "+CAP +EBPF +YAJL\n");
}

/* Docker reads the first two lines, podman prints all of them. */
int version_print(struct arena *arena, struct runf_error *err)
{
	struct buf text = { .arena = arena };
	const struct json_value *features;
	const struct json_value *notes;
	const char *spec;
	const char *seccomp;
	char *json;
	int result = runf_features(&json, err);

	if (result < 0)
		return result;
	result = document_parse(arena, json, JSON_OBJECT, &features, err);
	runf_free_text(json);
	if (result < 0)
		return result;
	notes = json_get(features, "annotations");
	spec = document_text(json_get(features, "ociVersionMax"));
	seccomp = notes ? document_text(json_get(notes, SECCOMP_KEY)) : NULL;
	buf_printf(&text, "runf version %s\ncommit: %s\n", runf_version(),
	           runf_commit());
	if (spec)
		buf_printf(&text, "spec: %s\n", spec);
	if (seccomp)
		buf_printf(&text, "libseccomp: %s\n", seccomp);
	add_parts(&text, features);
	return report_output(buf_str(&text), err);
}

static int version_run(struct cli *cli, void *values, struct runf_error *err)
{
	(void)values;
	return version_print(&cli->arena, err);
}

const struct cli_command command_version = {
	.name = "version",
	.arguments = "",
	.summary = "print the version",
	.run = version_run,
};
