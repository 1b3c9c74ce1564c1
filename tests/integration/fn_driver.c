/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sandbox, many invocations: what a server does with it.
 *
 *   fn_driver ROOT STATE NAME HOW EVENT COUNT
 *
 * HOW: idle; frozen (between two of them); created (each in a sandbox that was
 * created ahead). Prints the last response, how the last one began and ended,
 * and the median of the round trips in microseconds.
 */
#include <runf/runf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time.h"
#include "fn/sandbox.h"

static struct loop loop;
static struct sandbox *sandbox;
static enum invocation_status status;
static bool done, settled;
static enum sandbox_state wanted;
static char response[4096];
static uint64_t began_ns, ended_ns;

static void fail(const struct error *err)
{
	fprintf(stderr, "fn_driver: %s\n", err->text);
	exit(1);
}

static int output(struct invocation *invocation, const void *bytes, size_t size)
{
	(void)invocation;
	snprintf(response, sizeof(response), "%.*s", (int)size,
	         (const char *)bytes);
	return 0;
}

static void stop(void)
{
	if (done && settled)
		loop_stop(&loop);
}

static void finished(struct invocation *invocation, enum invocation_status how,
                     const char *error_type)
{
	(void)invocation;
	(void)error_type;
	ended_ns = time_monotonic_ns();
	status = how;
	done = true;
	stop();
}

static void changed(struct sandbox *which, void *context)
{
	(void)context;
	if (sandbox_state(which) == SANDBOX_GONE)
		sandbox = NULL;
	settled = !sandbox || sandbox_state(which) == wanted;
	stop();
}

static void run(void)
{
	struct error err;

	loop.stopped = false;
	if (loop_run(&loop, &err) < 0)
		fail(&err);
}

static void make(struct sandbox_host *host, const struct function *function)
{
	const struct sandbox_owner owner = { changed, NULL };
	struct error err;

	if (sandbox_new(host, function, &owner, &sandbox, &err) < 0)
		fail(&err);
	wanted = SANDBOX_CREATED;
	settled = false;
	done = true;
	run();
}

static void rest_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void invoke(struct invocation *invocation)
{
	invocation_make_id(invocation->id);
	done = settled = false;
	wanted = SANDBOX_IDLE;
	began_ns = time_monotonic_ns();
	sandbox_invoke(sandbox, invocation);
	run();
}

int main(int argc, char **argv, char **env)
{
	struct sandbox_host host = { .loop = &loop, .log_fd = STDERR_FILENO };
	struct arena arena = { 0 };
	struct function function;
	struct invocation invocation = { .kind = "sync",
		                         .output = output,
		                         .done = finished };
	struct runf_error why;
	struct error err;
	uint64_t *times;
	int count, i;

	if (argc != 7 || runf_protect_self(argv, env, &why) < 0)
		return 2;
	host.root = argv[1];
	host.state = argv[2];
	invocation.payload = argv[5];
	invocation.payload_size = strlen(argv[5]);
	count = atoi(argv[6]);
	times = calloc((size_t)count + 1, sizeof(*times));
	if (loop_open(&loop, &err) < 0 || sandbox_host_open(&host, &err) < 0 ||
	    function_load(&arena, argv[1], argv[3], &function, &err) < 0)
		fail(&err);
	for (i = 0; i < count; i++) {
		if (!sandbox)
			make(&host, &function);
		if (str_equal(argv[4], "frozen"))
			sandbox_freeze(sandbox);
		rest_ms(2);
		invoke(&invocation);
		times[i] = (ended_ns - began_ns) / 1000;
		if (sandbox && str_equal(argv[4], "created")) {
			sandbox_end(sandbox);
			rest_ms(20);
		}
	}
	sandbox_host_close(&host);
	/* The first one initializes. */
	if (!str_equal(argv[4], "created") && count > 1)
		times[0] = UINT64_MAX, count--;
	qsort(times, (size_t)(i), sizeof(*times), compare);
	printf("%s\nstart %d status %d\nmedian %lu us, least %lu us\n",
	       response, invocation.cost.start, status,
	       (unsigned long)times[count / 2], (unsigned long)times[0]);
	return 0;
}
