/* SPDX-License-Identifier: Apache-2.0 */
/* The options of struct runf_create_options, which several commands share. */
#pragma once

#include <runf/runf.h>

#include "base/options.h"

/* AT is the way to the members: nothing, or e.g. `create.`. */
#define OPTIONS_BUNDLE(type, at)                                    \
	OPTION_TEXT('b', "bundle", "DIR", type, at bundle,          \
	            "the bundle (default: current directory)"),     \
		OPTION_TEXT('f', "config", "FILE", type, at config, \
	                    "its configuration (default: config.json)")

#define OPTIONS_CONTAINER(type, at)                                         \
	OPTION_SWITCH(0, "no-pivot", type, at no_pivot,                     \
	              "move the root mount: for hosts on a ramdisk"),       \
		OPTION_SWITCH(0, "no-new-keyring", type, at no_new_keyring, \
	                      "share the caller's session keyring"),        \
		OPTION_NUMBER(0, "preserve-fds", type, at preserve_fds,     \
	                      "pass N descriptors more, from 3 on")

#define OPTION_TRACE(type, at)                          \
	OPTION_TEXT(0, "trace", "FILE", type, at trace, \
	            "write the phases to FILE, as Chrome trace events")

#define OPTIONS_SOCKETS(type, at)                                             \
	OPTION_TEXT(0, "console-socket", "PATH", type, at console_socket,     \
	            "socket that receives the terminal"),                     \
		OPTION_TEXT(0, "pidfd-socket", "PATH", type, at pidfd_socket, \
	                    "socket that receives a pidfd"),                  \
		OPTION_TEXT(0, "pid-file", "FILE", type, at pid_file,         \
	                    "write the pid to FILE")

/* MEMBER is a struct cli_list. */
#define OPTION_ROOTFS_MOUNT(type, member)                     \
	OPTION_LIST(0, "rootfs-mount", "MOUNT", type, member, \
	            "mount this as the root, or in it; may be repeated")

/* The mounts that GIVEN names, as members of OPTIONS. */
int bundle_take_rootfs(struct arena *arena, const struct cli_list *given,
                       struct runf_create_options *options,
                       struct runf_error *err);
