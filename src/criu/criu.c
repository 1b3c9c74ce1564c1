/* SPDX-License-Identifier: Apache-2.0 */
/* CRIU as a child: started, asked, listened to, and waited for. */
#include "criu/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "criu/wire.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/ns.h"
#include "sys/poll.h"
#include "sys/process.h"
#include "sys/socket.h"

/* One more than any message has, so that it is seen and closed. */
#define FDS_MAX 2

#define UNDO_TIMEOUT_MS 10000

struct session {
	struct arena *arena;
	const struct criu_program *program;
	const struct criu_request *request; /* NULL: a mere question */
	const struct criu_listener *listener;
	pid_t pid;
	int pidfd;
	int socket[2]; /* ours, the child's */
	int report[2]; /* what goes wrong before it is CRIU: read, write */
	int go[2];     /* its end lets the child go on: read, write */
	bool answered; /* the response has come: it ends by itself */
};

/* What the child says first; a socket comes with it. */
struct hello {
	int images; /* numbers of descriptors that CRIU has */
	int work;
};

bool criu_is_built_in(void)
{
	return true;
}

static void close_pair(int pair[2])
{
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

/*
 * CRIU sees that nobody listens and undoes what it did: only it knows all the
 * processes that it has made or stopped. It is killed if it takes too long.
 */
static void session_end(struct session *s)
{
	siginfo_t info;

	close_pair(s->socket);
	close_pair(s->report);
	close_pair(s->go);
	if (s->pidfd >= 0) {
		if (sys_wait_readable(s->pidfd, UNDO_TIMEOUT_MS) <= 0)
			sys_pidfd_send_signal(s->pidfd, SIGKILL);
		sys_waitid(P_PIDFD, (id_t)s->pidfd, &info, WEXITED);
	}
	fd_close(&s->pidfd);
}

/* ---- in the child */

/*
 * CRIU builds the file tree below a mount. In a mount namespace of its own
 * nobody else sees that, and nothing has to be cleaned up.
 */
static int child_mount_root(const char *root, struct error *err)
{
	auto_close int tree = -1;
	int result = sys_unshare(CLONE_NEWNS);

	if (result == 0)
		result = sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	if (result < 0)
		return error_system(err, result,
		                    "make a mount namespace for criu");
	tree = sys_open_tree(AT_FDCWD, root, OPEN_TREE_CLONE | AT_RECURSIVE);
	result = tree;
	if (tree >= 0)
		result = sys_move_mount(tree, "", AT_FDCWD, root,
		                        MOVE_MOUNT_F_EMPTY_PATH);
	if (result < 0)
		return error_system(err, result, "mount rootfs \"%s\"", root);
	return 0;
}

/* Nothing is inherited but what CRIU was told of; its 0, 1, 2 are null. */
static int child_keep_fds(const struct criu_request *request, struct error *err)
{
	int null = sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
	int result = null;
	size_t i;
	int fd;

	for (fd = 0; result >= 0 && fd <= 2; fd++)
		result = fd == null ? sys_set_cloexec(fd, 0)
		                    : sys_dup3(null, fd, 0);
	if (result >= 0)
		result = sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (request && request->plan->status_fd && result >= 0)
		result = sys_set_cloexec((int)request->plan->status_fd, 0);
	for (i = 0; request && i < request->inherit_count && result >= 0; i++)
		result = sys_set_cloexec(request->inherit[i].fd, 0);
	if (result < 0)
		return error_system(err, result, "pass descriptors to criu");
	return 0;
}

static int child_surroundings(const struct session *s, struct error *err)
{
	const struct criu_request *request = s->request;
	char end;
	int result = child_keep_fds(request, err);

	if (result < 0 || !request)
		return result;
	sys_close(s->go[1]);
	if (s->go[0] >= 0)
		sys_read(s->go[0], &end, 1);
	if (request->cgroup_namespace)
		result = sys_unshare(CLONE_NEWCGROUP);
	if (result < 0)
		return error_system(err, result,
		                    "make a cgroup namespace for criu");
	if (request->plan->root)
		result = child_mount_root(request->plan->root, err);
	return result;
}

/*
 * CRIU mounts things in its working directory, so that is opened in the mount
 * namespace where CRIU is; and it looks for descriptors in whoever has made
 * the socket that it is spoken to by, so that is made here, too.
 */
static int child_connect(const struct session *s, int *ret_socket,
                         struct error *err)
{
	const struct criu_request *request = s->request;
	struct hello hello = { -1, -1 };
	int pair[2];
	ssize_t result = sys_socketpair(SOCK_SEQPACKET, pair);

	if (request && result == 0)
		result = hello.images = sys_openat(AT_FDCWD, request->images,
		                                   O_RDONLY | O_DIRECTORY, 0);
	if (request && result >= 0)
		result = hello.work = sys_openat(AT_FDCWD, request->work,
		                                 O_RDONLY | O_DIRECTORY, 0);
	if (request && result >= 0)
		result = sys_set_cloexec(hello.images, 0);
	if (request && result >= 0)
		result = sys_set_cloexec(hello.work, 0);
	if (result >= 0)
		result = sys_set_cloexec(pair[1], 0);
	if (result >= 0)
		result = sys_send_fds(s->socket[1], &hello, sizeof(hello),
		                      &pair[0], 1);
	if (result < 0)
		return error_system(err, (int)result, "connect to criu");
	*ret_socket = pair[1];
	return 0;
}

static void child_main(const struct session *s) __attribute__((noreturn));

static void child_main(const struct session *s)
{
	char number[16];
	char path[] = "criu";
	char verb[] = "swrk";
	char *const argv[] = { path, verb, number, NULL };
	struct error err;
	int socket = -1;
	int result = child_surroundings(s, &err);

	if (result == 0)
		result = child_connect(s, &socket, &err);
	if (result == 0) {
		snprintf(number, sizeof(number), "%d", socket);
		sys_reset_signals();
		if (s->request)
			sys_umask(s->request->umask);
		result = sys_execve(s->program->path, argv, s->program->env);
		error_system(&err, result, "execute \"%s\"", s->program->path);
	}
	sys_write_all(s->report[1], &err, sizeof(err));
	sys_exit(1);
}

/* ---- in the parent */

/* Let `started` do what it has to while the child waits. */
static int session_started(struct session *s, struct error *err)
{
	const struct criu_listener *listener = s->listener;
	int result = 0;

	fd_close(&s->socket[1]);
	fd_close(&s->report[1]);
	fd_close(&s->go[0]);
	if (listener && listener->started)
		result = listener->started(listener->context, s->pid, err);
	fd_close(&s->go[1]);
	return result;
}

static int session_explain_end(struct session *s, struct error *err);

/* The socket that the child has made takes the place of ours. */
static int session_connect(struct session *s, struct hello *ret_hello,
                           struct error *err)
{
	int fd = -1;
	size_t count = 1;
	ssize_t size = sys_receive_fds(s->socket[0], ret_hello,
	                               sizeof(*ret_hello), &fd, &count);

	if (size < 0)
		return error_system(err, (int)size, "connect to criu");
	if (size != sizeof(*ret_hello) || count != 1)
		return session_explain_end(s, err);
	fd_close(&s->socket[0]);
	s->socket[0] = fd;
	return 0;
}

static int session_begin(struct session *s, struct error *err)
{
	bool waits = s->listener && s->listener->started;
	int result = sys_socketpair(SOCK_SEQPACKET, s->socket);

	if (result == 0)
		result = sys_pipe2(s->report, O_CLOEXEC);
	if (result == 0 && waits)
		result = sys_pipe2(s->go, O_CLOEXEC);
	if (result == 0)
		result = s->pid = sys_clone(0, -1, &s->pidfd);
	if (result < 0)
		return error_system(err, result, "start criu");
	if (result == 0)
		child_main(s);
	return session_started(s, err);
}

/* It is gone without an answer: why? */
static int session_explain_end(struct session *s, struct error *err)
{
	struct error why;
	siginfo_t info = { .si_code = 0 };
	int result;

	/* Should it live on, it sees that nobody listens. */
	fd_close(&s->socket[0]);
	if (sys_read(s->report[0], &why, sizeof(why)) == sizeof(why)) {
		why.text[sizeof(why.text) - 1] = '\0';
		return error_set(err, why.kind, why.code, "%s", why.text);
	}
	result = sys_waitid(P_PIDFD, (id_t)s->pidfd, &info, WEXITED);
	fd_close(&s->pidfd);
	if (result < 0)
		return error_system(err, result, "wait for criu");
	return error_set(err, ERROR_SYSTEM, -EPIPE,
	                 info.si_code == CLD_EXITED
	                         ? "criu ended without an answer (status %d)"
	                         : "criu was killed by signal %d",
	                 info.si_status);
}

/* That CRIU is gone shows as the end of what is received, with the reason. */
static int session_send(const struct session *s,
                        const struct wire_bytes *message, struct error *err)
{
	ssize_t sent = sys_send_fds(s->socket[0], message->bytes, message->size,
	                            NULL, 0);

	if (sent < 0 && sent != -EPIPE && sent != -ECONNRESET)
		return error_system(err, (int)sent, "send to criu");
	return 0;
}

/*
 * Until there is something to read, or CRIU is gone: what it has forked may
 * hold the socket open. Where that cannot be watched reading tells it, later.
 */
static bool session_is_over(const struct session *s)
{
	struct pollfd fds[] = {
		{ .fd = s->socket[0], .events = POLLIN },
		{ .fd = s->pidfd, .events = POLLIN },
	};

	return sys_poll(fds, ARRAY_SIZE(fds), -1) > 0 && !fds[0].revents;
}

/* The next message and its descriptor, or -1. */
static int session_receive(struct session *s, struct wire_message *ret_message,
                           int *ret_fd, struct error *err)
{
	void *bytes = arena_alloc(s->arena, WIRE_MESSAGE_MAX);
	int fds[FDS_MAX] = { -1, -1 };
	size_t count = FDS_MAX;
	ssize_t size = 0;
	int result;

	if (!session_is_over(s))
		size = sys_receive_fds(s->socket[0], bytes, WIRE_MESSAGE_MAX,
		                       fds, &count);
	if (size == 0 || size == -ECONNRESET)
		return session_explain_end(s, err);
	fd_close(&fds[1]);
	if (size < 0)
		return error_system(err, (int)size, "receive from criu");
	result = (size_t)size < WIRE_MESSAGE_MAX
	                 ? wire_read(s->arena, bytes, (size_t)size, ret_message)
	                 : -EMSGSIZE;
	if (result < 0) {
		fd_close(&fds[0]);
		return error_system(err, result,
		                    "understand what criu answers");
	}
	*ret_fd = fds[0];
	return 0;
}

/*
 * Answer notifications until the response comes. After a failure of the
 * listener's CRIU undoes what it did, and nobody is asked any more.
 */
static int session_serve(struct session *s, struct wire_message *ret_message,
                         struct error *err)
{
	const struct criu_listener *listener = s->listener;
	int failed = 0;

	for (;;) {
		struct error why = { .code = 0 };
		auto_close int fd = -1;
		struct wire_bytes answer;
		int result = session_receive(s, ret_message, &fd, &why);

		if (result < 0 && !failed && err)
			*err = why;
		if (result < 0)
			return failed ? failed : result;
		if (!ret_message->is_notification) {
			s->answered = true;
			return failed;
		}
		if (!failed && listener)
			failed = listener->notify(listener->context,
			                          ret_message->event,
			                          ret_message->pid, fd, err);
		answer = wire_acknowledge(s->arena, failed == 0);
		result = session_send(s, &answer, failed ? NULL : err);
		if (result < 0)
			return failed ? failed : result;
	}
}

/* QUESTION, or the request that there is, from beginning to end. */
static int session_run(struct session *s, const struct wire_bytes *question,
                       struct wire_message *ret_message, struct error *err)
{
	siginfo_t info;
	struct wire_bytes message;
	struct hello hello;
	int result = session_begin(s, err);

	if (result == 0)
		result = session_connect(s, &hello, err);
	if (result == 0) {
		message = s->request ? wire_request(s->arena, s->request,
		                                    hello.images, hello.work)
		                     : *question;
		result = session_send(s, &message, err);
	}
	if (result == 0)
		result = session_serve(s, ret_message, err);
	/* An orderly end is waited for: what is undone is undone by then. */
	if (s->answered) {
		close_pair(s->socket);
		sys_waitid(P_PIDFD, (id_t)s->pidfd, &info, WEXITED);
		fd_close(&s->pidfd);
	}
	session_end(s);
	return result;
}

static struct session session_of(struct arena *arena,
                                 const struct criu_program *program)
{
	return (struct session){
		.arena = arena,
		.program = program,
		.pidfd = -1,
		.socket = { -1, -1 },
		.report = { -1, -1 },
		.go = { -1, -1 },
	};
}

int criu_ask_version(struct arena *arena, const struct criu_program *program,
                     int *ret_version, struct error *err)
{
	struct session s = session_of(arena, program);
	struct wire_bytes question = wire_ask_version(arena);
	struct wire_message answer = { 0 };
	int result = session_run(&s, &question, &answer, err);

	if (result == 0 && (!answer.success || !answer.version))
		result = error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
		                   "it does not tell its version");
	if (result < 0)
		return error_wrap(err, "ask \"%s\" for its version",
		                  program->path);
	*ret_version = answer.version;
	return 0;
}

int criu_ask_features(struct arena *arena, const struct criu_program *program,
                      struct criu_features *ret_features, struct error *err)
{
	struct session s = session_of(arena, program);
	struct wire_bytes question = wire_ask_features(arena);
	struct wire_message answer = { 0 };
	int result = session_run(&s, &question, &answer, err);

	if (result == 0 && !answer.success)
		result = error_set(err, ERROR_UNSUPPORTED, -ENOTSUP,
		                   "it does not tell");
	if (result < 0)
		return error_wrap(err, "ask \"%s\" for its features",
		                  program->path);
	*ret_features = answer.features;
	return 0;
}

int criu_run(struct arena *arena, const struct criu_program *program,
             const struct criu_request *request,
             const struct criu_listener *listener, pid_t *ret_pid,
             struct error *err)
{
	struct session s = session_of(arena, program);
	struct wire_message answer = { 0 };
	const char *words;
	int result;

	s.request = request;
	s.listener = listener;
	result = session_run(&s, NULL, &answer, err);
	if (result < 0)
		return result;
	words = answer.text ? answer.text : "it tells no reason";
	if (!answer.success)
		return error_set(err, ERROR_UNSUPPORTED, CRIU_FAILED, "%.*s",
		                 (int)strcspn(words, "\n"), words);
	*ret_pid = answer.pid;
	return 0;
}
