/* SPDX-License-Identifier: Apache-2.0 */
/* The CRC of Ethernet and zip. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of BYTES behind what CRC is of; 0 to begin with. */
uint32_t crc32_add(uint32_t crc, const void *bytes, size_t size);
