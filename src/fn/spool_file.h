/* SPDX-License-Identifier: Apache-2.0 */
/* Accepted asynchronous invocations, each a file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "fn/invocation.h"

/*
 * ROOT/spool/NAME/new/DUE.ATTEMPT.ID (milliseconds since 1970; from 0; a
 * UUID): a line of JSON about the event, then its payload. While it is written
 * it is called .ID. What failed for good is dead/ID, with the reason in
 * dead/ID.reason. A file's name changes when it is tried again: renames need
 * not be durable, since a lost one only means another attempt.
 */
#define SPOOL_NAME_SIZE 80

struct spool_name {
	uint64_t due_ms;
	uint32_t attempt;
	char id[INVOCATION_ID_SIZE];
};

struct spool_event {
	char id[INVOCATION_ID_SIZE];
	uint64_t accepted_ms;
	const char *client_context; /* or NULL */
	const char *payload;
	size_t payload_size;
};

void spool_name_format(const struct spool_name *name,
                       char ret_text[SPOOL_NAME_SIZE]);
/* False: the file is none of the spool's, or one that is being written. */
bool spool_name_parse(const char *text, struct spool_name *ret_name);

/* NAME's folder, made if it is missing; what was made is durable. */
int spool_open_dir(const char *root, const char *name, int *ret_dir,
                   struct error *err);

/*
 * BOX is "new" or "in". Into BOX/.ID of DIR, not yet durable. Returns the bytes
 * of the file.
 */
int spool_write(int dir, const char *box, const struct spool_event *event,
                struct error *err);
/* Make BOX/.ID durable under NAME, but for the directory's own fsync. */
int spool_commit(int dir, const char *box, const struct spool_name *name);
int spool_sync(int dir, const char *box);

/*
 * -EBADMSG: the file is damaged. *RET_MEMORY is what the event's texts lie in,
 * for free().
 */
int spool_read(int dir, const char *file, struct spool_event *ret_event,
               char **ret_memory, struct error *err);

/*
 * Move new/FILE to dead/ID, with REASON (a word), TEXT and ATTEMPTS beside it.
 */
int spool_bury(int dir, const char *file, const char *id, const char *reason,
               const char *text, uint32_t attempts);

/*
 * The whole way at once, without a server: durable when it returns. A server
 * finds it there when it looks next.
 */
int spool_put(const char *root, const char *name,
              const struct spool_event *event, struct error *err);
