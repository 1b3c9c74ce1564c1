/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes on their way from one descriptor to another, never waiting. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Holds what was read until all of it is written, and only then reads on: so
 * a reader that stops stops its writer, and memory is bounded. Both ends are
 * non-blocking, borrowed, and -1 once they are of no use; without a reader
 * the bytes are dropped, so that the writer need not notice.
 */
struct tty_channel {
	int from;
	int to;
	bool ended; /* FROM said end-of-file, as opposed to failing */
	char last;  /* byte that was read last */
	size_t start;
	size_t end;
	size_t total; /* bytes read so far */
	char data[8192];
};

/* Empty; the space for data is not touched. */
void tty_channel_open(struct tty_channel *ret_channel, int from, int to);

/* What to wait for next: an entry not waited for gets descriptor -1. */
void tty_channel_prepare(const struct tty_channel *channel,
                         struct pollfd *ret_from, struct pollfd *ret_to);

/* Read if there is nothing to write, then write what goes. */
void tty_channel_move(struct tty_channel *channel);

/* Put TEXT in, as if it had been read; only when nothing is held. */
void tty_channel_put(struct tty_channel *channel, const char *text,
                     size_t length);

static inline bool tty_channel_is_empty(const struct tty_channel *channel)
{
	return channel->start == channel->end;
}
