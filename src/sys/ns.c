/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces. */
#include "sys/ns.h"

#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "sys/internal.h"

int sys_unshare(int flags)
{
	return (int)SYS_RESULT(unshare(flags));
}

int sys_setns(int fd, int flags)
{
	return (int)SYS_RESULT(setns(fd, flags));
}

int sys_ns_type(int fd)
{
	return (int)SYS_RESULT(ioctl(fd, NS_GET_NSTYPE));
}

int sys_sethostname(const char *name, size_t length)
{
	return (int)SYS_RESULT(sethostname(name, length));
}

int sys_setdomainname(const char *name, size_t length)
{
	return (int)SYS_RESULT(setdomainname(name, length));
}

int sys_loopback_up(void)
{
	/* A unix socket serves: the ioctl looks at the caller's namespace. */
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_flags = IFF_UP };

	if (fd < 0)
		return -errno;
	strcpy(request.ifr_name, "lo");
	return (int)SYS_RESULT(ioctl(fd, SIOCSIFFLAGS, &request));
}
