/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes on their way from one descriptor to another, never waiting. */
#include "tty/channel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "sys/file.h"

void tty_channel_open(struct tty_channel *ret_channel, int from, int to)
{
	ret_channel->from = from;
	ret_channel->to = to;
	ret_channel->ended = false;
	ret_channel->last = '\0';
	ret_channel->start = 0;
	ret_channel->end = 0;
	ret_channel->total = 0;
}

void tty_channel_prepare(const struct tty_channel *channel,
                         struct pollfd *ret_from, struct pollfd *ret_to)
{
	bool empty = tty_channel_is_empty(channel);

	/* Not just no events: poll reports a hang-up unasked, for ever. */
	*ret_from = (struct pollfd){
		.fd = empty ? channel->from : -1,
		.events = POLLIN,
	};
	*ret_to = (struct pollfd){
		.fd = empty ? -1 : channel->to,
		.events = POLLOUT,
	};
}

static void channel_fill(struct tty_channel *channel)
{
	ssize_t count =
		sys_read(channel->from, channel->data, sizeof(channel->data));

	if (count == -EAGAIN)
		return;
	if (count <= 0) {
		channel->from = -1;
		channel->ended = count == 0;
		return;
	}
	channel->start = 0;
	channel->end = (size_t)count;
	channel->total += (size_t)count;
	channel->last = channel->data[count - 1];
}

static void channel_flush(struct tty_channel *channel)
{
	ssize_t count = -EPIPE;

	if (channel->to >= 0)
		count = sys_write(channel->to, channel->data + channel->start,
		                  channel->end - channel->start);
	if (count == -EAGAIN)
		return;
	if (count < 0) {
		channel->to = -1;
		channel->start = channel->end;
		return;
	}
	channel->start += (size_t)count;
}

void tty_channel_move(struct tty_channel *channel)
{
	if (tty_channel_is_empty(channel) && channel->from >= 0)
		channel_fill(channel);
	if (!tty_channel_is_empty(channel))
		channel_flush(channel);
}

void tty_channel_put(struct tty_channel *channel, const char *text,
                     size_t length)
{
	assert(tty_channel_is_empty(channel));
	assert(length <= sizeof(channel->data));
	memcpy(channel->data, text, length);
	channel->start = 0;
	channel->end = length;
}
