/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of the test's containers and hooks: ends at once, or waits. By
 * the name `systemd` it is the helper of the cgroup driver, with a systemd that
 * makes and removes cgroups at the top of the v2 tree.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
		/* Or clang sees that nobody reads it, and takes none. */
		__asm__ volatile("" : : "r"(piece) : "memory");
	}
	return 1;
}

static const char *tree(void)
{
	static const char hybrid[] = "/sys/fs/cgroup/unified";

	return access(hybrid, F_OK) == 0 ? hybrid : "/sys/fs/cgroup";
}

static void start(const char *path)
{
	char procs[512];
	int fd;

	mkdir(path, 0755);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(1);
	close(fd);
}

/* cgroup/systemd.c tells of the requests: VERB BUS UNIT, each with its NUL. */
static int be_systemd(void)
{
	char text[65536] = "";
	ssize_t length = recv(0, text, sizeof(text) - 3, 0);
	const char *bus = text + strlen(text) + 1;
	const char *unit = bus + strlen(bus) + 1;
	char path[256];

	if (length <= 0)
		return 1;
	snprintf(path, sizeof(path), "%s/%.100s", tree(), unit);
	if (strcmp(text, "start") == 0)
		start(path);
	if (strcmp(text, "stop") == 0)
		rmdir(path);
	if (send(0, "+", 1, MSG_NOSIGNAL) == 1 && strcmp(text, "start") == 0)
		recv(0, text, 1, 0);
	/* An empty scope goes by itself. */
	return 0;
}

int main(int argc, char **argv)
{
	size_t length = strlen(argv[0]);

	if (length > 8 && strcmp(argv[0] + length - 8, "/systemd") == 0)
		return be_systemd();
	if (argc > 1 && strcmp(argv[1], "eat") == 0)
		return eat();
	if (argc > 1 && strcmp(argv[1], "wait") == 0)
		for (;;)
			pause();
	return 0;
}
