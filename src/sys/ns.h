/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces. */
#pragma once

#include <stddef.h>

/* unshare(2) with CLONE_NEW* flags. */
int sys_unshare(int flags);
/* setns(2) on a namespace file, or on a pidfd (Linux 5.8) with several flags. */
int sys_setns(int fd, int flags);
/* ioctl(NS_GET_NSTYPE): the CLONE_NEW* value of the namespace behind FD. */
int sys_ns_type(int fd);
int sys_sethostname(const char *name, size_t length);
int sys_setdomainname(const char *name, size_t length);
/* Bring the interface `lo` of the current network namespace up. */
int sys_loopback_up(void);
