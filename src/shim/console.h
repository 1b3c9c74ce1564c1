/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal of a process that a worker starts. */
#pragma once

#include "shim/job.h"

/*
 * In a worker: a pair of sockets, on whose second end the library sends the
 * terminal's master; -1 twice if JOB's process has none.
 */
int console_open(const struct job *job, int ret_pair[2],
                 struct runf_error *err);
/* Once the library has returned: the master becomes ANSWER's. */
void console_take(int pair[2], struct worker_answer *answer);
