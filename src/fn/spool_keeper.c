/* SPDX-License-Identifier: Apache-2.0 */
/* Who makes events durable. */
#include "fn/spool_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/str.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/process.h"
#include "sys/socket.h"

static int commit_one(const char *root, const struct keeper_order *order)
{
	auto_close int dir = -1;
	int result = spool_open_dir(root, order->function, &dir, NULL);

	return result < 0 ? result : spool_commit(dir, "new", &order->name);
}

static int sync_one(const char *root, const struct keeper_order *order)
{
	auto_close int dir = -1;
	int result = spool_open_dir(root, order->function, &dir, NULL);

	return result < 0 ? result : spool_sync(dir, "new");
}

int keeper_commit(const char *root, const struct keeper_order *order)
{
	int result = commit_one(root, order);

	return result < 0 ? result : sync_one(root, order);
}

/* Each directory once: an order whose directory failed has failed, too. */
static void sync_all(const char *root, const struct keeper_order *orders,
                     int *results, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		int result;

		for (j = 0; j < i; j++)
			if (str_equal(orders[j].function, orders[i].function))
				break;
		if (j < i)
			continue;
		result = sync_one(root, &orders[i]);
		for (j = i; result < 0 && j < count; j++)
			if (results[j] == 0 &&
			    str_equal(orders[j].function, orders[i].function))
				results[j] = result;
	}
}

/* Those that are there, at least one; 0: nobody orders any more. */
static size_t receive_orders(int socket, struct keeper_order *orders)
{
	size_t count = 0;

	while (count < KEEPER_BATCH) {
		ssize_t got;

		if (count && sys_wait_readable(socket, 0) <= 0)
			break;
		got = sys_receive_fds(socket, &orders[count], sizeof(*orders),
		                      NULL, NULL);
		if (got != sizeof(*orders))
			break;
		count++;
	}
	return count;
}

__attribute__((noreturn)) static void keeper_main(const char *root, int socket)
{
	struct keeper_order orders[KEEPER_BATCH];
	int results[KEEPER_BATCH];
	sigset_t all;
	size_t count, i;

	/* What ends the server must not end this before it. */
	sigfillset(&all);
	sys_set_signal_mask(&all, NULL);
	sys_set_name("runf-fn-keeper");
	if (socket > STDERR_FILENO + 1)
		sys_close_range(STDERR_FILENO + 1, (unsigned int)socket - 1, 0);
	sys_close_range((unsigned int)socket + 1, UINT_MAX, 0);
	while ((count = receive_orders(socket, orders))) {
		for (i = 0; i < count; i++)
			results[i] = commit_one(root, &orders[i]);
		sync_all(root, orders, results, count);
		for (i = 0; i < count; i++) {
			struct keeper_answer answer = { results[i] };

			sys_send_fds(socket, &answer, sizeof(answer), NULL, 0);
		}
	}
	sys_exit(0);
}

int keeper_start(const char *root)
{
	auto_close int pidfd = -1;
	int pair[2];
	pid_t pid;
	int result = sys_socketpair(SOCK_SEQPACKET, pair);

	if (result < 0)
		return result;
	pid = sys_clone(0, -1, &pidfd);
	if (pid == 0)
		keeper_main(root, pair[1]);
	fd_close(&pair[1]);
	if (pid < 0)
		fd_close(&pair[0]);
	return pid < 0 ? pid : pair[0];
}
