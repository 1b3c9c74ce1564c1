/* SPDX-License-Identifier: Apache-2.0 */
/* `start`: say where the shim of a container is; make it if there is none. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <runf/runf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "shim/actions.h"
#include "shim/bootstrap.h"
#include "shim/bundle.h"
#include "shim/options.h"
#include "shim/shim.h"
#include "shim/socket.h"
#include "sys/file.h"
#include "sys/process.h"

/* Larger options are no options. */
#define STDIN_MAX ((size_t)1024 * 1024)

/* The name under which one shim serves a whole namespace. */
#define SHARED_GROUP "@shared" /* which is no container's id */

struct start {
	struct arena arena;
	const struct shim_args *args;
	const char *bundle;
	struct bootstrap bootstrap;
	struct shim_options options;
	const char *socket;
	const char *address; /* the same as a URL */
	int listener;
};

static struct ttrpc_bytes read_stdin(struct arena *arena)
{
	struct ttrpc_bytes bytes = { .size = 0 };
	char *buffer = arena_alloc(arena, STDIN_MAX);
	ssize_t got = 1;

	while (got > 0 && bytes.size < STDIN_MAX) {
		got = sys_read(STDIN_FILENO, buffer + bytes.size,
		               STDIN_MAX - bytes.size);
		if (got > 0)
			bytes.size += (size_t)got;
	}
	bytes.data = buffer;
	return bytes;
}

static const char *start_cwd(struct arena *arena)
{
	char *cwd = arena_alloc(arena, PATH_MAX);

	return sys_getcwd(cwd, PATH_MAX) < 0 ? "." : cwd;
}

static int start_find(struct start *s, struct error *err)
{
	/* The shim keeps what is allocated here: config.json is too much. */
	auto_arena struct arena scratch = { 0 };
	const struct shim_args *args = s->args;
	const char *dir = SOCKET_DIR;
	const char *group;
	int result;

	s->bundle = args->bundle ? args->bundle : start_cwd(&s->arena);
	result = bootstrap_read(&s->arena, read_stdin(&s->arena), args->id,
	                        args->namespace_, &s->bootstrap, err);
	if (result == 0)
		result = options_read(&s->arena, s->bootstrap.type,
		                      s->bootstrap.options, NULL, &s->options,
		                      err);
	if (result < 0)
		return result;
	if (s->bootstrap.socket_dir)
		dir = s->bootstrap.socket_dir;
	group = s->options.shared ? SHARED_GROUP
	                          : bundle_group(&scratch, s->bundle, args->id);
	s->socket =
		socket_path(&s->arena, dir, args->address ? args->address : "",
	                    args->namespace_, group);
	return socket_claim(s->socket, &s->listener, err);
}

/* `ps` shows which container it is; "start" would be a lie. */
static void blank_action(const struct shim_args *args)
{
	char *action = (char *)(uintptr_t)args->action;

	memset(action, 0, strlen(action));
}

/* A copy that stays; nothing is executed for it. */
static int start_daemon(const struct start *s, struct error *err)
{
	const char *address = getenv("TTRPC_ADDRESS");
	const struct daemon_options options = {
		.listener = s->listener,
		.socket = s->socket,
		.namespace_ = s->args->namespace_,
		.containerd =
			s->bootstrap.address ? s->bootstrap.address : address,
		.cgroup = s->options.shim_cgroup,
		.level = s->args->debug ? LOG_LEVEL_DEBUG : s->bootstrap.level,
	};
	auto_close int pidfd = -1;
	pid_t pid = sys_clone(0, -1, &pidfd);

	if (pid < 0)
		return error_system(err, pid, "make the shim's process");
	if (pid == 0) {
		blank_action(s->args);
		sys_exit(daemon_run(&options));
	}
	return 0;
}

static int start_run(struct start *s, struct error *err)
{
	struct ttrpc_bytes answer;
	int served = start_find(s, err);
	int result;

	if (served < 0)
		return served;
	s->address = arena_printf(&s->arena, "unix://%s", s->socket);
	/* containerd 1.x reads it when it is started again. */
	result = bundle_write(s->bundle, "address", s->address, err);
	if (result == 0 && !served)
		result = start_daemon(s, err);
	if (result < 0)
		return result;
	answer = bootstrap_answer(&s->arena, &s->bootstrap,
	                          getenv("MAX_SHIM_VERSION"), s->address);
	result = sys_write_all(STDOUT_FILENO, answer.data, answer.size);
	return result < 0 ? error_system(err, result, "write the address") : 0;
}

int start_main(const struct shim_args *args)
{
	struct start s = { .args = args, .listener = -1 };
	struct runf_error protect;
	struct error err;

	/* First: it may execute the program again. */
	if (runf_protect_self(args->argv, args->env, &protect) < 0) {
		fprintf(stderr, "%s\n", protect.text);
		return EXIT_FAILURE;
	}
	if (start_run(&s, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
