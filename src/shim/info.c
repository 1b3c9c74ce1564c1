/* SPDX-License-Identifier: Apache-2.0 */
/* `-info`: what this runtime can do. */
#include <runf/runf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <task.pb-c.h>
#include <unistd.h>

#include "shim/actions.h"
#include "shim/job.h"
#include "sys/file.h"

#define RUNTIME_NAME "io.containerd.runf.v2"
#define FEATURES_TYPE \
	"types.containerd.io/opencontainers/runtime-spec/1/features/Features"

int info_main(void)
{
	auto_arena struct arena arena = { 0 };
	Msg__RuntimeInfo info = MESSAGE(RuntimeInfo, runtime_info);
	Msg__RuntimeVersion version = MESSAGE(RuntimeVersion, runtime_version);
	Msg__Any features = MESSAGE(Any, any);
	struct runf_error err;
	struct ttrpc_bytes bytes;
	char *json;

	if (runf_features(&json, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	version.version = message_text(runf_version());
	version.revision = message_text(runf_commit());
	features.type_url = message_text(FEATURES_TYPE);
	features.value.data = (uint8_t *)json;
	features.value.len = strlen(json);
	info.name = message_text(RUNTIME_NAME);
	info.version = &version;
	info.features = &features;
	bytes = message_pack(&arena, &info.base);
	if (sys_write_all(STDOUT_FILENO, bytes.data, bytes.size) < 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
