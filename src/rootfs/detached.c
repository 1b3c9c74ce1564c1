/* SPDX-License-Identifier: Apache-2.0 */
/* What only mount(2) can make, made where nobody else sees it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/str.h"
#include "rootfs/internal.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/ns.h"
#include "sys/process.h"
#include "sys/socket.h"

/*
 * mount(2) needs a place. A process with a mount namespace of its own covers a
 * directory that is everywhere, and hands over a clone of that. To no other
 * namespace anything has happened.
 */
#define PLACE "/proc"

/* In a PLACE with layers, where the file system itself comes to be. */
#define INSIDE "fs"

#define NAME_SIZE 16

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

static void be_maker(const struct plan_mount *m, int userns, int socket)
	__attribute__((noreturn));

/* What is in the socket when nobody reads it is closed with it. */
static void be_maker(const struct plan_mount *m, int userns, int socket)
{
	struct error err = { .code = 0 };
	int tree = make(m, userns, &err);

	(void)sys_send_fds(socket, &err, sizeof(err), &tree, tree >= 0);
	sys_exit(0);
}

static int receive_tree(int socket, int *ret_tree, struct error *err)
{
	struct error theirs = { .code = 0 };
	size_t count = 1;
	auto_close int tree = -1;
	ssize_t length =
		sys_receive_fds(socket, &theirs, sizeof(theirs), &tree, &count);

	if (length >= 0 && length < (ssize_t)sizeof(theirs))
		length = -EPIPE;
	if (length < 0)
		return error_system(err, (int)length, "hear of it");
	if (count != 1) {
		if (err)
			*err = theirs;
		return theirs.code < 0 ? theirs.code : -EPIPE;
	}
	*ret_tree = take_fd(&tree);
	return 0;
}

int detached_make(const struct plan_mount *m, int userns, int *ret_tree,
                  struct error *err)
{
	auto_close int pidfd = -1;
	siginfo_t ended;
	int ends[2];
	pid_t pid;
	int result = sys_socketpair(SOCK_SEQPACKET, ends);

	if (result < 0)
		return error_system(err, result, "make a socket");
	pid = sys_clone(0, -1, &pidfd);
	if (pid == 0)
		be_maker(m, userns, ends[1]);
	fd_close(&ends[1]);
	if (pid < 0)
		result = error_system(err, pid, "clone who mounts %s", m->type);
	else
		result = receive_tree(ends[0], ret_tree, err);
	fd_close(&ends[0]);
	if (pid > 0)
		sys_waitid(P_PID, (id_t)pid, &ended, WEXITED);
	return result;
}
