/* SPDX-License-Identifier: Apache-2.0 */
/* The program of the test's containers and hooks: ends at once, or waits. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Or takes memory, until there is far more of it than anybody may have. */
#define PIECE ((size_t)1024 * 1024)
#define FULL  1024

static int eat(void)
{
	size_t i;

	for (i = 0; i < FULL; i++) {
		char *piece = malloc(PIECE);

		if (!piece)
			return 1;
		memset(piece, (int)i + 1, PIECE);
	}
	return 1;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "eat") == 0)
		return eat();
	if (argc > 1 && strcmp(argv[1], "wait") == 0)
		for (;;)
			pause();
	return 0;
}
