/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets, and descriptors sent over them. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A connected pair of AF_UNIX sockets; TYPE is SOCK_SEQPACKET or the like. */
int sys_socketpair(int type, int ret_fds[2]);
/*
 * Connect to PATH, which may be longer than sun_path holds; "@NAME" is the
 * abstract one.
 */
int sys_connect_unix(int type, const char *path);
/* Connect to NAME in directory DIR. */
int sys_connect_unix_at(int type, int dir, const char *name);
/*
 * Bind NAME in directory DIR with MODE, and listen (not with SOCK_DGRAM).
 * Returns the socket.
 */
int sys_listen_unix(int type, int dir, const char *name, mode_t mode);
/* TCP on 127.0.0.1 of the current network namespace, not blocking. */
int sys_listen_loopback(uint16_t port);
/*
 * TCP on ADDRESS, of version 4 or 6, not blocking; port 0 is any that is free.
 * -EINVAL: ADDRESS is none.
 */
int sys_listen_tcp(const char *address, uint16_t port, uint16_t *ret_port);
/* shutdown(2), both ways. */
int sys_shutdown(int socket);
/* accept4(2): the connection is non-blocking. */
int sys_accept(int listener);
/* One message with COUNT descriptors (0 to 8). MSG_NOSIGNAL. Returns bytes. */
ssize_t sys_send_fds(int socket, const void *bytes, size_t size, const int *fds,
                     size_t count);
/*
 * One message; at most *COUNT descriptors, all close-on-exec, *COUNT becomes
 * what came. Returns bytes, 0 at the end.
 */
ssize_t sys_receive_fds(int socket, void *buffer, size_t size, int *ret_fds,
                        size_t *count);
