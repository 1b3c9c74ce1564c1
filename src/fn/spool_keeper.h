/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes events durable: a process of its own, so that a slow disk delays
 * nobody but those who wait for it, and many events need one fsync of their
 * directory.
 */
#pragma once

#include "fn/spool_file.h"

/* How many may be on their way; the socket has room for them. */
#define KEEPER_BATCH 64

struct keeper_order {
	char function[65];
	struct spool_name name;
};

/* Its answers are one int each, in the order of the orders. */
struct keeper_answer {
	int result;
};

/* The socket; it ends when that is closed. */
int keeper_start(const char *root);
/* What it does, for one; also without it. */
int keeper_commit(const char *root, const struct keeper_order *order);
