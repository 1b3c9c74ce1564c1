/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client of runf-fn serve: COUNT invocations one after the other over one
 * connection, PAUSE_US apart; what each took, in ns, is printed at the end.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The whole answer has come when its three bytes stand behind the head. */
static void ask(int fd, const char *request)
{
	char answer[4096];
	size_t size = 0;
	char *end = NULL;

	if (write(fd, request, strlen(request)) < 0)
		die("write");
	while (!end || end + 4 + 3 > answer + size) {
		ssize_t got =
			read(fd, answer + size, sizeof(answer) - 1 - size);

		if (got <= 0)
			die("read");
		size += (size_t)got;
		answer[size] = '\0';
		end = strstr(answer, "\r\n\r\n");
	}
	if (strncmp(answer, "HTTP/1.1 200", 12) != 0) {
		fputs(answer, stderr);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char request[512];
	uint64_t *took;
	size_t count, i;

	if (argc != 5)
		return 2;
	count = strtoul(argv[3], NULL, 10);
	took = calloc(count, sizeof(*took));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	if (!took || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die("connect");
	snprintf(request, sizeof(request),
	         "POST /2015-03-31/functions/%s/invocations HTTP/1.1\r\n"
	         "Host: x\r\nContent-Length: 3\r\n\r\n\"x\"",
	         argv[2]);
	for (i = 0; i < count; i++) {
		uint64_t begin = now_ns();

		ask(fd, request);
		took[i] = now_ns() - begin;
		usleep((useconds_t)strtoul(argv[4], NULL, 10));
	}
	for (i = 0; i < count; i++)
		printf("%llu\n", (unsigned long long)took[i]);
	return 0;
}
