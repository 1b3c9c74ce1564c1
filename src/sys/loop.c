/* SPDX-License-Identifier: Apache-2.0 */
/* Loop devices: files as block devices. */
#include "sys/loop.h"

#include <linux/loop.h>
#include <sys/ioctl.h>

#include "sys/internal.h"

int sys_loop_get_free(int control)
{
	return (int)SYS_RESULT(ioctl(control, LOOP_CTL_GET_FREE));
}

int sys_loop_configure(int device, int file, uint32_t flags)
{
	struct loop_config config = {
		.fd = (uint32_t)file,
		.info.lo_flags = flags,
	};

	return (int)SYS_RESULT(ioctl(device, LOOP_CONFIGURE, &config));
}
