/* SPDX-License-Identifier: Apache-2.0 */
/* The program of the test's containers and hooks: ends at once, or waits. */
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "wait") == 0)
		for (;;)
			pause();
	return 0;
}
