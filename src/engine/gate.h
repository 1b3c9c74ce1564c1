/* SPDX-License-Identifier: Apache-2.0 */
/* The gate between `created` and `running`. */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "store/store.h"

/*
 * `create` binds a datagram socket, STORE_GATE, in the container's directory
 * (which nobody else can enter) and init inherits it. `start` sends one
 * datagram with the write end of a pipe. Init reports what fails from there
 * on through that pipe; execve closes it, and end-of-file is the good news.
 */

/* By init: wait. Returns the pipe's end. */
int gate_wait(int gate, struct error *err);

/* By start: open the gate and wait for the program to be executed. */
int gate_open(const struct store_dir *dir, struct error *err);
