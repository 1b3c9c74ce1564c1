/* SPDX-License-Identifier: Apache-2.0 */
/* Loop devices: files as block devices. */
#pragma once

#include <stdint.h>

/* The number of a device that nobody uses; CONTROL is /dev/loop-control. */
int sys_loop_get_free(int control);
/*
 * DEVICE shows FILE from now on (Linux 5.8). FLAGS: LO_FLAGS_*. -EBUSY if it
 * is somebody else's meanwhile.
 */
int sys_loop_configure(int device, int file, uint32_t flags);
