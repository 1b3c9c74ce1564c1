/* SPDX-License-Identifier: Apache-2.0 */
/* A file as the device that a file system wants. */
#include "sys/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>

#include "base/fd.h"
#include "rootfs/internal.h"
#include "sys/file.h"

/* Others take devices, too. */
#define TRIES 32

static int try_device(int control, int file, uint32_t flags, char *name)
{
	auto_close int device = -1;
	int number = sys_loop_get_free(control);
	int result;

	if (number < 0)
		return number;
	snprintf(name, LOOP_PATH_SIZE, "/dev/loop%d", number);
	device = sys_openat(AT_FDCWD, name,
	                    flags & LO_FLAGS_READ_ONLY ? O_RDONLY : O_RDWR, 0);
	result = device < 0 ? device : sys_loop_configure(device, file, flags);
	return result < 0 ? result : take_fd(&device);
}

int loop_attach(const char *path, bool readonly, char *ret_name,
                struct error *err)
{
	uint32_t flags =
		LO_FLAGS_AUTOCLEAR | (readonly ? LO_FLAGS_READ_ONLY : 0U);
	auto_close int control =
		sys_openat(AT_FDCWD, "/dev/loop-control", O_RDWR, 0);
	auto_close int file =
		sys_openat(AT_FDCWD, path, readonly ? O_RDONLY : O_RDWR, 0);
	int result = file < 0 ? file : control;
	int tries;

	if (result < 0)
		return error_system(err, result, "open %s",
		                    file < 0 ? path : "/dev/loop-control");
	result = -EBUSY;
	for (tries = 0; tries < TRIES && result == -EBUSY; tries++)
		result = try_device(control, file, flags, ret_name);
	if (result < 0)
		return error_system(err, result, "make a loop device of %s",
		                    path);
	return result;
}
