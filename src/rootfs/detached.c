/* SPDX-License-Identifier: Apache-2.0 */
/* What only mount(2) can make, made where nobody else sees it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/ns.h"
#include "sys/process.h"

/*
 * mount(2) needs a place. A process that shares our descriptors, but has a
 * mount namespace of its own, covers a directory that is everywhere, and
 * leaves a clone of it. To no other namespace anything has happened.
 */
#define PLACE "/proc"

/* In a PLACE with layers, where the file system itself comes to be. */
#define INSIDE "fs"

#define NAME_SIZE 16

struct answer {
	int fd; /* in our table, too */
	struct error error;
};

/* A tmpfs to attach layers in, as working directory. */
static int enter_place(struct error *err)
{
	auto_close int fs = sys_fsopen("tmpfs");
	auto_close int tree = -1;
	int result = fs < 0 ? fs : sys_fsconfig_create(fs);

	if (result == 0)
		result = tree = sys_fsmount(fs, 0);
	if (result >= 0)
		result = sys_move_mount(tree, "", AT_FDCWD, PLACE,
		                        MOVE_MOUNT_F_EMPTY_PATH);
	if (result == 0)
		result = sys_chdir(PLACE);
	if (result == 0)
		result = sys_mkdirat(AT_FDCWD, INSIDE, 0700);
	return result < 0 ? error_system(err, result, "make a place for layers")
	                  : 0;
}

static int attach_layer(const char *path, unsigned int number, int userns,
                        struct error *err)
{
	auto_close int tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
	char name[NAME_SIZE];
	int result = tree;

	snprintf(name, sizeof(name), "%u", number);
	if (result >= 0)
		result = sys_mount_setattr(tree, "", AT_EMPTY_PATH,
		                           MOUNT_ATTR_IDMAP, 0, 0, userns);
	if (result == 0)
		result = sys_mkdirat(AT_FDCWD, name, 0700);
	if (result == 0)
		result = sys_move_mount(tree, "", AT_FDCWD, name,
		                        MOVE_MOUNT_F_EMPTY_PATH);
	return result < 0 ? error_system(err, result, "map the ids of layer %s",
	                                 path)
	                  : 0;
}

static int attach_layers(const struct plan_mount *m, int userns,
                         struct error *err)
{
	unsigned int number = 0;
	size_t i;
	int result = enter_place(err);

	for (i = 0; result == 0 && i < m->options_count; i++) {
		const struct plan_fs_option *option = &m->options[i];

		if (str_equal(option->key, "lowerdir+") ||
		    str_equal(option->key, "datadir+"))
			result = attach_layer(option->value, number++, userns,
			                      err);
	}
	return result;
}

static int make(const struct plan_mount *m, int userns, struct error *err)
{
	const char *place = userns < 0 ? PLACE : INSIDE;
	int result = sys_unshare(CLONE_NEWNS);

	if (result == 0)
		result = sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (result < 0)
		return error_system(err, result, "make a mount namespace");
	if (userns >= 0)
		result = attach_layers(m, userns, err);
	else if (m->directory)
		result = sys_chdir(m->directory);
	if (result < 0)
		return userns >= 0 ? result
		                   : error_system(err, result, "enter %s",
		                                  m->directory);
	result = sys_mount(m->origin ? m->origin : m->type, place, m->type,
	                   m->data_flags, m->data);
	if (result < 0)
		return error_system(err, result, "%s", m->type);
	result = sys_open_tree(AT_FDCWD, place, OPEN_TREE_CLONE);
	return result < 0 ? error_system(err, result, "clone %s", m->type)
	                  : result;
}

static void be_maker(const struct plan_mount *m, int userns, int pipe_end)
	__attribute__((noreturn));

static void be_maker(const struct plan_mount *m, int userns, int pipe_end)
{
	struct answer answer = { .fd = -1 };

	answer.fd = make(m, userns, &answer.error);
	if (sys_write(pipe_end, &answer, sizeof(answer)) < 0)
		sys_close(answer.fd);
	sys_exit(0);
}

int detached_make(const struct plan_mount *m, int userns, int *ret_tree,
                  struct error *err)
{
	struct answer answer = { .fd = -EPIPE };
	auto_close int pidfd = -1;
	siginfo_t ended;
	int ends[2];
	pid_t pid;
	int result = sys_pipe2(ends, 0);

	if (result < 0)
		return error_system(err, result, "make a pipe");
	result = pid = sys_clone(CLONE_FILES, -1, &pidfd);
	if (pid == 0)
		be_maker(m, userns, ends[1]);
	if (pid > 0)
		result = sys_waitid(P_PID, (id_t)pid, &ended, WEXITED);
	/* Ours and the maker's are one: it has written, or never will. */
	fd_close(&ends[1]);
	if (result >= 0)
		result = (int)sys_read(ends[0], &answer, sizeof(answer));
	fd_close(&ends[0]);
	if (result >= 0 && result < (int)sizeof(answer))
		result = -EPIPE;
	if (result < 0)
		return error_system(err, result, "make %s apart", m->type);
	if (answer.fd < 0) {
		if (err)
			*err = answer.error;
		return answer.fd;
	}
	*ret_tree = answer.fd;
	return 0;
}
