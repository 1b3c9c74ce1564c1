/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the pool share. */
#pragma once

#include "fn/pool.h"

uint64_t pool_now(void); /* ms, monotonic */
struct pool_version *pool_hold(struct pool_version *version);
void pool_release(struct pool_version *version);
/* Do what is due, once the loop has come to an end of its round. */
void pool_settle_soon(struct pool *pool);
bool pool_is_empty(const struct pool *pool);

/* A new sandbox; its creation begins when there is a turn. NULL: no memory. */
struct pool_entry *pool_create(struct pool_function *function, bool warm);
void pool_begin(struct stock_item *item);
void pool_end_item(struct stock_item *item);
