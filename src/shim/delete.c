/* SPDX-License-Identifier: Apache-2.0 */
/* `delete`: take away what a container left, whether its shim lives or not. */
#include <errno.h>
#include <limits.h>
#include <runf/runf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <task.pb-c.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "shim/actions.h"
#include "shim/bundle.h"
#include "shim/job.h"
#include "shim/socket.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

static const char *delete_bundle(struct arena *arena,
                                 const struct shim_args *args)
{
	char *cwd = arena_alloc(arena, PATH_MAX);

	if (args->bundle)
		return args->bundle;
	if (sys_getcwd(cwd, PATH_MAX) < 0)
		return ".";
	/* In a shared shim it may be another container's. */
	return path_clean(arena,
	                  arena_printf(arena, "%s/../%s", cwd, args->id));
}

static void delete_unmount(struct arena *arena, const char *bundle)
{
	const char *rootfs = arena_printf(arena, "%s/rootfs", bundle);

	while (sys_umount2(rootfs, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
}

/* Its shim may have been killed: nobody else takes its socket away. */
static void delete_socket(struct arena *arena, const char *bundle)
{
	const char *address = bundle_read(arena, bundle, "address");
	const char *path = address ? str_after(address, "unix://") : NULL;

	if (path)
		socket_remove_stale(path);
}

static void delete_answer(struct arena *arena, const char *bundle)
{
	const char *text = bundle_read(arena, bundle, "init.pid");
	struct timespec now;
	Msg__Time when;
	Msg__DeleteAnswer answer = MESSAGE(DeleteAnswer, delete_answer);
	struct ttrpc_bytes bytes;
	uint32_t pid;

	clock_gettime(CLOCK_REALTIME, &now);
	when = message_time(&now);
	if (text && str_to_u32(text, 10, &pid) == 0)
		answer.pid = pid;
	answer.exit_status = 128 + SIGKILL;
	answer.exited_at = &when;
	bytes = message_pack(arena, &answer.base);
	sys_write_all(STDOUT_FILENO, bytes.data, bytes.size);
}

int delete_main(const struct shim_args *args)
{
	auto_arena struct arena arena = { 0 };
	const char *bundle = delete_bundle(&arena, args);
	struct runf_options options = {
		.size = sizeof(options),
		.root = bundle_root(&arena, bundle, args->namespace_),
	};
	struct runf_error err;
	struct runf *runf;
	int result = runf_open(&options, &runf, &err);

	if (result == 0) {
		result = runf_delete(runf, args->id, true, &err);
		runf_close(runf);
	}
	delete_unmount(&arena, bundle);
	delete_socket(&arena, bundle);
	if (result < 0) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	delete_answer(&arena, bundle);
	return EXIT_SUCCESS;
}
