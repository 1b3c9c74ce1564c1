/* SPDX-License-Identifier: Apache-2.0 */
/* The foreground: stay with a process until it ends. */
#include "tty/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "base/fd.h"
#include "sys/file.h"
#include "sys/poll.h"
#include "sys/process.h"
#include "sys/tty.h"
#include "tty/channel.h"
#include "tty/host.h"

/*
 * After the end only what the kernel can hold for a terminal is fetched:
 * another process with this terminal may write for ever.
 */
#define DRAIN_MAX ((size_t)256 * 1024)

struct relay {
	const struct tty_session *session;
	struct tty_channel input;  /* in to master */
	struct tty_channel output; /* master to out */
	/*
	 * While nobody has the slave open (a program may close and open it
	 * again) the master reports a hang-up without end. So we have it.
	 */
	int peer;
	bool must_end;     /* a signal that ends programs came */
	bool end_typed;    /* end-of-file, at least once... */
	tcflag_t end_mode; /* ...last with this ICANON */
};

static void relay_resize(const struct tty_session *session)
{
	uint16_t rows;
	uint16_t columns;

	if (sys_tty_get_size(session->in, &rows, &columns) < 0 &&
	    sys_tty_get_size(session->out, &rows, &columns) < 0)
		return;
	sys_tty_set_size(session->master, rows, columns);
}

/*
 * Collect every child that has ended, but not the process: the kernel lists
 * it first or after others, and when it has ended there is no hurry with
 * the others any more.
 */
static void relay_reap(const struct tty_session *session)
{
	siginfo_t child;

	while (sys_waitid(P_ALL, 0, &child,
	                  WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
	       child.si_pid != 0 && child.si_pid != session->pid)
		sys_waitid(P_PID, (id_t)child.si_pid, &child,
		           WEXITED | WNOHANG | __WALL);
}

static void relay_take_signal(struct relay *relay, int signal)
{
	const struct tty_session *session = relay->session;

	switch (signal) {
	case SIGCHLD:
		if (session->reap)
			relay_reap(session);
		return;
	case SIGPIPE: /* our own writing */
	case SIGURG: return;
	case SIGWINCH:
		if (session->master >= 0) {
			relay_resize(session);
			return;
		}
		break;
	case SIGHUP:
	case SIGINT:
	case SIGQUIT:
	case SIGTERM: relay->must_end = true; break;
	default: break;
	}
	/* It may just have ended: the loop will see that. */
	sys_pidfd_send_signal(session->pidfd, signal);
}

static void relay_take_signals(struct relay *relay)
{
	struct signalfd_siginfo signal;

	while (sys_read(relay->session->signals, &signal, sizeof(signal)) ==
	       (ssize_t)sizeof(signal))
		relay_take_signal(relay, (int)signal.ssi_signo);
}

/*
 * The end of a pipe is typed as the terminal's end-of-file character, or a
 * program that reads to the end would wait for ever; and again when the
 * terminal's mode has changed, for that means another reader: a shell at
 * its prompt, the program it started. In the middle of a line the first one
 * only completes the line.
 */
static void relay_type_end(struct relay *relay)
{
	struct tty_channel *input = &relay->input;
	struct termios settings;
	char text[2];
	size_t count = 1;

	if (sys_tty_get(relay->session->master, &settings) < 0)
		return;
	settings.c_lflag &= ICANON;
	if (relay->end_typed && settings.c_lflag == relay->end_mode)
		return;
	text[0] = text[1] = (char)settings.c_cc[VEOF];
	if (settings.c_lflag && !relay->end_typed && input->total &&
	    input->last != '\n')
		count = 2;
	tty_channel_put(input, text, count);
	relay->end_typed = true;
	relay->end_mode = settings.c_lflag;
}

/* Until the process has ended. */
static int relay_loop(struct relay *relay, struct error *err)
{
	const struct tty_session *session = relay->session;
	struct pollfd fds[7] = {
		{ .fd = session->pidfd, .events = POLLIN },
		{ .fd = session->signals, .events = POLLIN },
		[6] = { .fd = session->watch ? session->watched : -1,
		        .events = POLLIN },
	};
	int result;

	do {
		tty_channel_prepare(&relay->input, &fds[2], &fds[3]);
		tty_channel_prepare(&relay->output, &fds[4], &fds[5]);
		result = sys_poll(fds, 7, -1);
		if (result < 0)
			return error_system(err, result,
			                    "wait for the process");
		/* When it has ended, that is what SIGCHLD is about. */
		if (fds[1].revents && !fds[0].revents)
			relay_take_signals(relay);
		if (fds[2].revents || fds[3].revents)
			tty_channel_move(&relay->input);
		if (relay->input.ended && tty_channel_is_empty(&relay->input))
			relay_type_end(relay);
		if (fds[4].revents || fds[5].revents)
			tty_channel_move(&relay->output);
		if (fds[6].revents)
			session->watch(session->context);
	} while (!fds[0].revents);
	return 0;
}

/* True while the terminal holds bytes: poll waits for those under way. */
static bool relay_has_output(const struct tty_channel *output)
{
	struct pollfd master = { .fd = output->from, .events = POLLIN };

	return output->from >= 0 && sys_poll(&master, 1, 0) > 0 &&
	       master.revents & POLLIN;
}

/* What the process left behind, at the pace of who reads it. */
static void relay_drain(struct relay *relay)
{
	struct tty_channel *output = &relay->output;
	size_t most = output->total + DRAIN_MAX;
	struct pollfd fds[2] = {
		{ .fd = relay->session->signals, .events = POLLIN },
		{ .fd = output->to, .events = POLLOUT },
	};

	relay->must_end = false;
	while (output->to >= 0 && !relay->must_end) {
		if (tty_channel_is_empty(output) &&
		    (output->total >= most || !relay_has_output(output)))
			return;
		tty_channel_move(output);
		if (tty_channel_is_empty(output))
			continue;
		if (sys_poll(fds, 2, -1) < 0)
			return;
		if (fds[0].revents)
			relay_take_signals(relay);
	}
}

static int relay_run(struct relay *relay, struct error *err)
{
	const struct tty_session *session = relay->session;
	auto_tty_end struct tty_end in = { .fd = -1, .flags = -1 };
	auto_tty_end struct tty_end out = { .fd = -1, .flags = -1 };
	auto_tty_raw struct tty_raw raw = { .fd = -1 };
	int flags = sys_get_status_flags(session->master);
	int result = flags;

	if (flags >= 0)
		result = sys_set_status_flags(session->master,
		                              flags | O_NONBLOCK);
	if (result < 0)
		return error_system(err, result, "use the terminal");
	relay->peer = sys_pty_peer(session->master);
	tty_end_open(&in, session->in, O_RDONLY);
	tty_end_open(&out, session->out, O_WRONLY);
	tty_raw_enter(&raw, session->in);
	relay_resize(session);
	tty_channel_open(&relay->input, in.fd, session->master);
	tty_channel_open(&relay->output, session->master, out.fd);
	result = relay_loop(relay, err);
	if (result == 0)
		relay_drain(relay);
	fd_close(&relay->peer);
	return result;
}

static int relay_collect(const struct tty_session *session, int *ret_status,
                         struct error *err)
{
	siginfo_t end;
	int result = sys_waitid(P_PIDFD, (id_t)session->pidfd, &end,
	                        WEXITED | __WALL);

	if (result < 0)
		return error_system(err, result, "wait for the process");
	*ret_status =
		end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
	return 0;
}

int tty_wait(const struct tty_session *session, int *ret_status,
             struct error *err)
{
	struct relay relay;
	int result;

	relay.session = session;
	relay.must_end = false;
	relay.end_typed = false;
	tty_channel_open(&relay.input, -1, -1);
	tty_channel_open(&relay.output, -1, -1);
	result = session->master < 0 ? relay_loop(&relay, err)
	                             : relay_run(&relay, err);
	if (result < 0)
		return result;
	return relay_collect(session, ret_status, err);
}
