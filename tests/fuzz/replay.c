/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of libFuzzer: give every file of the folders named to the target,
 * whole and cut off at each of its bytes.
 */
#include <dirent.h>
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

static size_t replay_file(const char *path)
{
	static uint8_t bytes[1 << 16];
	FILE *file = fopen(path, "rbe");
	size_t size, part;

	if (!file) {
		perror(path);
		exit(1);
	}
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	for (part = 0; part <= size; part++) {
		/* Memory of its own, so that a sanitizer sees its end. */
		uint8_t *copy = malloc(part ? part : 1);
		size_t i;

		FUZZ_CHECK(copy);
		for (i = 0; i < part; i++)
			copy[i] = bytes[i];
		LLVMFuzzerTestOneInput(copy, part);
		free(copy);
	}
	return size + 1;
}

int main(int argc, char **argv)
{
	size_t files = 0, inputs = 0;

	while (argc-- > 1) {
		const char *folder = argv[argc];
		DIR *dir = opendir(folder);
		struct dirent *entry;

		if (!dir) {
			perror(folder);
			return 1;
		}
		while ((entry = readdir(dir))) {
			char path[4096];

			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", folder,
			         entry->d_name);
			inputs += replay_file(path);
			files++;
		}
		closedir(dir);
	}
	printf("%zu files, %zu inputs\n", files, inputs);
	return files ? 0 : 1;
}
