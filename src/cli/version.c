/* SPDX-License-Identifier: Apache-2.0 */
/* runf version, and --version */
#include "cli/cli.h"
#include "cli/document.h"

#define SECCOMP_KEY "io.github.seccomp.libseccomp.version"

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
