/* SPDX-License-Identifier: Apache-2.0 */
/* The child's part: hand the finished filter to the kernel. */
#include <errno.h>
#include <linux/seccomp.h>

#include "seccomp/seccomp.h"
#include "sys/process.h"

static int load(const struct seccomp_program *program, uint32_t flags,
                const struct sys_letter *letter)
{
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		return sys_seccomp_load_and_send(
			program->filter, program->length, flags, letter);
	return sys_seccomp_load(program->filter, program->length, flags);
}

int seccomp_install(const struct seccomp_program *program,
                    const struct sys_letter *letter, struct error *err)
{
	uint32_t listener = program->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int result;

	if (!program->needed)
		return 0;
	result = load(program, program->flags, letter);
	/* Without what nobody asked for; a letter can be sent only once. */
	if (result == -EINVAL && program->flags_default && !listener)
		result = load(program, 0, NULL);
	if (result < 0 && listener)
		return error_system(err, result,
		                    "load seccomp filter with flags %#x and "
		                    "send its listener",
		                    program->flags);
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
