/* SPDX-License-Identifier: Apache-2.0 */
/* The child's part: hand the finished filter to the kernel. */
#include <errno.h>

#include "seccomp/seccomp.h"
#include "sys/process.h"

int seccomp_install(const struct seccomp_program *program, struct error *err)
{
	int result;

	if (!program->needed)
		return 0;
	result = sys_seccomp_load(program->filter, program->length,
	                          program->flags);
	if (result == -EINVAL && program->flags_default)
		result = sys_seccomp_load(program->filter, program->length, 0);
	if (result < 0)
		return error_system(err, result,
		                    "load seccomp filter of %u instructions, "
		                    "flags %#x",
		                    program->length, program->flags);
	/* With TSYNC: the thread that could not be brought along. */
	if (result > 0)
		return error_set(err, ERROR_SYSTEM, -EBUSY,
		                 "load seccomp filter into thread %d", result);
	return 0;
}
