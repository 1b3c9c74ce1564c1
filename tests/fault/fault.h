/* SPDX-License-Identifier: Apache-2.0 */
/* Which call of sys/ fails, in whichever process of a container's making. */
#pragma once

#include <stdbool.h>

/*
 * Calls are counted for each actor apart: 0 is who was armed, 1 the process
 * of his first clone, and so on, whoever of them clones. The two sides of a
 * clone run at the same time, so one count for all would name another call
 * in each run.
 */
#define FAULT_ACTORS 16

/* Whoever was cloned before: init, that waits at its gate for `start`. */
#define FAULT_EARLIER (FAULT_ACTORS - 1)

struct fault_report {
	bool hit;
	char function[32]; /* that failed */
	char text[96];     /* its first text argument */
};

/* Memory that all processes from here on share. Once, at first. */
void fault_begin(void);

/* From now on call NUMBER (from 1) of ACTOR fails with -ERRNO_VALUE. */
void fault_arm(int actor, int number, int errno_value);

/* Nothing fails any more, in no process. */
void fault_disarm(void);

/* What has happened since it was armed. */
struct fault_report fault_report(void);
int fault_actors(void);     /* how many there were */
int fault_calls(int actor); /* how many calls that one has made */

/* Have every call written to standard error as well. */
void fault_be_verbose(void);

/* For the generated sys_X: 0, or what it shall return. */
int fault_due(const char *function, const char *text);
/* For sys_clone(): the number of the process that comes, and in it. */
int fault_next_actor(void);
void fault_become(int actor);
