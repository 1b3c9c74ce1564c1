/* SPDX-License-Identifier: Apache-2.0 */
/* Where the helper programs are. */
#pragma once

#include <stdlib.h>

/* INSTALLED, unless RUNF_LIBEXEC says where those of another build are. */
static inline const char *libexec_dir(const char *installed)
{
	const char *dir = secure_getenv("RUNF_LIBEXEC");

	return dir && *dir ? dir : installed;
}
