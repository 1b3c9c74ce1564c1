/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time `RUNTIME --root DIR run --bundle BUNDLE ID` from outside.
 *
 *   measure BUNDLE ROUNDS GAP_MS NAME=PROGRAM...
 *
 * In each round every runtime runs once, in an order that rotates; five
 * rounds before the first are not counted. One line of JSON for each run:
 * wall time, time to the payload's first instruction (it prints the clock),
 * CPU time and peak resident size of the runtime with its children. Ends
 * with an error as soon as one run fails.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP   5
#define NS_PER_S  1000000000ULL
#define NS_PER_MS 1000000ULL

struct runtime {
	const char *name;
	const char *program;
	char root[64]; /* state directory: each has its own */
	char id[32];
};

struct sample {
	unsigned long long wall_ns;
	unsigned long long first_ns;
	unsigned long long cpu_us;
	long rss_kb;
};

static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * NS_PER_S +
	       (unsigned long long)now.tv_nsec;
}

static unsigned long long cpu_us(const struct rusage *usage)
{
	return (unsigned long long)(usage->ru_utime.tv_sec +
	                            usage->ru_stime.tv_sec) *
	               1000000 +
	       (unsigned long long)(usage->ru_utime.tv_usec +
	                            usage->ru_stime.tv_usec);
}

static void execute(const struct runtime *r, const char *bundle, int out)
{
	dup2(out, STDOUT_FILENO);
	execl(r->program, r->program, "--root", r->root, "run", "--bundle",
	      bundle, r->id, (char *)NULL);
	_exit(127);
}

/* 0, or -1 if the runtime or its container failed. */
static int run_once(const struct runtime *r, const char *bundle,
                    struct sample *ret_sample)
{
	struct rusage usage;
	unsigned long long begin;
	unsigned long long end;
	char text[32] = "";
	int status;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	begin = now_ns();
	/* vfork: what a fork of this program costs is not the runtime's. */
	pid = vfork();
	if (pid == 0)
		execute(r, bundle, ends[1]);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		return -1;
	end = now_ns();
	close(ends[1]);
	if (read(ends[0], text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(ends[0]);
	if (status != 0)
		return -1;
	ret_sample->wall_ns = end - begin;
	ret_sample->first_ns = strtoull(text, NULL, 10);
	if (ret_sample->first_ns)
		ret_sample->first_ns -= begin;
	ret_sample->cpu_us = cpu_us(&usage);
	ret_sample->rss_kb = usage.ru_maxrss;
	return 0;
}

static void wait_ms(unsigned long long ms)
{
	struct timespec gap = { .tv_sec = (time_t)(ms / 1000),
		                .tv_nsec = (long)(ms % 1000 * NS_PER_MS) };

	if (ms)
		nanosleep(&gap, NULL);
}

static int parse_runtime(char *argument, int index, struct runtime *ret)
{
	char *equals = strchr(argument, '=');

	if (!equals)
		return -1;
	*equals = '\0';
	ret->name = argument;
	ret->program = equals + 1;
	snprintf(ret->root, sizeof(ret->root), "/run/bench-%d-%d", getpid(),
	         index);
	snprintf(ret->id, sizeof(ret->id), "bench-%d-%d", getpid(), index);
	return mkdir(ret->root, 0700);
}

static int measure(const struct runtime *runtimes, int count,
                   const char *bundle, long rounds, unsigned long long gap_ms)
{
	long round;
	int i;

	for (round = -WARM_UP; round < rounds; round++) {
		for (i = 0; i < count; i++) {
			const struct runtime *r =
				&runtimes[(i + round + WARM_UP) % count];
			struct sample s;

			wait_ms(gap_ms);
			if (run_once(r, bundle, &s) < 0) {
				fprintf(stderr, "measure: %s failed\n",
				        r->name);
				return -1;
			}
			if (round < 0)
				continue;
			printf("{\"runtime\":\"%s\",\"round\":%ld,\"wall_us\":%.1f,\"first_us\":%.1f,\"cpu_us\":%llu,\"rss_kb\":%ld}\n",
			       r->name, round, (double)s.wall_ns / 1e3,
			       (double)s.first_ns / 1e3, s.cpu_us, s.rss_kb);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct runtime runtimes[16];
	int count = argc - 4;
	int result;
	int i;

	if (count < 1 || count > 16) {
		fprintf(stderr,
		        "usage: measure BUNDLE ROUNDS GAP_MS NAME=PROGRAM...\n");
		return 64;
	}
	for (i = 0; i < count; i++)
		if (parse_runtime(argv[4 + i], i, &runtimes[i]) < 0) {
			fprintf(stderr, "measure: \"%s\" is not NAME=PROGRAM\n",
			        argv[4 + i]);
			return 64;
		}
	result = measure(runtimes, count, argv[1], strtol(argv[2], NULL, 10),
	                 strtoull(argv[3], NULL, 10));
	for (i = 0; i < count; i++) {
		char path[96];

		/* A cache of compiled filters may be in there. */
		snprintf(path, sizeof(path), "rm -rf %s", runtimes[i].root);
		if (system(path) != 0)
			result = -1;
	}
	return result < 0 ? 1 : 0;
}
