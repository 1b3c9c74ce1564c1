/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel this is, and what of it is switched on. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probe/internal.h"
#include "sys/file.h"
#include "sys/process.h"

#define CAP_MOST 63 /* a set has 64 bits */

/*
 * Asked with prctl(2) from what this was built with, which takes two calls
 * where the headers are the kernel's, and no procfs.
 */
static int last_cap(void)
{
	int cap = CAP_LAST_CAP;

	while (cap > 0 && sys_in_bounding(cap) < 0)
		cap--;
	while (cap < CAP_MOST && sys_in_bounding(cap + 1) >= 0)
		cap++;
	return cap;
}

static bool has_apparmor(void)
{
	char answer[8];

	return sys_read_file(AT_FDCWD,
	                     "/sys/module/apparmor/parameters/enabled", answer,
	                     sizeof(answer)) > 0 &&
	       answer[0] == 'Y';
}

/* Built in is not enough: without a policy its file system is not mounted. */
static bool has_selinux(void)
{
	return sys_faccessat(AT_FDCWD, "/sys/fs/selinux/enforce", F_OK, 0) == 0;
}

int probe_kernel(struct facts *facts, struct error *err)
{
	struct utsname name;
	unsigned long major;
	char *rest;
	int result = sys_uname(&name);

	if (result < 0)
		return error_system(err, result, "uname");
	major = strtoul(name.release, &rest, 10);
	if (rest == name.release || *rest != '.')
		return error_set(err, ERROR_UNSUPPORTED, -EINVAL,
		                 "kernel release \"%s\" has no version",
		                 name.release);
	facts->kernel = KERNEL(major, strtoul(rest + 1, NULL, 10));
	facts->last_cap = last_cap();
	facts->apparmor = has_apparmor();
	facts->selinux = has_selinux();
	return 0;
}
