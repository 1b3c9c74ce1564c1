/* SPDX-License-Identifier: Apache-2.0 */
/* Which call of sys/ fails, in whichever process of a container's making. */
#include "tests/fault/fault.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Anonymous and shared: a clone without CLONE_VM copies all other memory,
 * this not. An execve() leaves it, as it should: programs do not count.
 */
struct shared {
	atomic_bool armed;
	int actor;
	int number;
	int errno_value;
	bool verbose;
	atomic_int actors;
	atomic_int calls[FAULT_ACTORS];
	struct fault_report report;
};

static struct shared *shared;

/* The clone's copy is its own. */
static int self;

void fault_begin(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
}

void fault_arm(int actor, int number, int errno_value)
{
	int i;

	self = 0;
	shared->actor = actor;
	shared->number = number;
	shared->errno_value = errno_value;
	shared->report = (struct fault_report){ .hit = false };
	for (i = 0; i < FAULT_ACTORS; i++)
		shared->calls[i] = 0;
	shared->actors = 1;
	shared->armed = true;
}

void fault_disarm(void)
{
	shared->armed = false;
}

struct fault_report fault_report(void)
{
	return shared->report;
}

int fault_actors(void)
{
	return shared->actors;
}

int fault_calls(int actor)
{
	return shared->calls[actor];
}

void fault_be_verbose(void)
{
	shared->verbose = true;
}

/* The first line of TEXT, or nothing. */
static void copy_line(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "");
	to[strcspn(to, "\n")] = '\0';
}

static void tell(const char *function, const char *text, int call, bool due)
{
	char what[100];
	char line[256];
	int length;

	copy_line(what, sizeof(what), text);
	length = snprintf(line, sizeof(line), "# %d:%d %s %s%s\n", self, call,
	                  function, what, due ? " FAILS" : "");

	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}

int fault_due(const char *function, const char *text)
{
	struct fault_report *report;
	bool due;
	int call;

	if (!shared->armed || self >= FAULT_ACTORS)
		return 0;
	call = ++shared->calls[self];
	due = self == shared->actor && call == shared->number;
	if (shared->verbose)
		tell(function, text, call, due);
	if (!due)
		return 0;
	report = &shared->report;
	snprintf(report->function, sizeof(report->function), "%s", function);
	copy_line(report->text, sizeof(report->text), text);
	report->hit = true;
	return -shared->errno_value;
}

int fault_next_actor(void)
{
	return shared->armed ? shared->actors++ : FAULT_EARLIER;
}

void fault_become(int actor)
{
	self = actor;
}
